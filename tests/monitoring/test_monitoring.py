"""Alerts and dashboard speak of metrics that there are; the rules say what they should, as promtool finds."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from config.settings import Settings
from streams.app import retailers_of
from streams.metrics import EngineMetrics, GatewayMetrics
from streams.ops.health import Work
from streams.ops.port import rendered
from streams.ops.process import Ops
from streams.topics import PINGS
from streams.transport.progress import Partition
from tests.integration.running import AVENUE

ROOT = Path(__file__).parents[2]
ALERTS, DASHBOARD = ROOT / "monitoring" / "alerts.yaml", ROOT / "monitoring" / "dashboard.json"
TESTS = Path(__file__).with_name("alerts.test.yaml")
METRICS_PAGE, OPERATIONS = (ROOT / "docs" / "metrics.md").read_text(), (ROOT / "docs" / "operations.md").read_text()
OF_A_SCRAPE = {"instance", "job"}
"""Labels that Prometheus adds."""
METRIC = re.compile(r"\b((?:chalandise|process)_\w+)(?:\{([^}]*)\})?")
BY = re.compile(r"\b(?:by|on) \(([^)]*)\)")

Known = dict[str, tuple[str, set[str]]]
"""Type and labels by name."""


def full_registry() -> CollectorRegistry:
    """One of a worker that is a gateway too, with every metric and every label in it."""
    retailers = retailers_of(Settings(config=(AVENUE,), broker="embedded://metrics"))
    ops = Ops(retailers)
    ops.keyspace(no_server)
    engine, gateway = EngineMetrics(ops.registry, retailers), GatewayMetrics(ops.registry)
    ops.watch_work(Work(lambda: {Partition(PINGS.name, 0): 1}), {0: 0}, lambda: 1_000)
    assert engine.newest == {}
    gateway.rejected("ping", "WRONG_TYPE")
    gateway.answered("/v1/pings", 200, 0.001)
    return ops.registry


async def no_server() -> None:
    raise AssertionError("nobody asks")


@pytest.fixture(scope="module")
def known() -> Known:
    text = asyncio.run(rendered(full_registry())).decode()
    return {
        sample_name(family.name, family.type): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(text)
    }


def sample_name(family: str, kind: str) -> str:
    return f"{family}_total" if kind == "counter" else family


def page_rows() -> Iterator[tuple[str, str, set[str], str]]:
    """Metric, type, labels and alert of each row of the page."""
    for row in re.findall(r"^\| `(\w+)` \|(.*)\|$", METRICS_PAGE, re.MULTILINE):
        kind, labels, _, _, alert = (cell.strip() for cell in row[1].split("|"))
        yield row[0], kind, set(re.findall(r"`(\w+)`", labels)), alert.strip("`")


def test_the_page_lists_each_metric_with_its_type_and_labels(known: Known) -> None:
    listed = {name: (kind, labels) for name, kind, labels, _ in page_rows()}
    assert listed == {name: about for name, about in known.items() if name in listed or name.startswith("chalandise")}


def test_names_are_by_the_conventions(known: Known) -> None:
    for name, (kind, _) in known.items():
        assert re.fullmatch(r"[a-z_]+", name)
        assert (kind == "counter") == name.endswith("_total")
        assert not re.search(r"_(ms|milliseconds|us|count|kb)$", name)


def alerts() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load(ALERTS)["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    return list(orjson.loads(DASHBOARD.read_bytes())["panels"])


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def unknown(expression: str, known: Known) -> list[str]:
    """Metrics and labels of an expression that nothing has."""
    found, missing = [], []
    for name, selectors in METRIC.findall(expression):
        metric = re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name
        found.append(metric)
        if metric not in known:
            missing.append(name)
            continue
        labels = known[metric][1] | OF_A_SCRAPE
        missing += [f"{name}{{{label}}}" for label in re.findall(r"(\w+)=", selectors) if label not in labels]
    labels = {"le"} | OF_A_SCRAPE | {label for metric in found for label in known.get(metric, ("", set()))[1]}
    asked = {label.strip() for listed in BY.findall(expression) for label in listed.split(",")}
    return missing + sorted(asked - labels)


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str, known: Known) -> None:
    assert METRIC.search(expression)
    assert unknown(expression, known) == []


@pytest.mark.parametrize(
    ("expression", "missing"),
    [
        ("rate(chalandise_ping_total[5m])", ["chalandise_ping_total"]),
        ('chalandise_ready{server="redis"}', ["chalandise_ready{server}"]),
        ("sum by (store) (chalandise_ready)", ["store"]),
        ("sum by (le, step) (rate(chalandise_step_seconds_bucket[5m]))", []),
    ],
)
def test_a_name_that_there_is_not_is_seen(expression: str, missing: list[str], known: Known) -> None:
    assert unknown(expression, known) == missing


def test_labels_that_texts_of_alerts_and_legends_show_are_there(known: Known) -> None:
    for rule in alerts():
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert shown <= labels_of(rule["expr"], known)
    for panel in panels():
        for target in panel["targets"]:
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown <= labels_of(target["expr"], known)


def labels_of(expression: str, known: Known) -> set[str]:
    names = (re.sub(r"_(bucket|sum|count)$", "", name) for name, _ in METRIC.findall(expression))
    return OF_A_SCRAPE | {label for name in names for label in known[name][1]}


def test_there_are_five_alerts_and_each_leads_to_what_to_do() -> None:
    assert len(alerts()) == 5
    headings = re.findall(r"^### (\w+)$", OPERATIONS, re.MULTILINE)
    for rule in alerts():
        told = rule["annotations"]
        assert set(told) == {"summary", "description", "runbook"}
        assert rule["alert"] in headings
        assert told["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_the_page_names_the_alerts_that_rest_on_a_metric() -> None:
    rested = {(name, rule["alert"]) for rule in alerts() for name, _ in METRIC.findall(rule["expr"])}
    assert {(name, alert) for name, _, _, alert in page_rows() if alert} == rested


def test_the_dashboard_can_be_read_by_grafana() -> None:
    board = orjson.loads(DASHBOARD.read_bytes())
    assert {"uid", "title", "schemaVersion", "time", "templating", "panels"} <= board.keys()
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert set(re.findall(r"\$\{?(\w+)", DASHBOARD.read_text())) <= variables | {"__rate_interval"}
    for panel in board["panels"]:
        assert panel["type"] in {"timeseries", "stat"}
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0


def test_no_two_panels_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_dashboard_shows_every_metric_of_the_engine_and_the_gateway(known: Known) -> None:
    shown = DASHBOARD.read_text()
    assert [name for name in known if name.startswith("chalandise") and name not in shown] == []


def promtool() -> str:
    candidates: Iterable[str | None] = (
        os.environ.get("PROMTOOL"),
        shutil.which(ROOT / ".promtool" / "promtool"),
        shutil.which("promtool"),
    )
    found = next((each for each in candidates if each), None)
    assert found, "no promtool: type `make promtool`, or set PROMTOOL to one"
    return found


@pytest.mark.parametrize(("what", "file"), [("check", ALERTS), ("test", TESTS)])
def test_promtool_finds_the_rules_right(what: str, file: Path) -> None:
    ran = subprocess.run([promtool(), what, "rules", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_is_tested_firing_and_quiet() -> None:
    expected: dict[str, set[bool]] = {rule["alert"]: set() for rule in alerts()}
    for story in YAML(typ="safe").load(TESTS)["tests"]:
        for case in story["alert_rule_test"]:
            expected[case["alertname"]].add(bool(case["exp_alerts"]))
    assert expected == {alert: {True, False} for alert in expected}
