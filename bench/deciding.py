"""What a decision costs, in µs of CPU: `python -m bench.deciding [--scale 0.01] [--rounds 5]`.

Weighed are 5 campaigns that all could speak, of which the first wins with a recommended product, a discount and a
coupon; their texts are short and name nothing. The peer is `orjson.dumps` of the offer as it is sent. *Weigh* is the
decision itself: which campaign, and of each other one its reason. *Decide* makes of it what is sent: the offer, the
decision's record, and their ids and signatures, which stand beside it by themselves. Each call has an occasion of its
own, so that no id is one made before. The wording of a text that names money, a share, times and a number has as peer
the calls of Babel that it makes: all of them where nothing was said before, none where everything was. Both sides in
turns, medians.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from functools import reduce
from itertools import cycle
from statistics import median
from time import process_time_ns
from zoneinfo import ZoneInfo

import orjson
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from geofences.ids import timed_id
from offers.campaigns import Campaign, Discount, OfferTemplate, PerMember, Rules, Store, Text, Who
from offers.contact_policy import Cap, ContactPolicy, QuietHours, local
from offers.coupons import coupon_code
from offers.decisions import decide
from offers.history import NO_PURCHASES, Line, Purchase, with_purchase
from offers.members import Consent, Contact, Grant, Member, Profile
from offers.money import Money
from offers.occasions import Occasion
from offers.products import Product
from offers.recommendation import Counts, Recommendation, Source
from offers.stopping import stop_url
from offers.triggers import Trigger, TriggerKind, When
from offers.weighing import Circumstances, weigh
from offers.wording import Mention, day_of_month, money, number, time_of_day, word
from offers.wording import discount as discount_said
from streams.outputs import offer_record

HOUR, DAY = 3_600_000, 86_400_000
NOON = 1_795_172_400_000
PARIS = ZoneInfo("Europe/Paris")
STORE = Store("haussmann", "Haussmann", PARIS)
PRODUCTS = {f"p{n}": Product(f"p{n}", "le sérum 30 ml", "beauty", Money(3_900, "EUR")) for n in range(6)}
SOLD = Counts({"p0": 9, "p1": 5}, {"p2": {"p1": 4}})
POLICY = ContactPolicy((Cap(1, 4 * HOUR), Cap(3, 7 * DAY), Cap(2, None)), QuietHours(time(21), time(9)))
SILENT = Text("Passe nous voir.", "Passez nous voir.")
SPOKEN = "$first_name : $price, $discount jusqu'à $coupon_until, $points points, à bientôt le $next_contact."
BOUGHT = [
    Purchase(str(month), NOON - month * 30 * DAY, NOON // DAY - month * 30, (Line("home", f"h{month}", 1_990),))
    for month in range(24)
]
MEMBER = Member(
    "anna",
    Profile(first_name="Anna", tier="gold", points=1_200, visits=12, locale="fr-FR"),
    Consent({"offers": Grant(True, 0)}),
    purchases=reduce(with_purchase, BOUGHT, NO_PURCHASES),
    contacts=tuple(Contact(NOON - (10 + n) * DAY, "another", str(n)) for n in range(6)),
)
OFFER = OfferTemplate(
    {"fr": SILENT},
    recommend=Recommendation((Source.BOUGHT_TOGETHER, Source.BESTSELLER), "beauty"),
    discount=Discount(percent=15),
    coupon_valid_for=4 * HOUR,
    link="https://galerie.example/beauty",
)


def campaign(place: int) -> Campaign:
    """One that waits for who enters the proximity of the store."""
    when = When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity")
    who = Who(tiers=frozenset({"gold"}), least_visits=2)
    return Campaign(f"campaign-{place}", place, when, OFFER, who, per_member=PerMember(1, 30 * DAY))


def circumstances(*campaigns: Campaign) -> Circumstances:
    """Those of a decision at noon."""
    rules = Rules("galerie", PARIS, "fr-FR", {"haussmann": STORE}, campaigns, POLICY, PRODUCTS, "rules")
    return Circumstances(rules, PRODUCTS, NOON, b"secret", "https://offers.example", {}, SOLD)


def occasion(number: int) -> Occasion:
    """The member comes near, once more."""
    trigger = Trigger(f"trigger-{number}", TriggerKind.ENTER, NOON + number, "haussmann", "proximity")
    return Occasion(f"occasion-{number}", "galerie", "anna", "phone", trigger.at, (trigger,))


OCCASIONS = [occasion(number) for number in range(5_000)]


def on_each(
    work: Callable[[Occasion, Member | None, Circumstances], object], known: Circumstances
) -> Callable[[], object]:
    """`work` on one occasion after the other."""
    occasions = cycle(OCCASIONS)
    return lambda: work(next(occasions), MEMBER, known)


@dataclass(frozen=True)
class Measured:
    """Medians of both sides, in µs of CPU a call."""

    ours: float
    theirs: float

    @property
    def times(self) -> float:
        """How many times the peer's."""
        return self.ours / self.theirs


