"""Opening hours in the language of OpenStreetMap: `"Mo-Sa 10:00-20:30; Su 11:00-20:00; PH off"`.

Source of the language: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from opening_hours import OpeningHours, ParserError, UnknownCountryError  # type: ignore[attr-defined]  # not in its stub
from pydantic import PlainValidator

from config.names import read_text
from config.quantities import quoted, wrong

_OF_THE_SUN = re.compile(r"sunrise|sunset|dawn|dusk")
_EXAMPLE = 'write them as in "Mo-Sa 10:00-20:30; Su 11:00-20:00"'
_PLACE = re.compile(r"--> \d+:(\d+)")


def read_opening_hours(value: Any) -> str:
    """Opening hours that can be understood, as they are written."""
    text = read_text(value)
    if _OF_THE_SUN.search(text):
        raise wrong(f"{quoted(text)} depends on the sun", "write hours of the clock")
    try:
        _parsed(text, None)
    except ParserError as error:
        found = _PLACE.search(str(error))
        where = f" from its character {found[1]} on" if found else ""
        raise wrong(f"{quoted(text)} cannot be read as opening hours{where}", _EXAMPLE) from None
    return text


@dataclass(frozen=True, slots=True)
class WrittenHours:
    """Opening hours of a store in `country` (two letters), whose public holidays are `PH`; None: none are known."""

    written: str
    country: str | None

    def is_open(self, moment: datetime) -> bool:
        """See `offers.opening_hours`; what is marked as unknown is not open."""
        return bool(_parsed(self.written, self.country).is_open(moment))

    def next_change(self, moment: datetime) -> datetime | None:
        """See `offers.opening_hours`."""
        found: datetime | None = _parsed(self.written, self.country).next_change(moment)
        return found


@lru_cache(maxsize=4_096)
def _parsed(written: str, country: str | None) -> OpeningHours:
    try:
        return OpeningHours(written, country=country)
    except UnknownCountryError:
        return OpeningHours(written)


OpeningHoursText = Annotated[str, PlainValidator(read_opening_hours)]
