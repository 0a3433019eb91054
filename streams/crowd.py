"""Sample members for any retailer, and where their walks lead among its stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from shapely import point_on_surface

from geofences.fixes import Fix, metres_between
from geofences.rings import WGS84, Circle, Geofence, Zone, typical_radius
from geofences.walks import Place, walk
from offers.campaigns import Rules
from offers.purchase_rules import Bought
from streams.phones import event
from streams.times import written

FIRST_NAMES = ("Alice", "Bruno", "Chloé", "David", "Emma", "Fabien", "Greta", "Hugo", "Iris", "Jonas", "Karim", "Lina")
"""Plain first names for sample members: no member of anybody."""

DAY = 86_400_000
LONGEST_WALK = 3_000.0
"""Metres to the next store that somebody goes to on foot."""
NEAREST_STORES = 4


@dataclass(frozen=True, slots=True)
class SampleMember:
    """One who walks: `device` sends what `number` and `seed` make of them."""

    number: int
    member: str
    device: str
    random: Random

    @classmethod
    def of(cls, number: int, seed: int) -> SampleMember:
        """The member of that number: the same for the same seed."""
        return cls(number, f"sample-{number:05}", f"sample-phone-{number:05}", Random(f"{seed}|{number}"))


def history(sample: SampleMember, rules: Rules, start: int) -> Iterator[bytes]:
    """What is known of a member before the walk begins at `start` (ms): who they are, and what they bought."""
    random = sample.random
    tiers = sorted({tier for campaign in rules.campaigns for tier in campaign.who.tiers or ()})
    yield event(
        "member",
        rules.retailer,
        start - DAY,
        member=sample.member,
        first_name=FIRST_NAMES[sample.number % len(FIRST_NAMES)],
        tier=random.choice([*tiers, "classic"]),
        tone=random.choice([None, "tu", "vous"]),
        visits=random.randrange(12),
        joined=written(start - random.randrange(30, 900) * DAY),
        devices=[sample.device],
        consent=random.choices([["offers"], ["location_history"], []], [90, 4, 6])[0],
    )
    for campaign in rules.campaigns:
        for number, bought in enumerate(campaign.who.bought):
            if random.random() < 0.6:
                yield _purchase(sample, rules, bought, f"{sample.member}-{campaign.id}-{number}", start)


def _purchase(sample: SampleMember, rules: Rules, bought: Bought, named: str, start: int) -> bytes:
    """In the older half of the time that counts, so that those are found who have not come back since."""
    at = start - int(bought.within * sample.random.uniform(0.5, 0.95))
    known = [each for each in rules.products.values() if bought.category == each.category or bought.product == each.id]
    product = sample.random.choice(known) if known else None
    line = {
        "amount": str(product.price) if product and product.price else "20.00 EUR",
        "product": bought.product or (product.id if product else None),
        "category": bought.category or (product.category if product else None),
    }
    lines = [{name: value for name, value in line.items() if value is not None}]
    return event("purchase", rules.retailer, at, member=sample.member, id=named, lines=lines)


@dataclass(frozen=True, slots=True)
class Stroll:
    """Where a walk leads; `stores` are those at whose place it stays, in order."""

    path: tuple[Place, ...]
    stores: tuple[str, ...]
    stay: int
    pace: float


def stroll(sample: SampleMember, zones: Sequence[Zone], lasting: int) -> Stroll:
    """A walk of `lasting` milliseconds: into a store or past it, then to one nearby, and so on."""
    random = sample.random
    zone = random.choice(zones)
    pace, stay = random.uniform(1.0, 1.7), random.randrange(60, 420) * 1_000
    path, stores = [_aside(zone.geofences[0], 1.05, 1.3, random)], list[str]()
    left = float(lasting)
    while left > 0:
        goes_in = random.random() < 0.7
        reach = (0.0, 0.5) if goes_in else (0.7, 1.4)
        aim = zone.geofences[-1] if goes_in else zone.geofences[min(1, len(zone.geofences) - 1)]
        path.append(_aside(aim, *reach, random))
        stores += [zone.store] if goes_in else []
        left -= metres_between(*path[-2], *path[-1]) / pace * 1_000 + stay + 1_000
        zone = _next(zone, zones, random)
    return Stroll(tuple(path), tuple(stores), stay, pace)


def fixes_of(sample: SampleMember, planned: Stroll, start: int, lasting: int, every: int) -> Iterator[Fix]:
    """What the phone measures on the way: each with its own accuracy, and gaps where it measures nothing."""
    random = sample.random
    lost = random.randrange(lasting)
    gaps = [(lost, lost + random.randrange(30_000, 180_000))] if random.random() < 0.3 else []
    moment = start + random.randrange(every)
    measured = walk(
        planned.path,
        pace=planned.pace,
        every=every,
        start=moment,
        stay=planned.stay,
        accuracy=random.choice([8.0, 12.0, 20.0, 35.0]),
        seed=random,
        gaps=gaps,
    )
    for fix in measured:
        if fix.at >= start + lasting:
            return
        yield fix


def _next(zone: Zone, zones: Sequence[Zone], random: Random) -> Zone:
    """One of the nearest stores that can be walked to, else the same again."""
    lon, lat = centre(zone)
    near = sorted((metres_between(lon, lat, *centre(each)), place) for place, each in enumerate(zones) if each != zone)
    reached = [zones[place] for apart, place in near[:NEAREST_STORES] if apart <= LONGEST_WALK]
    return random.choice(reached or [zone])


def centre(zone: Zone) -> Place:
    """A place in the innermost ring, degrees (lon, lat)."""
    shape = zone.geofences[-1].shape
    if isinstance(shape, Circle):
        return shape.lon, shape.lat
    within = point_on_surface(shape)
    return float(within.x), float(within.y)


def _aside(geofence: Geofence, least: float, most: float, random: Random) -> Place:
    """A place at `least` to `most` radii from the middle of a ring, in any direction."""
    shape = geofence.shape
    middle = (shape.lon, shape.lat) if isinstance(shape, Circle) else (shape.centroid.x, shape.centroid.y)
    apart = typical_radius(shape) * random.uniform(least, most)
    lon, lat, _ = WGS84.fwd(*middle, random.uniform(0.0, 360.0), apart)
    return float(lon), float(lat)
