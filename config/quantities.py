"""How times, distances, shares, money and hours are written: `3min`, `250m`, `15%`, `39 EUR`, `"21:00-09:00"`.

Each has a reader, which raises a finding in words, and a writer, whose text the reader takes again.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any

from babel.numbers import list_currencies
from pydantic import PlainSerializer, PlainValidator
from pydantic_core import PydanticCustomError

from offers.campaigns import Discount
from offers.contact_policy import QuietHours
from offers.money import Money

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000

TIME_UNITS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
LENGTH_UNITS = {"m": 1.0, "km": 1000.0}
LONGEST_TIME = 3650 * DAY

_NUMBER = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,6})?) ?(?P<unit>[^\W\d]*)")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")
_PERCENT_OF_PRODUCT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?% of product")
_HOURS = re.compile(r"(\d{1,2}):(\d{2}) ?[-–] ?(\d{1,2}):(\d{2})")

_FIRST_LETTER_UNITS = {"m": "min", "M": "min", "s": "s", "S": "s", "h": "h", "H": "h", "d": "d", "D": "d", "j": "d"}


def wrong(what: str, todo: str) -> PydanticCustomError:
    """A finding, raised inside a model: what is wrong, and what to do."""
    # The two go as context, not as template: what a retailer wrote may hold braces.
    return PydanticCustomError("told", "{what}; {todo}", {"what": what, "todo": todo})


def quoted(value: Any) -> str:
    """What was written, short enough to be shown in a finding."""
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def read_hold(value: Any) -> int:
    """Milliseconds of `20s`, `3min`, `4h`, `30d`; `0s` is one."""
    number, unit = _number(value, "3min")
    if unit not in TIME_UNITS:
        raise _not_a_time(value, number, unit)
    milliseconds = round(number * TIME_UNITS[unit])
    if milliseconds > LONGEST_TIME:
        raise wrong(f"{quoted(value)} is longer than ten years", "write a shorter time, such as 365d")
    return milliseconds


def read_duration(value: Any) -> int:
    """Milliseconds of a time above zero."""
    milliseconds = read_hold(value)
    if milliseconds == 0:
        raise wrong(f"{quoted(value)} is no time at all", "write one above zero, such as 4h")
    return milliseconds


def write_duration(milliseconds: int) -> str:
    """The shortest exact way to write it: `90min`, `1d`."""
    for unit in ("d", "h", "min"):
        if milliseconds and milliseconds % TIME_UNITS[unit] == 0:
            return f"{milliseconds // TIME_UNITS[unit]}{unit}"
    return f"{_plain(milliseconds / SECOND)}s"


def read_distance(value: Any) -> float:
    """Metres of `250m`, `1.5km`."""
    number, unit = _number(value, "250m")
    if unit in LENGTH_UNITS:
        return number * LENGTH_UNITS[unit]
    if unit == "":
        raise wrong(f"{quoted(value)} has no unit", f"write {_plain(number)}m, or {_plain(number / 1000)}km")
    if unit in TIME_UNITS:
        raise wrong(f"{quoted(value)} is a time, not a distance", "write metres or kilometres: 250m, 1.5km")
    raise wrong(f"{quoted(value)}: {quoted(unit)} is no unit of distance", "write metres or kilometres: 250m, 1.5km")


def read_radius(value: Any) -> float:
    """Metres of a distance above zero."""
    metres = read_distance(value)
    if metres == 0:
        raise wrong(f"{quoted(value)} is no radius", "write one above zero, such as 250m")
    return metres


def write_distance(metres: float) -> str:
    """`250m`, `1.5km`."""
    return f"{_plain(metres / 1000)}km" if metres >= 1000 and metres % 100 == 0 else f"{_plain(metres)}m"


def read_percent(value: Any) -> int:
    """Whole percent of `10%`."""
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        hint = f"write {value}%" if isinstance(value, int) and not isinstance(value, bool) else "write it as 10%"
        raise wrong(f"{quoted(value)} is no share in percent", hint)
    return _whole_percent(found[1])


def write_percent(percent: int) -> str:
    """`10%`"""
    return f"{percent}%"


def read_holdout(value: Any) -> int:
    """A share that leaves somebody to make offers to."""
    percent = read_percent(value)
    if percent == 100:
        raise wrong("a holdout of 100% holds everybody out", "write less, such as 10%")
    return percent


def read_money(value: Any) -> Money:
    """`39 EUR`, `39.00 EUR`; above zero, in a currency that exists."""
    if not isinstance(value, str):
        raise wrong(f"{quoted(value)} is no amount of money", "write it with its currency, as in 39.00 EUR")
    try:
        money = Money.parse(value)
    except ValueError:
        raise wrong(f"{quoted(value)} is no amount of money", "write it as 39.00 EUR") from None
    if money.currency not in list_currencies():
        raise wrong(f"{quoted(money.currency)} is no currency", "write its three letters, such as EUR, CHF or GBP")
    if money.cents == 0:
        raise wrong(f"{quoted(value)} is nothing", "write an amount above zero, or leave it out")
    return money


def read_discount(value: Any) -> Discount:
    """`15% of product`, or an amount: `5 EUR`."""
    found = _PERCENT_OF_PRODUCT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is not None:
        return Discount(percent=_whole_percent(found[1], smallest=1))
    if isinstance(value, str) and "%" in value:
        number = re.match(r"\s*\d{1,3}", value)
        raise wrong(
            f"{quoted(value)} does not say percent of what", f"write {(number or ['15'])[0].strip()}% of product"
        )
    try:
        return Discount(amount=read_money(value))
    except PydanticCustomError:
        raise wrong(f"{quoted(value)} is no discount", "write `15% of product` or an amount, as in `5 EUR`") from None


def write_discount(discount: Discount) -> str:
    """`15% of product`, `5.00 EUR`"""
    return f"{discount.percent}% of product" if discount.percent is not None else str(discount.amount)


def read_hours(value: Any) -> QuietHours:
    """`"21:00-09:00"`, past midnight or not."""
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{quoted(value)} are no hours", 'write from and to in quotes, as in "21:00-09:00"')
    start, end = _clock(found[1], found[2], value), _clock(found[3], found[4], value)
    if start == end:
        raise wrong(f"{quoted(value)} begins and ends at once", 'write two different times, as in "21:00-09:00"')
    return QuietHours(start, end)


def write_hours(hours: QuietHours) -> str:
    """`21:00-09:00`"""
    return f"{hours.start:%H:%M}-{hours.end:%H:%M}"


def read_day(value: Any) -> date:
    """`2026-11-20`"""
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "")
    except ValueError:
        raise wrong(f"{quoted(value)} is no day", "write year, month and day, as in 2026-11-20") from None


def _number(value: Any, example: str) -> tuple[float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return float(value), ""
    found = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{quoted(value)} is no number with a unit", f"write it as {example}")
    return float(found["number"]), found["unit"]


def _not_a_time(value: Any, number: float, unit: str) -> PydanticCustomError:
    written = _plain(number)
    if unit == "m":
        words = {"3": "three minutes"}.get(written, f"{written} minutes")
        return wrong(f"{quoted(value)}: m is metres here", f"for {words} write {written}min")
    if unit == "":
        return wrong(f"{quoted(value)} has no unit", f"write {written}s, {written}min, {written}h or {written}d")
    if unit.lower().startswith("w"):
        return wrong(f"{quoted(value)}: weeks are not understood", f"write {_plain(number * 7)}d")
    likely = None if unit.lower().startswith(("mo", "ms")) else _FIRST_LETTER_UNITS.get(unit[0])
    todo = f"write {written}{likely}" if likely else "write seconds, minutes, hours or days: 20s, 3min, 4h, 30d"
    return wrong(f"{quoted(value)}: {quoted(unit)} is no unit of time", todo)


def _whole_percent(written: str, smallest: int = 0) -> int:
    percent = float(written)
    if percent != int(percent):
        raise wrong(f"{quoted(written + '%')} is not whole", f"write {round(percent)}%")
    if not smallest <= percent <= 100:
        raise wrong(f"{quoted(written + '%')} is out of range", f"write a share from {smallest}% to 100%")
    return int(percent)


def _clock(hours: str, minutes: str, value: str) -> time:
    if (hours, minutes) == ("24", "00"):
        return time()
    try:
        return time(int(hours), int(minutes))
    except ValueError:
        raise wrong(f"{quoted(value)}: there is no {hours}:{minutes}", "write hours from 00:00 to 24:00") from None


def _plain(number: float) -> str:
    """Without a trailing `.0`, and never with an exponent."""
    return f"{number:.6f}".rstrip("0").rstrip(".")


Duration = Annotated[int, PlainValidator(read_duration), PlainSerializer(write_duration)]
"""Milliseconds, above zero."""
Hold = Annotated[int, PlainValidator(read_hold), PlainSerializer(write_duration)]
"""Milliseconds, zero allowed."""
Radius = Annotated[float, PlainValidator(read_radius), PlainSerializer(write_distance)]
"""Metres, above zero."""
Margin = Annotated[float, PlainValidator(read_distance), PlainSerializer(write_distance)]
"""Metres, zero allowed."""
Percent = Annotated[int, PlainValidator(read_percent), PlainSerializer(write_percent)]
Holdout = Annotated[int, PlainValidator(read_holdout), PlainSerializer(write_percent)]
Price = Annotated[Money, PlainValidator(read_money), PlainSerializer(str)]
DiscountText = Annotated[Discount, PlainValidator(read_discount), PlainSerializer(write_discount)]
Hours = Annotated[QuietHours, PlainValidator(read_hours), PlainSerializer(write_hours)]
Day = Annotated[date, PlainValidator(read_day), PlainSerializer(date.isoformat)]
