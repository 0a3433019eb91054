"""What arrives with a record, and which occasions come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby

from geofences.fixes import DEFAULT_ACCURACY, DEFAULT_SCREEN, Fix, FixRejection, screen_alone
from geofences.ids import timed_id
from geofences.presence import transition_id
from geofences.states import Transition, TransitionKind, TransitionReason
from offers.campaigns import Rules
from offers.occasions import Occasion, awaited, occasion_id, steps_among, visit_trigger
from offers.triggers import Trigger, TriggerKind
from streams.messages import CheckIn, Ping
from streams.records import Record
from streams.scanning import Scanned
from streams.times import to_milliseconds
from streams.tracks import Track


@dataclass(slots=True)
class Arrival:
    """A record that is a message; `owner` is the `retailer|device` it came from, `track` that of an admitted one."""

    record: Record
    message: Ping | CheckIn
    owner: str | None
    fix: Fix | None
    track: Track | None = None


def ping_fix(ping: Ping) -> Fix:
    """The fix of a ping; where the phone says no accuracy, a usual one."""
    accuracy = DEFAULT_ACCURACY if ping.accuracy is None else ping.accuracy
    return Fix(ping.lon, ping.lat, accuracy, to_milliseconds(ping.at), ping.speed, ping.mocked)


def check_in_fix(check_in: CheckIn) -> Fix | None:
    """The position that came with a check-in."""
    if check_in.lat is None or check_in.lon is None:
        return None
    accuracy = DEFAULT_ACCURACY if check_in.accuracy is None else check_in.accuracy
    return Fix(check_in.lon, check_in.lat, accuracy, to_milliseconds(check_in.at))


def ping_arrival(record: Record, ping: Ping) -> Arrival:
    """A ping, from the device that its record names."""
    return Arrival(record, ping, record.key.decode() if record.key else None, ping_fix(ping))


def check_in_arrival(record: Record, check_in: CheckIn) -> Arrival:
    """A check-in, from its device where it names one."""
    owner = None if check_in.device is None else f"{check_in.retailer}|{check_in.device}"
    return Arrival(record, check_in, owner, check_in_fix(check_in))


def occasions_of(track: Track, transitions: Iterable[Transition], rules: Rules) -> Iterator[Occasion]:
    """The occasions of transitions, one for each time at which some were believed.

    Its id names all that happened, whatever campaigns wait for: it is the same under other rules.
    """
    for at, together in groupby(transitions, key=lambda transition: transition.confirmed_at):
        happened = tuple(chain.from_iterable(_triggers(track, transition, rules) for transition in together))
        triggers = tuple(trigger for trigger in happened if awaited(trigger, rules))
        steps = steps_among(happened, rules)
        if triggers or steps:
            visits = tuple(each.where for each in happened if each.kind is TriggerKind.VISIT)
            named = occasion_id(track.retailer, track.name, at, happened)
            yield Occasion(named, track.retailer, track.member, track.name, at, triggers, visits, steps)


def _triggers(track: Track, transition: Transition, rules: Rules) -> Iterator[Trigger]:
    """What a transition may start; one that only says that nothing was heard starts nothing."""
    if transition.reason is TransitionReason.TIMEOUT:
        return
    yield transition_trigger(track, transition, transition.store in rules.places)
    if transition.kind is TransitionKind.EXIT and transition.reason is TransitionReason.PASS_BY:
        yield passing_trigger(track, transition)
    if transition.kind is TransitionKind.DWELL and transition.store not in rules.places:
        yield visit_trigger(track.retailer, track.name, transition.store, transition.confirmed_at)


def check_in_rejection(arrival: Arrival, at: int) -> FixRejection | None:
    """Why a check-in is not believed whatever it says: its time, or its position, cannot be."""
    received = arrival.record.timestamp
    if at > received + DEFAULT_SCREEN.max_ahead:
        return FixRejection.FUTURE
    if at < received - DEFAULT_SCREEN.max_age:
        return FixRejection.STALE
    return None if arrival.fix is None else screen_alone(arrival.fix, received, DEFAULT_SCREEN)


def check_in_occasion(
    rules: Rules,
    member: str | None,
    device: str | None,
    source: str,
    at_store: Scanned,
    at: int,
    entered: tuple[Trigger, ...],
) -> Occasion:
    """The occasion of a check-in that is believed: it is a visit, too. `source` is the device, member or card.

    `entered` are the rings that were entered by it.
    """
    retailer, store = rules.retailer, at_store.store
    check_in = Trigger(timed_id(at, "check-in", retailer, source, store), TriggerKind.CHECK_IN, at, store)
    triggers = (check_in, visit_trigger(retailer, source, store, at), *entered)
    scan = Trigger(timed_id(at, "scan", retailer, source, store, at_store.code), TriggerKind.SCAN, at, store)
    # What a code stands for may change before a crash is made good: its occasion is the same one.
    named = occasion_id(retailer, source, at, (*triggers, scan) if at_store.code else triggers)
    if at_store.scanned is not None:
        triggers += (replace(scan, scanned=at_store.scanned),)
    told = tuple(trigger for trigger in triggers if awaited(trigger, rules))
    return Occasion(named, retailer, member, device or source, at, told, (store,), steps_among(triggers, rules))


def transition_trigger(track: Track, transition: Transition, of_place: bool = False) -> Trigger:
    """It counts from when it was believed: somebody who walked in slowly is greeted all the same."""
    named = transition_id(track.retailer, track.name, transition)
    kind, at = TriggerKind(transition.kind.value), transition.confirmed_at
    if of_place:
        return Trigger(named, kind, at, None, place=transition.store)
    return Trigger(named, kind, at, transition.store, transition.ring.label)


def passing_trigger(track: Track, left: Transition) -> Trigger:
    """That somebody who leaves the innermost ring never stayed for a visit."""
    named = timed_id(left.at, "pass-by", transition_id(track.retailer, track.name, left))
    return Trigger(named, TriggerKind.PASS_BY, left.confirmed_at, left.store, left.ring.label)
