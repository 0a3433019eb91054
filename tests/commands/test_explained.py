"""`chalandise replay --explain DEVICE`: why a phone is in, and why it did not leave."""

from __future__ import annotations

import json

from tests.commands.commands import chalandise

SHOP = """\
retailer: corner-shop
timezone: Europe/Paris
locale: fr-FR
stores:
  - id: corner
    location: {lat: 48.8737, lon: 2.3320}
    proximity: {radius: 150m}
"""
START = 1_795_172_400_000  # 2026-11-20T11:00:00Z


def event(kind, seconds, **more):
    return json.dumps({"type": kind, "retailer": "corner-shop", "at": START + seconds * 1_000, **more})


def ping(seconds, lon, accuracy=12, device="phone"):
    return event("ping", seconds, device=device, lat=48.8737, lon=lon, accuracy=accuracy)


EVENTS = [
    event("member", -60, member="ada", devices=["phone", "other"], consent=["offers"]),
    ping(0, 2.3420),
    ping(300, 2.3322),
    ping(420, 2.3322, device="other"),
    ping(540, 2.3344, 40),
    ping(550, 2.3522),
    event("checkin", 600, device="phone", store="corner", via="till"),
]


def explained(tmp_path, device):
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "events.jsonl").write_text("\n".join(EVENTS))
    done = chalandise("replay", tmp_path / "shop.yaml", tmp_path / "events.jsonl", "--explain", device)
    assert done.returncode == 0, done.stderr
    return done


def test_each_fix_of_the_device_is_explained_and_of_no_other(tmp_path):
    lines = explained(tmp_path, "phone").stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("2026")] == [
        "2026-11-20T11:00:00.000Z",
        "2026-11-20T11:05:00.000Z",
        "2026-11-20T11:09:00.000Z",
        "2026-11-20T11:09:10.000Z",
        "2026-11-20T11:10:00.000Z",
    ]
    assert "  ENTER corner/proximity at 11:05:00" in lines
    assert any(line.startswith("  corner/proximity: in, 26 m outside its edge; +0.28 for a leave") for line in lines)
    assert "  not believed: IMPOSSIBLE_SPEED" in lines
    assert "  in silence: EXIT corner/proximity at 11:39:00 (timeout)" in lines


def test_a_device_that_never_spoke_is_said_so(tmp_path):
    assert "no ping of a device 'nobody'" in explained(tmp_path, "nobody").stderr
