"""What all mappings of the language have in common, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator

from config.quantities import quoted, wrong


def read_number(value: Any) -> float:
    """A number that was written as one; NaN is."""
    if isinstance(value, str):
        raise wrong(f"{quoted(value)} is no number", "write it with a point and without quotes, as in 48.8737")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(f"{quoted(value)} is no number", "write it as in 48.8737")
    return float(max(min(value, 10**9), -(10**9))) if value == value else value  # bounded: a float holds no 10**400


def listed(value: Any) -> Any:
    """One alone stands for a list of one."""
    return value if isinstance(value, list | tuple) else [value]


def exactly_one(of: BaseModel, *keys: str) -> str:
    """The one of `keys` that is set; a finding where none or several are."""
    found = [key for key in keys if getattr(of, key) is not None]
    if not found:
        raise wrong(f"none of {_names(keys)} stands here", "write one of them")
    if len(found) > 1:
        raise wrong(f"{_names(found)} stand side by side", "keep one of them")
    return found[0]


def _names(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


Coordinate = Annotated[float, PlainValidator(read_number)]
Count = Annotated[int, Field(strict=True, ge=1, le=10**9)]


class Described(BaseModel):
    """What all mappings have in common: they never change, and hold no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
