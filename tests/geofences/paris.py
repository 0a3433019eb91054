"""The districts of Paris, as recorded: 20 polygons that share their edges."""

import json
from pathlib import Path

from tests.geofences.oracle import Place

DISTRICTS = Path(__file__).parents[3] / "shared" / "data" / "paris_arrondissements.geojson"


def outlines() -> dict[str, list[Place]]:
    """The corners of each district, by its code; none has a hole or a second part."""
    found = {}
    for feature in json.loads(DISTRICTS.read_text("utf-8"))["features"]:
        assert feature["geometry"]["type"] == "Polygon"
        (line,) = feature["geometry"]["coordinates"]
        found[feature["properties"]["code"]] = [(lon, lat) for lon, lat in line[:-1]]
    return found
