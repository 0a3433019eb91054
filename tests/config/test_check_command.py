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


TEXT = '\n        fr: {tu: "Pour toi : $product", vous: "Pour vous : $product"}'
NAMED = ("Pour toi : $product", "$first_name : $product")


def test_advice_is_told_at_its_place_and_only_counts_where_it_is_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "personal.yaml"
    path.write_text(altered(NAMED), "utf-8")
    told = (
        f"{path}:23:13: members without a first name on file hear nothing of this; "
        "add a text without `$first_name` after it, if they are to\n"
    )
    ran = _run(path)
    assert (ran.exit_code, ran.stdout) == (0, told)
    assert "nothing wrong with shop" in ran.stderr
    strict = _run(path, "--strict")
    assert (strict.exit_code, strict.stdout, strict.stderr) == (1, told, "")


def test_advice_stays_out_of_what_show_prints(tmp_path: Path) -> None:
    path = tmp_path / "personal.yaml"
    path.write_text(altered(NAMED), "utf-8")
    ran = _run(path, "--show")
    assert ran.exit_code == 0
    assert "hear nothing" not in ran.stdout
    assert "hear nothing" in ran.stderr


@pytest.mark.parametrize(
    "text",
    [
        '{fr: ["$first_name, bonjour", "Bonjour"]}',
        '{fr: ["$first_name, bonjour", "$points points", "Bonjour"]}',
        '{fr: "Bonjour", en: "Hello"}',
    ],
)
def test_a_text_that_everybody_can_hear_needs_no_advice(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(altered((TEXT, f" {text}")), "utf-8")
    assert (_run(path, "--strict").exit_code, _run(path).stdout) == (0, "")


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ('{fr: "Bonjour", en: "Hello $first_name"}', "without a first name on file"),
        ('{fr: {tu: "Bonjour", vous: "$points points"}}', "whose points were never told"),
        ('{fr: ["$first_name", "$points points"]}', "whose points were never told"),
    ],
)
def test_a_language_or_a_tone_in_which_some_hear_nothing_gets_advice(tmp_path: Path, text: str, whom: str) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(altered((TEXT, f" {text}")), "utf-8")
    ran = _run(path)
    assert (ran.exit_code, ran.stdout.count("\n")) == (0, 1)
    assert f"members {whom} hear nothing of this" in ran.stdout


def test_scenarios_are_told_apart_from_a_retailer(tmp_path: Path) -> None:
    path = tmp_path / "shop.scenarios.yaml"
    path.write_text("config: shop.yaml\nscenarios: []\n", "utf-8")
    ran = _run(path)
    assert (ran.exit_code, ran.stdout) == (
        1,
        f"{path}:1:1: these are scenarios, and no retailer; play them with `chalandise test`\n",
    )
