"""Two workers over the same tables, each with its partitions, which die and are followed by others; and an oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import orjson

from offers.withheld import Withheld
from streams import topics
from streams.batches import Batch
from streams.entries import ENTRIES, Entries
from streams.errors import Abandoned
from streams.events import TYPES
from streams.pipeline import Pipeline
from streams.records import Record
from streams.steps import Step
from streams.sweeping import sweep
from streams.tables.keyspace import Keyspace
from streams.tables.places import Asked, Token
from streams.tables.tables import Tables
from streams.working import Worker
from tests.pipeline.boundary import Crash, Interruption, Moments, WatchedKeyspace, WatchedProducer
from tests.pipeline.boutique import (
    DAY,
    HAUSSMANN,
    HOUR,
    MINUTE,
    NAME,
    NOON,
    RIVOLI,
    Collected,
    Message,
    Topics,
    member,
    retailers,
)
from tests.pipeline.oracle_pressure import MEMBERS, Attempt, PressureOracle, milliseconds

PARTITIONS = 2
PHONES = 6
"""Of each member; a phone comes to a store once."""
STORES = {"haussmann": HAUSSMANN, "rivoli": RIVOLI}
MOVING = (topics.PINGS.name, topics.CHECKINS.name)
FACTS = tuple(ENTRIES)


class Town:
    """What phones, tills and members said, how far it was worked, and by whom; `keyspaces` are one each worker's."""

    def __init__(self, keyspaces: Sequence[Keyspace]) -> None:
        self.keyspaces = keyspaces
        self.now = NOON
        self.oracle, self.collected, self.broker = PressureOracle(), Collected(), Topics(PARTITIONS)
        self.log: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
        self.committed: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.messages: list[Message] = []
        self.phones: Counter[str] = Counter()
        self.owners = list(range(PARTITIONS))
        self.dealt = 0
        self.workers = [_Hands(self, number) for number in range(2)]

    async def begin(self) -> None:
        """The members, as everybody knows them."""
        both = ("offers", "location_history")
        for name, visits in MEMBERS.items():
            phones = [f"{name}-{number}" for number in range(PHONES)]
            record = self.broker.record(member(name, *phones, consent=both, visits=visits))
            entries = Entries(retailers("kiosk.yaml"), Collected())
            await entries.process(Batch([record], {}), Tables.over(self.keyspaces[0]), NOON)

    # what is said

    def say(self, message: Message, times: int = 1) -> None:
        """A message, written to its topic so many times. No two are said in the same millisecond."""
        self.now += 1
        self.messages.append({"retailer": NAME, "at": self.now} | message)
        for _ in range(times):
            self._write(self.messages[-1])

    def say_again(self, number: int) -> None:
        """An old message once more; what is a day old would not be believed if it came first now."""
        known = [each for each in self.messages if each["at"] > self.now - DAY]
        if known:
            self._write(known[number % len(known)])

    def _write(self, message: Message) -> None:
        record = self.broker.record(message, self.now)
        self.log[record.topic, record.partition].append(record)

    def check_in(self, name: str, store: str, ago: int, times: int) -> None:
        """A member at a till."""
        self.check_in_at(self.now - ago, name, store, times)

    def check_in_at(self, at: int, name: str, store: str, times: int = 1) -> None:
        """The same, at `at` (milliseconds)."""
        self.oracle.happened["CHECK_IN", name, store, at] = 1
        self.say({"type": "checkin", "member": name, "store": store, "via": "till", "at": at}, times)

    def come_after(self, number: int, after: int | None, more: int, name: str | None) -> None:
        """Somebody checks in at the store of one of the last offers: its member, or another one.

        `after` milliseconds after it was made, or when it expires; and `more` of them.
        """
        begins = "expires_at" if after is None else "created_at"
        moments = [(milliseconds(each[begins]) + (after or 0) + more, each) for each in self.collected.offers()]
        moments = [(at, each) for at, each in moments if at > self.now - 6 * MINUTE]
        if moments:
            at, offer = moments[-1 - number % len(moments)]
            self.now = max(self.now, at - 1)
            self.check_in_at(at, name or offer["member"], offer["store"])

    def arrive(self, name: str, store: str, ago: int, times: int) -> None:
        """Another phone of a member at the door of a store."""
        if self.phones[name] < PHONES:
            device, at, (lon, lat) = f"{name}-{self.phones[name]}", self.now - ago, STORES[store]
            self.phones[name] += 1
            self.oracle.happened["ENTER", name, store, at] += 1
            self.say({"type": "ping", "device": device, "lon": lon, "lat": lat, "accuracy": 10, "at": at}, times)

    def redeem(self, number: int, till: str, elsewhere: bool, cents: int | None, back: bool) -> None:
        """A coupon that was sent is shown at a till of its store or elsewhere, or the till takes it back."""
        offers = [offer for offer in self.collected.offers() if "coupon" in offer]
        offers = [offer for offer in offers if milliseconds(offer["expires_at"]) > self.now] or offers
        offers = [offer for offer in offers if offer["campaign"] == "gold" or number % 2] or offers
        if offers:
            offer = offers[-1 - number % len(offers)]
            code, (store, another) = offer["coupon"]["code"], sorted(STORES, key=lambda each: each != offer["store"])
            said: Message = {"type": "redemption", "id": f"{till}-{code}", "coupon": code}
            said |= {"store": another if elsewhere else store} | ({"reverses": said["id"]} if back else {})
            said |= {} if cents is None or back else {"amount": f"{cents // 100}.{cents % 100:02d} EUR"}
            self.say(said)

    # what is done about it

    def move(self) -> None:
        """Each worker has the partitions of the other one."""
        self._deal([1 - owner for owner in self.owners])

    def take_over(self, number: int) -> None:
        """One worker has all partitions."""
        self._deal([number] * PARTITIONS)

    def _deal(self, owners: list[int]) -> None:
        self.owners, self.dealt = owners, self.dealt + 1
        for worker in self.workers:
            worker.pipeline.assigned()

    def batch(self, number: int, of: Sequence[str], size: int) -> tuple[list[Record], dict[tuple[str, int], int]]:
        """The next records of a worker's partitions of these topics, and how far it is then."""
        taken, ends = [], {}
        for place in sorted(self.log):
            begin = self.committed[place]
            if place[0] in of and self.owners[place[1]] == number:
                new = self.log[place][begin : begin + size]
                size -= len(new)
                taken += new
                ends[place] = begin + len(new)
        return taken, ends

    def clocks(self, ends: dict[tuple[str, int], int]) -> dict[int, int]:
        """By partition how far time came with the pings up to `ends`."""
        pings = {partition: end for (topic, partition), end in ends.items() if topic == topics.PINGS.name and end}
        return {each: max(r.timestamp for r in self.log[topics.PINGS.name, each][:end]) for each, end in pings.items()}

    async def drain(self) -> None:
        """All is worked to its end, and swept."""
        for worker in self.workers:
            while await worker.enter(100) + await worker.work(100):
                pass
        for worker in self.workers:
            await worker.sweep(self.now + HOUR)

    # what must hold in the end

    async def check(self) -> None:
        """Everything told was decided and sent, nothing else was, and the books are closed to the cent."""
        await self.drain()
        assert self.oracle.decided_on == self.oracle.happened
        sent = {each.value for each in self.collected.sent if each.topic in (topics.DECISIONS.name, topics.OFFERS.name)}
        assert sent <= self.oracle.told
        assert {value for records in self.oracle.holds.values() for value in records} <= sent
        self._contacts_are_within_the_caps()
        assert self.oracle.books.pending == {}
        await self._money_adds_up()
        enters = [each["device"] for each in self.collected.read(topics.TRANSITIONS) if each["kind"] == "ENTER"]
        assert len(enters) == len(set(enters)) == sum(self.phones.values())

    def _contacts_are_within_the_caps(self) -> None:
        """Whatever was decided: of what was sent, never four in any four hours, no campaign twice in them."""
        offers = {each["id"]: each for each in self.collected.offers()}.values()
        for name in MEMBERS:
            spoken = sorted(
                (milliseconds(each["created_at"]), each["campaign"]) for each in offers if each["member"] == name
            )
            free = [at for at, campaign in spoken if campaign != "gift"]
            assert all(last - first >= 4 * HOUR for first, last in zip(free, free[3:], strict=False)), spoken
            for campaign in {campaign for _, campaign in spoken}:
                times = [at for at, each in spoken if each == campaign]
                assert all(last - first >= 4 * HOUR for first, last in pairwise(times)), spoken

    async def _money_adds_up(self) -> None:
        """What is left of the budget, to the cent: so much is to be had, and not a cent more."""
        places = Tables.over(self.keyspaces[0]).places
        room, token = self.oracle.books.room(("gold", ""), self.now), Token("probe", "nobody", "none")
        for cents in (room + 1, room):
            asked = Asked(f"{NAME}|gold", token, None, max(cents, 0), 700)
            expected = None if max(cents, 0) <= room else Withheld.OUT_OF_BUDGET
            assert await places.reserve([asked], self.now) == [expected]
        await places.release(f"{NAME}|gold", token)


