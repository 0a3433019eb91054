"""What came of scenarios as JUnit XML, which build servers show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

from config.findings import Finding
from streams.scenarios.running import Played


def write_junit(path: Path, played: Sequence[Played], findings: Sequence[Finding] = ()) -> None:
    """One suite a file, one case a scenario. A file that cannot be played is one case with an error."""
    suites = ElementTree.Element("testsuites", name="chalandise test")
    for file, found in groupby(findings, key=lambda finding: finding.file):
        suite = _suite(suites, file, tests=1, errors=1)
        case = ElementTree.SubElement(suite, "testcase", name="the file", classname=file, file=file, time="0")
        lines = [str(each) for each in found]
        ElementTree.SubElement(case, "error", message=lines[0]).text = "\n".join(lines)
    for file, cases in groupby(played, key=lambda each: each.story.placed.file):
        together = list(cases)
        failed = sum(1 for each in together if each.failures)
        seconds = sum(each.seconds for each in together)
        suite = _suite(suites, file, tests=len(together), failures=failed, seconds=seconds)
        for each in together:
            _case(suite, each)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(suites)
    ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _suite(
    suites: ElementTree.Element, file: str, tests: int, failures: int = 0, errors: int = 0, seconds: float = 0.0
) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0}
    named = {name: str(count) for name, count in counts.items()}
    return ElementTree.SubElement(suites, "testsuite", {"name": file, "time": f"{seconds:.3f}", **named})


def _case(suite: ElementTree.Element, played: Played) -> None:
    file, line = played.story.placed.file, played.story.placed.position.line
    place = {"classname": file, "file": file, "line": str(line), "time": f"{played.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", {"name": played.name, **place})
    if played.failures:
        message = "; ".join(each.what for each in played.failures)
        failure = ElementTree.SubElement(case, "failure", message=message, type="expectation")
        failure.text = "\n".join(map(str, played.failures))
