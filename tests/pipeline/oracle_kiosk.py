"""What must come of kiosk.yaml, in plain Python: nothing of this is shared with what it judges."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
ORDER = ("gift", "gold", "daily", "chat", "door")
AT_CHECK_IN = ORDER[1:4]
WORTH = {"gold": 400, "daily": 100, "gift": 300, "door": 200}
VALID = {"gold": 2 * HOUR, "daily": HOUR, "gift": DAY, "chat": 4 * HOUR, "door": 30 * MINUTE}

HELD_OUT = {"gold": 15, "chat": 20, "door": 40}


@dataclass
class Said:
    """Something said to a member."""

    at: int
    campaign: str
    channel: str = ""
    redeemed: int = 0


@dataclass
class Given:
    """An offer, and the coupon in it."""

    member: str
    store: str
    campaign: str
    ends: int
    pool: tuple[str, ...]
    said: Said
    used: str | None = None
    gone: set[str] = field(default_factory=set)
    void: bool = False
    has_coupon: bool = True
    id: str = ""
    used_at: int = 0
    spent: int = 0
    """Cents that the till took off."""


BEFORE = {"anna": 9, "ben": 0, "carl": 9, "dora": 9, "zoe": 1}
"""The members, and how often each came before."""


@dataclass
class Person:
    wish: str = "normal"
    consents: bool = True
    heard: list[Said] = field(default_factory=list)
    visits: list[list[int | str]] = field(default_factory=list)

    @property
    def deaf(self) -> str | None:
        """Why no offer may reach them, whatever it is."""
        return "NO_CONSENT" if not self.consents else "STOPPED" if self.wish == "stop" else None


@dataclass
class Decided:
    """What is expected of one occasion: by kind of trigger each candidate's reason, and the offer if there is one."""

    candidates: dict[str, list[tuple[str, str | None]]]
    winner: str | None = None
    whole: str | None = None
    """The reason that holds for all triggers."""
    given: Given | None = None


def told(decided: Decided) -> Iterator[tuple[Any, ...]]:
    """What is expected to be sent, in order."""
    for kind, candidates in decided.candidates.items():
        offered = decided.winner in [campaign for campaign, _ in candidates]
        first = next((reason for _, reason in candidates if reason is not None), None)
        yield kind, decided.winner if offered else None, None if offered else decided.whole or first, candidates
    if decided.winner is not None:
        yield ("offer", decided.winner)


