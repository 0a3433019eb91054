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
        ("x" * 159 + "$coupon_until", None),
        ("x" * 160 + "$coupon_until", 179),
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
        (b"word", "1:1: `word` stands where a mapping belongs; write keys with their values, as in {retailer: …}"),
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


@pytest.mark.parametrize(
    ("bought", "refused", "found"),
    [
        ("{category: beauty, within: 60d}", "{category: beauty, within: 60d}", "60d did buy it within 60d"),
        ("{category: beauty, within: 30d}", "{category: beauty, within: 365d}", "30d did buy it within 365d"),
        ("{product: serum, within: 30d}", "{category: beauty, within: 60d}", "30d did buy it within 60d"),
        ("{category: beauty, within: 365d}", "{category: beauty, within: 60d}", None),
        ("{category: beauty, within: 30d}", "{product: serum, within: 60d}", None),
        ("{category: beauty, within: 30d}", "{category: bread, within: 60d}", None),
    ],
)
def test_what_nobody_can_have_bought_is_found(bought: str, refused: str, found: str | None) -> None:
    told = findings(altered(("bought: {category: beauty, within: 365d}", f"bought: {bought}, not_bought: {refused}")))
    expected = [
        f"who bought it within {found}: this is for nobody; write a shorter time here, or a longer one in `bought`"
    ]
    assert [line.partition(": ")[2] for line in told] == (expected if found else [])


@pytest.mark.parametrize(("budget", "is_found"), [("4.99 EUR", True), ("5 EUR", False)])
def test_a_budget_that_pays_for_none_is_found(budget: str, is_found: bool) -> None:
    changes = ("discount: 15% of product", "discount: 5 EUR"), ("offers: 500", f"budget: {budget}")
    assert bool(findings(altered(*changes))) is is_found


def advised(*changes: tuple[str, str]) -> list[str]:
    """What is advised of a sound retailer."""
    return [str(each).partition("shop.yaml:")[2] for each in checked(altered(*changes)).advice]


WHEN = "{enters: {ring: proximity, stores: [haussmann]}}"
CODES = "give products `codes` or stores `shelves`, if no product message does"


@pytest.mark.parametrize(
    ("when", "codes", "expected"),
    [
        ("{scans: {product: serum}}", "", [f"18:11: there is no code of `serum` to be scanned; {CODES}"]),
        ("{scans: {}}", "", [f"18:11: there is no code of any product to be scanned; {CODES}"]),
        ("{scans: {category: beauty}}", ', codes: "4711"', []),
        ("{scans: {}}", ', codes: "4711"', []),
    ],
)
def test_advice_where_there_is_nothing_to_be_scanned(when: str, codes: str, expected: list[str]) -> None:
    assert advised((WHEN, when), ("price: 39 EUR", f"price: 39 EUR{codes}")) == expected


@pytest.mark.parametrize("shelf", ["{code: a}", "{code: a, category: beauty}"])
def test_a_shelf_can_be_scanned_too(shelf: str) -> None:
    shelves = ("visit_after: 3min", f"visit_after: 3min\n    shelves: {shelf}")
    assert advised((WHEN, "{scans: {}}"), shelves) == []
    assert bool(advised((WHEN, "{scans: {category: beauty}}"), shelves)) is (shelf == "{code: a}")


@pytest.mark.parametrize(
    ("visit", "more", "is_told"),
    [
        ("3", "", True),
        ("4", "", False),
        ("any", "", False),
        ("3", "kind: reward", False),
        ("3", "for_newcomers: true", False),
    ],
)
def test_advice_where_only_newcomers_are_and_it_does_not_speak_to_them(visit: str, more: str, is_told: bool) -> None:
    ramp = ("quiet_hours:", "newcomers: {first_visits: 3, at_most: 1, in_any: 7d}\n  quiet_hours:")
    found = advised(ramp, (f"when: {WHEN}", f"when: {{visit: {visit}}}\n    {more}".rstrip()))
    todo = "add `for_newcomers: true`, or `kind: reward` if it is earned"
    assert found == ([f"19:19: until visit 3 only campaigns for newcomers speak; {todo}"] if is_told else [])


def test_advice_where_a_notice_cannot_be_given_of_everybody() -> None:
    notice = f'notices: [{{id: a, when: {WHEN}, text: "$first_name à la porte"}}]\nproducts:'
    told = "27:81: nobody hears of members without a first name on file; write it without `$first_name`, if they are to"
    assert advised(("products:", notice)) == [told]
    assert advised(("products:", notice.replace("$first_name", "Quelqu'un"))) == []


@pytest.mark.parametrize(
    ("dayparts", "hours", "expected"),
    [
        ("Mo-Fr 18:00-20:00", "Mo-Sa 10:00-18:00", "its stores are closed at these hours"),
        ("Su 10:00-18:00", "Mo-Sa 10:00-18:00", "its stores are closed at these hours"),
        ("Mo-Fr 17:55-20:00", "Mo-Sa 10:00-18:00", None),
        ("Mo-Fr 22:00-23:00", "Mo-Sa 10:00-24:00", "these are quiet hours, in which nobody hears anything"),
        ("Mo-Fr 20:55-23:00", "Mo-Sa 10:00-24:00", None),
    ],
)
def test_advice_where_nobody_hears_at_these_hours(dayparts: str, hours: str, expected: str | None) -> None:
    changes = (
        (WHEN, f"{WHEN[:-1]}, dayparts: {dayparts}}}"),
        ("visit_after: 3min", f'visit_after: 3min\n    hours: "{hours}"'),
    )
    found = advised(*changes)
    assert [line.partition("; ")[0].partition(": ")[2] for line in found] == ([expected] if expected else [])
    assert not [line for line in advised(*changes, ("dayparts:", "even_closed: true, dayparts:")) if "closed" in line]
