"""Whether a process is alive, and ready: what a probe is told, and why not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from streams.metrics import Agent
from streams.ops.reach import Reach
from streams.topics import CHECKINS, PINGS
from streams.transport.progress import Partition

Lag = Mapping[Partition, int | None]
"""Records not yet processed of each partition that is owned; None before its first fetch."""

STUCK_SECONDS = 10.0
LOOK_SECONDS = 1.0

_PRESENCE = (PINGS.name, CHECKINS.name)


class Work:
    """How a worker gets on. `lag` gives None while no partitions are assigned; `clock` gives seconds."""

    def __init__(self, lag: Callable[[], Lag | None], clock: Callable[[], float] = time.monotonic) -> None:
        self.lag = lag
        self._clock = clock
        self._moved = dict.fromkeys(Agent, clock())

    def moved(self, agent: Agent) -> None:
        """A batch was done."""
        self._moved[agent] = self._clock()

    def look(self) -> None:
        """Called about once a second: where nothing waits, nothing is stuck."""
        waiting = self._waiting(self.lag() or {})
        for agent in Agent:
            if not waiting[agent]:
                self.moved(agent)

    def reasons(self) -> list[str]:
        """Why the worker does not get on, in words."""
        lag = self.lag()
        if lag is None:
            return ["no partitions are assigned"]
        stuck = {agent: self._clock() - moved for agent, moved in self._moved.items()}
        return [
            f"{count} records wait for {agent}, and no batch was done for {stuck[agent]:.0f} s"
            for agent, count in self._waiting(lag).items()
            if count and stuck[agent] > STUCK_SECONDS
        ]

    def _waiting(self, lag: Lag) -> dict[Agent, int]:
        waiting = dict.fromkeys(Agent, 0)
        for partition, count in lag.items():
            waiting[Agent.PINGS if partition.topic in _PRESENCE else Agent.FACTS] += count or 0
        return waiting


Question = Callable[[], Awaitable[object]]


class Health:
    """What is known of a process.

    `rules` has the hash of the rules in force of each retailer; `work` is that of a worker, None in a gateway; `ended`
    says why the process works no more, where it does not.
    """

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.rules = rules
        self.work: Work | None = None
        self.ended: str | None = None
        self._questions: list[tuple[Reach, Question]] = []

    @property
    def reaches(self) -> list[Reach]:
        """The servers that the process stands on."""
        return [reach for reach, _ in self._questions]

    def ask(self, reach: Reach, question: Question) -> None:
        """A server that the process stands on: it is asked where nothing was heard of it for a second."""
        self._questions.append((reach, question))

    def reasons(self) -> list[str]:
        """Why the process is not ready, in words; none where it is."""
        if self.ended is not None:
            return [self.ended]
        away = [reach.away for reach in self.reaches if reach.away is not None]
        return away + (self.work.reasons() if self.work is not None else [])

    async def look_after(self) -> None:
        """Ask and look about once a second, until cancelled: a probe and a scrape then only read what is known."""
        async with asyncio.TaskGroup() as looking:
            for reach, question in self._questions:
                looking.create_task(_ask_on(reach, question))
            while True:
                if self.work is not None:
                    self.work.look()
                await asyncio.sleep(LOOK_SECONDS)


async def _ask_on(reach: Reach, question: Question) -> None:
    """Apart from the others: one that does not answer must not keep another from being asked."""
    while True:
        await reach.ask_if_quiet(question)
        await asyncio.sleep(LOOK_SECONDS)
