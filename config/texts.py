"""Whether each text can be said to everybody whom its campaign can reach, and fits a notification whoever reads it.

What is known of products and campaigns is looked at here; what is known of a member shows when it is said: one whose
first name is not known hears the next text that does without it, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale

from config.findings import Path, Problem
from config.language import Campaign, Offer, Product, Store
from offers.contact_policy import milliseconds
from offers.members import Profile
from offers.products import Product as Offered
from offers.products import Rating
from offers.templates import LONGEST, Named, names, parsed
from offers.wording import COUNTS, SAYINGS, Mention, known_locale, until

LONGEST_FIRST_NAME = 20
"""Characters; who has a longer one may hear the next text, or nothing."""
MOST_POINTS, MOST_VISITS = 9_999_999, 9_999

Lacking = Callable[[Offer], str | None]
_UTC = ZoneInfo("UTC")


def text_problems(
    campaign: Campaign, offer: Offer, path: Path, offered: Sequence[Product], stores: Sequence[Store]
) -> Iterator[Problem]:
    """Problems of the texts at `path`; `offered` are the products that may be spoken of, `stores` where it may be."""
    for language, wordings in offer.text.items():
        locale = known_locale(language) or Locale("en")
        for tone in ("tu", "vous"):
            texts = [getattr(wording, tone) for wording in wordings]
            for number, text in enumerate(texts):
                place = (*path, language, number, tone)
                lacking = list(_lacking(text, place, campaign, offer, offered))
                yield from lacking
                yield from _form_problems(text, place, locale)
                if not lacking:
                    yield from _unsaid_problems(texts, number, place, offered)
                    yield from _length_problems(text, place, _Worst(offer, offered, stores, locale))


def _lacking(text: str, place: Path, campaign: Campaign, offer: Offer, offered: Sequence[Product]) -> Iterator[Problem]:
    """Names of what the campaign, its offer, or all its products lack."""
    for name in dict.fromkeys(named.name for named in names(text)):
        if name == "next_contact" and campaign.announce is None:
            what = "`$next_contact` is used, but the campaign announces nothing"
            yield Problem(place, what, "add `announce: {every: 30d}`")
        lacking = _LACKING[name](offer) if name in _LACKING else None
        if lacking is None and name in _OF_PRODUCTS and all(map(_OF_PRODUCTS[name].is_lacking, offered)):
            lacking = f"{_all(offered)} {_OF_PRODUCTS[name].lacks}; {_OF_PRODUCTS[name].todo}"
        if lacking is not None:
            what, _, todo = lacking.partition("; ")
            yield Problem(place, f"`${name}` is used, but {what}", todo)


def _unsaid_problems(texts: Sequence[str], number: int, place: Path, offered: Sequence[Product]) -> Iterator[Problem]:
    """Products of which the text cannot be said, and none of those after it."""
    for name in dict.fromkeys(named.name for named in names(texts[number]) if named.name in _OF_PRODUCTS):
        unsaid = [
            product.id
            for product in offered
            if _OF_PRODUCTS[name].is_lacking(product)
            and not any(_sayable(text, product) for text in texts[number + 1 :])
        ]
        if unsaid:
            others = f" and {len(unsaid) - 1} more" if len(unsaid) > 1 else ""
            what = f"`${name}` is used, but `{unsaid[0]}`{others} {_OF_PRODUCTS[name].lacks}"
            yield Problem(place, what, f"add a text without `${name}` after it")


def _sayable(text: str, product: Product) -> bool:
    return not any(_OF_PRODUCTS[each.name].is_lacking(product) for each in names(text) if each.name in _OF_PRODUCTS)


def _form_problems(text: str, place: Path, locale: Locale) -> Iterator[Problem]:
    known = {*locale.plural_form.tags, "other"}
    for name, forms in names(text):
        if forms is None:
            continue
        if name not in COUNTS:
            numbers = ", ".join(f"`${each}`" for each in COUNTS)
            yield Problem(place, f"`${name}` is no number that a form could follow", f"there are {numbers}")
            continue
        for form, words in forms.items():
            if form not in known:
                todo = f"there are {', '.join(sorted(known))}"
                yield Problem(place, f"`{form}` is no form of plural in {locale.language}", todo)
            elif not words:
                yield Problem(place, f"the form `{form}` of `${name}` has no words", "write `one point, other points`")
        if "other" not in forms:
            yield Problem(place, f"`${name}` has no form `other`", "write `one point, other points`")


class _Worst:
    """The longest that each name can come to."""

    def __init__(self, offer: Offer, offered: Sequence[Product], stores: Sequence[Store], locale: Locale) -> None:
        self._offered = offered
        self._stores = stores
        self._locale = locale
        self._discount = offer.discount

    def length(self, text: str) -> int:
        """Characters of `text` at most."""
        parts = parsed(text)
        of_products = [part for part in parts if isinstance(part, Named) and self._is_of_product(part)]
        others = sum(self._part(part) for part in parts if isinstance(part, str) or not self._is_of_product(part))
        return others + max((self._of_product(of_products, product) for product in self._offered), default=0)

    def _is_of_product(self, named: Named) -> bool:
        return named.forms is None and (named.name == "product" or named.name in _OF_PRODUCTS)

    def _of_product(self, named: Iterable[Named], product: Product) -> int:
        return sum(_length_of_product(each.name, product, self._locale) for each in named)

    def _part(self, part: str | Named) -> int:
        if isinstance(part, str):
            return len(part)
        if part.forms is not None:
            return max(map(len, part.forms.values()), default=0)
        match part.name:
            case "store":
                return max((len(store.name or store.id) for store in self._stores), default=0)
            case "first_name":
                return LONGEST_FIRST_NAME
        return len(SAYINGS[part.name](self._mention(), self._locale) or "") if part.name in SAYINGS else 0

    def _mention(self) -> Mention:
        moment = _longest_date(str(self._locale))
        profile = Profile(points=MOST_POINTS)
        return Mention("", profile, 0, _UTC, None, self._discount, moment, moment, visits=MOST_VISITS)


def _length_of_product(name: str, product: Product, locale: Locale) -> int:
    rating = Rating(product.rating.stars, product.rating.reviews) if product.rating else None
    known = Offered(product.id, product.name, product.category, product.price, product.staff_pick, rating)
    return len(SAYINGS[name](Mention("", Profile(), 0, _UTC, known), locale) or "")


@lru_cache(maxsize=256)
def _longest_date(written: str) -> int:
    """A moment of a day that is long to write, in milliseconds."""
    locale = known_locale(written) or Locale("en")
    days = [(month, day) for month in range(1, 13) for day in (1, 28)]
    moments = [milliseconds(datetime(2026, month, day, 22, 58, tzinfo=UTC)) for month, day in days]
    return max(moments, key=lambda moment: len(until(moment, Mention("", Profile(), 0, _UTC), locale)))


def _length_problems(text: str, place: Path, worst: _Worst) -> Iterator[Problem]:
    length = worst.length(text)
    if length > LONGEST:
        what = f"the text may come to {length} characters, a notification shows {LONGEST}"
        yield Problem(place, what, "shorten it")


class _OfProduct(NamedTuple):
    """What a name needs of the product that it speaks of."""

    is_lacking: Callable[[Product], bool]
    lacks: str
    todo: str


_RATING = _OfProduct(lambda product: product.rating is None, "has no rating", "give it a `rating`")

_OF_PRODUCTS: dict[str, _OfProduct] = {
    "price": _OfProduct(lambda product: product.price is None, "has no price", "give it a `price`"),
    "staff_pick": _OfProduct(lambda product: product.staff_pick is None, "is nobody's pick", "give it a `staff_pick`"),
    "rating": _RATING,
    "reviews": _RATING,
}


def _all(offered: Sequence[Product]) -> str:
    categories = {product.category for product in offered}
    if len(offered) == 1:
        return f"`{offered[0].id}`"
    return f"the category `{offered[0].category}`" if len(categories) == 1 else "every product"


def _no_product(offer: Offer) -> str | None:
    return "the offer has no product; add `product`, or leave the placeholder out" if offer.product is None else None


def _no_discount(offer: Offer) -> str | None:
    return "the offer has no discount; add `discount: 15% of product`" if offer.discount is None else None


def _no_coupon(offer: Offer) -> str | None:
    return "the offer has no coupon; add `coupon: {valid_for: 4h}`" if offer.coupon is None else None


_LACKING: dict[str, Lacking] = {
    **dict.fromkeys(("product", *_OF_PRODUCTS), _no_product),
    "discount": _no_discount,
    "coupon_until": _no_coupon,
}
"""What an offer lacks for a placeholder, and what to do, if it lacks it."""
