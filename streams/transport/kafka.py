"""kafka:// -- Faust's aiokafka driver, with fetched ranges in place of single messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, ClassVar

import aiokafka
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from mode import Service

from streams.transport.broker_log import broker_log
from streams.transport.consumer import BatchConsumer
from streams.transport.silent import SilentProducer

FETCH_WAIT_MS = 50
START_AGAIN_SECONDS = 0.2


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the connection."""

    async def on_start(self) -> None:
        """As Faust's, but a broker that is away just now is waited for: it need not be there when a worker starts."""
        while not self.should_stop:
            try:
                return await super().on_start()
            except KafkaError:  # the driver has said so
                if self._consumer is not None:
                    await self._consumer.stop()
            await asyncio.sleep(START_AGAIN_SECONDS)

    async def on_thread_stop(self) -> None:
        """As Faust's, but for what the driver raises when it is closed while its broker is away.

        Closing cancels its fetches, and waits for them; one that is just between two tries hands the cancellation on,
        this thread would end without a word, and the worker would wait for it for ever.
        """
        with contextlib.suppress(asyncio.CancelledError, KafkaError):
            await super().on_thread_stop()

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        """As Faust's, but for two things it fixes: it waits 1,500 ms for a fetch and deals partitions round-robin.

        By range, partition n of every topic with the same number of partitions goes to the same worker: pings and
        check-ins of one device must, as nobody else may write its presence.
        """
        conf = self.app.conf
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_poll_records=conf.broker_max_poll_records,
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    @property
    def generation(self) -> int:
        """Of the group, as this member last heard; below zero once the group has dropped it."""
        coordinator = getattr(self._consumer, "_coordinator", None)
        return -1 if coordinator is None else int(coordinator.generation)


class Consumer(BatchConsumer, driver.Consumer):
    """A Faust consumer of Apache Kafka, one message a fetched range."""

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def is_member(self) -> bool:
        return self._thread.generation == self.app.consumer_generation_id

    async def _write_offsets(self, offsets: Mapping[Any, int]) -> bool:
        return await self._thread.commit(offsets)

    @Service.task
    async def _say_when_broker_is_back(self) -> None:
        while not self.should_stop:
            await asyncio.sleep(1.0)
            broker_log.say_back_if_quiet()


class Transport(driver.Transport):
    """Faust's own, with our consumer, and without a producer: `streams.producers` writes."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[SilentProducer]] = SilentProducer
