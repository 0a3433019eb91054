"""The Faust app: the same for both transports, with settings that suit failover, and the way to run it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import faust
from faust.tables.manager import TableManager

from streams.errors import InfrastructureError, UserError
from streams.transport import embedded, kafka
from streams.transport.batches import BatchStream
from streams.transport.broker_log import broker_log

TRANSPORTS = {"embedded": embedded.Transport, "kafka": kafka.Transport}


class NoTables(TableManager):
    """There are no Faust tables, so nobody waits a second for them to be declared."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class StreamsApp(faust.App):
    """A Faust app that knows our two transports, whatever is installed beside it."""

    def _new_transport(self) -> Any:
        urls = self.conf.broker_consumer
        return TRANSPORTS[urls[0].scheme](urls, self)

    def _new_producer_transport(self) -> Any:
        return self.transport


def new_faust_app(
    app_id: str,
    broker_url: str,
    *,
    instance_id: str | None = None,
    data_directory: Path | None = None,
    **settings: Any,
) -> StreamsApp:
    """A new app, not started. `app_id` is the consumer group, `broker_url` is `embedded://name` or `kafka://host:port`
    (more hosts after `;`). `instance_id`, stable over restarts of one worker, makes it a static member that takes its
    partitions back without a rebalance. Raises `UserError` for another kind of URL.
    """
    scheme = urlsplit(broker_url).scheme
    if scheme not in TRANSPORTS:
        raise UserError(f"broker {broker_url!r}: give embedded://NAME or kafka://HOST:PORT[;kafka://HOST:PORT]")
    broker_log.install()
    return StreamsApp(
        app_id,
        broker=broker_url,
        consumer_group_instance_id=instance_id,
        datadir=str(_data_directory(app_id, data_directory)),
        **{**SETTINGS, **settings},
    )


# Durations in seconds. The measurements behind them are in docs/architecture.md.
SETTINGS: dict[str, Any] = {
    "Stream": BatchStream,
    "TableManager": NoTables,
    "key_serializer": "raw",
    "value_serializer": "raw",
    "store": "memory://",
    "processing_guarantee": "at_least_once",
    "broker_session_timeout": 6.0,  # default 60: one kill -9 stalls the whole group that long
    "broker_heartbeat_interval": 0.5,
    "broker_rebalance_timeout": 10.0,
    "broker_request_timeout": 15.0,
    "broker_commit_interval": 0.25,  # what a kill -9 makes worked again
    "broker_max_poll_records": 2048,
    "stream_buffer_maxsize": 16,  # counts fetched ranges, not records
    "stream_wait_empty": True,
    "stream_recovery_delay": 0.0,
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "web_enabled": False,
}


def _data_directory(app_id: str, given: Path | None) -> Path:
    """Faust makes a directory, though nothing of ours is in it; its parent must be there."""
    directory = given or Path(tempfile.gettempdir()) / f"chalandise-{app_id}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    return directory


async def run(app: faust.App, stop: asyncio.Event) -> None:
    """Start `app`, run it until `stop` is set, stop it.

    Raises `InfrastructureError` as soon as any part of it crashed: by itself an app outlives its fetcher, and reads
    nothing.
    """
    crashed = asyncio.create_task(app._crashed.wait(), name="app crashed")
    stopping = asyncio.create_task(stop.wait(), name="stop wanted")
    starting = asyncio.create_task(app.start(), name="app starts")
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)  # it waits for its broker
        if starting.done():
            starting.result()
            await asyncio.wait((crashed, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in (crashed, stopping, starting):
            each.cancel()
        await app.stop()
    if app.crash_reason is not None:
        raise InfrastructureError(f"the worker crashed: {app.crash_reason!r}") from app.crash_reason
