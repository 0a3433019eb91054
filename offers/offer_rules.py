"""What a campaign may ask of the last offers to a member, and of what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from offers.contact_policy import MOST_CONTACTS, NEWEST
from offers.members import Contact

_DAY = 86_400_000


class CameOf(StrEnum):
    """What can come of an offer with a coupon, once it is over."""

    REDEEMED = "redeemed"
    IGNORED = "ignored"
    """The coupon ran out, and was not used."""


@dataclass(frozen=True, slots=True)
class Offered:
    """So many offers of `campaigns` (none named: of all) of which this came (None: whatever came of them).

    Either those made in the last `within` milliseconds, or the `last` so many of them. Where it is asked what came of
    them, those that are not over do not count, nor do those without a coupon.
    """

    least: int | None = None
    most: int | None = None
    came_of: CameOf | None = None
    campaigns: frozenset[str] = frozenset()
    within: int | None = None
    last: int | None = None


def came_of(contact: Contact, at: int) -> CameOf | None:
    """What has come of an offer by `at` (milliseconds UTC); None: nothing yet, or it has no coupon."""
    if 0 < contact.redeemed <= at:
        return CameOf.REDEEMED
    return CameOf.IGNORED if 0 < contact.expires_at <= at else None


def against_offers(asked: Iterable[Offered], contacts: Sequence[Contact], at: int) -> Iterator[str]:
    """What of the offers up to `at` (milliseconds UTC) speaks against it, in words; `contacts` come oldest first."""
    for each in asked:
        offers = _looked_at(each, contacts, at)
        found = sum(each.came_of in (None, came_of(offer, at)) for offer in offers)
        whole = _all_known(each, offers, contacts, at)
        too_few = each.least is not None and found < each.least
        if too_few or (each.most is not None and (found > each.most or not whole)):
            yield _in_words(each, found, len(offers), whole)


def _looked_at(asked: Offered, contacts: Iterable[Contact], at: int) -> list[Contact]:
    offers = [each for each in contacts if not each.channel and each.at <= at]
    if asked.campaigns:
        offers = [each for each in offers if each.campaign in asked.campaigns]
    if asked.came_of is not None:
        offers = [each for each in offers if came_of(each, at) is not None]
    if asked.within is not None:
        return [each for each in offers if each.at >= at - asked.within]
    return offers[-(asked.last or 0) :]


def _all_known(asked: Offered, offers: Sequence[Contact], contacts: Sequence[Contact], at: int) -> bool:
    """Whether none is missing among `offers`: of all contacts the newest are kept, whatever they are."""
    if len(contacts) < MOST_CONTACTS:
        return True
    if asked.within is not None:
        return at - asked.within > contacts[-NEWEST].at
    return len(offers) == asked.last and offers[0].at > contacts[-NEWEST].at


def _in_words(asked: Offered, found: int, among: int, whole: bool) -> str:
    came = "were made" if asked.came_of is None else f"were {asked.came_of}"
    of = f"in {asked.within / _DAY:g} days" if asked.within is not None else f"of the last {asked.last}"
    bounds = (("at least", asked.least), ("at most", asked.most))
    words = " and ".join(f"{bound} {number}" for bound, number in bounds if number is not None)
    return f"{found} of {among} offers {came} {of}{'' if whole else ', as far as is known'}, {words} asked for"
