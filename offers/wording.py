"""How an offer reads: the member's language and tone, money and time by the locale, and never a raw placeholder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from offers.campaigns import Discount, Rules, Text
from offers.contact_policy import local
from offers.members import Profile
from offers.money import Money
from offers.products import Product
from offers.templates import LONGEST, PLACEHOLDER, Named, parsed


class Unsayable(Exception):  # noqa: N818 - a verdict about a text, not a fault
    """The text names something that is not known here, or is too long; the message says which."""


class Mention(NamedTuple):
    """What the text of one offer can speak of."""

    store: str
    profile: Profile
    at: int
    zone: ZoneInfo
    product: Product | None = None
    discount: Discount | None = None
    coupon_until: int | None = None
    next_contact: int | None = None
    tone: str | None = None
    """How the member was addressed before."""
    visits: int | None = None


class Worded(NamedTuple):
    """A text as the member reads it, and the locale it is in."""

    text: str
    locale: str


def word(texts: Mapping[str, Text], mention: Mention, rules: Rules) -> Worded:
    """The first text in the member's language that can be said; raises Unsayable where there is none."""
    locale, text = choose(texts, mention.profile.locale, rules.locale)
    tone = tone_of(mention.profile, mention.tone, rules)
    against: list[str] = []
    each: Text | None = text
    while each is not None:
        try:
            return Worded(said(each.tu if tone == "tu" else each.vous, mention, locale), _written(locale))
        except Unsayable as unsayable:
            against.append(str(unsayable))
        each = each.otherwise
    raise Unsayable("; ".join(dict.fromkeys(against)))


def tone_of(profile: Profile, before: str | None, rules: Rules) -> str:
    """`tu` or `vous`: as the member wishes, else as they were addressed before, else as everybody is."""
    return profile.tone or before or rules.contact.address


def choose(texts: Mapping[str, Text], wanted: str | None, own: str) -> tuple[Locale, Text]:
    """The text for a member of the locale `wanted`, and the locale to format it in.

    The first there is for that locale, its language, the retailer's `own` locale, its language; else the first of all.
    """
    for written in (wanted, own):
        if written:
            locale, keys = _read(written)
            for key in keys:
                if key in texts:
                    return locale, texts[key]
    key, text = next(iter(texts.items()))
    return known_locale(key) or Locale("en"), text


@lru_cache(maxsize=256)
def _read(written: str) -> tuple[Locale, tuple[str, ...]]:
    """The locale, and as texts for it may be keyed, the closest first: `zh-Hant-TW`, `zh-Hant`, `zh-TW`, `zh`."""
    locale = known_locale(written)
    if locale is None:
        return Locale("en"), ()
    language, script, territory = locale.language, locale.script, locale.territory
    keys = ((language, script, territory), (language, script), (language, territory), (language,))
    return locale, tuple(dict.fromkeys("-".join(filter(None, key)) for key in keys))


