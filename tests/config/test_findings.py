"""Each mistake by name: found once, at its place, with what to do, and nothing else found beside it."""

from __future__ import annotations

import pytest

from tests.config import mistakes_campaigns, mistakes_offers, mistakes_stores, mistakes_writing
from tests.config.sound_retailer import SOUND, altered, checked, findings

MISTAKES = {
    **mistakes_writing.MISTAKES,
    **mistakes_stores.MISTAKES,
    **mistakes_offers.MISTAKES,
    **mistakes_campaigns.MISTAKES,
}


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_the_mistake_is_found_at_its_place_and_alone(old: str, new: str, expected: list[str]) -> None:
    assert findings(altered((old, new))) == ["shop.yaml:" + line for line in expected]


RATED = "Pour $product : $rating"
TWO = "\n  - {id: soap, name: le savon, category: beauty, price: 5 EUR, rating: {stars: 4.5}}\n"


def rated(text: str) -> list[str]:
    """What is found where two products may be offered, of which one is rated."""
    changed = altered(
        ("product: serum", "product: {category: beauty}"),
        ('{tu: "Pour toi : $product", vous: "Pour vous : $product"}', text),
    )
    return findings(changed + TWO)


def test_a_name_that_some_product_lacks_is_found_where_no_other_text_does_without() -> None:
    without = "`$rating` is used, but `serum` has no rating; add a text without `$rating` after it"
    assert rated(f'"{RATED}"') == [f"shop.yaml:23:13: {without}"]
    assert rated(f'["{RATED}", "Encore $rating"]') == [f"shop.yaml:23:{place}: {without}" for place in (14, 41)]
    assert rated(f'["{RATED}", "Pour $product"]') == []


def test_texts_by_locale_and_several_to_choose_from_are_sound() -> None:
    texts = '["$first_name : $product", $product]\n        fr-CA: {tu: a, vous: b}'
    assert findings(altered(('{tu: "Pour toi : $product", vous: "Pour vous : $product"}', texts))) == []


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("x" * 178, None),
        ("x" * 179, 179),
        ("x" * 170 + "$product", None),
        ("x" * 171 + "$product", 179),
        ("x" * 158 + "$first_name", None),
        ("x" * 159 + "$first_name", 179),
        ("x" * 169 + "$store", None),
        ("x" * 170 + "$store", 179),
        ("x" * 171 + "$price", None),
        ("x" * 172 + "$price", 179),
        ("x" * 169 + "$points", None),
        ("x" * 170 + "$points", 179),
        ("x" * 160 + "$coupon_until", None),
        ("x" * 161 + "$coupon_until", 179),
        ("x" * 172 + "${points: one a, other abcdef}", None),
        ("x" * 173 + "${points: one a, other abcdef}", 179),
    ],
)
def test_a_text_that_may_come_to_more_than_a_notification_is_found(text: str, longest: int | None) -> None:
    what = f"the text may come to {longest} characters, a notification shows 178; shorten it"
    found = findings(altered(("Pour toi : $product", text)))
    assert found == ([] if longest is None else [f"shop.yaml:23:18: {what}"])


def test_a_sound_file_has_no_findings() -> None:
    assert findings(SOUND) == []


@pytest.mark.parametrize(
    ("lacking", "placeholder", "said"),
    [
        ("      product: serum\n", "$product", "the offer has no product; add `product`, or leave the placeholder out"),
        ("      discount: 15% of product\n", "$discount", "the offer has no discount; add `discount: 15% of product`"),
        ("      coupon: {valid_for: 4h}\n", "$coupon_until", "the offer has no coupon; add `coupon: {valid_for: 4h}`"),
    ],
)
def test_a_placeholder_for_what_the_offer_lacks_is_found_in_each_tone(
    lacking: str, placeholder: str, said: str
) -> None:
    text = altered(
        (lacking, ""), ("toi : $product", "toi : " + placeholder), ("vous : $product", "vous : " + placeholder)
    )
    found = [line for line in findings(text) if "is used, but" in line]
    assert [line.split(": ", 1)[1] for line in found] == [f"`{placeholder}` is used, but {said}"] * 2
    line = 22 if "product" in placeholder else 23
    assert [place.split(":")[1] for place in found] == [str(line)] * 2


