"""Names that exist: identifiers, time zones, locales and languages; and the known one nearest to a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers
from pydantic import PlainValidator

from config.quantities import quoted, wrong

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, where one is like it at all; without regard to capitals."""
    by_lower = {each.lower(): each for each in known}
    found = get_close_matches(name.lower()[:80], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the nearest known one, else all of them, as far as they fit."""
    names = sorted(known)
    found = nearest(name, names)
    if found is not None:
        return f"did you mean `{found}`?"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"known here: {shown}" if names else "none is known here"


def read_text(value: Any) -> str:
    """Text that says something."""
    if not isinstance(value, str):
        todo = f'put quotes round it: "{value}"' if isinstance(value, int | float) else "write some text here"
        raise wrong(f"{quoted(value) if value is not None else 'nothing'} is no text", todo)
    if not value.strip():
        raise wrong("the text is empty", "write it, or leave the key out")
    return value


def read_id(value: Any) -> str:
    """A name that can stand in keys, topics and addresses."""
    text = read_text(value)
    if _ID.fullmatch(text) is None:
        raise wrong(f"{quoted(text)} is no id", "use letters without accents, digits and - . _ , at most 64")
    return text


def read_time_zone(value: Any) -> str:
    """A zone of the IANA database."""
    text = read_text(value)
    if text not in _time_zones():
        known = (zone for zone in _time_zones() if "/" in zone)
        raise wrong(f"{quoted(text)} is no time zone", _time_zone_todo(text, known))
    return text


def read_locale(value: Any) -> str:
    """A language with or without its country: `fr-FR`."""
    text = read_text(value)
    locale = _locale(text)
    if locale is None:
        known = (each.replace("_", "-") for each in locale_identifiers())
        raise wrong(f"{quoted(text)} is no locale", did_you_mean(text.replace("_", "-"), known))
    return str(locale).replace("_", "-")


def read_language(value: Any) -> str:
    """A language, alone or as one country has it: `fr`, `fr-CA`."""
    text = read_text(value)
    locale = None if text in languages() else _locale(text)
    if text in languages() or (locale is not None and str(locale).replace("_", "-") == text):
        return text
    known = locale is not None
    todo = f"write `{read_locale(text)}`" if known else "write its two letters, such as fr, en or de"
    raise wrong(f"{quoted(text)} is no language", todo)


def read_link(value: Any) -> str:
    """A web address."""
    text = read_text(value)
    if re.fullmatch(r"https?://[^\s/]+\S*", text) is None:
        raise wrong(f"{quoted(text)} is no web address", "write it in full, as in https://shop.example/beauty")
    return text


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """Codes of all languages that have a locale."""
    return frozenset(each for each in locale_identifiers() if "_" not in each and each != "root")


@lru_cache(maxsize=1)
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone_todo(text: str, known: Iterable[str]) -> str:
    names = list(known)
    cities = {zone.rsplit("/", 1)[-1]: zone for zone in names}
    found = nearest(text, names) or cities.get(nearest(text.rsplit("/", 1)[-1].replace(" ", "_"), cities) or "")
    return f"did you mean `{found}`?" if found else "write region and city, as in Europe/Paris"


def _locale(text: str) -> Locale | None:
    try:
        return Locale.parse(text.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return None


Id = Annotated[str, PlainValidator(read_id)]
Words = Annotated[str, PlainValidator(read_text)]
TimeZone = Annotated[str, PlainValidator(read_time_zone)]
LocaleName = Annotated[str, PlainValidator(read_locale)]
Language = Annotated[str, PlainValidator(read_language)]
Link = Annotated[str, PlainValidator(read_link)]
