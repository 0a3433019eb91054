"""Places beyond the box of an inner ring: bounds are the same for one and for many, and never above the truth."""

from random import Random

import numpy as np
import pytest
from shapely.geometry import Polygon

from geofences.index import GeofenceIndex
from geofences.rings import Geofence, Zone, default_policy
from tests.geofences.oracle import metres_to_edges
from tests.geofences.street import CATCHMENT, INSIDE

OUTER = [(2.0, 48.0), (2.1, 48.0), (2.1, 48.08), (2.0, 48.08)]
INNER = [(2.04, 48.03), (2.06, 48.032), (2.055, 48.05), (2.041, 48.045)]
INDEX = GeofenceIndex(
    [
        Zone(
            "a",
            tuple(
                Geofence(ring, Polygon(line), default_policy(ring, Polygon(line)))
                for ring, line in ((CATCHMENT, OUTER), (INSIDE, INNER))
            ),
        )
    ]
)


@pytest.mark.parametrize("accuracy", [None, 5.0, 800.0])
def test_many_places_about_an_inner_ring_have_the_answers_of_one(accuracy):
    random = Random(7)
    places = [(random.uniform(2.001, 2.099), random.uniform(48.001, 48.079)) for _ in range(200)]
    lons, lats = (np.array(column) for column in zip(*places, strict=True))
    accuracies = None if accuracy is None else np.full(len(places), accuracy)
    many = INDEX.locate(lons, lats, accuracies)
    one = None if accuracies is None else accuracies[:1]
    assert many == [INDEX.locate(lons[n : n + 1], lats[n : n + 1], one)[0] for n in range(len(places))]
    for place, ((_, (_, told)),) in list(zip(places, many, strict=True))[:30]:
        truth = metres_to_edges(place, [INNER])
        assert abs(told) <= truth * 1.002 + 0.03
