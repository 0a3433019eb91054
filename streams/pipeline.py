"""The straight way of a batch: from the bytes of pings and check-ins to offers, or the reasons why none.

decode, admit, locate, advance, load, decide, claim, produce, save. What happens between two steps does not
matter: a crash anywhere leads to the same bytes when the batch is worked again, because outcomes are stored where they
are claimed, ids come from what happened, and presence is saved last.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from geofences.check_ins import IN_THE_STORE, CheckInDoubt, believe
from geofences.evidence import bound
from geofences.fixes import Fix, FixRejection
from geofences.index import GeofenceIndex, Sighting
from geofences.states import Transition, TransitionKind
from offers.occasions import Occasion
from offers.triggers import Trigger
from streams import topics
from streams.arrivals import (
    Arrival,
    check_in_arrival,
    check_in_occasion,
    check_in_rejection,
    occasions_of,
    ping_arrival,
    transition_trigger,
)
from streams.batches import Batch, Processed, Rejection
from streams.clockwork import Clockwork, Hints
from streams.deciding import settle
from streams.decoding import Decoder, Fault, NotAMessage, dead_letter, one_of
from streams.errors import InfrastructureError
from streams.linking import link_by_cards
from streams.merging import members_meant
from streams.messages import CheckIn, Ping
from streams.outputs import dead_letter_record, transition_record
from streams.records import Outgoing, Producer, Record
from streams.retailers import Retailers
from streams.scanning import ByCode, products_by_code, read_code
from streams.settled import Settled, notes
from streams.steps import Gate, Step, open_gate
from streams.tables.keyspace import Note
from streams.tables.tables import Tables
from streams.times import to_milliseconds
from streams.tracks import Track


def _check_in_key(check_in: CheckIn) -> str:
    one_of(check_in, "store", "code")
    return f"{check_in.retailer}|{one_of(check_in, 'device', 'member', 'card')}"


def _check_ins(arrivals: Iterable[Arrival]) -> Iterator[CheckIn]:
    return (arrival.message for arrival in arrivals if isinstance(arrival.message, CheckIn))


def _is_nobodys(message: Ping | CheckIn) -> bool:
    """Whether a check-in names nothing but a device: without its consent nobody is left whom it could concern."""
    return isinstance(message, CheckIn) and message.member is None and message.card is None


PING_DECODER = Decoder(Ping, lambda ping: f"{ping.retailer}|{ping.device}", ahead=None)
CHECK_IN_DECODER = Decoder(CheckIn, _check_in_key, ahead=None)


def _asked(fix: Fix) -> tuple[float, float, float]:
    """What is looked up of a fix: where it is, and from how far from an edge on presence takes it for certain."""
    return fix.lon, fix.lat, bound(fix.accuracy)


FRESH = 1.0
"""Seconds after a claim within which it is sent; after that, stop and consent are looked at again."""
MOST_LOOKS = 3


class Pipeline:
    """The way of a batch for one worker: the retailers' rules and geofences, and where to what comes of it goes."""

    def __init__(self, retailers: Retailers, producer: Producer, gate: Gate = open_gate) -> None:
        self.retailers = retailers
        self.gate = gate
        self._producer = producer
        self._hints = Hints()

    def assigned(self) -> None:
        """Other partitions than before are read from now on."""
        self._hints.forget()

    async def process(self, batch: Batch, tables: Tables, now: int) -> Processed:
        """Work a batch; `now` (milliseconds) is the time of its decisions.

        Raises `InfrastructureError` where Redis or the broker is away, and what `gate` raises. Nothing is lost by that:
        the batch is worked again, and comes to the same.
        """
        way = _Way(self.retailers, tables, Processed(), batch.clocks)
        self.gate(Step.DECODE)
        arrivals = way.decode(batch.records)
        self.gate(Step.ADMIT)
        arrivals = await way.admit(arrivals, await self._hints.due(batch.clocks, tables.timers))
        self.gate(Step.LOCATE)
        sightings = way.locate(arrivals)
        self.gate(Step.ADVANCE)
        way.advance(arrivals, sightings)
        await self._decide(way, now)
        self.gate(Step.PRODUCE)
        await tables.note(way.notes(now) + tables.timers.reminders(self._hints.announce(way.tracks.values())))
        await self._producer.produce(way.processed.records)
        self.gate(Step.SAVE)
        await way.save()
        self.gate(Step.ACK)
        await self._hints.rearm(way.spent, way.tracks, tables.timers)
        return way.processed

    async def _decide(self, way: _Way, now: int) -> None:
        """Decide, and look at what was claimed again where that took long: somebody may have said stop since."""
        for _ in range(MOST_LOOKS):
            began = time.monotonic()
            await way.decide(now, self.gate)
            if time.monotonic() - began <= FRESH:
                return
        raise InfrastructureError(f"deciding takes longer than {FRESH:.0f} s each time, so that no claim is fresh")


NOWHERE: tuple[Sighting, ...] = ()


