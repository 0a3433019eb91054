import pytest

from geofences.ids import LAST_TIME, time_of, timed_id


def test_an_id_begins_with_its_time_as_a_ulid_does():
    assert timed_id(1_469_918_176_385, "a").startswith("01ARYZ6S41")
    assert len(timed_id(0, "a")) == 26


@pytest.mark.parametrize("at", [0, 1, 1_790_000_000_123, LAST_TIME])
def test_the_time_is_read_back(at):
    assert time_of(timed_id(at, "a", "b")) == at


def test_ids_sort_by_time():
    times = [0, 31, 32, 1_023, 1_024, 1_790_000_000_000, LAST_TIME]
    assert [time_of(timed) for timed in sorted(timed_id(at, "x") for at in reversed(times))] == times


def test_the_same_parts_give_the_same_id_and_moved_borders_between_parts_do_not():
    assert timed_id(5, "ab", "c") == timed_id(5, "ab", "c")
    assert len({timed_id(5, "ab", "c"), timed_id(5, "a", "bc"), timed_id(5, "abc"), timed_id(5, "abc", "")}) == 4


@pytest.mark.parametrize("at", [-1, LAST_TIME + 1])
def test_a_time_that_does_not_fit_is_refused(at):
    with pytest.raises(ValueError, match="not a time"):
        timed_id(at, "a")


@pytest.mark.parametrize("text", ["", "abc", "8" + "0" * 25, "I" * 26, "0" * 27, "é" * 26])
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match="is not"):
        time_of(text)
