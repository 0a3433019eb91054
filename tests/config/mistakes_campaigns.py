"""Mistakes with campaigns: by name what is written in place of what, and what is found."""

from __future__ import annotations

MISTAKES: dict[str, tuple[str, str, list[str]]] = {
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
    "usual of nothing": (
        "bought: {category: beauty, within: 365d}",
        "usual: [{within: 30d}, {stores: there}, {stores: [haussman]}, {dayparts: noon}, {stores: here, share: 0.5}]",
        [
            '19:33: what is usual stands nowhere; write `stores: here`, or `dayparts: "Mo-Fr 17:00-20:00"`',
            "19:57: `there` are no stores; write `here`, a list as in [haussmann], or {tag: flagship}",
            "19:75: there is no store `haussman`; did you mean `haussmann`?",
            '19:98: `noon` is no part of the week; write days and hours as in "Mo-Fr 11:30-14:30"',
            "19:127: `0.5` is no share in percent; write it as 10%",
        ],
    ),
    "visits of no time, or of too long ago": (
        "bought: {category: beauty, within: 365d}",
        "visits: [{at_least: 2, stores: here}, {at_least: 2, within: 366d}, {within: 3d}, {at_least: 3, at_most: 2}]",
        [
            "19:34: `stores` of all visits there ever were; add a time, as in `within: 90d`",
            "19:85: `366d` is longer than visits and offers are known one by one; write at most 365d",
            "19:92: `visits` says no number; write `at_least` or `at_most`, or both",
            "19:106: at least 3 and at most 2 visits is nobody; swap the two",
        ],
    ),
    "offers of which nothing can come": (
        "bought: {category: beauty, within: 365d}",
        "offers: [{came_of: refused, last: 3, at_most: 2}, {last: 3, within: 3d, at_most: 1}, {at_most: 1}, "
        "{last: 3, at_least: 4}, {last: 33, at_most: 1}, {campaign: [beuty], last: 3, at_most: 1}]",
        [
            "19:44: `refused` is none of redeemed, ignored; write one of them",
            "19:75: `within`, `last` stand side by side; keep one of them",
            "19:110: none of `within`, `last` stands here; write one of them",
            "19:124: at least 4 of the last 3 is nobody; write a smaller number",
            "19:155: `33` is out of range; write at most 32, or leave it out",
            "19:184: there is no campaign `beuty`; did you mean `beauty`?",
        ],
    ),
    "unknown ring": (
        "ring: proximity",
        "ring: proximty",
        ["18:27: `proximty` is none of catchment, proximity, inside; did you mean `proximity`?"],
    ),
    "offer without a store to speak of": (
        "campaigns:\n  - id: beauty\n    when: {enters: {ring: proximity, stores: [haussmann]}}",
        "places:\n  - {id: station, location: {lat: 48.87, lon: 2.33}, radius: 90m}\n"
        "campaigns:\n  - id: beauty\n    when: {enters: {places: [station]}}",
        [
            "20:29: it begins at places, and the offer needs a store to speak of; add `store: …` to the campaign",
        ],
    ),
    "sequence without a time": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {sequence: [{visit: any}, {visit: any}]}",
        ["18:11: `within` is missing; `sequence` and `within` go together, as in `within: 90min`"],
    ),
    "a sequence of one step": (
        "when: {enters: {ring: proximity, stores: [haussmann]}}",
        "when: {sequence: [{visit: any}], within: 1h}",
        ["18:22: 1 is too few here; write at least 2"],
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
}
