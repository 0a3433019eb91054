"""The field trial judges rightly: what is a stay, what is false, what rivals do; the same seeds tell the same."""

from math import hypot

import numpy as np
import pytest

from bench.field.__main__ import SEED, TRIALS, run
from bench.field.believed import Entry, told_by, told_by_presence
from bench.field.phones import Measured, Noise, Phone
from bench.field.rivals import AccuracyCutOff, PointInPolygon, TwoFixConfirmation
from bench.field.scoring import Score, as_visits
from bench.field.truth import Day, Interval, day_in_town

STAY = Interval(1_000.0, 2_000.0)
KNOWN = [Measured(at, 0.0, 0.0, 20.0, True) for at in range(0, 8_000, 60)]


def visit(begin, end, delay=0.0):
    return Entry(begin, begin + delay, end, True)


def score_of(entries, inside, fixes=KNOWN):
    score = Score()
    score.add(entries, inside, fixes)
    return score


def test_a_stay_that_is_told_is_found_with_the_delay_from_its_true_crossing():
    score = score_of([visit(1_030.0, 2_050.0, delay=60.0)], [STAY])
    assert (score.stays, score.found, score.false_dwells, score.delays) == (1, 1, 0, [90.0])


def test_a_stay_that_is_told_twice_is_found_and_once_false_but_one_visit():
    score = score_of([visit(1_000.0, 1_300.0), visit(1_400.0, 2_000.0)], [STAY])
    assert (score.found, score.false_dwells, score.visits, score.false_visits) == (1, 1, 1, 0)


def test_of_two_stays_told_as_one_the_shorter_is_missed():
    score = score_of([visit(1_000.0, 3_000.0)], [STAY, Interval(2_400.0, 2_900.0)])
    assert (score.stays, score.found, score.false_dwells) == (2, 1, 0)


def test_what_lasted_three_minutes_counts_neither_way_and_one_minute_is_false():
    assert score_of([visit(1_000.0, 1_180.0)], [Interval(1_000.0, 1_180.0)]).false_dwells == 0
    passed = score_of([visit(1_000.0, 1_180.0)], [Interval(1_000.0, 1_060.0)])
    assert (passed.stays, passed.false_dwells, passed.false_visits, passed.false_entries) == (0, 1, 1, 0)


def test_a_stay_of_which_only_towers_told_could_not_be_seen():
    score = score_of([], [STAY], [fix._replace(known=False) for fix in KNOWN])
    assert (score.stays, score.seen) == (1, 0)


def test_the_same_store_within_two_hours_of_leaving_it_is_the_same_visit():
    first, second = Interval(0.0, 9_000.0), Interval(9_000.0 + 7_199.0, 17_000.0)
    assert as_visits([first, second]) == [Interval(0.0, 17_000.0)]
    assert len(as_visits([first, Interval(9_000.0 + 7_200.0, 17_000.0)])) == 2


def test_each_rival_does_what_its_name_says():
    points = [(True, 20.0), (False, 80.0), (True, 20.0), (False, 20.0), (False, 20.0), (True, 500.0)]

    def beliefs(rival):
        return [rival.holds(*point) for point in points]

    assert beliefs(PointInPolygon()) == [True, False, True, False, False, True]
    assert beliefs(AccuracyCutOff(50.0)) == [True, True, True, False, False, False]
    assert beliefs(TwoFixConfirmation(100.0)) == [False, False, False, False, False, False]
    assert [TwoFixConfirmation().holds(True, 20.0)] == [False]


def test_a_rival_holds_for_three_minutes_to_tell_a_visit():
    inside, outside = Measured(0.0, 0.0, 100.0, 20.0, True), Measured(180.0, 0.0, 300.0, 20.0, True)
    told = told_by(PointInPolygon)
    assert told([inside, outside]) == [Entry(0.0, 0.0, 180.0, True)]
    assert told([inside, outside._replace(at=179.0)]) == [Entry(0.0, 0.0, 179.0, False)]


def test_presence_tells_a_shopper_of_ten_minutes_once():
    day = Day([0.0], [(2_000.0, 0.0)])
    random = np.random.default_rng(1)
    day.stay(600.0)
    day.go((10.0, 10.0), random)
    day.stay(600.0)
    day.go((2_000.0, 0.0), random)
    day.stay(3_600.0)
    times = np.arange(0.0, day.times[-1], 60.0)
    fixes = [Measured(at, east, north, 10.0, True) for at, east, north in zip(times, *day.at(times), strict=True)]
    (entry,), (stay,) = told_by_presence(fixes), day.inside()
    assert entry.visit
    assert stay.begin <= entry.confirmed_at <= stay.begin + 60
    assert entry.left == pytest.approx(stay.end, abs=60)


def test_the_same_seed_tells_the_same_and_errors_are_as_large_as_the_phone_says():
    def fixes(number):
        day = day_in_town(np.random.default_rng((SEED, number, 0)))
        return day, Phone(day, 60.0, Noise(canyon_factor=1.0), np.random.default_rng((SEED, number, 1))).fixes()

    assert fixes(3)[1] == fixes(3)[1]
    within = []
    for number in range(40):
        day, sent = fixes(number)
        known = [fix for fix in sent if fix.known]
        east, north = day.at(np.array([fix.at for fix in known]))
        within += [
            hypot(fix.east - x, fix.north - y) <= fix.accuracy for fix, x, y in zip(known, east, north, strict=True)
        ]
    assert sum(within) / len(within) == pytest.approx(0.68, abs=0.03)


@pytest.mark.parametrize("trial", TRIALS[:1], ids=lambda trial: trial.name)
def test_the_trial_runs_and_presence_beats_the_point_in_what_is_false(trial):
    scores = run(trial, 0.03)
    assert scores["presence"].stays > 5
    assert scores["presence"].recall_of_seen > 0.95
    assert 3 * scores["presence"].false_dwells < scores["point in polygon"].false_dwells
