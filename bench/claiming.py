"""A batch of 64 triggers, from members loaded to outcomes claimed, on a real Redis, against an afternoon's version.

    python -m bench.claiming [--rounds 15] [--scale 0.01]

Each trigger is of another member: with a profile, consent, visits, a year of purchases and a dozen contacts. Three
campaigns wait for it; one is for another tier, one wins with a discount and a coupon, one comes after. Where the winner
is limited, a claim takes a place and its money, then the outcome with what that does to the member; else only the
latter. The peer (`bench.peers.afternoon`) does the same with one call a step and member, each awaited; both decide with
the same code, and must come to the same outcomes, byte for byte. The time that passes, and in brackets the CPU of this
process; both in turns on the same server, medians of the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time as clock
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bench.peers.afternoon import Afternoon
from bench.servers import redis
from geofences.ids import timed_id
from geofences.index import GeofenceIndex
from offers.campaigns import Campaign, Discount, OfferTemplate, PerMember, Rules, Store, Text, Who
from offers.contact_policy import Cap, ContactPolicy, QuietHours
from offers.history import NO_PURCHASES, Line, Purchase, with_purchase
from offers.limits import UNLIMITED, Limits
from offers.members import Consent, Contact, Grant, Profile, Visit, Visits
from offers.money import Money
from offers.occasions import Occasion
from offers.triggers import Trigger, TriggerKind, When
from streams.deciding import settle
from streams.retailers import Retailer
from streams.settled import Settled
from streams.steps import Step
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace
from streams.tables.members import Fields, encoded
from streams.tables.redis_keyspace import RedisKeyspace, connect
from streams.tables.tables import Tables

NAME, NOON = "bench", 1_795_172_400_000
HOUR, DAY = 3_600_000, 86_400_000
PARIS = ZoneInfo("Europe/Paris")
DOOR = When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity")
POLICY = ContactPolicy((Cap(1, 4 * HOUR), Cap(3, 7 * DAY)), QuietHours(clock(21), clock(9)))
GIFT = OfferTemplate(
    {"fr": Text("$first_name, $discount t'attendent chez $store.", "$first_name, $discount chez $store.")},
    discount=Discount(amount=Money(500, "EUR")),
    coupon_valid_for=4 * HOUR,
)
HELLO = OfferTemplate({"fr": Text("Bonjour $first_name !", "Bonjour $first_name !")})
PLENTY = Limits(1_000_000, Money(500_000_000, "EUR"))
CAMPAIGNS = (
    Campaign("black", 0, DOOR, GIFT, Who(tiers=frozenset({"black"}))),
    Campaign("gift", 1, DOOR, GIFT, Who(least_visits=2), per_member=PerMember(1, 7 * DAY)),
    Campaign("hello", 2, DOOR, HELLO),
)
TOGETHER = (Step.LOAD, Step.CLAIM)
ALL = (Step.LOAD, Step.DECIDE, Step.CLAIM)


def retailer(limits: Limits) -> Retailer:
    """One store, and the campaigns at its door, each with those limits."""
    stores = {"haussmann": Store("haussmann", "Haussmann", PARIS)}
    campaigns = tuple(replace(each, limits=limits) for each in CAMPAIGNS)
    rules = Rules(NAME, PARIS, "fr-FR", stores, campaigns, POLICY, {}, "bench")
    return Retailer(rules, GeofenceIndex([]), b"bench", "https://offers.example")


def occasions(count: int) -> list[Occasion]:
    """As many members come near in one second."""
    return [_occasion(f"m{number:03d}", NOON + number) for number in range(count)]


def _occasion(member: str, at: int) -> Occasion:
    trigger = Trigger(timed_id(at, "trigger", member), TriggerKind.ENTER, at, "haussmann", "proximity")
    return Occasion(timed_id(at, "occasion", member), NAME, member, f"phone-{member}", at, (trigger,))


async def fill(keyspace: RedisKeyspace, members: Sequence[str]) -> None:
    """What is known of the members, and nothing else."""
    await keyspace.clear()
    history = NO_PURCHASES
    for week in range(52):
        lines = (Line("beauty", f"p{week % 7}", 1_990), Line("home", f"h{week}", 4_500))
        history = with_purchase(history, Purchase(f"r{week}", NOON - week * 7 * DAY, (NOON // DAY) - week * 7, lines))
    visits = tuple(Visit("haussmann", NOON - back * 9 * DAY, NOON - back * 9 * DAY + HOUR) for back in range(12, 0, -1))
    contacts = tuple(Contact(NOON - back * 8 * DAY, "hello", f"o{back}", tone="tu") for back in range(12, 0, -1))
    known = {
        "profile": Fields(Profile(first_name="Sample", tier="gold", locale="fr-FR", points=1_200)),
        "consent": Consent({"offers": Grant(True, 0)}),
        "visits": Visits(12, visits),
        "purchases": history,
        "contacts": contacts,
    }
    packed = {kind: encoded(value) for kind, value in known.items()}
    await keyspace.replace(
        [
            [Change(key(kind, f"{NAME}|{member}"), None, value, KEPT[kind]) for kind, value in packed.items()]
            for member in members
        ]
    )


class Clocks(NamedTuple):
    """Seconds that passed, and seconds of CPU of this process."""

    passed: float
    cpu: float


def clocks() -> Clocks:
    """Both now."""
    return Clocks(time.perf_counter(), time.process_time())


class Stopwatch:
    """A gate that measures: what each step took."""

    def __init__(self) -> None:
        self._spent: defaultdict[Step, list[Clocks]] = defaultdict(list)
        self._step, self._since = Step.LOAD, clocks()

    def __call__(self, step: Step) -> None:
        now = clocks()
        self._spent[self._step].append(Clocks(now.passed - self._since.passed, now.cpu - self._since.cpu))
        self._step, self._since = step, now

    def microseconds(self, steps: Sequence[Step], triggers: int) -> Clocks:
        """Of these steps together, for each trigger."""
        spent = [each for step in steps for each in self._spent[step]]
        return Clocks(*(sum(column) / triggers * 1e6 for column in zip(*spent, strict=True)))


@dataclass(frozen=True)
class Side:
    """One of the two: where its tables are, and how many triggers it settles together."""

    name: str
    keyspace: Keyspace
    together: int

    async def run(self, triggers: Sequence[Occasion], known: Retailer) -> tuple[Stopwatch, list[Settled]]:
        """All of `triggers`, and the time that it took."""
        tables, done = Tables.over(self.keyspace), list[Settled]()
        watch = Stopwatch()
        for first in range(0, len(triggers), self.together):
            batch = triggers[first : first + self.together]
            done += await settle(batch, tables, {NAME: known}, NOON + HOUR // 60, watch)
        watch(Step.LOAD)
        return watch, done


async def measure(url: str, count: int, rounds: int, limits: Limits) -> list[str]:
    """What is printed."""
    own, theirs = await connect(url), Afternoon(url)
    sides = (Side("together", own, count), Side("one by one", theirs, 1))
    triggers, known = occasions(count), retailer(limits)
    watches: dict[str, list[Stopwatch]] = {side.name: [] for side in sides}
    for _ in range(rounds + 1):
        answers = []
        for side in sides:
            await fill(own, [each.subject for each in triggers])
            watch, done = await side.run(triggers, known)
            watches[side.name].append(watch)
            answers.append([each.outcome for each in done])
        if answers[0] != answers[1] or any(outcome.campaign != "gift" for outcome in answers[0]):
            raise ValueError("the two sides came to different outcomes")
    await own.close()
    await theirs.close()
    return [_line(what, steps, watches, count) for what, steps in (("load + claim", TOGETHER), ("with decide", ALL))]


def _line(what: str, steps: Sequence[Step], watches: dict[str, list[Stopwatch]], count: int) -> str:
    """The first round of each is for warming up."""
    spent = [[each.microseconds(steps, count) for each in side[1:]] for side in watches.values()]
    (ours, own_cpu), (theirs, their_cpu) = (
        (median(each.passed for each in side), median(each.cpu for each in side)) for side in spent
    )
    return (
        f"{what}: {ours:.1f} µs a trigger ({own_cpu:.1f}), one call a step and member {theirs:.1f} ({their_cpu:.1f}):"
        f" {theirs / ours:.1f} times the throughput ({their_cpu / own_cpu:.1f})"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--triggers", type=int, default=64)
    parser.add_argument("--scale", type=float, default=1.0, help="0.01 for a trial")
    given = parser.parse_args()
    triggers = max(2, int(given.triggers * given.scale))
    with redis() as url:
        for name, limits in (("limited", PLENTY), ("without limits", UNLIMITED)):
            for line in asyncio.run(measure(url, triggers, given.rounds, limits)):
                print(f"{name}, {line}")


if __name__ == "__main__":
    main()
