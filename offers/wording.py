"""How an offer reads: the member's language and tone, money and time by the locale, and never a raw placeholder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_percent

from offers.campaigns import Discount, Rules, Text
from offers.contact_policy import local
from offers.members import Profile
from offers.money import Money
from offers.products import Product

PLACEHOLDERS = (
    *("first_name", "product", "store", "discount", "price", "coupon_until", "points", "staff_pick"),
    "next_contact",
)
"""All that a retailer's text may name with a `$` before it."""

PLACEHOLDER = re.compile(r"\$(?:([a-z_]+)|\{([a-z_]+)\})")


class Unsayable(Exception):  # noqa: N818 - a verdict about a text, not a fault
    """The text names something that is not known here; the message says what."""


@dataclass(frozen=True, slots=True)
class Mention:
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


@dataclass(frozen=True, slots=True)
class Worded:
    """A text as the member reads it, and the locale it is in."""

    text: str
    locale: str


def word(texts: Mapping[str, Text], mention: Mention, rules: Rules) -> Worded:
    """The text for this member; raises Unsayable where it names what is not known."""
    locale, text = choose(texts, mention.profile.locale or rules.locale)
    tone = tone_of(mention.profile, mention.tone, rules)
    template = text.tu if tone == "tu" else text.vous
    return Worded(
        PLACEHOLDER.sub(lambda found: _say(found[1] or found[2], mention, locale), template),
        str(locale).replace("_", "-"),
    )


def tone_of(profile: Profile, before: str | None, rules: Rules) -> str:
    """`tu` or `vous`: as the member wishes, else as they were addressed before, else as everybody is."""
    return profile.tone or before or rules.contact.address


def placeholders(template: str) -> list[str]:
    """The names that `template` uses, in order, known or not."""
    return [found[1] or found[2] for found in PLACEHOLDER.finditer(template)]


def choose(texts: Mapping[str, Text], wanted: str) -> tuple[Locale, Text]:
    """The text in the language of the locale `wanted`, else the first one, with the locale to format it in."""
    locale = known_locale(wanted)
    if locale is not None and locale.language in texts:
        return locale, texts[locale.language]
    language, text = next(iter(texts.items()))
    return known_locale(language) or Locale("en"), text


@lru_cache(maxsize=256)
def known_locale(written: str) -> Locale | None:
    """The locale behind `fr-FR`, `fr_FR` or `fr`; None where Babel knows none."""
    try:
        return Locale.parse(written.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return None


def _say(name: str, mention: Mention, locale: Locale) -> str:
    said = _words(name, mention, locale)
    if said is None or not said.strip():
        raise Unsayable(f"${name} is not known")
    return said


def _words(name: str, mention: Mention, locale: Locale) -> str | None:
    product = mention.product
    match name:
        case "store":
            return mention.store
        case "first_name":
            return mention.profile.first_name
        case "points":
            return None if mention.profile.points is None else str(mention.profile.points)
        case "product":
            return product.name if product else None
        case "staff_pick":
            return product.staff_pick if product else None
        case "price":
            return money(product.price, locale) if product and product.price else None
        case "discount":
            return discount(mention.discount, locale) if mention.discount else None
        case "coupon_until":
            return until(mention.coupon_until, mention, locale) if mention.coupon_until else None
        case "next_contact":
            return day(mention.next_contact, mention, locale) if mention.next_contact else None
    return None


def money(amount: Money, locale: Locale) -> str:
    """`39,00 €`"""
    return str(format_currency(Decimal(amount.cents) / 100, amount.currency, locale=locale))


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
    time = str(format_time(there, "short", locale=locale))
    return time if there.date() == here.date() else f"{day(moment, mention, locale)} {time}"


def day(moment: int, mention: Mention, locale: Locale) -> str:
    """`20 novembre`, on the store's calendar."""
    return str(format_date(local(moment, mention.zone), "d MMMM", locale=locale))
