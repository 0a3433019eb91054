"""What a file names must exist: stores, tags, products, categories, placeholders; and each id must stand once.

Works on the plain data, so that a mistake elsewhere in a campaign does not hide one of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from config.document import Document
from config.findings import Path, Problem
from config.language.offer import SCANNED
from config.names import did_you_mean, nearest
from config.quantities import quoted
from offers.templates import PLACEHOLDER
from offers.wording import PLACEHOLDERS

_NAMED = re.compile(r"\$(?:\{(?P<braced>[^}]*)\}?|(?P<plain>[^\W\d]\w*))")

Pattern = tuple[str | type, ...]

_SPEAKING = ("campaigns", "notices")
_WHENS: tuple[Pattern, ...] = tuple((kind, int, "when") for kind in _SPEAKING)
_WHOS: tuple[Pattern, ...] = tuple((kind, int, "who") for kind in _SPEAKING)
_ONE_OR_LISTED: tuple[Pattern, ...] = ((), (int,))
_OFFERS: tuple[Pattern, ...] = (("campaigns", int, "offer"), ("campaigns", int, "series", int))

_ANNOUNCED: Pattern = ("campaigns", int, "announce", "next")

_OF_CAMPAIGNS: tuple[Pattern, ...] = (
    _ANNOUNCED,
    *(
        (*who, "offers", *listed, "campaign", *rest)
        for who in _WHOS
        for listed in _ONE_OR_LISTED
        for rest in _ONE_OR_LISTED
    ),
)

_HAPPENINGS: tuple[Pattern, ...] = (*_WHENS, *((*each, "sequence", int) for each in _WHENS))
_MOVES = ("enters", "exits", "passes", "dwells")
_OF_STORES: tuple[Pattern, ...] = (
    *((*each, "stores") for each in _HAPPENINGS),
    *((*offer, "coupon", "stores") for offer in _OFFERS),
    *((*each, key, "stores") for each in _HAPPENINGS for key in (*_MOVES, "checks_in", "scans")),
    *((*who, key, *rest, "stores") for who in _WHOS for key in ("visits", "usual") for rest in _ONE_OR_LISTED),
)
_OF_PLACES: tuple[Pattern, ...] = tuple((*each, key, "places") for each in _HAPPENINGS for key in _MOVES)
_OF_PRODUCTS: tuple[Pattern, ...] = (
    *((*offer, "product", "id") for offer in _OFFERS),
    *((*each, "scans", "product") for each in _HAPPENINGS),
    *((*each, "scans", "product", int) for each in _HAPPENINGS),
    ("stores", int, "shelves", int, "product"),
    *((*who, key, "product") for who in _WHOS for key in ("bought", "not_bought")),
    *((*who, key, int, "product") for who in _WHOS for key in ("bought", "not_bought")),
)
_ONE_TEXT: tuple[Pattern, ...] = tuple(
    (str, *number, *tone) for number in ((), (int,)) for tone in ((), ("tu",), ("vous",))
)
_TEXTS: tuple[Pattern, ...] = (
    *((*offer, "text", *rest) for offer in _OFFERS for rest in _ONE_TEXT),
    ("notices", int, "text"),
)
_OF_CATEGORIES: tuple[Pattern, ...] = (
    *((*offer, "product", *rest, "category") for offer in _OFFERS for rest in ((), ("recommend",))),
    *((*each, "scans", "category", *rest) for each in _HAPPENINGS for rest in ((), (int,))),
)


def reference_problems(document: Document) -> Iterator[Problem]:
    """Ids that stand twice, and names of what is not there."""
    for together in (("stores", "places"), ("campaigns",), ("notices",), ("products",)):
        yield from _twice(document, together)
    yield from _codes_twice(document)
    products, categories = _names(document, ("products", int, "id")), _names(document, ("products", int, "category"))
    for kinds, patterns in (("stores", _OF_STORES), ("places", _OF_PLACES)):
        named, tags = _names(document, (kinds, int, "id")), _names(document, (kinds, int, "tags", int))
        tags |= _names(document, (kinds, int, "tags"))
        for pattern in patterns:
            yield from _unknown(document, (*pattern, int), kinds.removesuffix("s"), named)
            yield from _unknown(document, (*pattern, "tag"), "tag", tags)
    for kind in _SPEAKING:
        yield from _unknown(document, (kind, int, "store"), "store", _names(document, ("stores", int, "id")))
    for offer in _OFFERS:
        yield from _unknown(document, (*offer, "product"), "product", products | {SCANNED})
    for pattern in _OF_PRODUCTS:
        yield from _unknown(document, pattern, "product", products)
    for pattern in _OF_CAMPAIGNS:
        yield from _unknown(document, pattern, "campaign", _names(document, ("campaigns", int, "id")))
    yield from _announced_rewards(document)
    for pattern in _OF_CATEGORIES:
        yield from _unknown(document, pattern, "product of category", categories)
    for pattern in _TEXTS:
        yield from _placeholders(document, pattern)
    yield from _unsaid_names(document)


def _unsaid_names(document: Document) -> Iterator[Problem]:
    """Products and stores whose own names hold a placeholder: they are said as they stand."""
    patterns: tuple[Pattern, ...] = (
        ("stores", int, "name"),
        ("products", int, "name"),
        ("products", int, "staff_pick"),
    )
    for path, text in (each for pattern in patterns for each in document.scalars(*pattern)):
        for name in placeholders(text) if isinstance(text, str) else ():
            if name in PLACEHOLDERS:
                yield Problem(path, f"`${name}` in a name, which is said as it stands", "leave it out")


def placeholders(text: str) -> Iterator[str]:
    """The names with a `$` before them, in order, known or not."""
    for found in _NAMED.finditer(text):
        yield found["plain"] if found["plain"] is not None else found["braced"].partition(":")[0]


def _names(document: Document, pattern: Pattern) -> set[str]:
    return {value for _, value in document.scalars(*pattern) if isinstance(value, str)}


def _twice(document: Document, kinds: tuple[str, ...]) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for path, value in (each for kind in kinds for each in document.scalars(kind, int, "id")):
        if not isinstance(value, str):
            continue
        if value in first:
            line = document.position(first[value]).line
            yield Problem(
                path,
                f"the id {quoted(value)} stands in {first[value][0]} already, in line {line}",
                "give one of them another",
            )
        first.setdefault(value, path)


def _codes_twice(document: Document) -> Iterator[Problem]:
    """A code stands for one thing: a product, a shelf, or a store, whose code is its id."""
    first: dict[str, Path] = {}
    patterns: tuple[Pattern, ...] = (
        ("stores", int, "id"),
        ("stores", int, "shelves", int, "code"),
        ("products", int, "codes", int),
        ("products", int, "codes"),
    )
    for path, value in (each for pattern in patterns for each in document.scalars(*pattern)):
        if isinstance(value, str) and value in first and path[-1] != "id":
            line = document.position(first[value]).line
            yield Problem(path, f"the code {quoted(value)} stands in line {line} already", "give one of them another")
        if isinstance(value, str):
            first.setdefault(value, path)


def _unknown(document: Document, pattern: Pattern, kind: str, known: set[str]) -> Iterator[Problem]:
    for path, value in document.scalars(*pattern):
        if isinstance(value, str) and value.strip() and value not in known:
            yield Problem(path, f"there is no {kind} {quoted(value)}", did_you_mean(value, known))


def _announced_rewards(document: Document) -> Iterator[Problem]:
    kinds = document.scalars("campaigns", int, "kind")
    rewards = {document.texts.get((*path[:2], "id")) for path, kind in kinds if kind == "reward"}
    for path, value in document.scalars(*_ANNOUNCED):
        if value in rewards:
            yield Problem(path, f"{quoted(value)} is a reward, which nothing holds back", "announce another campaign")


def _placeholders(document: Document, pattern: Pattern) -> Iterator[Problem]:
    for path, text in document.scalars(*pattern):
        if isinstance(text, str) and not all(map(_is_read, _NAMED.finditer(text))):
            yield Problem(path, "a `${` that is not closed as a name is", "write `${first_name}`")
        for name in placeholders(text) if isinstance(text, str) else ():
            if name not in PLACEHOLDERS:
                yield Problem(path, f"there is no placeholder {quoted('$' + name)}", _placeholder_todo(name))


def _is_read(found: re.Match[str]) -> bool:
    """Whether a known name is written so that it is said, and not left as it stands."""
    known = found["braced"] is None or found["braced"].partition(":")[0] not in PLACEHOLDERS
    return known or PLACEHOLDER.match(found.string, found.start()) is not None


def _placeholder_todo(name: str) -> str:
    likely = nearest(name, PLACEHOLDERS)
    return f"did you mean `${likely}`?" if likely else "there are " + ", ".join(f"${each}" for each in PLACEHOLDERS)
