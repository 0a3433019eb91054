"""The map: one file that needs nothing else, true to scale, and with no position of those who never consented."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest

from config import RetailerConfig, load_or_refuse
from config.settings import read_settings
from geofences.rings import WGS84
from streams import sample_day
from streams.app import retailers_of
from streams.batches import Batch, Processed
from streams.map import Drawing, Projection
from streams.map_page import page, write_map
from streams.map_views import views
from streams.records import Record
from streams.replay import Files, Replay
from streams.sketch import Sketch

START = sample_day.START
STORE = """
retailer: shop
name: "A & <B>"
timezone: Europe/Paris
locale: en-GB
stores:
  - id: one
    name: '<script>alert("x")</script>'
    location: {lat: 48.8737, lon: 2.3320}
    catchment: {radius: 1km}
    proximity: {radius: 150m}
campaigns:
  - id: hello
    when: {enters: {ring: proximity, stores: all}}
    offer: {text: {en: "Hello <b>$first_name</b> & welcome"}}
"""


def sketch_of(described: RetailerConfig, lines: list[bytes]) -> Sketch:
    retailers = retailers_of(read_settings(broker="embedded://map", secret=None), [described])
    sketch = Sketch.of(described)
    with Files(None) as files:
        asyncio.run(Replay(retailers, files, sketch.add).run(lines))
    return sketch


@pytest.fixture(scope="module")
def day() -> Sketch:
    shown = sample_day.read_day()
    return sketch_of(shown.retailer, shown.lines)


@pytest.fixture
def shop(tmp_path: Path) -> RetailerConfig:
    path = tmp_path / "shop.yaml"
    path.write_text(STORE, "utf-8")
    return load_or_refuse([path])[0]


def member(name: str, **more: object) -> bytes:
    told = {"type": "member", "retailer": "shop", "member": name, "first_name": name, "at": START}
    return orjson.dumps(told | {"devices": [f"phone-{name}"], "consent": ["offers"]} | more)


def ping(name: str, minutes: float, lat: float, lon: float, **more: object) -> bytes:
    at = START + int(minutes * 60_000)
    told = {"type": "ping", "retailer": "shop", "device": f"phone-{name}", "at": at, "lat": lat, "lon": lon}
    return orjson.dumps(told | {"accuracy": 10} | more)


def walk_in(name: str) -> list[bytes]:
    return [ping(name, number / 4, 48.8737, 2.3420 - number * 0.001) for number in range(11)]


def svgs(written: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(each) for each in re.findall(r"<svg.*?</svg>", written, re.DOTALL)]


def test_the_page_asks_for_nothing_from_outside(day):
    written = page(day, "noon")
    assert not re.search(r"https?://|src=|href=|url\(|@import|<script|<link", written)


def test_every_drawing_is_well_formed_and_stays_light(day):
    written = page(day, "noon")
    assert len(svgs(written)) > 10  # maps and the signs of the legend
    assert len(written) < 600_000


def test_each_offer_stands_in_the_list_and_on_the_map_with_its_text(day):
    written = page(day, "noon")
    assert len(day.offers) == 5
    whole = svgs(written)[0]
    titles = [title.text for title in whole.iter("title")]
    for offer in day.offers:
        assert any(title and title.endswith(offer.text) for title in titles)


def test_names_and_texts_cannot_break_out_of_the_page(shop):
    sketch = sketch_of(shop, [member("<i>Eve</i>", devices=["phone-eve"]), *walk_in("eve")])
    written = page(sketch, "A & <B>")
    assert len(sketch.offers) == 1
    assert "<script>" not in written
    assert "<i>" not in written
    assert "<b>" not in written
    assert "&lt;script&gt;" in written


def test_who_never_consented_is_not_on_the_map(shop):
    sketch = sketch_of(shop, [member("ada"), member("bob", consent=[]), *walk_in("ada"), *walk_in("bob")])
    assert list(sketch.tracks) == ["phone-ada"]


def test_whoever_never_consented_takes_nobody_else_off_the_map(shop):
    sketch = Sketch.of(shop)
    records = [Record("pings", 0, place, START, b"", ping(name, 1, 48.87, 2.34)) for place, name in enumerate("ab")]
    sketch.add(Processed(unseen=records[1:]), Batch(records, {}))
    assert list(sketch.tracks) == ["phone-a"]


def test_places_stand_on_the_map_under_their_names_and_what_stores_heard_beside_it():
    shown = sample_day.read_day("coffee-chain")
    written = page(sketch_of(shown.retailer, shown.lines), "evening")
    assert '<path class="place"' in written
    assert "Gare de la Part-Dieu: place" in written
    assert "a named place that is no store" in written
    assert "told to the stores" not in written
    partners = sample_day.read_day("snack-brand")
    told = page(sketch_of(partners.retailer, partners.lines), "afternoon")
    assert "2 told to the stores" in told
    assert "to L&#x27;Épicerie du Quai" in told


def test_a_fix_that_was_not_believed_is_not_on_the_map(shop):
    lines = [member("ada"), *walk_in("ada"), ping("ada", 3, 48.8737, 2.3320, mocked=True)]
    assert len(sketch_of(shop, lines).tracks["phone-ada"]) == 11


def test_the_map_is_true_to_scale():
    projection = Projection((2.32, 48.86, 2.36, 48.88), 1_000)
    _, _, metres = WGS84.inv(2.33, 48.865, 2.35, 48.875)
    (x1, y1), (x2, y2) = projection.point(2.33, 48.865), projection.point(2.35, 48.875)
    drawn = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 / projection.scale
    assert drawn == pytest.approx(metres, rel=0.005)


def test_a_long_silence_cuts_the_track(shop):
    near, far = ping("ada", 1, 48.8737, 2.3420), ping("ada", 30, 48.8690, 2.3400)
    sketch = sketch_of(shop, [member("ada"), ping("ada", 0, 48.8737, 2.3425), near, far])
    drawn = Drawing(sketch, views(sketch)[0].box, 900, shop.rules.zone).svg("walks")
    track = re.search(r'class="track" d="([^"]*)"', drawn)
    assert track is not None
    assert track[1].count("M") == 2


def test_a_map_without_anybody_shows_the_stores(shop, tmp_path):
    sketch = sketch_of(shop, [])
    path = tmp_path / "new" / "map.html"
    write_map(sketch, path, "nobody")
    assert 'class="proximity"' in path.read_text("utf-8")


def test_close_ups_follow_the_whole_where_much_happened(day):
    assert [view.title for view in views(day)] == [
        "All walks",
        "Galerie Lumière Haussmann, Café Lumière Opéra",
        "Galerie Lumière Marais",
    ]
