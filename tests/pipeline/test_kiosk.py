"""Messages in any order, twice, with crashes anywhere: an independent oracle agrees on each decision and each cent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from offers.withheld import Withheld
from streams import topics
from streams.records import Record
from streams.sweeping import sweep
from streams.tables.keyspace import Keyspace
from streams.tables.memory import MemoryKeyspace
from streams.tables.places import Asked, Token
from streams.tables.tables import Tables
from tests.pipeline.boutique import NAME, NOON, SECOND, Collected, Message, Topics, Working, empty, member, redis_tables
from tests.pipeline.boutique import run as run_story
from tests.pipeline.oracle_kiosk import BEFORE, DAY, HOUR, MINUTE, Oracle, Said, said, told

MEMBERS, STORES, TILLS = tuple(BEFORE), ("haussmann", "rivoli"), ("till-1", "till-2", "till-3")
CALLS = ("read", "replace", "reserve", "release", "note", "spend")


class Crash(Exception):  # noqa: N818 - stands for a worker that dies
    """The worker is gone, in the middle of a call."""


class Fatal(NamedTuple):
    """The call in which a worker dies: the n-th of that name, before or after it took effect."""

    name: str
    nth: int
    after: bool


class CrashingKeyspace:
    """Dies once, where it was told to."""

    def __init__(self, inner: Keyspace) -> None:
        self._inner = inner
        self.fatal: Fatal | None = None
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._inner, name)

        async def called(*given: Any) -> Any:
            fatal = self.fatal
            self.calls += fatal is not None and fatal.name == name
            dies = fatal is not None and fatal.name == name and self.calls > fatal.nth
            if dies and fatal is not None:
                self.fatal = None
                if not fatal.after:
                    raise Crash
            reply = await call(*given)
            if dies:
                raise Crash
            return reply

        return called


class Kiosk:
    """The pipeline over kiosk.yaml and the oracle beside it, with one clock."""

    def __init__(self, keyspace: CrashingKeyspace) -> None:
        self.keyspace, self.tables = keyspace, Tables.over(keyspace)
        self.oracle, self.broker, self.collected = Oracle(), Topics(1), Collected()
        self.now = NOON
        self.checked_in: list[tuple[str, str, int]] = []
        self.codes: list[str | None] = []
        self.offered: set[str] = set()

    def working(self) -> Working:
        """A worker that knows nothing yet."""
        return Working(self.tables, self.collected, file="kiosk.yaml")

    async def surviving(self, work: Callable[[Working], Awaitable[Any]], fatal: Fatal | None) -> Any:
        """What comes of `work` where its worker may die, and another one takes over."""
        self.keyspace.fatal, self.keyspace.calls = fatal, 0
        try:
            return await work(self.working())
        except Crash:
            return await work(self.working())
        finally:
            self.keyspace.fatal = None

    async def enter(self, message: Message, fatal: Fatal | None = None) -> None:
        """One message of another topic."""
        record = self.broker.record({"retailer": NAME, "at": self.now} | message, self.now)
        await self.surviving(lambda working: working.enter([record]), fatal)

    async def check_in(self, who: list[tuple[str, str, int]], fatal: Fatal | None) -> None:
        """Several at once, in one batch."""
        records = [self._record(*each) for each in who]
        processed = await self.surviving(lambda working: working.work(records, self.now), fatal)
        expected = [line for each in who for line in told(self.oracle.check_in(*each, self.now))]
        sent = [(record.topic, orjson.loads(record.value or b"")) for record in processed.records]
        assert [line for topic, each in sent for line in said(topic, each)] == expected
        for topic, offer in sent:
            if topic == topics.OFFERS.name and offer["id"] not in self.offered:
                self.offered.add(offer["id"])
                self.codes.append(offer["coupon"]["code"] if "coupon" in offer else None)
        assert len(self.codes) == len(self.oracle.offers)
        self.checked_in += who

    def _record(self, name: str, store: str, at: int) -> Record:
        message = {"type": "checkin", "retailer": NAME, "member": name, "store": store, "via": "till", "at": at}
        return self.broker.record(message, self.now)

    async def money_adds_up(self) -> None:
        """What is left of the budget, to the cent."""
        room, token = self.oracle.room(("gold",), self.now), Token("probe", "nobody", "none")
        for cents, expected in ((room + 1, Withheld.OUT_OF_BUDGET), (max(room, 0), None)):
            asked = Asked(f"{NAME}|gold", token, None, cents, 700)
            assert await self.tables.places.reserve([asked], self.now) == [expected]
        await self.tables.places.release(f"{NAME}|gold", token)


Action = Callable[[Kiosk], Awaitable[None]]


def check_in(who: list[tuple[str, str, int]], fatal: Fatal | None) -> Action:
    return lambda kiosk: kiosk.check_in([(name, store, kiosk.now - ago) for name, store, ago in who], fatal)


def check_in_again(number: int, fatal: Fatal | None) -> Action:
    async def act(kiosk: Kiosk) -> None:
        known = [each for each in kiosk.checked_in if each[2] > kiosk.now - DAY]  # what is older is not believed
        if known:
            await kiosk.check_in([known[number % len(known)]], fatal)

    return act


def mail(name: str, ago: int) -> Action:
    async def act(kiosk: Kiosk) -> None:
        at = kiosk.now - ago
        for _ in range(2):
            await kiosk.enter(
                {"type": "contact", "id": f"mail-{kiosk.now}", "member": name, "channel": "email", "at": at}
            )
        kiosk.oracle.people[name].heard.append(Said(at, "", "email"))

    return act


def wish(name: str, contact: str) -> Action:
    async def act(kiosk: Kiosk) -> None:
        await kiosk.enter({"type": "preference", "member": name, "contact": contact})
        kiosk.oracle.people[name].wish = contact

    return act


def redeem(number: int, till: str, store: str, cents: int | None, back: bool, fatal: Fatal | None) -> Action:
    async def act(kiosk: Kiosk) -> None:
        place = number % len(kiosk.codes) if kiosk.codes else 0
        code = kiosk.codes[place] if kiosk.codes else None
        if code is None:
            return
        asked: Message = {"type": "redemption", "id": f"{till}-{place}", "coupon": code, "store": store}
        if back:
            await kiosk.enter(asked | {"reverses": asked["id"]}, fatal)
            kiosk.oracle.take_back(place, asked["id"])
        else:
            amount = {} if cents is None else {"amount": f"{cents // 100}.{cents % 100:02d} EUR"}
            await kiosk.enter(asked | amount, fatal)
            kiosk.oracle.redeem(place, asked["id"], store, kiosk.now, cents)

    return act


def wait(milliseconds: int) -> Action:
    async def act(kiosk: Kiosk) -> None:
        kiosk.now += milliseconds

    return act


async def look_after_places(kiosk: Kiosk) -> None:
    assert await sweep(kiosk.tables, kiosk.working().pipeline.retailers, kiosk.now + HOUR) == 0


FATAL = st.none() | st.builds(Fatal, st.sampled_from(CALLS), st.integers(0, 2), st.booleans())
WHO = st.tuples(
    st.sampled_from(MEMBERS), st.sampled_from(STORES), st.sampled_from([0, 0, 0, MINUTE, 4 * MINUTE, 6 * MINUTE])
)
NUMBERS = st.integers(0, 9)
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(check_in, st.lists(WHO, min_size=1, max_size=6), FATAL),
    st.builds(wait, st.sampled_from([MINUTE, 10 * MINUTE, 59 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 9 * HOUR])),
    st.builds(check_in, st.lists(WHO, min_size=1, max_size=6), FATAL),
    st.builds(check_in_again, NUMBERS, FATAL),
    st.builds(mail, st.sampled_from(MEMBERS), st.sampled_from([0, MINUTE])),
    st.builds(wish, st.sampled_from(MEMBERS), st.sampled_from(["stop", "less", "normal", "normal"])),
    st.builds(
        redeem,
        NUMBERS,
        st.sampled_from(TILLS),
        st.sampled_from(STORES),
        st.sampled_from([None, 50, 400, 900]),
        st.booleans(),
        FATAL,
    ),
    st.just(look_after_places),
)
TRACES = st.lists(ACTIONS, min_size=1, max_size=30)


async def play(keyspace: Keyspace, trace: list[Action]) -> Kiosk:
    kiosk = Kiosk(CrashingKeyspace(keyspace))
    for name in MEMBERS:
        await kiosk.enter(member(name, visits=BEFORE[name]))
    for action in trace:
        kiosk.now += SECOND
        await action(kiosk)
    await kiosk.money_adds_up()
    return kiosk


@settings(max_examples=150)
@given(TRACES)
def test_the_oracle_agrees_on_every_decision_and_every_cent(trace: list[Action]) -> None:
    run_story(play(MemoryKeyspace(lambda: NOON), trace))


@settings(max_examples=50)
@given(TRACES)
def test_the_oracle_agrees_on_real_redis(shared_redis: str, trace: list[Action]) -> None:
    async def story() -> None:
        empty(shared_redis)
        async with redis_tables(shared_redis) as tables:
            await play(tables.keyspace, trace)

    run_story(story())
