"""What `make mutants` changes, and the tests, at most 5 s of them, that should notice."""

from typing import NamedTuple


class Subject(NamedTuple):
    """Files under change, files of tests, which of those tests (as `pytest -k`), and the share that must be noticed."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    chosen: str = ""
    aim: float = 0.9


def _in(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names)


_TOO_SLOW = (
    "test_the_distance_is_that_of_the_nearest_edge_along_the_ellipsoid",
    "test_the_distance_to_an_outline_is_that_to_its_nearest_edge",
    "test_which_side_of_an_outline_a_place_is_on_is_exact",
    "test_which_side_a_place_is_on_is_exact_for_any_outline",
    "test_one_at_a_time_and_all_at_once_give_the_very_same_numbers",
    "test_a_bound_lies_between_the_reach_and_the_distance",
    "test_no_tile_loses_the_nearest_of_many_edges",
    "test_a_batch_has_the_answers_of_its_places_one_by_one_whatever_their_reach",
    "test_every_zone_is_held_against_every_place_on_both_sides_of_the_180th_meridian",
    "test_every_place_of_a_partition_edges_and_corners_included_is_in_one_part",
    "test_a_place_in_more_zones_than_there_is_room_for_is_in_all_of_them",
    "test_edges_in_long_runs_and_in_holes_are_all_measured",
    "test_two_threads_may_look_up_at_once",
)

SUBJECTS = {
    "offers": Subject(
        (
            *_in("offers", "eligibility", "offer_rules", "visit_rules", "candidates", "weighing", "decisions"),
            *_in("offers", "contact_policy", "hearing", "limits"),
            "streams/deciding.py",
            *_in("streams/tables", "members", "places", "memory_places"),
        ),
        (
            *_in("tests/offers", "test_eligibility", "test_contact_policy", "test_how_often", "test_limits"),
            *_in("tests/offers", "test_decisions", "test_members", "test_visits_and_series"),
            *_in("tests/offers", "test_offer_rules", "test_visit_rules", "test_sequences", "test_purchase_rules"),
            *_in("tests/offers", "test_opening_hours", "test_dayparts", "test_attributes", "test_recommendation"),
            *_in("tests/offers", "test_candidates"),
            *_in("tests/tables", "test_places", "test_members", "test_keyspace"),
            *_in("tests/pipeline", "test_claims", "test_limits", "test_places", "test_histories"),
        ),
        # What runs on a Redis server runs in process as well, two workers apart.
        "not redis and not cluster and not under_two_workers and not two_hundred_at_once",
        0.85,
    ),
    "presence": Subject(
        _in("geofences", "presence", "machine", "evidence", "replaying", "passing", "fixes"),
        _in(
            "tests/geofences",
            "test_presence",
            "test_arriving",
            "test_fix_limits",
            "test_fixes",
            "test_presence_late",
            "test_flapping",
            "test_presence_changes",
            "test_evidence",
        ),
    ),
    "index": Subject(
        _in("geofences", "index", "lookup", "squares", "cells", "tiling", "edges", "outlines", "metric", "meridian"),
        _in(
            "tests/geofences",
            "test_zones",
            "test_index_size",
            "test_index_bounds",
            "test_index",
            "test_index_tiles",
            "test_lookup",
        ),
        f"not ({' or '.join(_TOO_SLOW)})",
    ),
}
