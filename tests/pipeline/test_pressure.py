"""Messages in any order, twice, over two workers that die between any two calls: the oracle agrees on every effect."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from streams.tables.keyspace import Keyspace
from streams.tables.memory import MemoryKeyspace
from streams.tables.redis_keyspace import connect
from tests.pipeline.boundary import Interruption
from tests.pipeline.boutique import HOUR, MINUTE, NOON, SECOND, Message, empty
from tests.pipeline.oracle_pressure import MEMBERS, Disagreement
from tests.pipeline.two_workers import STORES, Town

Run = Callable[[Coroutine[Any, Any, Any]], Any]

WORKERS, NUMBERS, TIMES = st.integers(0, 1), st.integers(0, 9), st.sampled_from([1, 1, 1, 2])
NAMES, DOORS = st.sampled_from(sorted(MEMBERS)), st.sampled_from(sorted(STORES))
AGO = st.sampled_from([0, 0, 0, MINUTE, 4 * MINUTE, 6 * MINUTE])
SIZES = st.sampled_from([1, 2, 3, 5, 20])
WAITS = [MINUTE, 10 * MINUTE, 30 * MINUTE - 6 * SECOND, HOUR, 90 * MINUTE, 2 * HOUR, 4 * HOUR - SECOND, 9 * HOUR]
AFTER = [None, None, HOUR, 90 * MINUTE, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR]
"""After so long something is over, to the millisecond: a rest, the same visit, a window of a cap; None: a coupon."""
MEANWHILE = [None, "works", "enters", "sweeps", "takes over", "takes over and enters"]
CALLS = ["read", "reserve", "replace", "replace", "note", "note", "release", "spend", "produce", "save"]
INTERRUPTIONS = st.none() | st.builds(
    Interruption, st.integers(0, 3), st.booleans(), st.sampled_from(MEANWHILE), st.sampled_from(CALLS)
)
ANYWHERE = st.builds(Interruption, st.integers(0, 39), st.booleans(), st.sampled_from(MEANWHILE))
LAST = [
    ("reserve", 1),
    ("replace", 0),
    ("replace", 1),
    ("note", 0),
    ("note", 1),
    ("produce", 1),
    ("save", 0),
    ("save", 1),
]
FATAL = st.sampled_from([Interruption(nth, True, None, call) for call, nth in LAST])
BETWEEN = st.sampled_from(["reserve", "reserve", "replace"])
"""Calls between what a decision rests on and its claim."""


TILLS, CENTS = st.sampled_from(["till-1", "till-2"]), st.sampled_from([50, 150, None, 900])
SELDOM, MOSTLY = st.sampled_from([False, False, False, True]), st.sampled_from([True, True, False])
LATER = [0, 61 * SECOND, 3 * MINUTE, 31 * MINUTE]
STEPS = 50
Who = tuple[str, str, int, int]
WHO = st.tuples(NAMES, DOORS, AGO, TIMES)
AGAINST: list[Message] = [
    {"type": "preference", "contact": "stop"},
    {"type": "preference", "consent": {"granted": False}},
    {"type": "contact", "channel": "email"},
]
SAID: list[Message] = [
    *AGAINST,
    *({"type": "preference", "contact": contact} for contact in ("less", "normal", "normal", "normal")),
    *({"type": "preference", "consent": {"granted": True}} for _ in range(3)),
]
WORDS = st.none() | st.sampled_from(AGAINST)


class Pressure(RuleBasedStateMachine):
    """One town; `keyspaces` and `run` are given by who makes the machine."""

    def __init__(self, keyspaces: Sequence[Keyspace], run: Run) -> None:
        super().__init__()
        self.town, self._run_story = Town(keyspaces), run
        self._disagreed = False

    def do(self, work: Coroutine[Any, Any, Any], takes: int = SECOND) -> None:
        """Work, and how many milliseconds it takes; what the oracle does not agree on fails."""
        try:
            self._run_story(work)
        except Disagreement as found:
            self._disagreed = True
            raise AssertionError(str(found)) from found
        except AssertionError:
            self._disagreed = True
            raise
        self.town.now += takes

    @initialize()
    def begin(self) -> None:
        self.do(self.town.begin())

    @rule(
        who=st.lists(WHO, min_size=1, max_size=5),
        said=st.none() | st.sampled_from(SAID),
        at_once=MOSTLY,
        interruption=INTERRUPTIONS,
    )
    def they_check_in(
        self, who: list[Who], said: Message | None, at_once: bool, interruption: Interruption | None
    ) -> None:
        """One of them says something as well, that may be entered while the batch is worked."""
        for each in who:
            self.town.check_in(*each)
        if said is not None:
            self.a_member_says(who[0][0], said)
        if at_once:
            self.all_work(interruption)

    @rule(who=st.lists(WHO, min_size=1, max_size=4), at_once=MOSTLY, interruption=INTERRUPTIONS)
    def they_arrive(self, who: list[Who], at_once: bool, interruption: Interruption | None) -> None:
        for each in who:
            self.town.arrive(*each)
        if at_once:
            self.all_work(interruption)

    def all_work(self, interruption: Interruption | None) -> None:
        """Each worker works a batch, and may be interrupted."""
        for worker in self.town.workers:
            self.do(worker.work(20, interruption), takes=0)
        self.town.now += SECOND

    @rule(number=NUMBERS, after=st.sampled_from(AFTER), short=SELDOM, name=st.none() | NAMES)
    def somebody_comes_after(self, number: int, after: int | None, short: bool, name: str | None) -> None:
        self.town.come_after(number, after, -int(short), name)
        self.all_work(None)

    @rule(who=WHO, fatal=FATAL, said=WORDS, later=st.sampled_from(LATER), ending=st.integers(0, 2))
    def a_worker_dies_over(self, who: Who, fatal: Interruption, said: Message | None, later: int, ending: int) -> None:
        """Before its batch is worked again something may be said, time passes, and forgotten places are swept."""
        self.town.check_in(*who)
        self.all_work(fatal)
        if said is not None:
            self.a_member_says(who[0], said)
            self.all_enter(None)
        self.town.now += later
        if ending:
            self.do(self.town.workers[0].sweep(self.town.now))
        if ending < 2:
            self.all_work(None)

    @rule(who=WHO, said=st.none() | st.sampled_from(AGAINST), call=BETWEEN, after=st.booleans(), dies=SELDOM)
    def somebody_is_faster(self, who: Who, said: Message | None, call: str, after: bool, dies: bool) -> None:
        """Between what a decision rests on and its claim the member says something, or comes with a phone as well."""
        self.town.check_in(*who)
        if said is None:
            self.town.arrive(*who)
        else:
            self.a_member_says(who[0], said)
        nth = int(after and call == "reserve")
        self.all_work(Interruption(nth, dies, "works" if said is None else "enters", call))

    @rule(number=NUMBERS)
    def something_comes_again(self, number: int) -> None:
        self.town.say_again(number)

    @rule(name=NAMES, said=st.sampled_from(SAID), at_once=MOSTLY, interruption=INTERRUPTIONS)
    def a_member_is_spoken_of(self, name: str, said: Message, at_once: bool, interruption: Interruption | None) -> None:
        self.a_member_says(name, said)
        if at_once:
            self.all_enter(interruption)

    def a_member_says(self, name: str, said: Message) -> None:
        """Or another channel says something to them."""
        if "channel" in said:
            said = said | {"id": f"mail-{self.town.now}"}
        if "consent" in said:
            said = said | {"consent": {"offers": {**said["consent"], "at": self.town.now + 1}}}
        self.town.say({"member": name} | said)

    @rule(number=NUMBERS, till=TILLS, elsewhere=SELDOM, cents=CENTS, back=SELDOM, interruption=INTERRUPTIONS)
    def a_till_speaks(
        self,
        number: int,
        till: str,
        elsewhere: bool,
        cents: int | None,
        back: bool,
        interruption: Interruption | None,
    ) -> None:
        self.town.redeem(number, till, elsewhere, cents, back)
        self.all_enter(interruption)

    def all_enter(self, interruption: Interruption | None) -> None:
        """Each worker enters a batch, and may be interrupted."""
        for worker in self.town.workers:
            self.do(worker.enter(20, interruption))

    @rule(milliseconds=st.sampled_from(WAITS), moves=st.booleans())
    def time_passes(self, milliseconds: int, moves: bool) -> None:
        self.town.now += milliseconds
        if moves:
            self.town.move()

    @rule(number=WORKERS, size=SIZES, interruption=INTERRUPTIONS)
    def a_worker_works(self, number: int, size: int, interruption: Interruption | None) -> None:
        self.do(self.town.workers[number].work(size, interruption))

    @rule(number=WORKERS, size=SIZES, interruption=ANYWHERE)
    def a_worker_works_on(self, number: int, size: int, interruption: Interruption | None) -> None:
        self.do(self.town.workers[number].work(size, interruption))

    @rule(number=WORKERS, size=SIZES, interruption=INTERRUPTIONS)
    def a_worker_enters(self, number: int, size: int, interruption: Interruption | None) -> None:
        self.do(self.town.workers[number].enter(size, interruption))

    @rule(number=WORKERS, interruption=INTERRUPTIONS)
    def a_worker_sweeps(self, number: int, interruption: Interruption | None) -> None:
        self.do(self.town.workers[number].sweep(self.town.now, interruption))

    def teardown(self) -> None:
        if not self._disagreed:
            self.do(self.town.check())


@pytest.fixture(scope="module")
def loop() -> Iterator[Run]:
    with asyncio.Runner() as runner:
        yield runner.run


def in_process(run: Run, examples: int) -> None:
    """So many traces of the machine in process."""

    def machine() -> Pressure:
        return Pressure([MemoryKeyspace(lambda: NOON)] * 2, run)

    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=STEPS))


def test_two_workers_that_die_anywhere_come_to_what_the_oracle_says(loop: Run) -> None:
    in_process(loop, 100)


def test_two_workers_over_one_redis_come_to_what_the_oracle_says(loop: Run, shared_redis: str) -> None:
    keyspaces = [loop(connect(shared_redis)) for _ in range(2)]

    def machine() -> Pressure:
        empty(shared_redis)
        return Pressure(keyspaces, loop)

    run_state_machine_as_test(machine, settings=settings(max_examples=50, stateful_step_count=STEPS))
    for keyspace in keyspaces:
        loop(keyspace.close())
