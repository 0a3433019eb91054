"""Shapely's STRtree: which zones hold a place, and how far it is from the edges of their rings.

The tree holds the outermost rings in degrees and is asked with `intersects`, the bulk form with an array of points. The
distance is Shapely's own, to the boundary of each ring in metres round the middle of its zone, made beforehand, so that
a lookup only scales the place. Shapely's documentation knows no faster way: prepared geometries are of no use to a tree
that is asked with points, nor to `distance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, radians

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Point

from geofences.rings import Zone, outline

Floats = NDArray[np.float64]
Found = list[tuple[str, tuple[float, ...]]]
ECCENTRICITY_SQUARED = 0.00669437999014


class TreeOfZones:
    """Zones with the same number of rings each."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        outlines = [[outline(geofence.shape) for geofence in zone.geofences] for zone in zones]
        self.stores = [zone.store for zone in zones]
        self.polygons = np.array([rings[0] for rings in outlines])
        self.tree = STRtree(self.polygons)
        middles = shapely.get_coordinates(shapely.centroid(self.polygons))
        self.scales = np.array([[lon, lat, *metres_a_degree(lat)] for lon, lat in middles])
        self.scale_rows = [tuple(row) for row in self.scales.tolist()]
        self.boundaries = np.array(
            [[scaled(ring, row) for ring in rings] for rings, row in zip(outlines, self.scale_rows, strict=True)]
        )
        self.polygon_rows = np.array(
            [
                [shapely.polygons(each) if each.geom_type == "LinearRing" else shapely.build_area(each) for each in row]
                for row in self.boundaries
            ]
        )

    def locate_one(self, lon: float, lat: float) -> Found:
        """The zones that hold a place, with signed distances in metres."""
        found = []
        for number in self.tree.query(Point(lon, lat), predicate="intersects").tolist():
            west, south, east, north = self.scale_rows[number]
            place = Point((lon - west) * east, (lat - south) * north)
            distances = shapely.distance(self.boundaries[number], place)
            inside = shapely.intersects(self.polygon_rows[number, 1:], place)
            distances[1:][~inside] *= -1
            found.append((self.stores[number], tuple(distances.tolist())))
        return found

    def locate(self, lons: Floats, lats: Floats) -> list[Found]:
        """The same for many places at once."""
        results: list[Found] = [[] for _ in range(len(lons))]
        places, numbers = self.tree.query(shapely.points(lons, lats), predicate="intersects")
        west, south, east, north = self.scales[numbers].T
        scaled_places = shapely.points((lons[places] - west) * east, (lats[places] - south) * north)[:, None]
        distances = shapely.distance(self.boundaries[numbers], scaled_places)
        inside = shapely.intersects(self.polygon_rows[numbers, 1:], scaled_places)
        distances[:, 1:][~inside] *= -1
        for place, number, row in zip(places.tolist(), numbers.tolist(), distances.tolist(), strict=True):
            results[place].append((self.stores[number], tuple(row)))
        return results

    def holds_one(self, lon: float, lat: float) -> list[int]:
        """Containment alone."""
        found: list[int] = self.tree.query(Point(lon, lat), predicate="intersects").tolist()
        return found

    def holds(self, lons: Floats, lats: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Containment alone, in bulk: pairs of the numbers of place and zone."""
        places, numbers = self.tree.query(shapely.points(lons, lats), predicate="intersects")
        return places, numbers


def scaled(ring: shapely.Geometry, row: tuple[float, ...]) -> shapely.Geometry:
    """The boundary of a polygon in metres round the middle of its zone."""
    west, south, east, north = row
    return shapely.transform(ring.boundary, lambda degrees: (degrees - [west, south]) * [east, north])


def metres_a_degree(lat: float) -> tuple[float, float]:
    """East and north, on the ellipsoid of WGS 84."""
    sine = np.sin(radians(lat)) ** 2
    w = np.sqrt(1 - ECCENTRICITY_SQUARED * sine)
    degree = radians(1) * 6_378_137.0
    return degree * cos(radians(lat)) / w, degree * (1 - ECCENTRICITY_SQUARED) / w**3
