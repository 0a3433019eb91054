"""Each mistake in a file of scenarios by name: found at its place, with what to do; and never an exception."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.scenarios.running import prepare
from tests.scenarios.corner import CORNER, WALK, findings, written

MISTAKES: dict[str, tuple[str, list[str]]] = {
    "unknown key": (f"{WALK}\nexpects: []", ["3:1: `expects` is no key here; did you mean `expect`?"]),
    "unknown member": (WALK.replace("ada", "adda"), ["2:16: there is no member `adda`; did you mean `ada`?"]),
    "unknown member merged": (
        "happens: {member: {id: ada, merges: [adda], at: '2026-11-20 12:00'}}",
        ["2:38: there is no member `adda`; did you mean `ada`?"],
    ),
    "unknown store": (
        WALK.replace("store: paris", "store: pariss"),
        ["2:91: there is no store or place `pariss`; did you mean `paris`?"],
    ),
    "unknown campaign": (
        f"{WALK}\nexpect: {{offer: helo}}",
        ["3:17: there is no campaign `helo`; did you mean `hello`?"],
    ),
    "unknown notice": (
        f"{WALK}\nexpect: {{notice: at-the-dor}}",
        ["3:18: there is no notice `at-the-dor`; known here: any"],
    ),
    "unknown geofence": (
        f"{WALK}\nexpect: {{transition: ENTER, geofence: paris/insde}}",
        ["3:39: there is no geofence `paris/insde`; did you mean `paris/inside`?"],
    ),
    "unknown reason": (
        f"{WALK}\nexpect: {{no_offer: hello, because: NOT_TRIGERED}}",
        ["3:36: `NOT_TRIGERED` is no reason; did you mean `NOT_TRIGGERED`?"],
    ),
    "unknown product": (
        "happens: {purchase: {member: ada, product: tee, amount: 4 EUR, at: '2026-11-20 12:00'}}",
        ["2:44: there is no product `tee`; did you mean `tea`?"],
    ),
    "two kinds in one step": (
        "at: '2026-11-20 12:00'\nhappens: {wait: 3min, ping: {member: ada, lat: 48, lon: 2}}",
        ["3:10: `ping`, `wait` stand side by side; keep one of them"],
    ),
    "what does not go together": (
        f"{WALK}\nexpect: {{offer: hello, because: CAP}}",
        ["3:9: `because` beside `offer`; it goes with `no_offer`"],
    ),
    "no time": (
        "walk: {member: ada, path: [{store: paris}]}",
        ['2:7: when this is stands nowhere; begin with a time, as in `at: "2026-11-20 12:00"`'],
    ),
    "a time without a day": (
        "walk: {member: ada, from: 12:00, path: [{store: paris}]}",
        ['2:27: 12:00 of which day stands nowhere; write it as in "2026-11-20 12:00"'],
    ),
    "a walk before the scenario begins": (
        f"{WALK}\nat: '2026-11-20 12:01'",
        ["2:27: 2026-11-20 12:00 is before the scenario begins; write `at` earlier, or not at all"],
    ),
    "a time before the beginning": (
        f"{WALK}\nhappens: {{check_in: {{member: ada, store: paris, at: '11:59'}}}}",
        ["3:53: 11:59 is before it all begins; write the day as well, if it is the next"],
    ),
    "somebody else's phone": (
        f"{WALK}\nmembers: [{{id: ada}}, {{id: ben, devices: phone}}]\n"
        "happens: {ping: {member: ada, device: phone, lat: 1, lon: 1}}",
        ["4:39: the phone `phone` is that of `ben`; give each member a phone of their own"],
    ),
    "a member twice": (
        f"{WALK}\nmembers: [{{id: ada}}, {{id: ada}}]",
        ["3:27: the member `ada` stands here twice; keep one"],
    ),
    "nothing happens": (
        "at: '2026-11-20 12:00'\nexpect: {no_offer: any}",
        ["1:11: nothing happens in this scenario; add a `walk`, or `happens` with its steps"],
    ),
    "a pace of nobody": (
        WALK.replace("member: ada", "pace: 1.3, member: ada"),
        ["2:14: `1.3` is no pace; write it as 1.3m/s, or 5km/h"],
    ),
    "half a position": (
        WALK.replace("lat: 48.8790, ", ""),
        ["2:54: `lat` is missing; write both, as in {lat: 48.87, lon: 2.33}"],
    ),
    "a recording that is not there": (
        "happens: {recorded: nowhere.jsonl}",
        [
            "2:21: the file `nowhere.jsonl` cannot be read (no such file or directory); "
            "its name counts from the folder of the scenarios"
        ],
    ),
    "no purpose of consent": (
        f"{WALK}\nmembers: {{id: ada, consent: offer}}",
        ["3:20: `offer` is no purpose of consent; did you mean `offers`?"],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_once_at_its_place(name: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[name]
    assert findings(tmp_path, f"scenario: it\n{text}") == expected


def test_all_mistakes_of_all_scenarios_are_found_at_once(tmp_path: Path) -> None:
    found = findings(
        tmp_path,
        "scenario: first\nwalk: {}",
        "scenario: second\nwalk: {member: nobody, from: '2026-11-20 12:00', path: {store: paris}}",
        "scenario: third\nwalk: {member: ada, path: {store: paris}}",
    )
    assert [each.partition(": ")[2].partition(";")[0] for each in found] == [
        "`path` is missing",
        "there is no member `nobody`",
        "when this is stands nowhere",
    ]


def test_a_mistake_in_one_scenario_of_a_list_does_not_hide_names_that_nobody_knows_in_another(tmp_path: Path) -> None:
    listed = f"scenarios:\n  - {{scenario: a, walk: {{}}}}\n  - scenario: b\n    {WALK}\n    expect: {{offer: helo}}\n"
    found = prepare([written(tmp_path, head=CORNER + listed)]).findings
    assert [each.what for each in found] == ["`path` is missing", "there is no campaign `helo`"]


def test_mistakes_of_a_retailer_written_out_are_found_where_they_stand(tmp_path: Path) -> None:
    head = CORNER.replace("proximity: {radius: 150m}, ins", "proximity: {radius: 150}, ins")
    found = prepare([written(tmp_path, f"scenario: it\n{WALK}", head=head)]).findings
    assert [(each.position.line, each.what) for each in found] == [(6, "`150` has no unit")]


def test_a_retailers_own_file_has_its_mistakes_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("retailer: shop\n")
    found = prepare([written(tmp_path, f"scenario: it\n{WALK}", head="config: shop.yaml\n")]).findings
    assert {Path(each.file).name for each in found} == {"shop.yaml"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("config: nowhere.yaml\n", "the file `nowhere.yaml` cannot be read (no such file or directory)"),
        ("members: {id: ada}\n", "which retailer this is about stands nowhere"),
        ("config: [a]\n", "this is no configuration"),
        ("retailer: shop\n", "this describes a retailer"),
        ("config: {}\nscenaros: []\n", "`scenaros` is no key here"),
    ],
)
def test_what_is_wrong_with_the_retailer(head: str, expected: str, tmp_path: Path) -> None:
    found = prepare([written(tmp_path, f"scenario: it\n{WALK}", head=head)]).findings
    assert expected in [each.what for each in found]


def test_an_empty_file_has_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    (found,) = prepare([tmp_path / "empty.yaml"]).findings
    assert found.what == "there is no scenario here"


PIECES = [
    *("scenario: a", "config:", "walk:", "happens:", "expect:", "members:", "- ", "{", "}", "[", "]", "---\n", "at:"),
    *("{id: ada}", "{member: ada}", "{store: paris}", "offer: hello", "null", "[null]", "12:00", "2026-11-20 12:00"),
    *(
        "ping:",
        "wait: 3min",
        "consent:",
        "purchases: [{}]",
        "[[1]]",
        "*a",
        "&a",
        "!t",
        "9999-99-99",
        "yes",
        "times: -1",
    ),
    *("recorded: .", "path: [{lat: .nan, lon: .inf}]", "redeem: {}", "lat: 1e400", "because: [1]", "\n", "\n  ", " "),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_there_are_findings_or_stories_and_never_an_exception(tmp_path: Path, text: str) -> None:
    for found in prepare([written(tmp_path, text, head="")]).findings:
        assert re.fullmatch(r".*corner\.scenarios\.yaml:\d+:\d+: [^\n]+; [^\n]+", str(found))


@given(st.sampled_from(sorted(MISTAKES)), st.integers(0, 200), st.sampled_from(PIECES))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nor_where_a_piece_is_put_into_a_scenario(tmp_path: Path, name: str, place: int, piece: str) -> None:
    text = f"scenario: it\n{MISTAKES[name][0]}"
    prepare([written(tmp_path, text[:place] + piece + text[place:])])