def said(topic: str, message: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """What was sent, in the same words."""
    if topic == "decisions":
        candidates = [(each["campaign"], each.get("reason")) for each in message["candidates"]]
        yield message["trigger"]["kind"], message.get("campaign"), message.get("reason"), candidates
    elif topic == "offers":
        yield ("offer", message["campaign"])


def paris(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, ZoneInfo("Europe/Paris"))


def is_held_out(name: str, campaign: str) -> bool:
    """Whether the campaign never speaks to this member, whatever brings it: phone, check-in, worker."""
    digest = hashlib.sha256(f"boutique\0{campaign}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < HELD_OUT.get(campaign, 0)


class Oracle:
    """The kiosk's books; times are milliseconds UTC. `before` says who came how often before."""

    def __init__(self, before: Mapping[str, int] = BEFORE) -> None:
        self.before = before
        self.people: defaultdict[str, Person] = defaultdict(Person)
        self.pools: defaultdict[tuple[str, ...], dict[int, list[float]]] = defaultdict(dict)
        """By pool: end and cents of each offer, by its number."""
        self.offers: list[Given] = []
        self.decided: dict[tuple[str, str, int], Decided] = {}

    def check_in(self, name: str, store: str, at: int, now: int) -> Decided:
        known = self.decided.get((name, store, at))
        if known is not None:
            self.decided[name, store, at] = known = self._again(name, known, now)
            return known
        person, new = self.people[name], self._visit(name, store, at)
        waiting = {"CHECK_IN": AT_CHECK_IN, "VISIT": ORDER[:1]} if new else {"CHECK_IN": AT_CHECK_IN}
        decided = self._general(person, list(waiting), at, now) or self._weigh(name, store, at, now, waiting)
        self.decided[name, store, at] = decided
        return decided

    def _again(self, name: str, known: Decided, now: int) -> Decided:
        given = known.given
        if given is None or given.void or not (self.people[name].deaf or given.ends <= now):
            return known
        given.void = True
        if given.used is None:
            given.has_coupon = False
            self.pools[given.pool].pop(self.offers.index(given), None)
        reason = self.people[name].deaf or "STALE_TRIGGER"
        return Decided({kind: [] for kind in known.candidates}, whole=reason)

    def _visit(self, name: str, store: str, at: int) -> bool:
        for visit in self.people[name].visits:
            if visit[0] == store and int(visit[1]) - 2 * HOUR < at < int(visit[2]) + 2 * HOUR:
                visit[1], visit[2] = min(int(visit[1]), at), max(int(visit[2]), at)
                return False
        self.people[name].visits.append([store, at, at])
        self.people[name].visits.sort(key=lambda visit: int(visit[1]))
        return True

    @staticmethod
    def _general(person: Person, kinds: Sequence[str], at: int, now: int) -> Decided | None:
        reason = person.deaf or ("STALE_TRIGGER" if now - at > 5 * MINUTE else None)
        return None if reason is None else Decided({kind: [] for kind in kinds}, whole=reason)

    def _weigh(self, name: str, store: str, at: int, now: int, waiting: Mapping[str, Sequence[str]]) -> Decided:
        """`waiting` has for each kind of trigger the campaigns that wait for it, best first."""
        reasons: dict[str, str | None] = {}
        winner, settled = None, False
        for campaign in sorted((each for some in waiting.values() for each in some), key=ORDER.index):
            reason = self._against(name, campaign, at)
            if reason is None and settled:
                reason = "OUTRANKED"
            elif reason is None:
                reason = self._last(name, campaign, store, at, now)
                settled = reason in (None, "HOLDOUT")
                winner = campaign if reason is None else winner
            reasons[campaign] = reason
        decided = Decided({kind: [(each, reasons[each]) for each in some] for kind, some in waiting.items()}, winner)
        if winner is not None:
            spoken = Said(at, winner)
            self.people[name].heard.append(spoken)
            pool = self._pool(name, winner, store, at)
            decided.given = Given(name, store, winner, at + VALID[winner], pool, spoken, has_coupon=winner != "chat")
            if winner != "chat":
                self.pools[decided.given.pool][len(self.offers)] = [decided.given.ends, WORTH[winner]]
            self.offers.append(decided.given)
        return decided

    @staticmethod
    def _pool(name: str, campaign: str, store: str, at: int) -> tuple[str, ...]:
        return {"daily": ("daily", str(paris(at).date()), store), "gift": ("gift", name)}.get(campaign, (campaign,))

    def _against(self, name: str, campaign: str, at: int) -> str | None:
        person = self.people[name]
        visits, less = self.before[name] + len(person.visits), person.wish == "less"
        heard = [each.at for each in person.heard if each.campaign != "gift"]
        if campaign == "gift" and visits != 3:
            return "HISTORY"
        reward = campaign == "gift"
        if not reward and visits <= 2:
            window = 6 * HOUR if less else 3 * HOUR
            if campaign == "gold" or any(abs(each - at) < window for each in heard):
                return "NEWCOMER"
        if not 7 <= paris(at).hour < 22:
            return "QUIET_HOURS"
        around = sum(abs(each - at) < 4 * HOUR for each in heard)
        today = sum(paris(each).date() == paris(at).date() for each in heard)
        if not reward and (around >= (1 if less else 3) or today >= (2 if less else 5)):
            return "CAP"
        mailed = any(each.channel == "email" and at - HOUR < each.at <= at for each in person.heard)
        used = any(each.redeemed and at - 90 * MINUTE < each.redeemed <= at for each in person.heard)
        if not reward and (mailed or used):
            return "SPACING"
        own = [each.at for each in person.heard if each.campaign == campaign]
        rest = 6 * HOUR if campaign == "gold" else 4 * HOUR
        return "PER_MEMBER" if any(abs(each - at) < rest for each in own) else None

    def _last(self, name: str, campaign: str, store: str, at: int, now: int) -> str | None:
        if is_held_out(name, campaign):
            return "HOLDOUT"
        if campaign == "chat":
            return None
        pool = self.pools[self._pool(name, campaign, store, at)]
        for number in [number for number, (end, _) in pool.items() if end <= now]:
            del pool[number]
        if campaign == "gold":
            return "OUT_OF_BUDGET" if sum(cents for _, cents in pool.values()) + 400 > 700 else None
        most = 1 if campaign == "daily" else 2
        return "OUT_OF_STOCK" if len(pool) >= most else None

    def room(self, pool: tuple[str, ...], now: int) -> int:
        """Cents that are left of the gold budget."""
        return 700 - int(sum(cents for end, cents in self.pools[pool].values() if end > now))

    def redeem(self, number: int, till: str, store: str, at: int, cents: int | None) -> None:
        """A coupon is shown at a till."""
        given = self.offers[number]
        wrong = given.campaign != "gift" and store != given.store
        if not given.has_coupon or till in given.gone or given.used is not None or wrong or at >= given.ends:
            return
        given.used, given.said.redeemed = till, at
        worth = WORTH[given.campaign]
        spent = worth if given.campaign != "gold" or cents is None else min(cents, worth)
        self.pools[given.pool][number] = [math.inf, spent]

    def take_back(self, number: int, till: str) -> None:
        """A redemption is taken back."""
        given = self.offers[number]
        if not given.has_coupon:
            return
        given.gone.add(till)
        if given.used == till:
            given.used, given.said.redeemed = None, 0
            if number in self.pools[given.pool]:
                self.pools[given.pool][number] = [given.ends, WORTH[given.campaign]]