def compare(ours: Callable[[], object], theirs: Callable[[], object], calls: int, rounds: int) -> Measured:
    """Both in turns."""
    costs = [(cost(ours, calls), cost(theirs, calls)) for _ in range(rounds)]
    return Measured(median(own for own, _ in costs), median(other for _, other in costs))


def cost(work: Callable[[], object], calls: int) -> float:
    """µs of CPU a call."""
    work()
    began = process_time_ns()
    for _ in range(calls):
        work()
    return max(process_time_ns() - began, 1) / 1_000 / calls


def offer_of(known: Circumstances) -> dict[str, object]:
    """The offer that comes of it, as it is sent."""
    verdict = decide(OCCASIONS[0], MEMBER, known)
    if verdict.offer is None:
        raise ValueError(f"no offer came of it: {verdict.decisions}")
    offer: dict[str, object] = orjson.loads(offer_record(verdict.offer, "").value or b"")
    return offer


def deciding(calls: int, rounds: int) -> str:
    """5 candidates, against the offer's JSON."""
    known = circumstances(*map(campaign, range(5)))
    offer = offer_of(known)
    sides = (on_each(weigh, known), on_each(decide, known), on_each(signatures, known))
    weighed, decided, signed = (compare(each, lambda: orjson.dumps(offer), calls, rounds) for each in sides)
    return (
        f"weigh, 5 candidates: {weighed.ours:.1f} µs, {weighed.times:.0f} times orjson.dumps of the offer"
        f" ({weighed.theirs:.2f} µs); decide, with all records, ids and signatures: {decided.ours:.1f} µs,"
        f" {decided.times:.0f} times, the ids and signatures alone {signed.times:.0f} times"
    )


def signatures(occasion: Occasion, *_: object) -> None:
    """Ids of the decision and the offer, the coupon's code and the address to stop."""
    timed_id(occasion.at, "decision", occasion.triggers[0].id)
    offer = timed_id(occasion.at, "offer", "galerie", "anna", "campaign-0", occasion.id)
    coupon_code(b"secret", offer)
    stop_url("https://offers.example", "galerie", "anna", b"secret")


def worded(calls: int, rounds: int) -> str:
    """One text, against the calls of Babel that it makes."""
    discount, until, then = Discount(percent=15), NOON + 2 * DAY, NOON + 30 * DAY
    mention = Mention("Haussmann", MEMBER.profile, NOON, PARIS, PRODUCTS["p0"], discount, until, then)
    rules, locale = circumstances(campaign(0)).rules, Locale.parse("fr_FR")
    price, share, days = Decimal(3_900) / 100, -0.15, [local(each, PARIS) for each in (until, then)]

    def babel() -> None:
        format_currency(price, "EUR", locale=locale)
        format_percent(share, locale=locale)
        format_time(days[0], "short", locale=locale)
        format_date(days[0], "d MMMM", locale=locale)
        format_decimal(1_200, locale=locale)
        format_date(days[1], "d MMMM", locale=locale)

    def again() -> None:
        word({"fr": Text(SPOKEN, SPOKEN)}, mention, rules)

    def first() -> None:
        for kept in (money, discount_said, time_of_day, day_of_month, number):
            kept.cache_clear()
        again()

    new, known = (compare(each, babel, calls, rounds) for each in (first, again))
    return (
        f"wording, 6 calls of Babel: {new.ours:.1f} µs, {new.times:.2f} times these calls;"
        f" {known.ours:.1f} µs where all that was said before, {known.times:.2f} times these calls"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the whole size, 0.01 a hundredth of it")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    calls = max(5, int(2_000 * given.scale))
    print(deciding(calls, given.rounds))
    print(worded(calls, given.rounds))


if __name__ == "__main__":
    main()
