"""What is expected of a scenario holds or does not, at its boundaries; and what is told instead."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from config.settings import Settings
from streams.scenarios.judging import judge
from streams.scenarios.playing import play
from streams.scenarios.running import prepare
from tests.scenarios.corner import CORNER, WALK, failures, findings, happened, written

HOLDS = {
    "a transition": "{transition: ENTER, geofence: paris/proximity, to: ada, times: 1}",
    "any ring of a store": "{transition: ENTER, geofence: paris, times: 2}",
    "a transition that never was": "{transition: PASS_BY, times: 0}",
    "an offer": "{offer: hello, to: ada, product: tea, coupon: yes, locale: fr, text: 'Ada : un thé', times: 1}",
    "any offer": "{offer: any, times: 2}",
    "an offer to somebody else": "{offer: hello, to: ben, times: 0}",
    "no offer, never begun": "{no_offer: thanks, to: ben, because: NOT_TRIGGERED}",
    "one of several reasons": "{no_offer: hello, to: ben, because: [CAP, NOT_TRIGGERED]}",
    "a window": "{offer: hello, after: '12:00', before: '12:10'}",
    "a time with its day and offset": "{offer: hello, after: '2026-11-20T11:00:00Z', before: '2026-11-20 12:10'}",
}
FAILS = {
    "too early": ("{offer: hello, after: '12:10'}", "not after 12:10"),
    "too late": ("{offer: hello, before: '12:01'}", "not before 12:01"),
    "another text": ("{offer: hello, text: café}", "its text lacks “café”"),
    "another product": ("{offer: hello, product: tea, coupon: no}", "it has a coupon"),
    "too often": ("{offer: any, times: 1}", "it came twice: | 12:"),
    "not at all": ("{offer: hello, times: 0}", "did not expect the offer `hello`, but it came once: | 12:"),
    "offered all the same": ("{no_offer: hello}", "expected no offer `hello`, but it was offered: | 12:"),
    "another geofence": ("{transition: ENTER, geofence: london}", "there was only: | 12:"),
    "no notice": ("{notice: any}", "expected a notice, but there was none; what happened: | 12:"),
    "never begun": ("{offer: hello, to: ben}", "but nothing that happened began it (NOT_TRIGGERED)"),
    "another reason": ("{no_offer: thanks, to: ben, because: CAP}", "nothing that happened began it (NOT_TRIGGERED)"),
}


@pytest.mark.parametrize("name", HOLDS)
def test_it_holds(name: str, tmp_path: Path) -> None:
    assert failures(tmp_path, f"{WALK}\nexpect: {HOLDS[name]}") == []


@pytest.mark.parametrize("name", FAILS)
def test_it_fails_and_says_what_happened_instead(name: str, tmp_path: Path) -> None:
    expected, told = FAILS[name]
    (failure,) = failures(tmp_path, f"{WALK}\nexpect: {expected}")
    assert told in failure


def test_from_after_on_and_up_to_before_which_is_not_included(tmp_path: Path) -> None:
    (offer,) = [each for each in happened(tmp_path, WALK).offers if each.campaign == "hello"]
    at = offer.created_at.isoformat()
    assert failures(tmp_path, f"{WALK}\nexpect: {{offer: hello, after: '{at}'}}") == []
    assert failures(tmp_path, f"{WALK}\nexpect: {{offer: hello, before: '{at}'}}") != []


def test_a_time_of_day_is_on_the_clock_of_the_store(tmp_path: Path) -> None:
    """London's clock is an hour behind Paris', which is the retailer's."""
    walk = 'walk: {member: ada, from: "2026-11-20 12:00", path: [{lat: 51.5200, lon: -0.1440}, {store: london}]}'
    assert failures(tmp_path, f"{walk}\nexpect: {{offer: hello, store: london, after: '11:00', before: '11:30'}}") == []


def test_a_reason_is_told_with_what_was_found(tmp_path: Path) -> None:
    (failure,) = failures(tmp_path, f"{WALK.replace('ada', 'ben')}\nexpect: {{offer: hello, to: ben}}")
    assert failure.startswith("expected the offer `hello` to ben, but it was withheld: | 12:")
    assert failure.endswith("TIER, the campaign is for other tiers (tier is silver, asked for: gold)")


