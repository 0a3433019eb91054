"""aiokafka logs some 70 errors a second while the broker is away: say it once, and once that it is back."""

from __future__ import annotations

import logging
import time

LOGGERS = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.consumer.subscription_state",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)
AWAY = ("Unable connect", "NodeNotReady", "ConnectionError", "Unable to request metadata", "Unable to update metadata")
QUIET_SECONDS = 3.0
AGAIN_SECONDS = 60.0
"""How long a complaint of one kind is not repeated where the broker answers, but not as it should: a new leader is
looked for, a group is rebalanced."""

log = logging.getLogger("streams.broker")


class BrokerLog(logging.Filter):
    """Says the first complaint of an outage in a line of our own, and swallows all of the driver until it is over.

    What it says with a traceback passes: that is no outage.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.swallowed = 0
        self._last = 0.0
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or record.exc_info:
            return True
        if self.away or any(sign in record.getMessage() for sign in AWAY):
            self._swallow(record)
            return False
        return self._is_new(str(record.msg))

    def _swallow(self, record: logging.LogRecord) -> None:
        self._last = time.monotonic()
        self.swallowed += 1
        if not self.away:
            self.away, self.swallowed = True, 0
            log.error("the broker is away, trying on: %s", record.getMessage())

    def _is_new(self, kind: str) -> bool:
        """Whether a complaint of this kind, the text without its values, was not made in the last minute."""
        now = time.monotonic()
        if now - self._said.get(kind, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return False
        self._said[kind] = now
        return True

    def say_back_if_quiet(self) -> None:
        """Called about once a second: no complaint for `QUIET_SECONDS` means that it is back."""
        if self.away and time.monotonic() - self._last >= QUIET_SECONDS:
            self.away = False
            log.warning("the broker is back (%s lines of the driver left out)", self.swallowed)

    def install(self) -> None:
        """Put it on the driver's loggers; a second time changes nothing."""
        for name in LOGGERS:
            logging.getLogger(name).addFilter(self)


broker_log = BrokerLog()
