"""`chalandise demo`: the same decisions as a replay of the same day, a map, and a clean end."""

from __future__ import annotations

import re
import signal
from collections import Counter
from pathlib import Path
from threading import Timer

import orjson
import pytest

from tests.commands.commands import PARIS, chalandise, started

REASONS = {"TIER", "HOLDOUT", "PER_MEMBER", "QUIET_HOURS", "NO_CONSENT", "STOPPED", "HISTORY", "CAP"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    done = chalandise("demo", "--speed", 300, "--out", folder)
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


def lines(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_it_tells_what_was_offered_and_what_was_withheld_and_why(shown):
    _, told = shown
    assert "→ Camille, le sérum 30 ml vous attend chez Galerie Lumière Haussmann" in told
    assert "→ C'est ta 6e visite" in told
    assert "→ Welcome to Galerie Lumière Haussmann, Emily!" in told
    assert "× nothing for Nadia: in the control group" in told
    assert "Hugo only passes by Café Lumière Opéra" in told


def test_a_good_variety_of_reasons_is_seen(shown):
    folder, told = shown
    reasons = {decision.get("reason") for decision in lines(folder / "decisions.jsonl")}
    assert reasons >= REASONS
    assert "dropped unseen for want of consent" in told


def test_it_ends_with_figures_a_map_and_what_to_try_next(shown):
    folder, told = shown
    assert "from ping to done  p50" in told
    assert (folder / "map.html").read_text("utf-8").startswith("<!doctype html>")
    assert str(folder / "map.html") in told
    assert f"{folder}/events.jsonl" in told


def test_a_replay_of_its_events_offers_the_same(shown, tmp_path):
    folder, _ = shown
    done = chalandise("replay", PARIS, folder / "events.jsonl", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert Counter(map(bytes, (folder / "offers.jsonl").read_bytes().splitlines())) == Counter(
        map(bytes, (tmp_path / "offers.jsonl").read_bytes().splitlines())
    )


def test_it_says_how_its_gateway_can_be_asked(shown):
    _, told = shown
    assert re.search(r"gateway http://127\.0\.0\.1:\d+/docs, ops port http://127\.0\.0\.1:\d+/metrics", told)
    assert re.search(
        r'curl -H "Authorization: Bearer chalandise_\S+" "http://\S+/v1/offers\?member=sample-camille"', told
    )


EXAMPLES = {
    "coffee": (
        "Café Mirandole",
        {"OUT_OF_STOCK", "STORE_CLOSED", "QUIET_HOURS", "HISTORY"},
        "→ C'est ta 10e visite, Yanis",
    ),
    "snack": (
        "Crounche",
        {"OUT_OF_BUDGET", "SPACING", "STOPPED"},
        "⌂ told to L'Épicerie du Quai: Un de nos ambassadeurs",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_other_examples_are_shown_by_the_beginning_of_their_names(tmp_path, name):
    retailer, reasons, line = EXAMPLES[name]
    done = chalandise("demo", name, "--speed", 400, "--out", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert retailer in done.stdout
    assert line in done.stdout
    assert {decision.get("reason") for decision in lines(tmp_path / "decisions.jsonl")} >= reasons
    assert "dropped unseen for want of consent" in done.stdout
    assert "$" not in "".join(str(offer["text"]) for offer in lines(tmp_path / "offers.jsonl"))
    assert (tmp_path / "map.html").exists()


def test_ones_own_yaml_is_walked_through_too(tmp_path):
    done = chalandise("demo", "--config", PARIS, "--minutes", 6, "--speed", 600, "--no-map", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "comes" in done.stdout
    assert not (tmp_path / "map.html").exists()


def test_ctrl_c_ends_it_with_a_summary(tmp_path):
    process = started("demo", "--seconds", 600, "--out", tmp_path)
    assert process.stdout is not None
    Timer(30, process.kill).start()
    while "comes" not in (line := process.stdout.readline()):
        assert line, process.stderr and process.stderr.read()
    process.send_signal(signal.SIGINT)
    told, complaints = process.communicate(timeout=30)
    assert (process.returncode, complaints) == (0, "")
    assert "from ping to done" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        (["--seconds", "0"], "--seconds"),
        (["tea"], "there is no example tea; there are department-store, coffee-chain, snack-brand"),
        (["snack-brand", "--config", PARIS], "Leave one of them out"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments, told):
    done = chalandise("demo", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
