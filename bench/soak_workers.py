"""Workers as processes: they join, leave, are killed and come back; and what they say, counted."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.integration.running import command, environment

MOST_WORKERS = 3
LEAVE_SECONDS = 30.0
"""A worker that was told to stop and still runs after that is killed, and counted."""
RESTART_SECONDS = 1.0
"""After which one that ended by itself is started again, as whatever runs workers in earnest would do."""
VARYING = re.compile(r"^\S+ \S+ |\d+|0x[0-9a-f]+|\(.*\)|\[.*\]|\{.*\}")


@dataclass
class Lines:
    """What workers said: lines by second, and by what they say."""

    seconds: Counter[tuple[str, int]] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)

    def count(self, worker: str, line: str) -> None:
        """One line more."""
        self.seconds[worker, int(time.monotonic())] += 1
        self.texts[VARYING.sub("", line).strip()[:110]] += 1

    @property
    def most_a_second(self) -> int:
        """Of one worker."""
        return max(self.seconds.values(), default=0)


@dataclass
class Tally:
    """What happened to workers."""

    joins: int = 0
    leaves: int = 0
    kills: int = 0
    ended: int = 0
    """Ended by themselves."""
    stuck: int = 0
    """Still there long after they were told to stop."""
    failed: int = 0
    """Told to stop, and ended with an error."""


class Crew:
    """The workers of one group. `folder` gets a log of each."""

    def __init__(self, folder: Path, settings: Mapping[str, object], random: Random) -> None:
        self.lines = Lines()
        self.tally = Tally()
        self.running: dict[str, Process] = {}
        self._folder = folder
        self._settings = settings
        self._random = random
        self._told: set[Process] = set()
        self._named = 0
        self._members = 0
        self._started: list[Process] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self) -> None:
        """One worker more, under a new name, unless there are enough."""
        if self._members == MOST_WORKERS:
            return
        self._named += 1
        self._members += 1
        self.tally.joins += 1
        await self._start(f"worker-{self._named}")

    async def leave(self) -> None:
        """One of them is told to stop."""
        if len(self.running) < 2:
            return
        self.tally.leaves += 1
        self._members -= 1
        await self._stop(self._one())

    async def kill(self, pause: float) -> None:
        """One of them is killed, and is back under its name after `pause` seconds."""
        if not self.running:
            return
        name = self._one()
        self.tally.kills += 1
        process = self.running.pop(name)
        self._told.add(process)
        process.kill()
        await process.wait()
        await asyncio.sleep(pause)
        await self._start(name)

    async def close(self) -> None:
        """Tell all to stop, and wait."""
        await asyncio.gather(*map(self._stop, list(self.running)))

    def end(self) -> None:
        """Whatever still runs is killed."""
        for task in self._tasks:
            task.cancel()
        for process in self._started:
            if process.returncode is None:
                process.kill()

    def _one(self) -> str:
        return self._random.choice(sorted(self.running))

    async def _start(self, name: str) -> None:
        given = environment(**self._settings, instance_id=name, ops_port=0)
        process = await asyncio.create_subprocess_exec(
            *command(), "worker", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=given, start_new_session=True
        )
        self.running[name] = process
        self._started.append(process)
        task = asyncio.create_task(self._watch(name, process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self, name: str) -> None:
        process = self.running.pop(name)
        self._told.add(process)
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
            self.tally.failed += code not in (0, -signal.SIGTERM)  # the latter: told before it could listen
        except TimeoutError:
            self.tally.stuck += 1
            process.kill()
            await process.wait()

    async def _watch(self, name: str, process: Process) -> None:
        """Keep and count what it says, until it ends; one that nobody told to is started again."""
        assert process.stderr is not None
        with (self._folder / f"{name}.log").open("ab") as log:
            async for line in process.stderr:
                log.write(line)
                log.flush()
                self.lines.count(name, line.decode(errors="replace"))
        await process.wait()
        if process not in self._told:
            del self.running[name]
            self.tally.ended += 1
            await asyncio.sleep(RESTART_SECONDS)
            await self._start(name)
