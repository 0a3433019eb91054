"""What scenarios write that no retailer's file has: paces, yes and no, and names from lists of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import PlainValidator

from config.names import did_you_mean, read_text
from config.quantities import quoted, wrong
from geofences.check_ins import CheckInDoubt
from geofences.fixes import FixRejection
from geofences.states import TransitionKind
from offers.coupons import TillAnswer
from offers.members import Purpose
from offers.money import Money
from offers.withheld import Withheld

NOT_TRIGGERED = "NOT_TRIGGERED"
"""Nothing that happened began the campaign: the one reason that stands in no decision."""

FASTEST = 100.0
"""m/s; faster than this no fix is believed."""

_PACE = re.compile(r"(\d{1,4}(?:\.\d{1,3})?) ?(m/s|km/h)")
_YES_OR_NO = {"yes": True, "true": True, "no": False, "false": False}


def read_pace(value: Any) -> float:
    """Metres a second of `1.3m/s`, `5km/h`."""
    found = _PACE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{quoted(value)} is no pace", "write it as 1.3m/s, or 5km/h")
    pace = float(found[1]) / (3.6 if found[2] == "km/h" else 1)
    if not 0 < pace <= FASTEST:
        raise wrong(f"{quoted(value)} is a pace that nobody has", "write one above zero and up to 100m/s")
    return pace


def read_yes_or_no(value: Any) -> bool:
    """`yes`, `no`; to YAML 1.2 these are words."""
    if isinstance(value, bool):
        return value
    said = _YES_OR_NO.get(value.strip().lower()) if isinstance(value, str) else None
    if said is None:
        raise wrong(f"{quoted(value)} is neither yes nor no", "write `yes` or `no`")
    return said


def read_amount(value: Any) -> str:
    """What was paid: `39 EUR`, `39.00 EUR`, zero included; written back with its cents."""
    try:
        return str(Money.parse(read_text(value)))
    except ValueError:
        raise wrong(f"{quoted(value)} is no amount of money", "write it with its currency, as in 39.00 EUR") from None


def read_count(value: Any) -> int:
    """How often: a whole number, zero included."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**6:
        raise wrong(f"{quoted(value)} is no number of times", "write a whole number, as in 2; 0 for never")
    return value


def one_of(known: Iterable[str], what: str) -> Callable[[Any], str]:
    """A reader of names that stand in a list of ours; small letters will do."""
    names = {str(each).lower(): str(each) for each in known}

    def read(value: Any) -> str:
        text = read_text(value)
        found = names.get(text.strip().lower())
        if found is None:
            raise wrong(f"{quoted(text)} is no {what}", did_you_mean(text, names.values()))
        return found

    return read


Pace = Annotated[float, PlainValidator(read_pace)]
"""m/s"""
YesOrNo = Annotated[bool, PlainValidator(read_yes_or_no)]
Paid = Annotated[str, PlainValidator(read_amount)]
Times = Annotated[int, PlainValidator(read_count)]
TransitionName = Annotated[str, PlainValidator(one_of(TransitionKind, "transition"))]
ReasonName = Annotated[str, PlainValidator(one_of((*Withheld, NOT_TRIGGERED), "reason"))]
WithheldName = Annotated[str, PlainValidator(one_of(Withheld, "reason of a decision"))]
AnswerName = Annotated[str, PlainValidator(one_of(TillAnswer, "answer to a till"))]
RejectionName = Annotated[str, PlainValidator(one_of((*FixRejection, *CheckInDoubt), "rejection"))]
PurposeName = Annotated[str, PlainValidator(one_of(Purpose, "purpose of consent"))]
