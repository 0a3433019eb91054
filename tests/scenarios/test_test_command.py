"""`chalandise test` as a user runs it: what it prints, its exit codes, `-k`, `--config` and JUnit."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.commands.commands import chalandise
from tests.scenarios.corner import CORNER, WALK, written

RIGHT = f"scenario: Ada is greeted\n{WALK}\nexpect: {{offer: hello, to: ada}}"
WRONG = f"scenario: Ben is <not>\n{WALK.replace('ada', 'ben')}\nexpect: {{offer: hello, to: ben}}"


def test_all_as_expected_exits_with_0(tmp_path: Path) -> None:
    ran = chalandise("test", written(tmp_path, RIGHT))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "  ✓ Ada is greeted\n1 scenario, all as expected" in ran.stdout


def test_one_failure_exits_with_1_and_junit_has_it_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT, WRONG)
    ran = chalandise("test", file, "--junit", tmp_path / "out" / "junit.xml")
    line = file.read_text().splitlines().index("expect: {offer: hello, to: ben}") + 1
    assert ran.returncode == 1
    assert f"\n{file}:{line}:9: expected the offer `hello` to ben, but it was withheld:\n" in ran.stdout
    (suite,) = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (str(file), "2", "1")
    right, wrong = suite
    assert (right.get("name"), list(right)) == ("Ada is greeted", [])
    assert (wrong.get("name"), wrong.get("line")) == ("Ben is <not>", str(line - 2))
    assert f"{file}:{line}:9" in (wrong[0].text or "")


def test_only_those_chosen_are_played(tmp_path: Path) -> None:
    ran = chalandise("test", written(tmp_path, RIGHT, WRONG), "-k", "GREETED", "--story")
    assert ran.returncode == 0
    assert "Ben" not in ran.stdout
    assert "ada comes near paris: ENTER paris/proximity" in ran.stdout
    assert "1 scenario, all as expected (1 left out)" in ran.stdout


def test_none_chosen_and_a_file_that_is_not_there_exit_with_2(tmp_path: Path) -> None:
    none = chalandise("test", written(tmp_path, RIGHT), "-k", "nobody")
    assert (none.returncode, none.stdout) == (2, "")
    assert none.stderr == "chalandise: no scenario has nobody in its name; there are 1\n"
    missing = chalandise("test", tmp_path / "missing.yaml")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.endswith("missing.yaml: no such file or directory\n")


def test_mistakes_exit_with_1_before_anything_is_played_and_junit_has_them(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT, "scenario: wrong\nwalk: {}")
    ran = chalandise("test", file, "--junit", tmp_path / "junit.xml")
    (finding,) = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert finding.startswith(f"{file}:") and finding.endswith("`path` is missing; add `path: …`")  # noqa: PT018
    error = ElementTree.parse(tmp_path / "junit.xml").find("testsuite/testcase/error")
    assert error is not None
    assert error.text == finding


def test_a_draft_of_the_rules_stands_in_the_place_of_those_that_the_file_names(tmp_path: Path) -> None:
    retailer = CORNER.partition("members:")[0].removeprefix("config:\n").replace("\n  ", "\n").removeprefix("  ")
    draft = tmp_path / "draft.yaml"
    draft.write_text(retailer.replace("tier: [gold]", "tier: [silver]"))
    assert chalandise("test", written(tmp_path, WRONG), "--config", draft).returncode == 0
