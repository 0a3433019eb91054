"""What a retailer's text is made of: words, `$names`, and words that follow a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

LONGEST = 178
"""Characters of a text, as it is read. A locked phone shows four lines of a notification: this many, where letters are
of usual width."""

PLACEHOLDER = re.compile(r"\$(?:([a-z_]+)|\{([a-z_]+)(?::([^{}]*))?\})")


class Named(NamedTuple):
    """A `$name`; with `forms` the words that its number asks for: `${points: one point, other points}`."""

    name: str
    forms: Mapping[str, str] | None = None


Template = tuple[str | Named, ...]


@lru_cache(maxsize=16_384)
def parsed(text: str) -> Template:
    """`text` as words and names, in order."""
    parts: list[str | Named] = []
    end = 0
    for found in PLACEHOLDER.finditer(text):
        parts.append(text[end : found.start()])
        parts.append(Named(found[1] or found[2], None if found[3] is None else forms(found[3])))
        end = found.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part)


def is_plain(text: str) -> bool:
    """Whether `text` can be said to everybody: it names nothing, and is not too long."""
    return not names(text) and len(text) <= LONGEST


def names(text: str) -> list[Named]:
    """The names that `text` uses, in order, known or not."""
    return [part for part in parsed(text) if isinstance(part, Named)]


def forms(written: str) -> dict[str, str]:
    """`one point, other points` by the categories of plural of the CLDR (zero, one, two, few, many, other)."""
    split = (form.strip().partition(" ") for form in written.split(","))
    return {category: words.strip() for category, _, words in split}
