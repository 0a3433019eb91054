"""Mistakes with stores, places and their rings: by name what is written in place of what, and what is found."""

from __future__ import annotations

POLYGON = "{lat: 48.8731, lon: 2.3329}, {lat: 48.8743, lon: 2.3332}"
BOW_TIE = "{lat: 48.8743, lon: 2.3332}, {lat: 48.8731, lon: 2.3329}, {lat: 48.8744, lon: 2.3316}"
CORNERS = "{lat: 48.8732, lon: 2.3314}, " + POLYGON
SWAPPED_CORNERS = "{lon: 48.8732, lat: 2.3314}, {lon: 48.8731, lat: 2.3329}, {lon: 48.8743, lat: 2.3332}"

MISTAKES: dict[str, tuple[str, str, list[str]]] = {
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
    "place and store of one id": (
        "campaigns:\n",
        "places:\n  - {id: haussmann, location: {lat: 48.87, lon: 2.33}, radius: 90m}\ncampaigns:\n",
        ["17:10: the id `haussmann` stands in stores already, in line 5; give one of them another"],
    ),
    "unknown time zone": (
        "Europe/Paris",
        "Europe/Pariss",
        ["2:11: `Europe/Pariss` is no time zone; did you mean `Europe/Paris`?"],
    ),
    "city for a time zone": ("Europe/Paris", "Paris", ["2:11: `Paris` is no time zone; did you mean `Europe/Paris`?"]),
}