def test_what_nobody_looked_at_for_want_of_consent_is_told(tmp_path: Path) -> None:
    (failure,) = failures(tmp_path, f"{WALK.replace('ada', 'shy')}\nexpect: {{offer: hello, to: shy}}")
    assert "messages of phone-of-shy were not looked at: no consent" in failure


def test_a_reason_without_candidates_is_that_of_each_campaign_that_waited(tmp_path: Path) -> None:
    steps = f"happens: {{preference: {{member: ada, contact: stop, at: '2026-11-20 11:00'}}}}\n{WALK}"
    assert (
        failures(tmp_path, f"{steps}\nexpect: [{{no_offer: hello, because: STOPPED}}, {{offer: any, times: 0}}]") == []
    )
    assert failures(tmp_path, f"{steps}\nexpect: {{no_offer: hello, because: CAP}}") != []


def test_holdouts_count_only_where_the_scenario_says_so(tmp_path: Path) -> None:
    assert failures(tmp_path, f"{WALK}\nexpect: {{offer: hello}}") == []
    assert failures(tmp_path, f"holdout: yes\n{WALK}\nexpect: {{no_offer: hello, because: HOLDOUT}}") == []


STORY = """\
happens:
  - walk: {member: ada, from: "2026-11-20 12:00", path: [{lat: 48.8790, lon: 2.3320}, {store: paris, stay: 5min}]}
  - expect: [{offer: hello, to: ada, times: 1}, {transition: EXIT, times: 0}]
  - redeem: {offer: hello, member: ada, store: paris}
  - purchase: {member: ada, product: tea, amount: 4 EUR, store: paris}
  - wait: 59d
  - walk: {member: ada, path: [{lat: 48.8790, lon: 2.3320}, {store: paris}]}
  - expect: [{no_offer: hello, because: HISTORY}, {redemption: ACCEPTED, campaign: hello, times: 1}]
  - wait: 2d
  - walk: {member: ada, path: [{lat: 48.8790, lon: 2.3320}, {store: paris}]}
  - expect: {offer: hello, to: ada, times: 1, after: "12:00", before: "13:00"}
expect: {offer: hello, times: 2}
"""


def test_an_expectation_between_two_steps_is_of_what_came_between_them(tmp_path: Path) -> None:
    assert failures(tmp_path, STORY) == []


def test_a_coupon_that_nobody_has_cannot_be_shown(tmp_path: Path) -> None:
    step = "happens: {redeem: {offer: hello, member: ben, store: paris, at: '2026-11-20 12:00'}}"
    assert failures(tmp_path, step) == ["ben has no coupon of `hello` to show here"]


def test_a_recording_is_played_with_the_phone_that_it_does_not_name(tmp_path: Path) -> None:
    ping = '{"type": "ping", "at": "2026-11-20T12:0%d:00+01:00", "lat": 48.8737, "lon": 2.3320, "accuracy": 10}\n'
    (tmp_path / "rec.jsonl").write_text("".join(ping % minute for minute in range(3)))
    members = "members: {id: ada, first_name: Ada, tier: gold, consent: offers, devices: phone}"
    steps = "happens: {recorded: {file: rec.jsonl, device: phone}}"
    assert failures(tmp_path, f"{members}\n{steps}\nexpect: {{offer: hello, to: ada}}") == []


def test_what_is_recorded_and_no_message_fails_the_scenario(tmp_path: Path) -> None:
    line = '{"type": "ping", "at": "2026-11-20T12:00:00+01:00", "lat": 91, "lon": 2.3320, "device": "phone"}\n'
    (tmp_path / "rec.jsonl").write_text(line)
    (failure,) = failures(tmp_path, "happens: {recorded: rec.jsonl}")
    assert failure.startswith("nobody takes this message: Expected `float` <= 90.0")


