"""The recorded phone day in rings of 50, 100 and 200 m, against visits that were labelled by hand before."""

import warnings
from datetime import datetime

import pytest

from geofences.fixes import Fix
from geofences.index import GeofenceIndex
from tests.geofences.phone_day_visits import PLACES, VISITS
from tests.geofences.street import PROXIMITY, START, a_zone, follow
from tests.recorded import RECORDINGS

DAY = next(recording for recording in RECORDINGS if recording.name == "phone day")

pytestmark = pytest.mark.recorded


def the_fixes():
    """The day by time; without the file nothing, and a word of it."""
    if not DAY.path.is_file():
        warnings.warn(f"{DAY.path.name} is not there: nothing was compared with the labels", stacklevel=2)
        return []
    rows = [line.split(";") for line in DAY.path.read_text().splitlines()[1:] if line]
    return sorted((Fix(float(row[3]), float(row[2]), float(row[5]), milliseconds(row[1])) for row in rows), key=by_time)


def by_time(fix):
    return fix.at


def milliseconds(written):
    return int(datetime.fromisoformat(written).timestamp() * 1_000)


def stays(transitions):
    """(when it was entered, when it was left) of each ENTER with its EXIT."""
    at = {kind: [each.at for each in transitions if each.kind == kind] for kind in ("ENTER", "EXIT")}
    return list(zip(at["ENTER"], at["EXIT"], strict=True))


@pytest.mark.parametrize("radius", [50, 100, 200])
@pytest.mark.parametrize("place", PLACES)
def test_there_are_as_many_stays_as_labelled_visits_or_one_more(place, radius):
    fixes = the_fixes()
    if not fixes:
        return
    index = GeofenceIndex([a_zone(place, PLACES[place], {PROXIMITY: radius})])
    _, transitions = follow(index, fixes, until=fixes[-1].at + 10**8 - START)
    labelled = [visit for visit in VISITS if visit.place == place]
    found = stays(transitions)
    assert len(labelled) <= len(found) <= len(labelled) + 1
    for visit in labelled:
        came, went = (milliseconds(f"2012-12-18T{minute}:00Z") for minute in (visit.came, visit.went))
        assert sum(entered < went and left > came for entered, left in found) == 1