def test_all_mistakes_of_a_file_are_found_at_once_in_their_order() -> None:
    text = altered(
        ("Europe/Paris", "Europe/Pari"),
        ("visit_after: 3min", "visit_after: 3m"),
        ("[haussmann]", "[hausman]"),
        ("toi : $product", "toi : $prodct"),
        ("valid_for: 4h", "valid_for: 4"),
        ("name: le sérum", "nom: le sérum"),
    )
    places = [line.split(": ")[0] for line in findings(text)]
    assert places == [f"shop.yaml:{place}" for place in ("2:11", "12:18", "18:47", "23:18", "25:27", "28:5", "28:17")]


def test_a_value_that_is_an_alias_is_told_once() -> None:
    text = altered(
        ("tags: [flagship]", "tags: &t [flagship]"), ("radius: 250m", "radius: *t"), ("id: beauty", "id: *t")
    )
    assert [line.split(": ")[0] for line in findings(text)] == ["shop.yaml:6:11", "shop.yaml:9:25", "shop.yaml:17:9"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "1:1: the file is empty; describe a retailer, as in `retailer: my-shop`"),
        (b"# nothing\n", "2:1: the file is empty; describe a retailer, as in `retailer: my-shop`"),
        (b"null", "1:1: there is nothing in the file; describe a retailer"),
        (b"word", "1:1: `word` stands where a mapping belongs; write keys with their values, as in {key: value}"),
        (b"a: \xc3\xa9\nb\xe9", "2:2: byte 0xE9 is not UTF-8; save the file as UTF-8"),
        (b"a: \x00", "1:4: a character that no text holds; take it out"),
        (b"%YAML 1.1\n---\na: 1\n", "2:1: another version of YAML than 1.2; leave out the %YAML line"),
        (b"a: " + b"[" * 100_000, "1:36: more than 32 levels inside each other; take the nesting apart"),
        (b"? [a]\n: 1", "1:3: a key must be a plain word; quote it where it begins with a sign such as [ { * or &"),
        (b"x" * (8 * 1024 * 1024 + 1), "1:1: the file has 8388609 bytes, more than 8388608; split it by retailer"),
    ],
)
def test_a_file_that_is_no_description_has_one_finding(raw: bytes, expected: str) -> None:
    assert findings(raw) == ["shop.yaml:" + expected]


def test_words_of_yaml_1_1_are_text_and_numbers_keep_their_digits() -> None:
    checked_ = checked(altered(("[gold]", "[NO, on, 22:30]"), ("name: le sérum", "name: 12:30:45")))
    assert checked_.findings == ()
    assert checked_.description is not None
    assert checked_.description.campaigns[0].who.tier == ("NO", "on", "22:30")


@pytest.mark.parametrize(
    ("zone", "lat", "lon"),
    [
        ("Africa/Ndjamena", 16, 17),  # swapped, it would be in the same country
        ("Europe/Paris", -21.1, 55.5),  # far from its country, but so it would be when swapped
        ("America/New_York", 34.05, -118.25),  # another time zone of the same country
        ("UTC", 48.87, 2.33),  # a time zone of no country
    ],
)
def test_a_position_that_may_be_meant_so_is_not_called_swapped(zone: str, lat: float, lon: float) -> None:
    text = f"retailer: a\ntimezone: {zone}\nlocale: fr\nstores:\n  - id: s\n    proximity: {{radius: 100m}}\n"
    assert findings(text + f"    location: {{lat: {lat}, lon: {lon}}}\n") == []


def test_a_longitude_above_90_in_the_place_of_the_latitude_is_called_swapped() -> None:
    text = "retailer: a\ntimezone: Asia/Tokyo\nlocale: ja\nstores:\n  - id: s\n    proximity: {radius: 100m}\n"
    assert findings(text + "    location: {lat: 139.7, lon: 35.7}\n") == [
        "shop.yaml:7:15: lat 139.7, lon 35.7 is not in Japan, but it is with the two swapped; swap lat and lon"
    ]
