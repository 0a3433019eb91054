"""What is done to the workers and the broker, and when: the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from random import Random
from typing import NamedTuple


class Action(StrEnum):
    """What happens."""

    LEAVE = "leave"
    JOIN = "join"
    KILL_WORKER = "kill a worker"
    KILL_BROKER = "kill the broker"


class Event(NamedTuple):
    """`at` seconds after the beginning; what was killed comes back `pause` seconds later."""

    at: float
    action: Action
    pause: float


EVERY: Mapping[str, float] = {"members": 30.0, "workers": 40.0, "broker": 120.0}
"""Seconds between two joins or leaves, in turns; between two kills of workers; between two kills of the broker."""
LONGEST_PAUSE: Mapping[Action, float] = {Action.KILL_WORKER: 15.0, Action.KILL_BROKER: 3.0}
"""Seconds. The group gives up a member after 6 s: one that was killed comes back before that, or later."""
OFTEN: Mapping[str, float] = {"members": 4.0, "workers": 4.0, "broker": 8.0}
"""Seconds, in a run so short that hardly any of it would happen else."""
AT_LEAST = 3
"""Times that each happens, where the run is not too short even for that."""


def plan(seconds: float, seed: int, every: Mapping[str, float] = EVERY) -> list[Event]:
    """What happens in a run of `seconds`, in order of time."""
    random = Random(seed)
    actions = {
        "members": [Action.LEAVE, Action.JOIN],
        "workers": [Action.KILL_WORKER],
        "broker": [Action.KILL_BROKER],
    }
    paces = {name: max(OFTEN[name], min(every[name], seconds / (AT_LEAST + 1))) for name in actions}
    return sorted(event for name in actions for event in _events(seconds, random, paces[name], actions[name]))


def _events(seconds: float, random: Random, every: float, actions: list[Action]) -> Iterator[Event]:
    at, number = 0.0, 0
    while (at := at + every * random.uniform(0.7, 1.3)) < seconds:
        action = actions[number % len(actions)]
        yield Event(at, action, random.uniform(0, min(every, LONGEST_PAUSE.get(action, 0.0))))
        number += 1