class _Way:
    """One batch on its way."""

    def __init__(self, retailers: Retailers, tables: Tables, processed: Processed, clocks: Mapping[int, int]) -> None:
        self.processed = processed
        self.tracks: dict[str, Track] = {}
        self.spent: defaultdict[int, set[str]] = defaultdict(set)
        self._retailers = retailers
        self._tables = tables
        self._clocks = clocks
        self._clockwork = Clockwork(clocks)
        self._cards: dict[str, str | None] = {}
        self._meant: dict[str, str] = {}
        self._by_code: dict[str, ByCode] = {}
        self._outgoing: list[Outgoing | Occasion] = []
        self._clock = 0
        self._arose: list[tuple[int, Occasion]] = []
        self._settled: list[Settled] = []

    def decode(self, records: Iterable[Record]) -> list[Arrival]:
        """The messages among `records`; what is none becomes a dead letter."""
        arrivals: list[Arrival] = []
        for record in records:
            try:
                if record.topic == topics.PINGS.name:
                    arrivals.append(ping_arrival(record, PING_DECODER.decode(record, self._retailers)))
                else:
                    arrivals.append(check_in_arrival(record, CHECK_IN_DECODER.decode(record, self._retailers)))
            except NotAMessage as fault:
                self._bury(record, fault.reason, str(fault))
        return arrivals

    def _bury(self, record: Record, reason: Fault, detail: str) -> None:
        self.processed.dead_letters.append(dead_letter(record, reason, detail))

    async def admit(self, arrivals: Sequence[Arrival], due: Sequence[tuple[int, int, str]]) -> list[Arrival]:
        """What may be looked at: of devices with consent, and not applied before; and the devices with a timer due."""
        partitions = {arrival.owner: arrival.record.partition for arrival in arrivals if arrival.owner is not None}
        for partition, at, owner in due:
            partitions.setdefault(owner, partition)
            self.spent[partition].add(owner)
            self._clockwork.add(partition, at, owner)
        cards = {f"{each.retailer}|{each.card}" for each in _check_ins(arrivals) if each.card is not None}
        self._cards = await self._tables.links.members_of(sorted(cards))
        named = [f"{each.retailer}|{each.member}" for each in _check_ins(arrivals) if each.member is not None]
        self._meant = await members_meant(named, self._tables)
        self._by_code = await products_by_code(_check_ins(arrivals), self._tables, self._retailers)
        self._outgoing += await link_by_cards(arrivals, self._cards, self._tables)
        await self._open_tracks(partitions)
        return [arrival for arrival in arrivals if self._admitted(arrival)]

    async def _open_tracks(self, partitions: Mapping[str, int]) -> None:
        for device in await self._tables.presences.admit(list(partitions)):
            owner = device.owner
            retailer = self._retailers.get(owner[: owner.index("|")]) if device.granted else None
            if retailer is not None:
                index = retailer.index_for(device.admission)
                self.tracks[owner] = Track(device, index, partitions[owner])

    def _admitted(self, arrival: Arrival) -> bool:
        record, message = arrival.record, arrival.message
        arrival.track = track = None if arrival.owner is None else self.tracks.get(arrival.owner)
        if track is None and (message.__class__ is Ping or _is_nobodys(message)):
            self.processed.unseen.append(record)
            return False
        if track is not None:
            has = track.device.has_ping if message.__class__ is Ping else track.device.has_check_in
            if has(record.partition, record.offset):
                self.processed.repeated += 1
                return False
        return True

    def _reject(self, reason: str, arrival: Arrival) -> None:
        message = arrival.message
        rejection = Rejection(reason, message.retailer, message.device, to_milliseconds(message.at))
        self.processed.rejections.append(rejection)

    def locate(self, arrivals: Sequence[Arrival]) -> list[tuple[Sighting, ...]]:
        """The zones that hold each fix; those that look into the same index are looked up at once."""
        by_index: defaultdict[GeofenceIndex, list[tuple[int, Fix]]] = defaultdict(list)
        for place, arrival in enumerate(arrivals):
            if arrival.fix is not None and arrival.track is not None and arrival.message.__class__ is Ping:
                by_index[arrival.track.index].append((place, arrival.fix))
        sightings = [NOWHERE] * len(arrivals)
        for index, placed in by_index.items():
            asked = [_asked(fix) for _, fix in placed]
            found = [index.locate_one(*asked[0])] if len(asked) == 1 else index.locate(*np.array(asked).T)
            for (place, _), seen in zip(placed, found, strict=True):
                sightings[place] = seen
        return sightings

    def advance(self, arrivals: Sequence[Arrival], sightings: Sequence[tuple[Sighting, ...]]) -> None:
        """Take each fix in, in order, with the timers that fire between them.

        Only pings move time on: the check-ins of a partition may be read long before its pings.
        """
        for arrival, seen in zip(arrivals, sightings, strict=True):
            record, track = arrival.record, arrival.track
            if isinstance(arrival.message, CheckIn):
                self._clock = record.timestamp
                self.processed.check_ins += 1
                self._check_in(arrival, arrival.message)
                continue
            if self._clockwork:
                self._fire(record.partition, record.timestamp)
            self._clock = record.timestamp
            if track is not None and arrival.fix is not None:
                self.processed.pings += 1
                rejection, transitions = track.apply(arrival.fix, seen, record.timestamp)
                track.device.mark_ping(record.partition, record.offset)
                if rejection is not None:
                    self._reject(rejection, arrival)
                if transitions or track.due is not None:
                    self._moved(track, transitions)
        for partition, clock in self._clocks.items():
            self._fire(partition, clock)

    def _fire(self, partition: int, until: int) -> None:
        for due, owner in self._clockwork.due(partition, until):
            track = self.tracks.get(owner)
            if track is not None:
                self._clock = due
                self._moved(track, track.fire(due))

    def _moved(self, track: Track, transitions: Sequence[Transition]) -> None:
        if track.wake is not None:
            self._clockwork.add(track.partition, track.wake, track.device.owner)
        if transitions:
            self._tell(track, transitions)
            for occasion in occasions_of(track, transitions, self._retailers[track.retailer].rules):
                self._arise(occasion)

    def _tell(self, track: Track, transitions: Iterable[Transition]) -> None:
        places = self._retailers[track.retailer].rules.places
        for transition in transitions:
            of_place = transition.store in places
            if not of_place:
                self.processed.transitions.append((track.retailer, track.name, transition))
            self._outgoing.append(transition_record(track.retailer, track.name, track.member, transition, of_place))

    def _arise(self, occasion: Occasion) -> None:
        self._outgoing.append(occasion)
        self._arose.append((self._clock, occasion))

    def _check_in(self, arrival: Arrival, check_in: CheckIn) -> None:
        track, retailer = arrival.track, self._retailers[check_in.retailer]
        at = to_milliseconds(check_in.at)
        by_code = self._by_code.get(check_in.retailer, {})
        scanned = read_code(check_in, retailer.rules, by_code, retailer.index, track, arrival.fix)
        store = scanned.store
        doubt: FixRejection | CheckInDoubt | None = check_in_rejection(arrival, at)
        if doubt is None:
            last_fixes = track.open().fixes if track is not None else ()
            position = None if track is None else arrival.fix
            doubt = believe(retailer.index, store, at, check_in.via, position, last_fixes)
        if track is not None:
            track.device.mark_check_in(arrival.record.partition, arrival.record.offset)
            track.moved = True
        if doubt is CheckInDoubt.UNKNOWN_STORE:
            self._bury(arrival.record, Fault.UNKNOWN_STORE, "the retailer has no such store, nor a code like this")
        elif doubt is not None:
            self._reject(doubt, arrival)
        else:
            card = None if check_in.card is None else self._cards.get(f"{check_in.retailer}|{check_in.card}")
            meant = self._meant.get(f"{check_in.retailer}|{check_in.member}", check_in.member)
            member = (track and track.member) or meant or card
            source = check_in.device or check_in.member or check_in.card or ""
            entered = () if track is None or check_in.via not in IN_THE_STORE else self._arrive(track, store, at)
            self._arise(check_in_occasion(retailer.rules, member, check_in.device, source, scanned, at, entered))

    def _arrive(self, track: Track, store: str, at: int) -> tuple[Trigger, ...]:
        """The rings that a check-in enters, as triggers of its own occasion; what timers told before has its own."""
        transitions = track.arrive(store, at)
        entered = [each for each in transitions if each.kind is TransitionKind.ENTER and each.confirmed_at == at]
        self._moved(track, transitions[: len(transitions) - len(entered)])
        self._tell(track, entered)
        return tuple(transition_trigger(track, transition) for transition in entered)

    async def decide(self, now: int, gate: Gate) -> None:
        """Put what comes of each occasion in its place, and the dead letters before all.

        Occasions of several partitions are decided in the order in which their records were written.
        """
        letters = sorted(
            self.processed.dead_letters, key=lambda letter: (letter.topic, letter.partition, letter.offset)
        )
        self.processed.records = [dead_letter_record(letter) for letter in letters]
        self.processed.verdicts = []
        occasions = [occasion for _, occasion in sorted(self._arose, key=lambda arose: arose[0])]
        done = await settle(occasions, self._tables, self._retailers, now, gate)
        self._settled = done
        settled = {id(occasion): outcome for occasion, outcome in zip(occasions, done, strict=True)}
        for each in self._outgoing:
            if isinstance(each, Outgoing):
                self.processed.records.append(each)
                continue
            outcome = settled[id(each)]
            self.processed.records += outcome.records
            if outcome.verdict is not None:
                self.processed.verdicts.append((outcome.occasion, outcome.verdict))

    def notes(self, now: int) -> list[Note]:
        """What is to be written for the offers before they are sent."""
        return notes(self._settled, self._tables, now)

    async def save(self) -> None:
        """Save what moved; it is refused where consent or presence changed since, and timers then stay as they are."""
        moved = [track.packed() for track in self.tracks.values() if track.moved]
        saved = await self._tables.presences.save(moved)
        refused = {device.owner for device, done in zip(moved, saved, strict=True) if not done}
        self.processed.unsaved += len(refused)
        for owners in self.spent.values():
            owners -= refused
