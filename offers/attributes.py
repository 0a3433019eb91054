"""What a retailer knows of a member from elsewhere, under names of its own, and what a campaign asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = str | bool | int | float

MOST_ATTRIBUTES = 64
"""Attributes kept of one member; of more, those that were said last."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one attribute: one of `any_of`, or a number from `at_least` to `at_most`, both included."""

    name: str
    any_of: tuple[Value, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def against(self, known: Mapping[str, Value]) -> str | None:
        """What of `known` speaks against it, in words; None where nothing does. What is not known does."""
        value = known.get(self.name)
        if value is None:
            return f"{self.name} is not known"
        return None if self._fits(value) else f"{self.name} is {value}"

    def _fits(self, value: Value) -> bool:
        if self.any_of:
            return any(value == each and isinstance(value, bool) is isinstance(each, bool) for each in self.any_of)
        if isinstance(value, bool | str):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)
