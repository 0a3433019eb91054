"""One look for all lines, whoever logs; what was raised is named, and never quoted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Literal

import orjson
import pytest
import structlog

from config.settings import Settings
from streams.errors import InfrastructureError
from streams.logs import set_up_logs
from streams.transport.broker_log import BrokerLog

POSITION = "48.873712"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test sets up does not outlive it."""
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def log_something() -> None:
    logging.getLogger("streams.old").warning("%d records of %s", 3, "pings")
    structlog.get_logger("streams.new").warning("3 records of pings", retailer="avenue")


def log_what_was_raised() -> None:
    log = logging.getLogger("faust.worker")
    try:
        raise ValueError(POSITION)
    except ValueError as error:
        log.exception("crashed")
        log.error("crashed: %r, %s", error, ValueError(POSITION))
        structlog.get_logger("streams.new").error("crashed", exc_info=error)


async def lose_a_task() -> None:
    async def broken() -> None:
        raise ValueError(POSITION)

    task = asyncio.create_task(broken())
    await asyncio.wait((task,))


def said(capsys: pytest.CaptureFixture[str], log_format: Literal["text", "json"]) -> list[str]:
    set_up_logs(Settings(log_format=log_format))
    log_something()
    log_what_was_raised()
    asyncio.run(lose_a_task())
    return capsys.readouterr().err.splitlines()


def test_a_line_is_a_json_object_whoever_logs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [orjson.loads(line) for line in said(capsys, "json")]
    assert [list(line)[:4] for line in lines] == [["at", "level", "logger", "message"]] * len(lines)
    assert [(line["level"], line["logger"], line["message"]) for line in lines[:2]] == [
        ("warning", "streams.old", "3 records of pings"),
        ("warning", "streams.new", "3 records of pings"),
    ]
    assert lines[1]["retailer"] == "avenue"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_was_raised_is_named_with_its_lines_and_never_quoted(
    capsys: pytest.CaptureFixture[str], log_format: Literal["text", "json"]
) -> None:
    lines = said(capsys, log_format)[2:]
    assert len(lines) == 4
    assert all("ValueError" in line and "test_logs.py" in line for line in lines)
    assert not [line for line in lines if POSITION in line]


def test_an_error_of_a_connection_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings())
    logging.getLogger("streams.working").warning("%s; trying again", InfrastructureError("Redis is away: refused"))
    assert "Redis is away: refused; trying again" in capsys.readouterr().err


def test_the_level_holds_for_both_ways_to_log(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(Settings(log_level="error"))
    log_something()
    assert capsys.readouterr().err == ""


def complaint(text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("aiokafka.producer.sender", logging.WARNING, "", 1, text, values, None)


def test_a_driver_that_complains_on_while_the_broker_answers_is_heard_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard = BrokerLog()
    records = [complaint("Got error produce response on %s, retrying", partition) for partition in range(70)]
    assert [heard.filter(record) for record in records] == [True] + [False] * 69
    assert heard.filter(complaint("Heartbeat failed: %s", "rebalancing"))
    monkeypatch.setattr("streams.transport.broker_log.AGAIN_SECONDS", 0.0)
    assert heard.filter(records[0])


def test_while_the_broker_is_away_all_that_the_driver_says_is_held_back_but_tracebacks() -> None:
    away = BrokerLog()
    assert not away.filter(complaint("Unable connect to node with id %s", 1))
    assert not away.filter(complaint("Marking the coordinator dead"))
    assert away.swallowed == 1
    crashed = complaint("Unexpected error in sender routine")
    crashed.exc_info = (ValueError, ValueError("x"), None)
    assert away.filter(crashed)
