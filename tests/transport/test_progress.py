"""The law of delivered, taken, processed and committed, without any broker."""

from __future__ import annotations

import pytest

from streams.records import Record
from streams.transport.progress import FetchedRange, Gap, Ownership, Partition, Progress

PARTITION = Partition("pings", 0)


def records(first: int, end: int) -> list[Record]:
    return [Record("pings", 0, offset, 0, None, b"") for offset in range(first, end)]


def at(offset: int) -> Progress:
    return Progress.starting_at(PARTITION, offset, None)


def delivered(progress: Progress, end: int) -> FetchedRange:
    fetched = FetchedRange(progress, progress.delivered, end, records(progress.delivered, end))
    progress.delivered = end
    return fetched


def test_records_that_go_on_where_the_last_ended_are_accepted() -> None:
    assert at(10).accept(records(10, 13)) == records(10, 13)


def test_records_delivered_before_are_left_out() -> None:
    assert at(10).accept(records(8, 13)) == records(10, 13)
    assert at(10).accept(records(8, 10)) == []


def test_a_gap_is_read_again_once_and_then_believed() -> None:
    progress = at(10)
    with pytest.raises(Gap):
        progress.accept(records(11, 13))
    assert progress.accept(records(11, 13)) == records(11, 13)


def test_a_gap_found_again_after_a_dropped_fetch_is_not_believed() -> None:
    progress = at(10)
    with pytest.raises(Gap):
        progress.accept(records(11, 13))
    progress.fetch_dropped()
    with pytest.raises(Gap):
        progress.accept(records(11, 13))


def test_ranges_are_taken_in_their_order_and_no_range_twice() -> None:
    progress = at(0)
    first, second = delivered(progress, 5), delivered(progress, 9)
    assert not second.take()
    assert first.take()
    assert not first.take()
    assert second.take()
    assert progress.taken == 9


def test_an_acknowledgement_counts_only_without_a_hole_before_it() -> None:
    progress = at(0)
    first, second = delivered(progress, 5), delivered(progress, 9)
    assert first.take()
    assert second.take()
    assert not second.acknowledge()
    assert progress.processed == 0
    assert first.acknowledge()
    assert second.acknowledge()
    assert progress.processed == 9


def test_a_split_range_covers_the_same_offsets_and_the_gap_before_it() -> None:
    progress = at(3)
    whole = FetchedRange(progress, 3, 9, records(5, 9))
    first, rest = whole.split(1)
    assert (first.start, first.end, rest.start, rest.end) == (3, 6, 6, 9)
    assert [*first.records, *rest.records] == whole.records


def test_what_was_fetched_before_reading_again_is_void() -> None:
    progress = at(0)
    first, second = delivered(progress, 5), delivered(progress, 9)
    assert first.take()
    assert first.acknowledge()
    anew = progress.again()
    assert not second.take()
    assert (anew.delivered, anew.taken, anew.processed) == (5, 5, 5)


def test_after_giving_up_nothing_can_be_taken_or_acknowledged() -> None:
    progress = at(0)
    ownership = Ownership({PARTITION: progress})
    first, second = delivered(progress, 5), delivered(progress, 9)
    assert first.take()
    ownership.give_up()
    assert not first.acknowledge()
    assert not second.take()
    assert progress.processed == 0


def test_only_progress_beyond_the_last_commit_is_to_be_committed() -> None:
    fresh, known = at(0), Progress.starting_at(PARTITION, 7, 7)
    assert not fresh.to_commit
    assert not known.to_commit
    known.processed = 8
    assert known.to_commit
