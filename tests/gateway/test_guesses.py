"""Who tries too many codes waits; who waited may try again."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from streams.gateway.guesses import MOST_KEPT, Guesses


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def refused(guesses: Guesses, asker: str = "till") -> str | None:
    """The seconds to wait; None for one who may ask."""
    try:
        guesses.refuse(asker)
    except HTTPException as answer:
        return (answer.headers or {})["Retry-After"] if answer.status_code == 429 else str(answer.status_code)
    return None


def test_so_many_at_once_and_then_one_more_for_each_share_of_the_time() -> None:
    clock = Clock()
    guesses = Guesses(most=3, seconds=60, clock=clock)
    for _ in range(3):
        assert refused(guesses) is None
        guesses.missed("till")
    assert refused(guesses) == "20"
    assert refused(guesses, "another") is None
    clock.now += 20
    assert refused(guesses) is None
    guesses.missed("till")
    assert refused(guesses) == "20"
    clock.now += 60
    for _ in range(3):
        assert refused(guesses) is None
        guesses.missed("till")
    assert refused(guesses) == "20"


@pytest.mark.parametrize("wait", [0, 60])
def test_of_many_askers_those_who_may_try_again_in_full_are_forgotten(wait: int) -> None:
    clock = Clock()
    guesses = Guesses(clock=clock)
    for each in range(MOST_KEPT):
        guesses.missed(each)
    clock.now += wait
    guesses.missed("last")
    assert len(guesses._tried) == (MOST_KEPT + 1 if wait == 0 else 1)
