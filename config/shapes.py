"""The shape of each ring: a circle round the store, a polygon, or a feature of a GeoJSON file beside the YAML."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticCustomError
from shapely.errors import ShapelyError  # type: ignore[attr-defined]  # it comes from the compiled part
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry import shape as shapely_shape

from config.language import Place, RingShape, Store
from config.names import did_you_mean
from config.quantities import quoted, wrong
from geofences.checks import problems_of_circle, problems_of_polygon, problems_of_shape
from geofences.meridian import unwrapped
from geofences.rings import Circle, Shape

LARGEST_GEOJSON = 16 * 1024 * 1024
"""Bytes."""

_NAMES = ("id", "name", "code", "nom")


class Misshapen(Exception):  # noqa: N818 - a verdict about a ring, not a fault
    """A ring that is no shape; `what` is wrong, and what `todo`."""

    def __init__(self, what: str, todo: str) -> None:
        self.what, self.todo = what, todo
        super().__init__(f"{what}; {todo}")


def shape_of(store: Store | Place, ring: RingShape, folder: pathlib.Path) -> Shape:
    """The shape of `ring`, sound in itself; GeoJSON files are looked for from `folder`. Raises Misshapen."""
    if ring.radius is not None:
        circle = Circle(store.location.lon, store.location.lat, ring.radius)
        _refuse(problems_of_circle(circle))
        return circle
    if ring.polygon is not None:
        corners = [(point.lon, point.lat) for point in ring.polygon]
        _refuse(problems_of_polygon(corners))
        return unwrapped(Polygon(corners))
    try:
        found = _feature(ring.geojson or "", folder)
    except PydanticCustomError as error:
        raise Misshapen(*told(error)) from None
    _refuse(problems_of_shape(found))
    return unwrapped(found)


def told(error: PydanticCustomError) -> tuple[str, str]:
    """What is wrong and what to do, out of a finding raised with `wrong`."""
    context = error.context or {}
    return str(context.get("what")), str(context.get("todo"))


def split_advice(problem: str) -> tuple[str, str]:
    """What is wrong and what to do, out of a sentence of `geofences.checks`."""
    what, _, todo = problem.rpartition("; ")
    return (what, todo) if what else (problem, "correct it")


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Misshapen(*split_advice(problems[0]))


def _feature(reference: str, folder: pathlib.Path) -> Polygon | MultiPolygon:
    name, _, wanted = reference.partition("#")
    features = list(_features(_read(folder / name, name)))
    if wanted:
        named = {each: feature for feature in reversed(features) for each in _named(feature)}
        if wanted not in named:
            raise wrong(f"{quoted(name)} has no feature {quoted(wanted)}", did_you_mean(wanted, named))
        return _polygon(named[wanted], reference)
    if len(features) != 1:
        raise wrong(f"{quoted(name)} has {len(features)} features", f"say which one, as in {name}#its-id")
    return _polygon(features[0], reference)


def _read(path: pathlib.Path, name: str) -> Any:
    try:
        if path.stat().st_size > LARGEST_GEOJSON:
            raise wrong(f"{quoted(name)} is larger than {LARGEST_GEOJSON} bytes", "take only what is needed into it")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        what = f"the file {quoted(name)} cannot be read ({error.strerror})"
        raise wrong(what, f"put it beside the YAML, in `{path.parent.name or '.'}`") from None
    except (ValueError, RecursionError):
        raise wrong(f"{quoted(name)} is no GeoJSON", "write a FeatureCollection of polygons into it") from None


def _features(data: Any) -> Iterator[dict[str, Any]]:
    features = data.get("features", [data]) if isinstance(data, dict) else []
    for feature in features if isinstance(features, list) else []:
        if isinstance(feature, dict):
            yield feature


def _named(feature: dict[str, Any]) -> Iterator[str]:
    properties = feature.get("properties")
    holders = (feature, properties if isinstance(properties, dict) else {})
    for holder in holders:
        yield from (str(holder[key]) for key in _NAMES if isinstance(holder.get(key), str | int))


def _polygon(feature: dict[str, Any], reference: str) -> Polygon | MultiPolygon:
    try:
        found = shapely_shape(feature.get("geometry", feature))
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError):
        raise wrong(f"{quoted(reference)} has no geometry that can be read", "draw it again as a Polygon") from None
    if not isinstance(found, Polygon | MultiPolygon):
        raise wrong(f"{quoted(reference)} is a {found.geom_type}", "give a Polygon or a MultiPolygon")
    return found
