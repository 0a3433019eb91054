"""The districts of Paris are a partition: whoever is in Paris is in exactly one, borders and corners included."""

import warnings
from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from shapely.geometry import Polygon

from geofences.index import GeofenceIndex
from geofences.rings import Geofence, Zone, default_policy
from tests.geofences.oracle import is_inside
from tests.geofences.paris import DISTRICTS, outlines
from tests.geofences.street import CATCHMENT

pytestmark = pytest.mark.recorded


@pytest.fixture
def paris():
    """The outlines; none without the file, and a word of it."""
    if DISTRICTS.is_file():
        return outlines()
    warnings.warn(f"{DISTRICTS.name} is not there: the districts were not looked at", stacklevel=2)
    return {}


def owners(paris, places):
    zones = []
    for name, line in paris.items():
        shape = Polygon(line)
        zones.append(Zone(name, (Geofence(CATCHMENT, shape, default_policy(CATCHMENT, shape)),)))
    found = GeofenceIndex(zones).locate(*np.array(places).reshape(-1, 2).T)
    return [[sighting.zone.store for sighting in sightings] for sightings in found]


def borders(paris):
    """The edges that two districts share."""
    lines = [[*line, line[0]] for line in paris.values()]
    counted = Counter(frozenset(edge) for line in lines for edge in pairwise(line))
    return [tuple(edge) for edge, times in counted.items() if times == 2]


def test_every_place_is_in_the_district_that_exact_arithmetic_puts_it_in(paris):
    random = Random(20)
    places = [(random.uniform(2.22, 2.47), random.uniform(48.81, 48.91)) for _ in range(400 if paris else 0)]
    exact = [[name for name, line in paris.items() if is_inside(place, [line])] for place in places]
    assert owners(paris, places) == exact
    assert max(map(len, exact), default=1) == 1


def test_whoever_stands_on_a_border_is_in_one_district(paris):
    edges = borders(paris)
    places = [
        tuple(a + (b - a) * share / 7 for a, b in zip(*edge, strict=True)) for edge in edges for share in range(1, 7)
    ]
    assert [place for place, found in zip(places, owners(paris, places), strict=True) if len(found) != 1] == []
    assert bool(places) == bool(paris)


def test_whoever_stands_on_a_corner_inside_paris_is_in_one_district(paris):
    edges = borders(paris)
    inner = [corner for corner, times in Counter(c for edge in edges for c in edge).items() if times >= 3]
    assert [len(found) for found in owners(paris, inner)] == [1] * len(inner)
    assert bool(inner) == bool(paris)
