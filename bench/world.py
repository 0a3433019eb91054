"""The world the benches run in: one sample retailer with many stores, many devices, and pings of which some trigger.

Stores lie in a grid, each with a catchment of 1 km and a proximity of 150 m, so that about half of the places lie in a
ring. Devices send small steps where they are; a ping with a trigger is the first one of a device near a store.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from zoneinfo import ZoneInfo

import orjson

from geofences.index import GeofenceIndex
from geofences.rings import Circle, Geofence, Ring, Zone, default_policy
from offers.campaigns import Campaign, OfferTemplate, PerMember, Rules, Store, Text, Who
from offers.contact_policy import Cap, ContactPolicy
from offers.members import Consent, Grant, Profile
from offers.triggers import TriggerKind, When
from streams.records import Outgoing
from streams.retailers import Retailer
from streams.tables.keys import KEPT, key
from streams.tables.keyspace import Change, Keyspace
from streams.tables.members import Fields, encoded
from streams.tables.presences import Admission
from streams.topics import PINGS

NAME = "bench"
SPACING = 0.03
"""Degrees between two stores: 3.3 km north, 2.3 km east at 46 degrees."""
WEST, SOUTH = 0.0, 44.0
HOUR = 3_600_000


@dataclass(frozen=True)
class World:
    """`fences` rings round stores; `devices` that only stroll; `visitors` whose first ping is a trigger."""

    fences: int
    devices: int
    visitors: int
    seed: int = 1

    @property
    def across(self) -> int:
        """Stores in a row."""
        return int((self.fences // 2) ** 0.5)

    def place_of(self, store: int) -> tuple[float, float]:
        """Longitude and latitude of a store."""
        return WEST + store % self.across * SPACING, SOUTH + store // self.across * SPACING

    def retailer(self) -> Retailer:
        """The retailer, with one campaign for whoever comes near."""
        zones = tuple(self._zone(store) for store in range(self.fences // 2))
        return Retailer(_rules([zone.store for zone in zones]), GeofenceIndex(zones), b"bench", "http://127.0.0.1")

    def _zone(self, store: int) -> Zone:
        lon, lat = self.place_of(store)
        rings = ((Ring.CATCHMENT, Circle(lon, lat, 1_000.0)), (Ring.PROXIMITY, Circle(lon, lat, 150.0)))
        fences = tuple(Geofence(ring, circle, default_policy(ring, circle)) for ring, circle in rings)
        return Zone(f"s{store}", fences)

    async def admit_all(self, keyspace: Keyspace) -> None:
        """Consent of all devices, and members behind the visitors."""
        consent = Consent({"offers": Grant(True, 0)})
        for first in range(0, self.devices + self.visitors, 5_000):
            numbers = range(first, min(first + 5_000, self.devices + self.visitors))
            await keyspace.replace([_admitted(number, consent) for number in numbers])
        changes = list(members_of(self))
        for first in range(0, len(changes), 2_000):
            await keyspace.replace(changes[first : first + 2_000])

    def strolls(self, pings: int, start: int, share: float) -> Iterator[Outgoing]:
        """`pings` pings, `share` of them with a trigger; each device's a second apart, from `start` (ms) on."""
        random = Random(self.seed)
        homes = [self._home(random) for _ in range(self.devices)]
        every = round(1 / share) if share else 0
        visitor = 0
        for number in range(pings):
            at = start + number // self.devices * 1_000
            if every and number % every == every - 1 and visitor < self.visitors:
                lon, lat = self.place_of(random.randrange(self.fences // 2))
                yield ping(self.devices + visitor, lon, lat, at)
                visitor += 1
            else:
                device = number % self.devices
                lon, lat = homes[device]
                yield ping(device, lon + random.gauss(0, 3e-5), lat + random.gauss(0, 3e-5), at)

    def _home(self, random: Random) -> tuple[float, float]:
        """Somewhere in the world, well off any edge, so that nobody enters by chance."""
        while True:
            lon = WEST + random.random() * self.across * SPACING
            lat = SOUTH + random.random() * self.across * SPACING
            if self._is_off_edges(lon, lat):
                return lon, lat

    def _is_off_edges(self, lon: float, lat: float) -> bool:
        east = abs((lon - WEST + SPACING / 2) % SPACING - SPACING / 2) * 77_000
        north = abs((lat - SOUTH + SPACING / 2) % SPACING - SPACING / 2) * 111_000
        away = (east**2 + north**2) ** 0.5
        return away > 1_300 or 200 < away < 850


def ping(device: int, lon: float, lat: float, at: int) -> Outgoing:
    """A ping as the gateway would write it."""
    owner = f"d{device:06d}"
    said = {"retailer": NAME, "device": owner, "lat": round(lat, 7), "lon": round(lon, 7), "at": at, "accuracy": 12}
    return Outgoing(PINGS.name, f"{NAME}|{owner}".encode(), orjson.dumps({"type": "ping", **said, "speed": 1.2}))


def _admitted(number: int, consent: Consent) -> list[Change]:
    member = f"m{number:06d}"
    owner = f"{NAME}|d{number:06d}"
    return [Change(key("admission", owner), None, Admission.of(consent, member).pack(), KEPT["admission"])]


def members_of(world: World) -> Iterator[list[Change]]:
    """Profile and consent of the visitors' members."""
    consent = encoded(Consent({"offers": Grant(True, 0)}))
    profile = encoded(Fields(Profile(first_name="Sample", tier="gold"), {}))
    for number in range(world.devices, world.devices + world.visitors):
        owner = f"{NAME}|m{number:06d}"
        yield [
            Change(key("profile", owner), None, profile, KEPT["profile"]),
            Change(key("consent", owner), None, consent, KEPT["consent"]),
        ]


def _rules(stores: list[str]) -> Rules:
    zone = ZoneInfo("Europe/Paris")
    text = Text("$first_name, un café t'attend au $store.", "$first_name, un café vous attend au $store.")
    campaign = Campaign(
        "greeting",
        0,
        When(TriggerKind.ENTER, frozenset(stores), "proximity"),
        OfferTemplate({"fr": text}, coupon_valid_for=4 * HOUR),
        Who(tiers=frozenset({"gold"})),
        per_member=PerMember(1, 24 * HOUR),
    )
    contact = ContactPolicy((Cap(3, 24 * HOUR),))
    named = {store: Store(store, f"Magasin {store}", zone) for store in stores}
    return Rules(NAME, zone, "fr-FR", named, (campaign,), contact, {}, "bench", max_trigger_age=HOUR)
