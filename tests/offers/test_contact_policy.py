"""Caps, rests and quiet hours: at their boundaries, at both changes of the clock, and in any order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offers.contact_policy import (
    MOST_CONTACTS,
    NEWEST,
    SAME_CAMPAIGN_REST,
    Cap,
    QuietHours,
    against_caps,
    against_limit,
    against_rest,
    day_of,
    kept_contacts,
    moments_counted,
)
from offers.members import Contact
from tests.offers.samples import DAY, HOUR, NOON, PARIS, at

HAVANA = ZoneInfo("America/Havana")
AZORES = ZoneInfo("Atlantic/Azores")
APIA = ZoneInfo("Pacific/Apia")
ZONES = ("Europe/Paris", "America/Havana", "Atlantic/Azores", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia")


def contact(moment: int, campaign: str = "welcome") -> Contact:
    return Contact(moment, campaign, f"offer-{moment}")


def allowed(caps: Sequence[Cap], moment: int, contacts: Sequence[Contact], zone: ZoneInfo = PARIS) -> bool:
    return against_caps(caps, moments_counted(contacts, ()), moment, zone) is None


@pytest.mark.parametrize("apart", [-HOUR, HOUR])
def test_a_window_ends_exactly_one_window_away_on_both_sides(apart: int) -> None:
    caps, one_inside = [Cap(1, HOUR)], apart - (1 if apart > 0 else -1)
    assert allowed(caps, NOON, [contact(NOON + apart)])
    assert not allowed(caps, NOON, [contact(NOON + one_inside)])


def test_a_cap_of_two_lets_the_second_through_and_not_the_third() -> None:
    caps = [Cap(2, HOUR)]
    assert allowed(caps, NOON, [contact(NOON - 1)])
    assert not allowed(caps, NOON, [contact(NOON - 1), contact(NOON - 2)])


def test_contacts_of_other_campaigns_and_channels_count_for_a_cap() -> None:
    assert not allowed([Cap(1, HOUR)], NOON, [contact(NOON - 1, "another")])
    assert not allowed([Cap(1, HOUR)], NOON, [contact(NOON - 1, "")])


def test_the_first_cap_that_is_reached_speaks() -> None:
    caps = [Cap(5, DAY), Cap(1, HOUR)]
    assert not allowed(caps, NOON, [contact(NOON - 1)])
    assert allowed(caps, NOON, [contact(NOON - HOUR)])


@pytest.mark.parametrize(
    ("first", "last", "hours"),
    [("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25), ("2026-11-20", "2026-11-21", 24)],
)
def test_a_day_goes_from_midnight_to_midnight_over_a_change_of_the_clock(first: str, last: str, hours: int) -> None:
    start, end = at(first), at(last)
    assert end - start == hours * HOUR
    assert day_of(start, PARIS) == day_of(end - 1, PARIS) == (start, end)
    assert day_of(end, PARIS)[0] == end


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_once_a_day_counts_the_first_and_last_millisecond_of_the_day_and_none_beside(day: str) -> None:
    start, end = day_of(at(f"{day}T12:00"), PARIS)
    once = [Cap(1, None)]
    assert not allowed(once, end - 1, [contact(start)])
    assert not allowed(once, start, [contact(end - 1)])
    assert allowed(once, end - 1, [contact(start - 1), contact(end)])


def test_the_hour_that_comes_twice_is_one_day() -> None:
    first, second = at("2026-10-25T02:30"), at("2026-10-25T02:30", fold=1)
    assert second - first == HOUR
    assert not allowed([Cap(1, None)], second, [contact(first)])


@pytest.mark.parametrize(("zone", "day"), [(HAVANA, "2026-11-01"), (AZORES, "2026-10-25")])
def test_a_midnight_that_comes_twice_begins_one_day(zone: ZoneInfo, day: str) -> None:
    first, second = at(f"{day}T00:30", zone), at(f"{day}T00:30", zone, fold=1)
    assert second - first == HOUR
    assert day_of(first, zone) == day_of(second, zone)
    assert not allowed([Cap(1, None)], second, [contact(first)], zone)


@pytest.mark.parametrize(("zone", "day"), [(HAVANA, "2026-03-08"), (AZORES, "2026-03-29")])
def test_a_day_without_midnight_begins_where_the_clock_jumps(zone: ZoneInfo, day: str) -> None:
    start, end = day_of(at(f"{day}T01:00", zone), zone)
    assert start == at(f"{day}T01:00", zone)
    assert end - start == 23 * HOUR


@given(
    moment=st.integers(0, 4_000_000_000_000),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
@example(moment=at("2026-11-01T00:30", HAVANA, fold=1), zone=HAVANA)
@example(moment=at("2011-12-29T23:59", APIA), zone=APIA)
def test_days_part_time_without_gap_or_overlap(moment: int, zone: ZoneInfo) -> None:
    start, end = day_of(moment, zone)
    assert start <= moment < end
    assert day_of(start, zone) == day_of(end - 1, zone) == (start, end)
    assert day_of(end, zone)[0] == end
    assert day_of(start - 1, zone)[1] == start or start == 0


def most_in_any_window(contacts: Sequence[int], window: int) -> int:
    """The oracle: of all windows of that length, those that begin at a contact hold the most."""
    return max((sum(1 for each in contacts if start <= each < start + window) for start in contacts), default=0)


CAPS = st.builds(Cap, st.integers(1, 4), st.integers(1, 40))


@given(caps=st.lists(CAPS, min_size=1, max_size=3), arrivals=st.lists(st.integers(0, 120), max_size=40))
def test_no_window_anywhere_ever_holds_more_than_at_most_in_whatever_order(
    caps: list[Cap], arrivals: list[int]
) -> None:
    made: list[Contact] = []
    for moment in arrivals:
        if allowed(caps, moment, made):
            made.append(contact(moment))
        for cap in caps:
            assert most_in_any_window([each.at for each in made], cap.window or 0) <= cap.at_most


@given(at_most=st.integers(1, 3), arrivals=st.lists(st.integers(0, 6 * 24), max_size=60), zone=st.sampled_from(ZONES))
def test_no_day_ever_holds_more_than_at_most_in_whatever_order(at_most: int, arrivals: list[int], zone: str) -> None:
    days, made = ZoneInfo(zone), []
    first = at("2026-10-23T00:00", days)
    for half_hours in arrivals:
        moment = first + half_hours * HOUR // 2
        if allowed([Cap(at_most, None)], moment, made, days):
            made.append(contact(moment))
    starts = [day_of(each.at, days)[0] for each in made]
    assert all(starts.count(start) <= at_most for start in starts)


@given(arrivals=st.lists(st.integers(0, 100), unique=True), at_most=st.integers(1, 3), window=st.integers(1, 30))
def test_in_order_of_time_a_cap_refuses_only_what_a_full_window_forces(
    arrivals: list[int], at_most: int, window: int
) -> None:
    made: list[Contact] = []
    for moment in sorted(arrivals):
        full = sum(1 for each in made if moment - window < each.at) >= at_most
        assert allowed([Cap(at_most, window)], moment, made) is not full
        if not full:
            made.append(contact(moment))


@given(
    cap=st.builds(Cap, st.integers(1, 2), st.one_of(st.none(), st.integers(1, 3 * DAY)), st.integers(1, 9)),
    apart=st.integers(0, 30 * DAY),
    zone=st.sampled_from(ZONES),
)
def test_what_is_beyond_the_reach_of_a_cap_counts_no_more_halved_or_not(cap: Cap, apart: int, zone: str) -> None:
    made = [contact(NOON - apart)] * cap.at_most
    counts = not (allowed([cap], NOON, made, ZoneInfo(zone)) and allowed([cap.halved()], NOON, made, ZoneInfo(zone)))
    assert not counts or apart < cap.reach


def test_a_campaign_rests_four_hours_after_each_offer_to_a_member() -> None:
    assert SAME_CAMPAIGN_REST == 4 * HOUR
    assert against_rest("welcome", [contact(NOON - 4 * HOUR + 1)], NOON)
    assert not against_rest("welcome", [contact(NOON - 4 * HOUR)], NOON)
    assert not against_rest("welcome", [contact(NOON - 1, "another")], NOON)


def test_a_limit_per_member_counts_its_own_campaign_in_its_window() -> None:
    def against(*contacts: Contact) -> str | None:
        return against_limit("welcome", 2, DAY, contacts, NOON)

    assert not against(contact(NOON - 5 * HOUR), contact(NOON - 6 * HOUR, "another"))
    assert against(contact(NOON - DAY + 1), contact(NOON + DAY - 1))
    assert not against(contact(NOON - DAY), contact(NOON - 1))


def test_a_limit_without_window_counts_the_first_millisecond_and_what_is_yet_to_come() -> None:
    assert against_limit("welcome", 1, None, [contact(0)], NOON)
    assert against_limit("welcome", 1, None, [contact(NOON + DAY)], NOON)


@pytest.mark.parametrize(
    ("start", "end", "quiet", "not_quiet"),
    [
        ("22:30", "08:00", ["22:30", "23:59:59.999", "00:00", "07:59:59.999"], ["08:00", "22:29:59.999", "12:00"]),
        ("12:00", "14:00", ["12:00", "13:59:59.999"], ["11:59:59.999", "14:00", "00:00"]),
        ("22:00", "00:00", ["22:00", "23:59:59.999"], ["00:00", "21:59:59.999"]),
        ("08:00", "08:00", [], ["08:00", "07:59:59.999", "00:00"]),
    ],
)
def test_quiet_hours_hold_from_their_start_up_to_not_including_their_end(
    start: str, end: str, quiet: list[str], not_quiet: list[str]
) -> None:
    hours = QuietHours(time.fromisoformat(start), time.fromisoformat(end))
    assert all(hours.cover(time.fromisoformat(moment)) for moment in quiet)
    assert not any(hours.cover(time.fromisoformat(moment)) for moment in not_quiet)


def test_contacts_are_kept_in_order_of_time_and_the_oldest_go_first() -> None:
    arrived = [contact(moment) for moment in range(MOST_CONTACTS + 1, 0, -1)]
    kept = kept_contacts(arrived)
    assert [each.at for each in kept] == list(range(2, MOST_CONTACTS + 2))


@pytest.mark.parametrize("other", ["", "mail"])
def test_a_gift_given_once_is_kept_however_many_contacts_come_after_it(other: str) -> None:
    kept: tuple[Contact, ...] = (contact(0, "gift"), contact(1, "gift"))
    for moment in range(2, 1_000):
        kept = kept_contacts((*kept, contact(moment, other)))
    assert len(kept) == MOST_CONTACTS
    assert [each.campaign for each in kept[:3]] == ["gift", "gift", other]
    assert kept[-1].at == 999
    assert against_limit("gift", 2, None, kept, 1_000)


def test_the_newest_contacts_are_kept_whoever_made_them_and_of_older_ones_those_from_outside_go_first() -> None:
    arrived = [contact(moment, "" if moment % 2 else f"campaign-{moment % 3}") for moment in range(1_000)]
    kept = kept_contacts(arrived)
    assert [each.at for each in kept[-NEWEST:]] == list(range(1_000 - NEWEST, 1_000))
    assert all(each.campaign for each in kept[:-NEWEST])
    assert kept_contacts(reversed(kept)) == kept
