"""Why a device is in, and why it did not leave: each of its fixes in a replay, and what it weighed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from geofences.check_ins import IN_THE_STORE
from geofences.explaining import explain, line
from geofences.fixes import Fix
from geofences.presence import advance, arrive, expire, screened
from geofences.states import Presence, Transition
from streams import topics
from streams.arrivals import ping_fix
from streams.batches import Batch, Processed
from streams.decoding import NotAMessage
from streams.pipeline import CHECK_IN_DECODER, PING_DECODER
from streams.records import Record
from streams.retailers import Retailer
from streams.times import to_milliseconds, written


class Explained:
    """Follows one device beside a replay, and says each step with `say`, a line or more."""

    def __init__(self, retailer: Retailer, device: str, say: Callable[[str], None]) -> None:
        self._retailers = {retailer.name: retailer}
        self._index = retailer.index
        self._key = f"{retailer.name}|{device}".encode()
        self._say = say
        self._presence = Presence()
        self.steps = 0

    def add(self, processed: Processed, batch: Batch) -> None:
        """Explain what a batch of one event made of the device."""
        for record in batch.records:
            if record.key == self._key and record.topic in (topics.PINGS.name, topics.CHECKINS.name):
                self.steps += 1
                self._explain(record, processed)

    def end(self) -> None:
        """Let the timers fire that are still to come."""
        self._presence, fired = expire(self._presence, 1 << 62, self._index)
        self._tell("in silence", fired)

    def _explain(self, record: Record, processed: Processed) -> None:
        if processed.without_consent:
            self._say(f"{written(record.timestamp)} dropped for want of consent")
            return
        try:
            if record.topic == topics.PINGS.name:
                self._fix(ping_fix(PING_DECODER.decode(record, self._retailers)), record.timestamp)
            elif not processed.rejections:
                self._check_in(record)
        except NotAMessage as fault:
            self._say(f"{written(record.timestamp)} no message: {fault}")

    def _fix(self, fix: Fix, received: int) -> None:
        self._say(f"{written(fix.at)} lat {fix.lat:.5f}, lon {fix.lon:.5f}, ±{fix.accuracy:.0f} m")
        sightings = self._index.locate(np.array([fix.lon]), np.array([fix.lat]))[0]
        explanation = explain(self._presence, fix, sightings, self._index, received)
        self._say("\n".join(f"  {each}" for each in str(explanation).splitlines()))
        self._presence, rejection = screened(self._presence, fix, received)
        if rejection is None:
            self._presence, _ = advance(self._presence, fix, sightings, self._index)

    def _check_in(self, record: Record) -> None:
        check_in = CHECK_IN_DECODER.decode(record, self._retailers)
        store, at = check_in.store or check_in.code or "", to_milliseconds(check_in.at)
        self._say(f"{written(at)} check-in at {store}" + (f" by {check_in.via}" if check_in.via else ""))
        if check_in.via in IN_THE_STORE:
            self._presence, told = arrive(self._presence, store, at, self._index)
            self._tell("certain", told)

    def _tell(self, why: str, transitions: tuple[Transition, ...]) -> None:
        for each in transitions:
            self._say(f"  {why}: {line(each)}")