class _Hands:
    """One worker after the other at one place: each begins with what is in the tables."""

    def __init__(self, town: Town, number: int) -> None:
        self.town, self.number = town, number
        self.moments = Moments(self._meanwhile)
        self.pipeline = self._pipeline()

    def _pipeline(self) -> Pipeline:
        return Pipeline(retailers("kiosk.yaml"), WatchedProducer(self.town.collected, self.moments))

    def _tables(self, attempt: Attempt) -> Tables:
        watched: Any = WatchedKeyspace(
            self.town.keyspaces[self.number], self.moments, self.town.oracle.watching(attempt)
        )
        return Tables.over(watched)

    async def work(self, size: int, interruption: Interruption | None = None) -> int:
        """A batch of pings and check-ins; how many records it had."""
        town, dealt = self.town, self.town.dealt
        records, ends = town.batch(self.number, MOVING, size)

        def still_ours() -> None:
            if town.dealt != dealt:
                raise Abandoned

        def gate(step: Step) -> None:
            still_ours()

        self.pipeline.gate = gate
        self.moments.begin(interruption)
        attempt = town.oracle.attempt(town.now)
        tables = self._tables(attempt)
        producer = WatchedProducer(town.collected, self.moments)
        worker = Worker(self.pipeline.process, tables, producer, lambda: town.now, still_ours)
        try:
            async for processed in worker.work(Batch(records, town.clocks(ends))):
                assert not processed.dead_letters, processed.dead_letters
        except (Abandoned, Crash) as end:
            self.pipeline = self._pipeline() if isinstance(end, Crash) else self.pipeline
            return len(records)
        town.oracle.ended(attempt)
        if town.dealt == dealt:
            town.committed.update(ends)
        return len(records)

    async def enter(self, size: int, interruption: Interruption | None = None) -> int:
        """A batch of everything else, one record after the other; how many it had."""
        town, dealt = self.town, self.town.dealt
        records, ends = town.batch(self.number, FACTS, size)
        self.moments.begin(interruption)
        entries = Entries(retailers("kiosk.yaml"), WatchedProducer(town.collected, self.moments))
        try:
            for record in records:
                attempt = town.oracle.attempt(town.now, _message(record))
                processed = await entries.process(Batch([record], {}), self._tables(attempt), town.now)
                assert not processed.dead_letters, processed.dead_letters
                town.oracle.ended(attempt)
        except Crash:
            town.oracle.stale.clear()  # who was overtaken there, and dies of it as well, cannot put it right
            return len(records)
        if town.dealt == dealt:
            town.committed.update(ends)
        return len(records)

    async def sweep(self, now: int, interruption: Interruption | None = None) -> None:
        """Look after forgotten places."""
        self.moments.begin(interruption)
        try:
            await sweep(self._tables(self.town.oracle.attempt(now)), retailers("kiosk.yaml"), now)
        except Crash:
            return

    async def _meanwhile(self, what: str) -> None:
        """What the other one gets done while this one is in the middle of something."""
        other = self.town.workers[1 - self.number]
        if what.startswith("takes over"):
            self.town.take_over(other.number)
        if what.endswith("enters"):
            for worker in self.town.workers:  # a worker enters beside its batches, too
                await worker.enter(4)
        elif what == "sweeps":
            await other.sweep(self.town.now)
        else:
            await other.work(4)


def _message(record: Record) -> Message:
    kind = next(name for name, kind in TYPES.items() if kind.topic == record.topic)
    return {"type": kind, **orjson.loads(record.value or b"")}
