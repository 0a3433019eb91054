"""What a decision costs with 1,000 campaigns, of which 50 wait for its trigger, against those 50 alone.

    python -m bench.campaigns [--decisions 200] [--rounds 15] [--scale 0.01]

CPU of the process; both sides in the same run, in turns; the median of the rounds.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import process_time
from zoneinfo import ZoneInfo

from offers.campaigns import Campaign, OfferTemplate, Rules, Store, Text, Who
from offers.contact_policy import ContactPolicy
from offers.decisions import decide
from offers.members import Consent, Grant, Member
from offers.occasions import Occasion
from offers.triggers import Trigger, TriggerKind, When
from offers.weighing import Circumstances

ALL, SHARING = 1_000, 50
NOON = 1_795_172_400_000
OFFER = OfferTemplate({"fr": Text("Bonjour", "Bonjour")})
GOLD = Who(tiers=frozenset({"gold"}))
STORES = ("haussmann", "rivoli", "odeon", "opera")
KINDS = (TriggerKind.EXIT, TriggerKind.DWELL, TriggerKind.CHECK_IN, TriggerKind.VISIT)
DOOR = Trigger("door", TriggerKind.ENTER, NOON, "haussmann", "proximity")
OCCASION = Occasion("occasion", "bench", "mia", "phone", NOON, (DOOR,))
MIA = Member("mia", consent=Consent({"offers": Grant(True, 0)}))


def campaign(number: int) -> Campaign:
    """The first ones wait at the door of one store, the others for all kinds of things at four; none is for Mia."""
    if number < SHARING:
        when = When(TriggerKind.ENTER, frozenset({"haussmann"}), "proximity")
    else:
        kind = KINDS[number % len(KINDS)]
        ring = "proximity" if kind is TriggerKind.EXIT else None
        when = When(kind, frozenset({STORES[number // len(KINDS) % len(STORES)]}), ring)
    return Campaign(f"campaign-{number}", number, when, OFFER, who=GOLD)


def circumstances(count: int) -> Circumstances:
    """A retailer with so many campaigns."""
    zone = ZoneInfo("Europe/Paris")
    stores = {name: Store(name, name, zone) for name in STORES}
    campaigns = tuple(map(campaign, range(count)))
    rules = Rules("bench", zone, "fr-FR", stores, campaigns, ContactPolicy(), {}, "bench")
    return Circumstances(rules, {}, NOON, b"bench", "http://127.0.0.1", {})


def microseconds(asked: Circumstances, decisions: int) -> float:
    """CPU of one decision."""
    began = process_time()
    for _ in range(decisions):
        decide(OCCASION, MIA, asked)
    return (process_time() - began) / decisions * 1e6


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    decisions = max(int(given.decisions * given.scale), 2)
    few, many = circumstances(SHARING), circumstances(ALL)
    rounds = [(microseconds(few, decisions), microseconds(many, decisions)) for _ in range(given.rounds)]
    alone, among = (median(side) for side in zip(*rounds, strict=True))
    ratio = median(second / first for first, second in rounds)
    print(f"{SHARING} campaigns, all of which wait: {alone:.0f} us a decision")
    print(f"{ALL} campaigns, {SHARING} of which wait: {among:.0f} us a decision, {ratio:.2f} times the {SHARING} alone")


if __name__ == "__main__":
    main()
