"""`chalandise check`: what it prints, where, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from streams.commands.check import check
from tests.config.sound_retailer import SOUND, altered

ROOT = Path(__file__).parents[2]
MAIN = "import typer; from streams.commands.check import check; typer.run(check)"
APP = typer.Typer()
APP.command()(check)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APP, list(map(str, arguments)), env={"COLUMNS": "40"})


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.yaml"
    path.write_text(SOUND, "utf-8")
    return path


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty.yaml"
    path.write_text(
        altered(("retailer: shop", "retailer: other"), ("3min", "3m"), ("[haussmann]", "[hausman]")), "utf-8"
    )
    return path


def test_findings_go_to_stdout_one_a_line_neither_wrapped_nor_coloured_and_exit_with_1(
    sound: Path, faulty: Path
) -> None:
    environment = {"PYTHONPATH": str(ROOT), "COLUMNS": "40", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-c", MAIN, str(sound), str(faulty)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert ran.stdout.splitlines() == [
        f"{faulty}:12:18: `3m`: m is metres here; for three minutes write 3min",
        f"{faulty}:18:47: there is no store `hausman`; did you mean `haussmann`?",
    ]
    assert (ran.returncode, ran.stderr) == (1, "")


def test_a_sound_file_prints_nothing_to_stdout_and_exits_with_0(sound: Path) -> None:
    ran = _run(sound, sound)
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert ran.stderr.count("nothing wrong with shop (stores: 1, campaigns: 1, products: 1)") == 1


def test_show_prints_yaml_with_the_defaults_that_loads_with_the_same_hash(sound: Path, tmp_path: Path) -> None:
    shown = _run(sound, "--show")
    again = tmp_path / "again.yaml"
    again.write_text(shown.stdout, "utf-8")
    assert "      exit_margin: 25m\n" in shown.stdout
    assert "      gone_after: 10min\n" in shown.stdout  # catchment, 1.5 km
    assert "      gone_after: 200s\n" in shown.stdout  # proximity, 250 m
    assert "      gone_after: 2min\n" in shown.stdout
    assert "    on_create: silent\n" in shown.stdout
    first, second = shown.stdout, _run(again, "--show").stdout
    assert first.splitlines()[1:] == second.splitlines()[1:]
    assert first.splitlines()[0].split()[-1] == second.splitlines()[0].split()[-1]


def test_show_shows_nothing_of_a_faulty_file(faulty: Path) -> None:
    ran = _run(faulty, "--show")
    assert ran.exit_code == 1
    assert all(line.startswith(f"{faulty}:") for line in ran.stdout.splitlines())


def test_a_missing_file_is_a_mistake_of_usage(tmp_path: Path, sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, reason in ((tmp_path / "none.yaml", "no such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(typer.Exit) as exited:
            check([sound, path])
        assert exited.value.exit_code == 2
        assert capsys.readouterr().err == f"{path}: {reason}; give the path of a retailer's YAML\n"


def test_no_file_at_all_is_a_mistake_of_usage() -> None:
    ran = _run()
    assert ran.exit_code == 2
    assert "Missing argument" in ran.stderr