@lru_cache(maxsize=256)
def known_locale(written: str) -> Locale | None:
    """The locale behind `fr-FR`, `fr_FR` or `fr`; None where Babel knows none."""
    try:
        return Locale.parse(written.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return None


@lru_cache(maxsize=256)
def _written(locale: Locale) -> str:
    return str(locale).replace("_", "-")


def said(text: str, mention: Mention, locale: Locale) -> str:
    """`text` with each name said; raises Unsayable."""
    whole = "".join([part if isinstance(part, str) else _say(part, mention, locale) for part in parsed(text)])
    if len(whole) > LONGEST:
        raise Unsayable(f"{len(whole)} characters are more than the {LONGEST} of a notification")
    return whole


def _say(named: Named, mention: Mention, locale: Locale) -> str:
    if named.forms is not None:
        return _form(named.name, named.forms, mention, locale)
    say = SAYINGS.get(named.name)
    found = None if say is None else say(mention, locale)
    if found is None or not found.strip():
        raise Unsayable(f"${named.name} is not known")
    if "$" in found and any((name[1] or name[2]) in SAYINGS for name in PLACEHOLDER.finditer(found)):
        raise Unsayable(f"${named.name} holds a placeholder itself")
    return found


def _form(name: str, forms: Mapping[str, str], mention: Mention, locale: Locale) -> str:
    count = COUNTS[name](mention) if name in COUNTS else None
    if count is None:
        raise Unsayable(f"${name} is not known")
    found = forms.get(locale.plural_form(abs(count)), forms.get("other"))
    if not found:
        raise Unsayable(f"there are no words for so many ${name}")
    return found


KEPT = 4_096
"""Of each kind the last that were said: prices, discounts, days and times of day are few, and read the same to all."""


@lru_cache(maxsize=KEPT)
def money(amount: Money, locale: Locale) -> str:
    """`39,00 €`"""
    return str(format_currency(Decimal(amount.cents) / 100, amount.currency, locale=locale))


@lru_cache(maxsize=KEPT)
def discount(value: Discount, locale: Locale) -> str:
    """`-15 %` or `-5,00 €`"""
    if value.percent is not None:
        return str(format_percent(-value.percent / 100, locale=locale))
    if value.amount is None:
        raise Unsayable("the discount is empty")
    return money(Money(-value.amount.cents, value.amount.currency), locale)


def until(moment: int, mention: Mention, locale: Locale) -> str:
    """The time of day, with the date before it where it is not the day of the offer: on the store's clock."""
    there, here = local(moment, mention.zone), local(mention.at, mention.zone)
    clock = time_of_day(there.hour, there.minute, locale)
    return clock if there.date() == here.date() else f"{day(moment, mention, locale)} {clock}"


def day(moment: int, mention: Mention, locale: Locale) -> str:
    """`20 novembre`, on the store's calendar."""
    return day_of_month(local(moment, mention.zone).date(), locale)


@lru_cache(maxsize=KEPT)
def time_of_day(hour: int, minute: int, locale: Locale) -> str:
    """`20:30`, `8:30 PM`"""
    return str(format_time(time(hour, minute), "short", locale=locale))


@lru_cache(maxsize=KEPT)
def day_of_month(today: date, locale: Locale) -> str:
    """`20 novembre`, `1er décembre`"""
    written = str(format_date(today, "d MMMM", locale=locale))
    # The CLDR has no pattern for the one ordinal that dates have in French.
    return f"1er{written[1:]}" if today.day == 1 and locale.language == "fr" else written


@lru_cache(maxsize=KEPT, typed=True)
def number(value: float | None, locale: Locale) -> str | None:
    """`1 200`, `4,6`"""
    return None if value is None else str(format_decimal(value, locale=locale))


def _first_name(mention: Mention, _: Locale) -> str | None:
    name = mention.profile.first_name
    return None if name is None else " ".join(name.split())


def _price(mention: Mention, locale: Locale) -> str | None:
    product = mention.product
    return money(product.price, locale) if product and product.price else None


def _reviews(mention: Mention) -> int | None:
    product = mention.product
    return product.rating.reviews if product and product.rating else None


COUNTS: dict[str, Callable[[Mention], int | None]] = {
    "points": lambda mention: mention.profile.points,
    "visits": lambda mention: mention.visits,
    "reviews": _reviews,
}
"""Names that are numbers: the forms of a word may follow them."""

SAYINGS: dict[str, Callable[[Mention, Locale], str | None]] = {
    "first_name": _first_name,
    "product": lambda mention, _: mention.product.name if mention.product else None,
    "store": lambda mention, _: mention.store,
    "discount": lambda mention, locale: discount(mention.discount, locale) if mention.discount else None,
    "price": _price,
    "coupon_until": lambda mention, locale: (
        until(mention.coupon_until, mention, locale) if mention.coupon_until else None
    ),
    "points": lambda mention, locale: number(COUNTS["points"](mention), locale),
    "staff_pick": lambda mention, _: mention.product.staff_pick if mention.product else None,
    "next_contact": lambda mention, locale: (
        day(mention.next_contact, mention, locale) if mention.next_contact else None
    ),
    "rating": lambda mention, locale: (
        number(mention.product.rating.stars, locale) if mention.product and mention.product.rating else None
    ),
    "reviews": lambda mention, locale: number(COUNTS["reviews"](mention), locale),
    "visits": lambda mention, locale: number(COUNTS["visits"](mention), locale),
}

PLACEHOLDERS = tuple(SAYINGS)
"""All that a retailer's text may name with a `$` before it."""
