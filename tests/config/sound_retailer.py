"""A retailer without a mistake, and one with exactly one: what the tests of findings start from."""

from __future__ import annotations

import pathlib

from config.checking import Checked, check_file

SOUND = """\
retailer: shop
timezone: Europe/Paris
locale: fr-FR
stores:
  - id: haussmann
    tags: [flagship]
    location: {lat: 48.8737, lon: 2.3320}
    catchment: {radius: 1.5km}
    proximity: {radius: 250m}
    inside:
      polygon: [{lat: 48.8732, lon: 2.3314}, {lat: 48.8731, lon: 2.3329}, {lat: 48.8743, lon: 2.3332}]
    visit_after: 3min
contact:
  caps: [{at_most: 1, in_any: 4h}]
  quiet_hours: "21:00-09:00"
campaigns:
  - id: beauty
    when: {enters: {ring: proximity, stores: [haussmann]}}
    who: {tier: [gold], bought: {category: beauty, within: 365d}}
    offer:
      product: serum
      text:
        fr: {tu: "Pour toi : $product", vous: "Pour vous : $product"}
      discount: 15% of product
      coupon: {valid_for: 4h}
    limits: {offers: 500, per_member: {at_most: 1, in_any: 30d}}
products:
  - {id: serum, name: le sérum, category: beauty, price: 39 EUR}
"""


def checked(text: str | bytes, folder: pathlib.Path = pathlib.Path()) -> Checked:
    """What comes of checking `text` as the file `shop.yaml`."""
    return check_file(text if isinstance(text, bytes) else text.encode(), "shop.yaml", folder)


def findings(text: str | bytes, folder: pathlib.Path = pathlib.Path()) -> list[str]:
    """The lines that `chalandise check` would print."""
    return [str(finding) for finding in checked(text, folder).findings]


def altered(*changes: tuple[str, str]) -> str:
    """SOUND with each first `old` made `new`; an `old` that is not there is a mistake of the test."""
    text = SOUND
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text
