"""From files to rules and zones: what is compiled, what names it, and which files go together."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from shutil import copy
from zoneinfo import ZoneInfo

import pytest

from config import ConfigError, RetailerConfig, load, load_or_refuse
from config.loading import is_scenarios
from config.showing import show
from geofences.rings import Circle, Ring, RingPolicy
from offers.campaigns import Discount, PerMember, Text, Who
from offers.contact_policy import Announcement, Cap, Newcomers, QuietHours
from offers.limits import Limits
from offers.money import Money
from offers.products import Product, Rating
from offers.purchase_rules import Bought, PurchaseCount, Spent
from offers.recommendation import Recommendation, Source
from offers.triggers import TriggerKind, When
from tests.config.sound_retailer import SOUND, altered

EXAMPLES = sorted(
    each for each in (Path(__file__).parents[2] / "config" / "examples").rglob("*.yaml") if not is_scenarios(each)
)
HOUR, DAY = 3_600_000, 86_400_000


@pytest.fixture
def loaded(tmp_path: Path):
    """Loads a text as a file without findings."""

    def load_text(text: str) -> RetailerConfig:
        path = tmp_path / "shop.yaml"
        path.write_text(text, "utf-8")
        (retailer,) = load_or_refuse([path])
        return retailer

    return load_text


def test_campaigns_are_compiled(loaded) -> None:
    (campaign,) = loaded(SOUND).rules.campaigns
    assert campaign.when == When(TriggerKind.ENTER, frozenset({"haussmann"}), ring="proximity")
    assert campaign.who == Who(tiers=frozenset({"gold"}), bought=(Bought(365 * DAY, category="beauty"),))
    assert campaign.offer.texts == {"fr": Text("Pour toi : $product", "Pour vous : $product")}
    assert campaign.offer.discount == Discount(percent=15)
    assert (campaign.offer.product, campaign.offer.coupon_valid_for) == ("serum", 4 * HOUR)
    assert (campaign.limits, campaign.per_member) == (Limits(500), PerMember(1, 30 * DAY))
    assert (campaign.priority, campaign.holdout_percent, campaign.place) == (0, 0, 0)


def test_a_recommendation_asks_its_sources_in_turn_and_is_written_back(loaded) -> None:
    written = (
        "{recommend: {category: beauty, from: [bought_together, bestseller]}, otherwise: [bestseller, staff_pick]}"
    )
    recommending = loaded(altered(("product: serum\n", f"product: {written}\n      stamp: 2\n      cost: 0.02 EUR\n")))
    (campaign,) = recommending.rules.campaigns
    sources = (Source.BOUGHT_TOGETHER, Source.BESTSELLER, Source.STAFF_PICK)
    assert campaign.offer.recommend == Recommendation(sources, "beauty")
    assert (campaign.offer.stamp, campaign.offer.cost) == (2, Money(2, "EUR"))
    assert loaded(show(recommending)).rules.hash == recommending.rules.hash


def test_a_rating_is_compiled(loaded) -> None:
    rated = loaded(altered(("price: 39 EUR", "price: 39 EUR, rating: {stars: 4.6, reviews: 212}")))
    assert rated.rules.products["serum"].rating == Rating(4.6, 212)


def test_the_other_keys_of_a_campaign_are_compiled(loaded) -> None:
    text = altered(
        ("when: {enters: {ring: proximity, stores: [haussmann]}}", "when: {visit: 6, stores: {tag: flagship}}"),
        (
            "within: 365d}}",
            "within: 365d}, not_bought: [{product: serum, within: 60d}], visits: {at_least: 2}, "
            "spent: {category: beauty, at_least: 50 EUR, within: 90d}, purchases: {at_most: 3, within: 30d}}",
        ),
        ("15% of product", "5 EUR"),
        ("    limits:", "    priority: -3\n    holdout: 10%\n    dates: {from: 2026-11-20}\n    limits:"),
    )
    (campaign,) = loaded(text).rules.campaigns
    assert campaign.when == When(TriggerKind.VISIT, frozenset({"haussmann"}), nth=6)
    assert campaign.who.not_bought == (Bought(60 * DAY, product="serum"),)
    assert campaign.who.spent == (Spent(90, "beauty", Money(5_000, "EUR")),)
    assert campaign.who.purchases == (PurchaseCount(30, most=3),)
    assert (campaign.who.least_visits, campaign.who.most_visits) == (2, None)
    assert campaign.offer.discount == Discount(amount=Money(500, "EUR"))
    assert (campaign.priority, campaign.holdout_percent) == (-3, 10)
    assert (campaign.first_day, campaign.last_day) == (date(2026, 11, 20), None)


def test_what_holds_for_all_campaigns_is_compiled(loaded) -> None:
    rules = loaded(altered(("caps: [", "address: {default: tu}\n  caps: [{at_most: 2, each: day}, "))).rules
    assert rules.contact.caps == (Cap(2, None), Cap(1, 4 * HOUR))
    assert rules.contact.quiet_hours == QuietHours(time(21), time(9))
    assert rules.contact.address == "tu"
    assert rules.products == {"serum": Product("serum", "le sérum", "beauty", Money(3900, "EUR"))}
    assert (rules.zone, rules.locale, rules.max_trigger_age) == (ZoneInfo("Europe/Paris"), "fr-FR", 300_000)


def test_how_often_members_hear_is_compiled(loaded) -> None:
    text = altered(
        ("caps: [", "newcomers: {first_visits: 5, at_most: 1, in_any: 7d}\n  cool_down: 2d\n  caps: ["),
        ("contact:\n", "contact:\n  spacing: {email: 24h, till: 1h}\n"),
        ("    limits:", "    kind: reward\n    for_newcomers: yes\n    announce: {every: 30d}\n    limits:"),
    )
    rules = loaded(text).rules
    (campaign,) = rules.campaigns
    assert rules.contact.newcomers == Newcomers(5, Cap(1, 7 * DAY))
    assert rules.contact.spacing == {"email": 24 * HOUR, "till": HOUR}
    assert rules.contact.cool_down == 2 * DAY
    assert (campaign.reward, campaign.for_newcomers) == (True, True)
    assert campaign.announces == Announcement(30 * DAY, "beauty")
    assert (rules.rewards, rules.announced) == ({"beauty"}, {"beauty": (("beauty", 30 * DAY),)})


def test_zones_are_compiled_with_the_defaults_of_each_ring(loaded) -> None:
    text = altered(
        ("radius: 250m}", "radius: 250m, enter_after: 20s, exit_margin: 40m}"), ("3min", "4min\n    gone_after: 90s")
    )
    (zone,) = loaded(text).zones
    assert zone.rings == (Ring.CATCHMENT, Ring.PROXIMITY, Ring.INSIDE)
    assert zone.geofences[0].shape == Circle(2.3320, 48.8737, 1500.0)
    assert zone.geofences[0].policy == RingPolicy(enter_after=0, exit_margin=100.0, gone_after=90_000)
    assert zone.geofences[1].policy == RingPolicy(enter_after=20_000, exit_margin=40.0, gone_after=90_000)
    assert zone.visit_after == 240_000


def test_each_ring_is_left_in_its_own_time_unless_the_store_or_the_ring_says_otherwise(loaded) -> None:
    def gone_after(*changes: tuple[str, str]) -> list[int]:
        (zone,) = loaded(altered(*changes)).zones
        return [fence.policy.gone_after for fence in zone.geofences]

    whole, ring = ("3min", "3min\n    gone_after: 90s"), ("radius: 250m}", "radius: 250m, gone_after: 1min}")
    assert gone_after() == [600_000, 200_000, 120_000]
    assert gone_after(ring) == [600_000, 60_000, 120_000]
    assert gone_after(whole) == [90_000, 90_000, 90_000]
    assert gone_after(whole, ring) == [90_000, 60_000, 90_000]


def test_a_store_asks_to_hear_of_who_is_there_when_it_is_new_and_of_who_rides_through(loaded) -> None:
    (zone,) = loaded(altered()).zones
    assert (zone.fire_on_create, zone.tells_crossings) == (False, False)
    (zone,) = loaded(altered(("3min", "3min\n    on_create: fire\n    on_crossing: pass_by"))).zones
    assert (zone.fire_on_create, zone.tells_crossings) == (True, True)


def test_the_language_of_the_retailer_goes_first_whatever_the_order(loaded) -> None:
    (campaign,) = loaded(altered(("        fr: {", '        de: "Für Sie"\n        fr: {'))).rules.campaigns
    assert list(campaign.offer.texts) == ["fr", "de"]


def test_a_store_may_have_a_time_zone_of_its_own(loaded) -> None:
    text = altered(("    visit_after", "    timezone: Europe/Zurich\n    visit_after"), ("lon: 2.3320", "lon: 2.3320"))
    assert loaded(text).rules.stores["haussmann"].zone == ZoneInfo("Europe/Zurich")


def test_the_hash_knows_no_comments_key_order_or_spelling(loaded) -> None:
    same = altered(
        ("retailer: shop\n", "# a comment\nretailer: shop\nmax_trigger_age: 300s\n"),
        ("{at_most: 1, in_any: 4h}", "{in_any: 240min, at_most: 1}"),
        ("radius: 1.5km", "radius: 1500m"),
    )
    assert loaded(same).rules.hash == loaded(SOUND).rules.hash


@pytest.mark.parametrize(
    ("old", "new"),
    [("250m", "251m"), ("15%", "16%"), ("365d", "364d"), ("Pour vous", "Pour Vous"), ("[gold]", "[silver]")],
)
def test_the_hash_knows_every_value(loaded, old: str, new: str) -> None:
    assert loaded(altered((old, new))).rules.hash != loaded(SOUND).rules.hash


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_no_findings_and_load_again_as_shown(path: Path, tmp_path: Path) -> None:
    (retailer,) = load_or_refuse([path])
    again = tmp_path / "shown.yaml"
    again.write_text(show(retailer), "utf-8")
    for outlines in path.parent.glob("*.geojson"):
        copy(outlines, tmp_path)
    (shown,) = load_or_refuse([again])
    assert (shown.rules.hash, shown.zones) == (retailer.rules.hash, retailer.zones)
    assert replace(shown, file=retailer.file).rules == retailer.rules
    assert show(shown).splitlines()[1:] == show(retailer).splitlines()[1:]


def test_two_files_of_one_retailer_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(SOUND, "utf-8")
    second.write_text("# again\n" + SOUND, "utf-8")
    loaded = load([first, second])
    what = f"the retailer `shop` is described in {first} already; leave one of the files out"
    assert [str(finding) for finding in loaded.findings] == [f"{second}:2:11: {what}"]
    assert [retailer.file for retailer in loaded.retailers] == [str(first)]


def test_findings_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    first, second = tmp_path / "z.yaml", tmp_path / "a.yaml"
    first.write_text(altered(("[gold]", "[]")), "utf-8")
    second.write_text(altered(("retailer: shop", "retailer: [other]")), "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_or_refuse([first, second])
    assert [finding.file for finding in refused.value.findings] == [str(first), str(second)]
    assert str(refused.value).splitlines()[1].startswith(f"{second}:1:11: `['other']` is no text")


def _geojson(folder: Path, *coordinates: object) -> None:
    features = [
        {"type": "Feature", "properties": {"code": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in zip("ab", coordinates, strict=False)
    ]
    (folder / "rings.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")


SQUARE = [[2.31, 48.86], [2.35, 48.86], [2.35, 48.89], [2.31, 48.89], [2.31, 48.86]]
WITH_GEOJSON = ("{radius: 1.5km}", "{geojson: rings.geojson#a}")


def test_a_ring_may_be_a_feature_of_a_geojson_file_and_the_hash_knows_its_shape(loaded, tmp_path: Path) -> None:
    _geojson(tmp_path, SQUARE)
    before = loaded(altered(WITH_GEOJSON))
    assert before.zones[0].geofences[0].shape.bounds == (2.31, 48.86, 2.35, 48.89)
    _geojson(tmp_path, [[2.30, 48.86], *SQUARE[1:-1], [2.30, 48.86]])
    assert loaded(altered(WITH_GEOJSON)).rules.hash != before.rules.hash


@pytest.mark.parametrize(
    ("content", "reference", "said"),
    [
        (None, "rings.geojson#a", "the file `rings.geojson` cannot be read (No such file or directory)"),
        ("{", "rings.geojson#a", "`rings.geojson` is no GeoJSON; write a FeatureCollection of polygons into it"),
        (
            "[" * 100_000,
            "rings.geojson#a",
            "`rings.geojson` is no GeoJSON; write a FeatureCollection of polygons into it",
        ),
        ("[]", "rings.geojson#a", "`rings.geojson` has no feature `a`; none is known here"),
        (
            '{"features": []}',
            "rings.geojson",
            "`rings.geojson` has 0 features; say which one, as in rings.geojson#its-id",
        ),
        ('{"id": "a", "geometry": 5}', "rings.geojson#a", "`rings.geojson#a` has no geometry that can be read"),
        (
            '{"id": "a", "geometry": {"type": "Point", "coordinates": [2, 48]}}',
            "rings.geojson#a",
            "`rings.geojson#a` is a Point; give a Polygon or a MultiPolygon",
        ),
        (
            '{"id": "a", "geometry": {"type": "Polygon", "coordinates": [[[2, 48], [3, 49], [3, 48], [2, 49]]]}}',
            "rings.geojson#a",
            "the outline crosses itself near lat 48.50000, lon 2.50000; give its corners in walking order",
        ),
    ],
)
def test_a_geojson_ring_that_cannot_be_had_is_a_finding(tmp_path, content, reference: str, said: str) -> None:
    if content is not None:
        (tmp_path / "rings.geojson").write_text(content, "utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(altered(("{radius: 1.5km}", f"{{geojson: {reference}}}")), "utf-8")
    (finding,) = load([path]).findings
    assert str(finding).startswith(f"{path}:8:26: {said}")
