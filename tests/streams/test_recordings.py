"""Recorded phones, buses and walkers among sample stores: the transitions that somebody standing there would count."""

from __future__ import annotations

import asyncio
import warnings
from collections import Counter

import pytest

from config import load_or_refuse
from config.settings import read_settings
from streams.app import retailers_of
from streams.batches import Batch, Processed
from streams.replay import Files, Replay
from streams.told import TransitionTold, read_told
from tests.recorded import DATA, RECORDINGS, Recording

THERE = [recording for recording in RECORDINGS if recording.path.is_file()]

pytestmark = pytest.mark.recorded

EXPECTED = {
    "phone day": {"ENTER": 10, "EXIT": 10, "DWELL": 5},
    "buses": {"ENTER": 89, "EXIT": 89, "DWELL": 29},
    "lake walk": {"ENTER": 9, "EXIT": 9, "DWELL": 4},
    "car loop": {"ENTER": 8, "EXIT": 8, "DWELL": 3},
}


def transitions_of(recording: Recording) -> list[TransitionTold]:
    configs = load_or_refuse([recording.config_path])
    retailers = retailers_of(read_settings(broker="embedded://recorded", secret=None), configs)
    found: list[TransitionTold] = []

    def observe(processed: Processed, batch: Batch) -> None:
        told = (read_told(record.topic, record.value) for record in processed.records)
        found.extend(each for each in told if isinstance(each, TransitionTold))

    with Files(None) as files:
        asyncio.run(Replay(retailers, files, observe).run(recording.events()))
    return found


def the_recording(name: str) -> Recording | None:
    """The recording of that name; without it the test says so, and looks at nothing."""
    found = next((recording for recording in THERE if recording.name == name), None)
    if found is None:
        warnings.warn(f"the recording of the {name} is not in {DATA}: its transitions were not looked at", stacklevel=2)
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_transitions_of_each_recording_are_those_counted_on_its_map(name):
    recording = the_recording(name)
    if recording is not None:
        assert Counter(told.kind for told in transitions_of(recording)) == EXPECTED[name]


def test_every_bus_that_rides_past_the_newsagent_enters_and_leaves_and_none_visits():
    """Eleven rides past, counted by plain distance."""
    recording = the_recording("buses")
    if recording is not None:
        near = [told for told in transitions_of(recording) if told.geofence == "west-derby-road/proximity"]
        assert Counter((told.kind, told.reason) for told in near) == {("ENTER", None): 11, ("EXIT", "pass_by"): 11}


def test_the_walker_visits_the_kiosk_the_shore_the_kiosk_again_and_the_inn():
    recording = the_recording("lake walk")
    if recording is not None:
        visits = [told.store for told in transitions_of(recording) if told.kind == "DWELL"]
        assert visits == ["trailhead", "shore", "trailhead", "village"]


def test_the_car_visits_where_it_stops_and_not_where_it_drives_past():
    recording = the_recording("car loop")
    if recording is not None:
        found = transitions_of(recording)
        assert [told.store for told in found if told.kind == "DWELL"] == ["square", "stop", "square"]
        assert [told.reason for told in found if told.geofence == "bend/proximity"] == [None, "pass_by"]


def test_every_ring_entered_by_the_phone_of_the_long_day_is_left_again():
    recording = the_recording("phone day")
    if recording is not None:
        held: Counter[str] = Counter()
        for told in transitions_of(recording):
            held[told.geofence] += {"ENTER": 1, "EXIT": -1}.get(told.kind, 0)
            assert held[told.geofence] in (0, 1), told
        assert not +held