EVERYTHING = """\
at: "2026-10-25 01:50"
members:
  - id: zoe
    first_name: Zoé
    tier: classic
    points: 120
    joined: 2024-05-01
    visits: 3
    last_visit: 2026-10-01
    locale: fr-FR
    tone: tu
    time_zone: Europe/Paris
    consent: {offers: yes, analytics: no, notices: {granted: yes, version: "2"}}
    cards: c-1
    emails_hashed: [abc]
    phones_hashed: [def]
    attributes: {district: 9}
    wish: stop
    purchases:
      - ago: 90d
        lines: [{product: tea, amount: 4 EUR, quantity: 2}, {category: food, amount: 12 EUR}]
        store: paris
        channel: shop
    contacts: {ago: 3d, channel: email, campaign: hello}
happens:
  - member: {id: zoe, tier: gold, at: "2026-10-25 02:30"}
  - preference: {card: c-1, contact: normal}
  - contact: {card: c-1, channel: post}
  - wait: 1d
  - preference: {member: zoe, consent: [location_history]}
  - product: {id: tea, price: 3.50 EUR, margin: 60%, rating: {stars: 4.5, reviews: 3}, codes: "36"}
  - purchase: {card: c-1, product: coffee, category: drinks, amount: 2 EUR, store: paris, at: "10:00"}
  - ping: {member: zoe, lat: 48.8737, lon: 2.3320, accuracy: 8m, speed: 1.2, mocked: no, at: "12:00"}
  - check_in: {member: zoe, device: phone-of-zoe, store: paris, via: wifi, stars: 5, comment: "Très bien", at: "12:01"}
  - check_in: {card: c-1, device: phone-of-zoe, store: paris, lat: 51.5151, lon: -0.1440, accuracy: 10m, at: "12:02"}
  - redeem: {coupon: XXXX, store: paris, amount: 3 EUR, till: t1}
"""


def test_every_kind_of_step_is_a_message_that_is_taken_and_has_its_effect(tmp_path: Path) -> None:
    """The tier of the change, the wish after the one before, the purchase of the card's owner."""
    expected = "[{offer: hello, to: zoe}, {redemption: UNKNOWN, times: 1}, {rejection: TOO_FAR, times: 1}]"
    assert failures(tmp_path, f"{EVERYTHING}expect: {expected}") == []


def test_what_has_no_time_of_its_own_happens_one_after_the_other(tmp_path: Path) -> None:
    """A till hears of the coupon after the check-in that brought it, and of its second use after the first."""
    text = """\
happens:
  - check_in: {member: ada, store: paris, via: till, at: "2026-11-20 12:00"}
  - redeem: {offer: thanks-in-writing, member: ada, store: paris}
  - redeem: {offer: thanks-in-writing, member: ada, store: paris}
  - redeem: {offer: thanks-in-writing, member: ada, store: paris, take_back: yes}
expect:
  - {redemption: ACCEPTED, times: 1}
  - {redemption: ALREADY_USED, times: 1}
  - {redemption: TAKEN_BACK, times: 1}
"""
    head = CORNER.replace(
        "      offer: {text: {fr: Merci}}",
        "      offer: {text: {fr: Merci}}\n"
        "    - {id: thanks-in-writing, when: {checks_in: {}}, priority: 9, "
        "offer: {text: {fr: Merci}, coupon: {valid_for: 1h}}}",
    )
    (told,) = prepare([written(tmp_path, f"scenario: it\n{text}", head=head)]).stories
    came = asyncio.run(play(told, Settings(broker="embedded://scenarios")))
    assert [str(each) for each in judge(told, came)] == []


def test_members_of_a_recording_may_be_spoken_of(tmp_path: Path) -> None:
    recorded = [
        {"type": "member", "at": "2026-11-20T09:00:00Z", "member": "rec", "tier": "gold", "consent": ["offers"]},
        {"type": "checkin", "at": "2026-11-20T11:00:00Z", "member": "rec", "store": "paris", "via": "till"},
    ]
    (tmp_path / "rec.jsonl").write_text("\n".join(map(json.dumps, recorded)), "utf-8")
    happens = "happens: [{recorded: {file: rec.jsonl}}]"
    assert failures(tmp_path, f"{happens}\nexpect: {{offer: thanks, to: rec}}") == []
    unknown = findings(tmp_path, f"scenario: it\n{happens}\nexpect: {{offer: thanks, to: reck}}")
    assert unknown == ["3:29: there is no member `reck`; did you mean `rec`?"]


def test_a_phone_that_checks_in_with_a_member_is_theirs(tmp_path: Path) -> None:
    """So that the position that comes along is held against what they say."""
    said = "{member: ada, device: her-phone, store: paris, lat: 48.89, lon: 2.34, at: '2026-11-20 12:00'}"
    expected = "[{rejection: TOO_FAR, device: her-phone}, {no_offer: thanks, because: NOT_TRIGGERED}]"
    assert failures(tmp_path, f"happens: [{{check_in: {said}}}]\nexpect: {expected}") == []
