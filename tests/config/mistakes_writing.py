"""Mistakes of writing: YAML itself, keys, units: by name what is written in place of what, and what is found."""

from __future__ import annotations

SECOND_BEAUTY = "- id: beauty\n    when: {visit: any}\n    offer: {text: {fr: x}}\n  - id: beauty"

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
    "a list where a mapping belongs": (
        "who: {tier: [gold], bought: {category: beauty, within: 365d}}",
        "who: [gold]",
        ["19:10: a list stands where a mapping belongs; write keys with their values, as in {tier: …}"],
    ),
    "a text without its language": (
        'text:\n        fr: {tu: "Pour toi : $product", vous: "Pour vous : $product"}',
        "text: Bonjour",
        ["22:13: `Bonjour` stands where a mapping belongs; write keys with their values, as in {fr: …}"],
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
