"""What every test has: the servers, Hypothesis that is repeatable in CI, and no skipped test there."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import Phase, settings

from streams.transport.broker_log import broker_log

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

pytest_plugins = ["tests.brokers", "tests.redis_servers"]

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("development", deadline=None)
settings.register_profile("first-failure", derandomize=True, deadline=None, phases=(Phase.explicit, Phase.generate))
settings.load_profile("ci" if IN_CI else "development")

# A suite in the background of a shell ignores Ctrl-C, and so would each command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped has failed: nobody would look."""
    report = yield
    return _refused(report) if IN_CI and report.skipped and not hasattr(report, "wasxfail") else report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as it is imported."""
    report = yield
    return _refused(report) if IN_CI and report.skipped else report


def _refused(report: Report) -> Report:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: may not be skipped in CI. {reason}"
    return report


@pytest.fixture(autouse=True)
def logs_as_before() -> Generator[None, None, None]:
    """The broker's outage that another test left behind is not this one's; nor are levels that a test has set."""
    broker_log.away = False
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
