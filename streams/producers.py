"""Writing to topics: the two producers behind `streams.records.Producer`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from streams.errors import InfrastructureError, RecordTooLarge
from streams.records import Outgoing
from streams.topics import MAX_RECORD_BYTES
from streams.transport.broker import Broker


class EmbeddedProducer:
    """Writes to the embedded broker: at once, and as limited as the real one."""

    def __init__(self, broker: Broker, max_record_bytes: int = MAX_RECORD_BYTES) -> None:
        self._broker = broker
        self._limit = max_record_bytes

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def answers(self) -> None:
        """It always does."""

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Write all `records`. Raises `RecordTooLarge` once all others are written."""
        too_large = [record for record in records if _size(record) > self._limit]
        for record in records:
            if record not in too_large:
                self._broker.append(record.topic, record.key, record.value)
        _refuse(too_large, self._limit)


class KafkaProducer:
    """Writes to Apache Kafka: idempotent, acks=all, awaited once for all records of one call.

    A call takes `request_timeout_ms` at most, and as long again to connect: not long, because an offer may be written
    until then, whatever its member has said meanwhile; the next try looks at stop and consent again. After an error
    the next one begins with a new connection: records that ran out of time leave a gap in the sequence numbers of an
    idempotent producer, and the broker refuses what follows.
    """

    def __init__(
        self,
        bootstrap: str | list[str],
        *,
        client_id: str = "chalandise",
        request_timeout_ms: int = 5_000,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        self._options = {
            "bootstrap_servers": bootstrap,
            "client_id": client_id,
            "enable_idempotence": True,
            "acks": "all",
            "linger_ms": 0,
            "max_batch_size": 131_072,
            "max_request_size": max_record_bytes + RECORD_OVERHEAD,
            "request_timeout_ms": request_timeout_ms,
        }
        self._limit = max_record_bytes
        self._patience = request_timeout_ms / 1000
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises `InfrastructureError` where the broker cannot be had."""
        await self._connected()

    async def stop(self) -> None:
        """Close the connection; every call of `produce` that returned is written."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def answers(self) -> None:
        """Ask for the cluster's metadata. Raises `InfrastructureError` where the broker cannot be had."""
        producer = await self._connected()
        try:
            async with asyncio.timeout(self._patience):
                await producer.client.fetch_all_metadata()
        except (KafkaError, TimeoutError) as error:
            raise InfrastructureError(f"the broker does not answer: {error!r}") from error

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Write all `records`, in order within a key, and wait for the acknowledgement of each.

        Raises `RecordTooLarge` once all others are written, and `InfrastructureError` where the broker cannot be had:
        then some of them may be written, and the caller writes all of them again.
        """
        fitting = [record for record in records if _size(record) <= self._limit]
        refused = await self._send(fitting)
        # the broker refuses a whole batch for one record: alone, each one that fits goes through
        refused = [record for one in refused for record in await self._send([one])]
        _refuse([record for record in records if _size(record) > self._limit] + refused, self._limit)

    async def _send(self, records: Sequence[Outgoing]) -> list[Outgoing]:
        """Write `records`; returns those that the broker found too large."""
        producer = await self._connected()
        try:
            async with asyncio.timeout(self._patience):
                sent = [await producer.send(record.topic, record.value, record.key) for record in records]
                outcomes = await asyncio.gather(*sent, return_exceptions=True)
        except (KafkaError, TimeoutError) as error:
            await self._discard(producer)
            raise _unreachable(error) from error
        await self._check(outcomes, producer)
        return [record for record, outcome in zip(records, outcomes, strict=True) if _is_too_large(outcome)]

    async def _check(self, outcomes: Iterable[object], producer: AIOKafkaProducer) -> None:
        errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if errors:
            await self._discard(producer)
        for error in errors:
            if not _is_too_large(error):
                raise _unreachable(error) from error

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**self._options)
                try:
                    async with asyncio.timeout(self._patience):
                        await producer.start()
                except (KafkaError, TimeoutError) as error:
                    await producer.stop()
                    raise _unreachable(error) from error
                except asyncio.CancelledError:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _discard(self, broken: AIOKafkaProducer) -> None:
        """Close without the flush of `stop()`: it would wait for ever for what can no longer be sent."""
        if self._producer is broken:
            self._producer = None
        broken._closed = True
        await broken._sender.close()
        await broken.client.close()


RECORD_OVERHEAD = 512  # what the format adds to key and value, amply


def _size(record: Outgoing) -> int:
    return len(record.key) + len(record.value or b"")


def _is_too_large(outcome: object) -> bool:
    return isinstance(outcome, MessageSizeTooLargeError)


def _refuse(too_large: Sequence[Outgoing], limit: int) -> None:
    if too_large:
        raise RecordTooLarge(too_large[0], _size(too_large[0]), limit)


def _unreachable(error: BaseException) -> InfrastructureError:
    return InfrastructureError(f"the broker did not take the records: {error!r}")
