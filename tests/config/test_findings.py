"""Each mistake by name: found once, at its place, with what to do, and nothing else found beside it."""

from __future__ import annotations

import pytest

from tests.config.sound_retailer import SOUND, altered, checked, findings

POLYGON = "{lat: 48.8731, lon: 2.3329}, {lat: 48.8743, lon: 2.3332}"
BOW_TIE = "{lat: 48.8743, lon: 2.3332}, {lat: 48.8731, lon: 2.3329}, {lat: 48.8744, lon: 2.3316}"
CORNERS = "{lat: 48.8732, lon: 2.3314}, " + POLYGON
SWAPPED_CORNERS = "{lon: 48.8732, lat: 2.3314}, {lon: 48.8731, lat: 2.3329}, {lon: 48.8743, lat: 2.3332}"
SECOND_BEAUTY = "- id: beauty\n    when: {visit: any}\n    offer: {text: {fr: x}}\n  - id: beauty"
UNSUPPORTED = "`{}` is not supported yet; leave it out for now"

MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "duplicate key": (
        "locale: fr-FR",
        "locale: fr-FR\nlocale: en",
        ["4:1: the key `locale` stands here twice, first in line 3; keep one of them"],
    ),
    "alias and anchor": (
        "tags: [flagship]",
        "tags: &t [flagship]\n    name: *t",
        [
            "6:11: the anchor &t; leave it out: aliases are not understood here",
            "7:11: the alias *t; write the value out here",
        ],
    ),
    "explicit tag": (
        "retailer: shop",
        "retailer: !x shop",
        ["1:11: the tag !x; leave it out: quotes make text of anything"],
    ),
    "budget in another currency": (
        "limits: {offers: 500,",
        "limits: {budget: 500 CHF,",
        ["26:22: a budget of 500.00 CHF for `serum`, at 39.00 EUR; use one currency"],
    ),
    "budget for nothing": (
        "discount: 15% of product\n      coupon: {valid_for: 4h}\n    limits: {offers: 500,",
        "coupon: {valid_for: 4h}\n    limits: {budget: 500 EUR,",
        ["25:22: a budget, but the offer takes nothing off; add `discount`, or leave it out"],
    ),
    "budget that nothing settles": (
        "      coupon: {valid_for: 4h}\n    limits: {offers: 500,",
        "    limits: {budget: 500 EUR,",
        ["25:22: a budget, but without a coupon nothing says what was spent; add `coupon: …`"],
    ),
    "so much of nothing": (
        "limits: {offers: 500,",
        "limits: {each: day,",
        ["26:13: `each` says of what there is so much, but nothing says how much; add `offers` or `budget`"],
    ),
    "each of what there is not": (
        "limits: {offers: 500,",
        "limits: {offers: 500, each: [day, shop],",
        ["26:39: `shop` is none of day, store, member; write one of them"],
    ),
    "coupon at a store that is not there": (
        "coupon: {valid_for: 4h}",
        "coupon: {valid_for: 4h, stores: [hausman]}",
        ["25:40: there is no store `hausman`; did you mean `haussmann`?"],
    ),
    "announced campaign that is not there": (
        "    limits:",
        "    announce: {every: 30d, next: bauty}\n    limits:",
        ["26:34: there is no campaign `bauty`; did you mean `beauty`?"],
    ),
    "announced reward": (
        "    limits:",
        "    kind: reward\n    announce: {every: 30d, next: beauty}\n    limits:",
        ["27:34: `beauty` is a reward, which nothing holds back; announce another campaign"],
    ),
    "neither yes nor no": (
        "    limits:",
        "    for_newcomers: sometimes\n    limits:",
        ["26:20: `sometimes` is neither yes nor no; write `true` or `false`"],
    ),
    "unknown key": ("visit_after", "visit_afer", ["12:5: `visit_afer` is no key here; did you mean `visit_after`?"]),
    "unknown key far from any": (
        "retailer: shop",
        "retailer: shop\nqqq: 1",
        [
            "2:1: `qqq` is no key here; known here: campaigns, contact, locale, max_trigger_age, name, notices, "
            "places, products, …"
        ],
    ),
    "key of a later version": (
        "visit_after: 3min",
        "usual: 1",
        ["12:5: " + UNSUPPORTED.format("usual")],
    ),
    "missing key": ("retailer: shop\n", "", ["1:1: `retailer` is missing; add `retailer: …`"]),
    "minutes written as metres": (
        "visit_after: 3min",
        "visit_after: 3m",
        ["12:18: `3m`: m is metres here; for three minutes write 3min"],
    ),
    "time without a unit": (
        "visit_after: 3min",
        "visit_after: 3",
        ["12:18: `3` has no unit; write 3s, 3min, 3h or 3d"],
    ),
    "time in words": (
        "visit_after: 3min",
        "visit_after: 3 minutes",
        ["12:18: `3 minutes`: `minutes` is no unit of time; write 3min"],
    ),
    "weeks": ("365d", "2w", ["19:60: `2w`: weeks are not understood; write 14d"]),
    "distance without a unit": ("radius: 250m", "radius: 250", ["9:25: `250` has no unit; write 250m, or 0.25km"]),
    "distance in minutes": (
        "radius: 250m",
        "radius: 5min",
        ["9:25: `5min` is a time, not a distance; write metres or kilometres: 250m, 1.5km"],
    ),
    "no radius": ("radius: 250m", "radius: 0m", ["9:25: `0m` is no radius; write one above zero, such as 250m"]),
    "two shapes": (
        "radius: 250m",
        "radius: 250m, geojson: a",
        ["9:16: `radius`, `geojson` stand side by side; keep one of them"],
    ),
    "no shape": (
        "{radius: 250m}",
        "{}",
        ["9:16: none of `radius`, `polygon`, `geojson` stands here; write one of them"],
    ),
    "bow-tie": (
        POLYGON,
        BOW_TIE,
        [
            "11:16: the outline crosses itself near lat 48.87373, lon 2.33227; give its corners in walking order",
        ],
    ),
    "swapped location": (
        "{lat: 48.8737, lon: 2.3320}",
        "{lat: 2.3320, lon: 48.8737}",
        ["7:15: lat 2.332, lon 48.8737 is not in France, but it is with the two swapped; swap lat and lon"],
    ),
    "swapped polygon": (
        CORNERS,
        SWAPPED_CORNERS,
        ["11:16: all corners of `inside` are outside France, and inside when swapped; swap lat and lon"],
    ),
    "one swapped corner": (
        "{lat: 48.8732, lon: 2.3314}",
        "{lat: 2.3314, lon: 48.8732}",
        ["11:17: lat 2.3314, lon 48.8732 is not in France, but it is with the two swapped; swap lat and lon"],
    ),
    "not a number": (
        "lat: 48.8732",
        "lat: .nan",
        ["11:17: lat nan, lon 2.3314 is no position; both must be numbers"],
    ),
    "off the map": (
        "lat: 48.8732",
        "lat: 91",
        ["11:17: lat 91.0, lon 2.3314 is not on the map; lat goes from -90 to 90, lon from -180 to 180"],
    ),
    "quoted number": (
        "lat: 48.8732",
        'lat: "48.8732"',
        ["11:23: `48.8732` is no number; write it with a point and without quotes, as in 48.8737"],
    ),
    "ring outside its outer ring": (
        "radius: 250m",
        "radius: 2km",
        ["9:5: proximity reaches 500 m out of catchment; make catchment larger or proximity smaller"],
    ),
    "unknown product": (
        "product: serum",
        "product: serun",
        ["21:16: there is no product `serun`; did you mean `serum`?"],
    ),
    "unknown product bought": (
        "bought: {category: beauty,",
        "bought: {product: sérum,",
        ["19:43: there is no product `sérum`; did you mean `serum`?"],
    ),
    "bought too long ago to be remembered": (
        "365d}",
        "1201d}",
        ["19:60: `1201d` is longer than purchases are remembered; write at most 1200d"],
    ),
    "sums of hours": (
        "bought: {category: beauty, within: 365d}",
        "spent: {at_least: 50 EUR, within: 36h}, purchases: {at_least: 2, within: 366d}",
        [
            "19:59: `36h` is no whole number of days, and sums are kept by the day; write one, as in 30d",
            "19:98: `366d` is longer than sums may be asked for; write at most 365d",
        ],
    ),
    "sums of nobody": (
        "bought: {category: beauty, within: 365d}",
        "spent: [{within: 30d}, {at_least: 5 EUR, at_most: 4 EUR, within: 30d}, "
        "{at_least: 5 EUR, at_most: 9 CHF, within: 30d}], purchases: {at_least: 2, at_most: 1, within: 1d}",
        [
            "19:33: `spent` says no bound; write `at_least` or `at_most`, or both",
            "19:48: at least 5.00 EUR and at most 4.00 EUR is nobody; swap the two",
            "19:96: 5.00 EUR and 9.00 CHF are two currencies; use one",
            "19:156: at least 2 and at most 1 is nobody; swap the two",
        ],
    ),
    "unknown category offered": (
        "product: serum",
        "product: {category: beaty}",
        ["21:27: there is no product of category `beaty`; did you mean `beauty`?"],
    ),
    "unknown store": (
        "[haussmann]",
        "[hausman]",
        ["18:47: there is no store `hausman`; did you mean `haussmann`?"],
    ),
    "unknown tag": (
        "[haussmann]",
        "{tag: flagships}",
        ["18:52: there is no tag `flagships`; did you mean `flagship`?"],
    ),
    "no stores": (
        "[haussmann]",
        "every",
        ["18:46: `every` are no stores; write `all`, a list as in [haussmann], or {tag: flagship}"],
    ),
    "unknown ring": (
        "ring: proximity",
        "ring: proximty",
        ["18:27: `proximty` is none of catchment, proximity, inside; did you mean `proximity`?"],
    ),
    "ring that no store has": (
        "    proximity: {radius: 250m}\n",
        "",
        ["17:27: none of its stores has the ring `proximity`, so it can never happen; they have catchment, inside"],
    ),
    "ring of a place": (
        "enters: {ring: proximity, stores: [haussmann]}",
        "enters: {ring: proximity, places: [haussmann]}",
        [
            "18:20: `ring` beside `places`, which have none; leave it out",
            "18:47: there is no place `haussmann`; none is known here",
        ],
    ),
    "offer without a store to speak of": (
        "campaigns:\n  - id: beauty\n    when: {enters: {ring: proximity, stores: [haussmann]}}",
        "places:\n  - {id: station, location: {lat: 48.87, lon: 2.33}, radius: 90m}\n"
        "campaigns:\n  - id: beauty\n    when: {enters: {places: [station]}}",
        [
            "20:29: it begins at places, and the offer needs a store to speak of; add `store: …` to the campaign",
        ],
    ),
    "place and store of one id": (
        "campaigns:\n",
        "places:\n  - {id: haussmann, location: {lat: 48.87, lon: 2.33}, radius: 90m}\ncampaigns:\n",
        ["17:10: the id `haussmann` stands in stores already, in line 5; give one of them another"],
    ),
    "sequence without a time": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {sequence: [{visit: any}, {visit: any}]}",
        ["18:11: `within` is missing; `sequence` and `within` go together, as in `within: 90min`"],
    ),
    "numbered visit in a sequence": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {sequence: [{visit: 2}, {visit: any}], within: 1h}",
        ["18:11: a numbered visit in a sequence; write `visit: any`"],
    ),
    "ring in a sequence that no store has": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {sequence: [{visit: any}, {exits: {ring: proximity, stores: [nowhere]}}], within: 1h}",
        ["18:72: there is no store `nowhere`; known here: haussmann"],
    ),
    "series that does not go from visit to visit": (
        "    offer:\n      product: serum\n",
        "    series:\n    - product: serum\n",
        ["17:5: a series goes on from visit to visit; write `when: {visit: any}`"],
    ),
    "no day of the week": (
        "when: {enters",
        'when: {dayparts: "Lu-Fr 10:00-12:00", enters',
        ["18:22: `Lu` is no day of the week; write Mo, Tu, We, Th, Fr, Sa, Su"],
    ),
    "no part of the week": (
        "when: {enters",
        "when: {dayparts: [lunch], enters",
        ['18:23: `lunch` is no part of the week; write days and hours as in "Mo-Fr 11:30-14:30"'],
    ),
    "code that stands for two things": (
        "price: 39 EUR}",
        "price: 39 EUR, codes: ['7']}\n  - {id: cream, name: la crème, category: beauty, codes: ['7']}",
        ["29:59: the code `7` stands in line 28 already; give one of them another"],
    ),
    "scan of what is not sold": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {scans: {product: [serum, creme], category: food}}",
        [
            "18:37: there is no product `creme`; known here: serum",
            "18:55: there is no product of category `food`; known here: beauty",
        ],
    ),
    "notice that speaks of an offer": (
        "products:\n",
        "notices:\n  - {id: door, when: {checks_in: {stores: [rivoli]}}, text: 'ici : $discount'}\nproducts:\n",
        [
            "28:44: there is no store `rivoli`; known here: haussmann",
            "28:61: a notice cannot speak of `$discount`; it knows $first_name, $store, $points",
        ],
    ),
    "tier that is no text": ("[gold]", "[5]", ['19:18: `5` is no text; put quotes round it: "5"']),
    "no tier": ("[gold]", "[]", ["19:17: nothing stands here; write at least one, or leave the key out"]),
    "unknown source of a recommendation": (
        "product: serum",
        "product: {recommend: {from: friends}}",
        ["21:35: `friends` is none of bought_together, bestseller, staff_pick; write one of them"],
    ),
    "unknown category of a recommendation": (
        "product: serum",
        "product: {recommend: {category: beuaty, from: bestseller}}",
        ["21:39: there is no product of category `beuaty`; did you mean `beauty`?"],
    ),
    "otherwise than nothing": (
        "product: serum",
        "product: {id: serum, otherwise: bestseller}",
        ["21:16: `otherwise` stands beside no `recommend`; leave it out, or write `recommend`"],
    ),
    "a form of no number": (
        "toi : $product",
        "toi : ${store: one magasin, other magasins}",
        ["23:18: `$store` is no number that a form could follow; there are `$points`, `$visits`, `$reviews`"],
    ),
    "a form that the language has not": (
        "toi : $product",
        "toi : ${points: one point, few points, other points}",
        ["23:18: `few` is no form of plural in fr; there are many, one, other"],
    ),
    "no other form": (
        "toi : $product",
        "toi : ${points: one point}",
        ["23:18: `$points` has no form `other`; write `one point, other points`"],
    ),
    "a form without words": (
        "toi : $product",
        "toi : ${points: one, other points}",
        ["23:18: the form `one` of `$points` has no words; write `one point, other points`"],
    ),
    "a name that is not closed": (
        "toi : $product",
        "toi : ${product",
        ["23:18: a `${` that is not closed as a name is; write `${first_name}`"],
    ),
    "a name with braces in its forms": (
        "toi : $product",
        "toi : ${points: one {point}, other points}",
        ["23:18: a `${` that is not closed as a name is; write `${first_name}`"],
    ),
    "a mistake in the second of two texts": (
        'tu: "Pour toi : $product", vous: "Pour vous : $product"}',
        'tu: "Pour toi", vous: "Pour vous"}\n        en: [x, {tu: $points, vous: $staff_pick}]',
        ["24:37: `$staff_pick` is used, but `serum` is nobody's pick; give it a `staff_pick`"],
    ),
    "no stamps": (
        "product: serum",
        "stamp: 0\n      product: serum",
        ["21:14: `0` is out of range; write at least 1, or leave it out"],
    ),
    "unknown language": (
        "fr: {tu",
        "frz: {tu",
        ["23:9: `frz` is no language; write its two letters, such as fr, en or de"],
    ),
    "locale written another way": ("fr: {tu", "fr_FR: {tu", ["23:9: `fr_FR` is no language; write `fr-FR`"]),
    "id twice": (
        "- id: beauty",
        SECOND_BEAUTY,
        ["20:9: the id `beauty` stands in campaigns already, in line 17; give one of them another"],
    ),
    "bad id": (
        "- id: beauty",
        "- id: beauté/1",
        ["17:9: `beauté/1` is no id; use letters without accents, digits and - . _ , at most 64"],
    ),
    "unknown placeholder": (
        "toi : $product",
        "toi : $products, 5 $ ou $5",
        ["23:18: there is no placeholder `$products`; did you mean `$product`?"],
    ),
    "placeholder in capitals": (
        "toi : $product",
        "toi : ${First_Name}",
        ["23:18: there is no placeholder `$First_Name`; did you mean `$first_name`?"],
    ),
    "staff pick that nobody picked": (
        "toi : $product",
        "toi : $staff_pick",
        ["23:18: `$staff_pick` is used, but `serum` is nobody's pick; give it a `staff_pick`"],
    ),
    "only vous": (
        'tu: "Pour toi : $product", ',
        "",
        ["23:13: the text has `vous` but no `tu`; add `tu`, or write one text for both"],
    ),
    "product without price": (
        ", price: 39 EUR",
        "",
        ["24:17: a share of `serum`, which has no price; give the product a `price`"],
    ),
    "percent of nothing said": (
        "15% of product",
        "15%",
        ["24:17: `15%` does not say percent of what; write 15% of product"],
    ),
    "too much percent": (
        "15% of product",
        "115% of product",
        ["24:17: `115%` is out of range; write a share from 1% to 100%"],
    ),
    "discount above the price": (
        "15% of product",
        "50 EUR",
        ["24:17: 50.00 EUR off `serum`, which costs 39.00 EUR; write a smaller amount"],
    ),
    "discount in another currency": (
        "15% of product",
        "5 CHF",
        ["24:17: 5.00 CHF off `serum`, which costs 39.00 EUR; use one currency"],
    ),
    "price without currency": (
        "39 EUR",
        "39",
        ["28:58: `39` is no amount of money; write it with its currency, as in 39.00 EUR"],
    ),
    "unknown currency": (
        "39 EUR",
        "39 EUX",
        ["28:58: `EUX` is no currency; write its three letters, such as EUR, CHF or GBP"],
    ),
    "quiet hours in another form": (
        '"21:00-09:00"',
        "21h-9h",
        ['15:16: `21h-9h` are no hours; write from and to in quotes, as in "21:00-09:00"'],
    ),
    "hour that does not exist": (
        '"21:00-09:00"',
        '"25:00-09:00"',
        ["15:16: `25:00-09:00`: there is no 25:00; write hours from 00:00 to 24:00"],
    ),
    "unknown time zone": (
        "Europe/Paris",
        "Europe/Pariss",
        ["2:11: `Europe/Pariss` is no time zone; did you mean `Europe/Paris`?"],
    ),
    "city for a time zone": ("Europe/Paris", "Paris", ["2:11: `Paris` is no time zone; did you mean `Europe/Paris`?"]),
    "unknown locale": ("fr-FR", "fr_FRA", ["3:9: `fr_FRA` is no locale; did you mean `fr-FR`?"]),
    "cap of zero": (
        "at_most: 1, in_any: 4h",
        "at_most: 0, in_any: 4h",
        ["14:20: `0` is out of range; write at least 1, or leave it out"],
    ),
    "cap without a span": (
        "at_most: 1, in_any: 4h",
        "at_most: 1",
        ["14:10: none of `in_any`, `each` stands here; write one of them"],
    ),
    "two triggers": (
        "when: {enters",
        "when: {visit: 6, enters",
        ["18:11: `enters`, `visit` stand side by side; keep one of them"],
    ),
    "visit zero": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {visit: 0}",
        ["18:19: `0` is no visit; write `any`, or the number of the visit, as in 6"],
    ),
    "visit that nobody has": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}\n    who: {tier: [gold],",
        "when: {visit: 6}\n    who: {visits: {at_most: 5},",
        ["19:19: nobody on visit 6 has as many visits as this; change one of them"],
    ),
    "holdout of all": (
        "    limits:",
        "    holdout: 100%\n    limits:",
        ["26:14: a holdout of 100% holds everybody out; write less, such as 10%"],
    ),
    "holdout without percent": (
        "    limits:",
        "    holdout: 10\n    limits:",
        ["26:14: `10` is no share in percent; write 10%"],
    ),
    "day that does not exist": (
        "    limits:",
        "    dates: {from: 2026-02-30}\n    limits:",
        ["26:19: `2026-02-30` is no day; write year, month and day, as in 2026-11-20"],
    ),
    "dates in the wrong order": (
        "    limits:",
        "    dates: {from: 2026-12-01, until: 2026-11-01}\n    limits:",
        ["26:12: until 2026-11-01 is before from 2026-12-01; swap them, or correct the year"],
    ),
    "address that is no web address": (
        "      coupon:",
        "      link: shop.example\n      coupon:",
        ["25:13: `shop.example` is no web address; write it in full, as in https://shop.example/beauty"],
    ),
    "a list where a mapping belongs": (
        "who: {tier: [gold], bought: {category: beauty, within: 365d}}",
        "who: [gold]",
        ["19:10: a list stands where a mapping belongs; write keys with their values, as in {key: value}"],
    ),
    "tab": ("\n    tags", "\n\ttags", ["6:1: a tab where spaces are meant; indent with spaces"]),
    "broken yaml": (
        "[flagship]",
        "[flagship",
        ["7:13: expected ',' or ']', but got ':'; the YAML is broken here (while parsing a flow sequence)"],
    ),
    "second document": (
        "contact:",
        "---\ncontact:",
        ["13:1: a second document in one file; write one file for each retailer"],
    ),
    "escape character": (
        "name: le sérum",
        'name: "\\e[31m"',
        ["28:23: a character that no text holds, U+001B; take it out"],
    ),
    "lone surrogate": (
        "name: le sérum",
        'name: "\\ud800"',
        ["28:23: a character that no text holds, U+D800; take it out"],
    ),
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
