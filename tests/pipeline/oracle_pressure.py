"""What must come of the kiosk where workers die and others take over: each effect is judged when it happens.

The order of the world is the order in which the tables took things. An oracle that shares nothing with what it judges
takes the same words in that order, and says of each claim, place and coupon whether it had to come.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import orjson

from streams.tables.keyspace import Change, FirstValue, GivenPlace
from tests.pipeline.boundary import TookEffect
from tests.pipeline.boutique import Message
from tests.pipeline.oracle_books import PLACES, PRICE, Books, Pool
from tests.pipeline.oracle_kiosk import AT_CHECK_IN, ORDER, Decided, Given, Oracle, Said, is_held_out, paris, said, told

MEMBERS = {"anna": 9, "ben": 0, "emile": 9, "fred": 9, "helene": 9, "zoe": 1}
"""How often each came before. Held out are of gold fred, of chat emile and of door zoe; of chat and door helene is the
first who is not."""


Happened = tuple[str, str, str, int]
"""Something that is to be decided: ENTER or CHECK_IN, the member, the store, and when."""


class Disagreement(BaseException):
    """The oracle knows better; no worker may take that for a record that is broken."""


def agree(holds: bool, words: str, *about: object) -> None:
    """Raises Disagreement where something does not hold."""
    if not holds:
        raise Disagreement(f"{words}: {about}")


@dataclass
class Attempt:
    """One try of a worker: its time, what it enters, the candidates that were refused a place, who heard what then."""

    now: int
    words: Mapping[str, int] = field(default_factory=dict)
    message: Message = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)
    reserved: set[tuple[Pool, str]] = field(default_factory=set)
    voided: set[tuple[Pool, str]] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    """Occasions that had been decided before."""


@dataclass
class Final:
    """An occasion that was decided, with the id of its offer."""

    name: str
    decided: Decided
    offer: str | None

    @property
    def given(self) -> Given | None:
        return self.decided.given


class PressureOracle(Oracle):
    """Judges each effect on the tables as it happens. Every method raises Disagreement."""

    def __init__(self) -> None:
        super().__init__(MEMBERS)
        self.books = Books()
        self.happened: Counter[Happened] = Counter()
        self.decided_on: Counter[Happened] = Counter()
        self.finals: dict[str, Final] = {}
        self.coupons: dict[str, Given] = {}
        self.told: set[bytes] = set()
        """Every record that an outcome ever held; `holds` has for each occasion what it holds now."""
        self.holds: dict[str, list[bytes]] = {}
        self.words: defaultdict[str, list[str | None]] = defaultdict(lambda: [None])
        """What each member said, as far as it speaks against every offer, one after the other."""
        self.stale: set[str] = set()
        """What was written after a coupon that had changed meanwhile."""
        self._said_at: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._refused: set[str] = set()

    def attempt(self, now: int, message: Message | None = None) -> Attempt:
        """A worker begins."""
        return Attempt(now, {name: len(self.words[name]) for name in MEMBERS}, message or {})

    def watching(self, attempt: Attempt) -> TookEffect:
        """What is to be told of each call that `attempt` makes."""

        def told(call: str, given: Sequence[Any], reply: Any) -> None:
            try:
                self._took_effect(attempt, call, given, reply)
            except Exception as error:
                raise Disagreement(f"at a call of {call}: {error!r}") from error

        return told

    def _took_effect(self, attempt: Attempt, call: str, given: Sequence[Any], reply: Any) -> None:
        if call == "read":
            named = [key for key, value in zip(given[0], reply, strict=True) if value and key.startswith("outcome:")]
            attempt.found.update(key.rsplit("|", 1)[1] for key in named)
        elif call == "reserve":
            for asked, answer in zip(given[0], reply, strict=True):
                self._reserved(attempt, _pool(asked.places, asked.share), asked.token, answer)
        elif call == "release":
            self._released(_pool(given[0], given[2]), given[1], given[3])
        elif call == "spend":
            self._spent(_pool(given[0], given[3]), given[1], given[2], given[4])
        elif call == "note":
            for note in given[0]:
                self._noted(note)
        elif call == "replace":
            for group, written in zip(given[0], reply, strict=True):
                if written:
                    self._replaced(attempt, {_kind(each): each for each in group if each.value != each.expected})

    def ended(self, attempt: Attempt) -> None:
        """The attempt came to its end: what it reserved is given or given back, and what was voided is nobody's."""
        agree(not self.stale, "what follows from a coupon", self.stale)
        for pool, token in attempt.reserved:
            agree(token not in self.books.pending, "a place was forgotten", pool, token)
        for pool, token in attempt.voided:
            end, _ = self.books.taken[pool].get(token, (0, 0))
            agree(end <= attempt.now, "a place of a voided offer stays taken", pool, token)
        for final in [self.finals[occasion] for occasion in attempt.found if self.finals[occasion].given]:
            deaf = None not in self.words[final.name][attempt.words[final.name] - 1 :]
            over = deaf or _given(final).ends <= attempt.now
            agree(_given(final).void or not over, "an offer was sent that is over", final, attempt.now)

    # places

    def _reserved(self, attempt: Attempt, pool: Pool, token: str, answer: int) -> None:
        expected = self.books.reserve(pool, token, attempt.now)
        agree(answer == expected, "a place", pool, token, answer, expected, self.books.taken[pool])
        if answer != 1:
            attempt.refused.add((_occasion(token), pool[0]))
        else:
            attempt.reserved.add((pool, token))

    def _released(self, pool: Pool, token: str, overdue: int | None) -> None:
        if token in self.books.pending and (overdue is None or self.books.has_expired(token, overdue)):
            agree(not self._is_of_an_offer(token), "a place was given back that an offer holds", token)
            self.books.give_back(pool, token)

    def _final(self, token: str) -> Final:
        agree(_occasion(token) in self.finals, "a place of what nobody decided", token)
        return self.finals[_occasion(token)]

    def _is_of_an_offer(self, token: str) -> bool:
        final = self.finals.get(_occasion(token))
        return final is not None and final.offer == token.split(" ")[0] and not _given(final).void

    def _noted(self, note: object) -> None:
        if isinstance(note, GivenPlace):
            given = _given(self._final(note.token))
            agree(self._is_of_an_offer(note.token) or given.used is not None, "a place was given to no offer", note)
            agree((note.until, note.cents) == (given.ends, PRICE.get(given.campaign, 0)), "a place", note, given)
            self.books.give(_pool(note.places, note.share), note.token, note.until)
        elif isinstance(note, FirstValue) and note.key.startswith("coupon:"):
            self.coupons[note.key.rsplit("|", 1)[1]].has_coupon = True

    def _spent(self, pool: Pool, token: str, end: float, cents: int) -> None:
        given = _given(self._final(token))
        if given.used is not None:
            expected: tuple[float, int] = (math.inf, given.spent)
        else:
            expected = (0, 0) if given.void and not given.has_coupon else (given.ends, PRICE.get(given.campaign, 0))
        self._follows(f"place {token}", (end, cents) == expected)
        self.books.spend(pool, token, end, cents)

    def _follows(self, what: str, right: bool) -> None:
        """What was written after a coupon; whoever was overtaken there puts it right before the end of the attempt."""
        self.stale = self.stale - {what} if right else self.stale | {what}

    # what is replaced

    def _replaced(self, attempt: Attempt, changed: Mapping[str, Change]) -> None:
        if "outcome" in changed:
            outcome = changed["outcome"]
            named = outcome.key.rsplit("|", 2)[1:]
            if outcome.expected is None:
                self._claimed(attempt, named[0], named[1], outcome.value or b"")
            else:
                self._voided(attempt, named[1], outcome.value or b"")
        elif "coupon" in changed:
            self._coupon_changed(attempt, changed["coupon"])
        elif "consent" in changed:
            self._heard_word(attempt.message)
        elif "contacts" in changed and attempt.message:  # of a voided offer it stays, and is not taken for ignored
            self._contacted(attempt.message, changed["contacts"].value or b"")

    def _claimed(self, attempt: Attempt, name: str, occasion: str, packed: bytes) -> None:
        agree(occasion not in self.finals, "an occasion was decided twice", occasion)
        records, offer, _, limited, code, *_ = msgspec.msgpack.decode(packed)
        messages = [(topic, orjson.loads(value)) for topic, _, value in records]
        trigger = messages[0][1]["trigger"]
        kind, store, at = trigger["kind"], trigger["store"], milliseconds(trigger["at"])
        self.decided_on[kind, name, store, at] += 1
        agree(self.decided_on <= self.happened, "nobody told of this, or not so often", kind, name, store, at)
        self._refused = {campaign for refused, campaign in attempt.refused if refused == occasion}
        decide = self._arrived if kind == "ENTER" else self._came
        decided = decide(name, store, at, attempt.now)
        lines = [line for topic, message in messages for line in said(topic, message)]
        agree(lines == list(told(decided)), "a decision", name, store, at, attempt.now, lines, list(told(decided)))
        self.finals[occasion] = final = Final(name, decided, offer)
        self._keep(occasion, records)
        if final.given is not None:
            self._offered(final, code, dict(messages)["offers"], at)
            agree(limited == (final.given.campaign != "chat"), "a place", final)
            if limited:
                self._has_place(*_place_of(occasion, final), attempt.now)

    def _arrived(self, name: str, store: str, at: int, now: int) -> Decided:
        general = self._general(self.people[name], ["ENTER"], at, now)
        return general or self._weigh(name, store, at, now, {"ENTER": ["door"]})

    def _came(self, name: str, store: str, at: int, now: int) -> Decided:
        waiting: dict[str, Sequence[str]] = {"CHECK_IN": AT_CHECK_IN}
        if self._visit(name, store, at):
            waiting["VISIT"] = ORDER[:1]
        general = self._general(self.people[name], list(waiting), at, now)
        return general or self._weigh(name, store, at, now, waiting)

    def _last(self, name: str, campaign: str, store: str, at: int, now: int) -> str | None:
        if is_held_out(name, campaign):
            return "HOLDOUT"
        if campaign in self._refused:
            return "OUT_OF_STOCK" if campaign in PLACES else "OUT_OF_BUDGET"
        return None

    @staticmethod
    def _pool(name: str, campaign: str, store: str, at: int) -> tuple[str, ...]:
        shares = {"daily": f"day:{paris(at).date()}/store:{store}", "gift": f"member:{name}"}
        return campaign, shares.get(campaign, "")

    def _offered(self, final: Final, code: str | None, offer: Message, at: int) -> None:
        given = _given(final)
        agree(
            (offer["id"], offer["member"], offer["store"]) == (final.offer, final.name, given.store), "an offer", offer
        )
        times = (milliseconds(offer["created_at"]), milliseconds(offer["expires_at"]))
        agree(times == (at, given.ends), "its times", offer)
        agree((code is not None) == given.has_coupon and code not in self.coupons, "its coupon", offer)
        if code is not None:
            self.coupons[code], given.has_coupon, given.id = given, False, offer["id"]  # it is written later

    def _has_place(self, pool: Pool, token: str, now: int) -> None:
        """Its place was reserved, and with it there are not more than there may be."""
        agree(token in self.books.taken[pool], "an offer without a place", token, pool)
        agree(self.books.is_within_limits(pool, now), "more than there may be", pool, self.books.taken[pool])

    def _voided(self, attempt: Attempt, occasion: str, packed: bytes) -> None:
        final = self.finals[occasion]
        given, records = _given(final), msgspec.msgpack.decode(packed)[0]
        lines = [line for topic, _, value in records for line in said(topic, orjson.loads(value))]
        heard = self.words[final.name][attempt.words[final.name] - 1 :]
        reasons = {word or "STALE_TRIGGER" for word in heard if word is not None or given.ends <= attempt.now}
        final.decided = Decided({kind: [] for kind in final.decided.candidates}, whole=lines[0][2], given=given)
        agree(lines[0][2] in reasons and not given.void, "an offer was voided", given, lines, reasons)
        agree(lines == list(told(final.decided)), "what was said of it", lines)
        given.void = True
        if given.used is None and given.campaign != "chat":
            attempt.voided.add(_place_of(occasion, final))
        self._keep(occasion, records)

    def _keep(self, occasion: str, records: Sequence[Any]) -> None:
        self.holds[occasion] = [value for _, _, value in records]
        self.told.update(self.holds[occasion])

    # what members, tills and other channels said

    def _coupon_changed(self, attempt: Attempt, change: Change) -> None:
        given, message = self.coupons[change.key.rsplit("|", 1)[1]], attempt.message
        if change.value is None:
            agree(given.used is None, "a used coupon was taken away", given)
            given.has_coupon = False
        elif "reverses" in message:
            given.gone.add(message["reverses"])
            if given.used == message["reverses"]:
                given.used, given.used_at = None, 0
        else:
            agree(self.takes(given, message), "a coupon was used", given, message)
            given.used, given.used_at, worth = message["id"], message["at"], PRICE.get(given.campaign, 0)
            taken_off = round(float(message["amount"].split()[0]) * 100) if "amount" in message else worth
            given.spent = min(taken_off, worth)

    @staticmethod
    def takes(given: Given, message: Message) -> bool:
        """Whether a coupon is to be used by this word of a till."""
        right = given.campaign == "gift" or message["store"] == given.store
        free = given.has_coupon and given.used is None and message["id"] not in given.gone
        return free and right and message["at"] < given.ends

    def _heard_word(self, message: Message) -> None:
        name, at = message["member"], message["at"]
        person = self.people[name]
        if "contact" in message and at >= self._said_at[name, "wish"]:
            person.wish, self._said_at[name, "wish"] = message["contact"], at
        if "consent" in message and at >= self._said_at[name, "consent"]:
            person.consents, self._said_at[name, "consent"] = message["consent"]["offers"]["granted"], at
        self.words[name].append(person.deaf)

    def _contacted(self, message: Message, packed: bytes) -> None:
        if message["type"] == "contact":
            self.people[message["member"]].heard.append(Said(message["at"], "", "email"))
        else:
            given = self.coupons[message["coupon"]]
            (given.said.redeemed,) = (each[5] for each in msgspec.msgpack.decode(packed) if each[2] == given.id)
            self._follows(f"contact {given.id}", given.said.redeemed == given.used_at)


def _given(final: Final) -> Given:
    if final.given is None:
        raise Disagreement(f"no offer came of it: {final}")
    return final.given


def _place_of(occasion: str, final: Final) -> tuple[Pool, str]:
    """The place of an offer, and the token that holds it: that of a share of each member names the member by itself."""
    campaign, share = _given(final).pool
    return (campaign, share), f"{final.offer} {occasion} {share.removesuffix(f':{final.name}')} {final.name}"


def _pool(places: str, share: str) -> Pool:
    return places.rsplit("|", 1)[1], share


def _occasion(token: str) -> str:
    return token.split(" ")[1]


def _kind(change: Change) -> str:
    return change.key.split(":", 1)[0]


def milliseconds(written: str) -> int:
    """A time as it is sent, milliseconds UTC."""
    return round(datetime.fromisoformat(written).timestamp() * 1000)
