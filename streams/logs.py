"""How a process logs: structlog, a line for people or a JSON object for a log store; libraries' lines look the same.

No position and no code ever stands in a log. So of what was raised only its kind and its lines are told, never what it
says, unless it is an error of a connection.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog
from aiokafka.errors import KafkaError
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from config.settings import Settings
from streams.errors import InfrastructureError
from streams.working import where

NOISY = ("faust", "mode", "aiokafka", "uvicorn", "streams.transport")
"""Loggers of whom only warnings are of interest: Faust's services, ours too, tell of each start and stop."""

_HARMLESS = (InfrastructureError, OSError, KafkaError)
"""Errors of connections: what they say names hosts and ports."""


class Discreet(logging.Filter):
    """Takes out of a line what an exception says."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        if isinstance(record.args, tuple):
            record.args = tuple(_discreet(each) for each in record.args)
        if record.name == "asyncio":  # its further lines show the task, and what it raised
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return True


def _discreet(argument: object) -> object:
    if isinstance(argument, Exception) and not isinstance(argument, _HARMLESS):
        return where(argument)
    return argument


def _raised(_: Any, __: str, event: EventDict) -> EventDict:
    """In place of a traceback, what was raised and where."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, Exception):
        event["raised"] = where(error)
    return event


def _json(_: Any, __: str, event: EventDict) -> str:
    """One object, beginning with time, level, logger and message."""
    first = {name: event.pop(name, None) for name in ("at", "level", "logger", "message")}
    return orjson.dumps({**first, **event}, default=str).decode()


def set_up_logs(settings: Settings) -> None:
    """Log to standard error as `settings` say, whoever logs: structlog, or the standard library's `logging`."""
    common: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.EventRenamer("message"),
        _raised,
    ]
    handler = logging.StreamHandler()
    handler.addFilter(Discreet())
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *common, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return _json
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), event_key="message", timestamp_key="at", pad_event_to=0, pad_level=False
    )
