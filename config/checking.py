"""All mistakes of one file at once, in the order in which they stand there."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from config.advice import advice
from config.consistency import campaign_problems, notice_problems
from config.described import Described
from config.document import Document, read_document
from config.explaining import explain
from config.findings import Finding, Path, Problem
from config.geography import place_problems, ring_shapes
from config.language import Campaign, Description, Notice, Place, Product, Store
from config.names import read_time_zone
from config.references import reference_problems
from geofences.rings import Shape

_Model = TypeVar("_Model", bound=Described)

Shapes = Mapping[tuple[str, str], Shape]
"""Shapes by store and ring: `("haussmann", "inside")`."""


@dataclass(frozen=True)
class Checked:
    """What became of one file; `description` is there only where nothing is wrong with it.

    `advice` is about what is sound, and may yet not be what was meant.
    """

    document: Document
    findings: tuple[Finding, ...]
    description: Description | None
    shapes: Shapes
    advice: tuple[Finding, ...] = ()


def check_file(raw: bytes, file: str, folder: pathlib.Path) -> Checked:
    """Check the bytes of one file, called `file` in findings; its GeoJSON files are looked for from `folder`.

    Never raises for what the bytes hold.
    """
    return check_document(read_document(raw, file), folder)


def check_document(document: Document, folder: pathlib.Path) -> Checked:
    """Check what is read already, be it a whole file or a part of one."""
    shapes: dict[tuple[str, str], Shape] = {}
    if document.data is None:
        found = list(document.findings)
        if not found:
            found = [document.finding(Problem((), "there is nothing in the file", "describe a retailer"))]
        return Checked(document, tuple(sorted(set(found))), None, shapes)
    if _is_of_scenarios(document.data):
        told = document.finding(Problem((), "these are scenarios, and no retailer", "play them with `chalandise test`"))
        return Checked(document, (*document.findings, told), None, shapes)
    description, problems = _description(document)
    problems += reference_problems(document)
    problems += _detail_problems(document, folder, shapes)
    findings = sorted({*document.findings, *map(document.finding, problems)})
    if findings or description is None:
        return Checked(document, tuple(findings), None, shapes)
    return Checked(document, (), description, shapes, tuple(sorted(map(document.finding, advice(description)))))


def _is_of_scenarios(data: Any) -> bool:
    return isinstance(data, dict) and "retailer" not in data and not data.keys().isdisjoint(("scenario", "scenarios"))


def _description(document: Document) -> tuple[Description | None, list[Problem]]:
    try:
        return Description.model_validate(document.data), []
    except ValidationError as error:
        return None, list(explain(error, document))


def _detail_problems(
    document: Document, folder: pathlib.Path, shapes: dict[tuple[str, str], Shape]
) -> Iterator[Problem]:
    """Problems of the stores and campaigns that are sound in their parts, however it is with the others."""
    stores, products = _sound(document, "stores", Store), _sound(document, "products", Product)
    yield from _outline_problems(document, stores, folder, shapes)
    # Where one of the stores is wrong in itself, which rings there are is not known.
    whole = len(stores) == sum(1 for path in document.values if len(path) == 2 and path[0] == "stores")
    by_store = {store.id: store for store in stores.values()} if whole else {}
    by_product = {product.id: product for product in products.values()}
    for path, campaign in _sound(document, "campaigns", Campaign).items():
        yield from campaign_problems(campaign, path, by_store, by_product)
    for path, notice in _sound(document, "notices", Notice).items():
        yield from notice_problems(notice, path, by_store)


def _outline_problems(
    document: Document, stores: Mapping[Path, Store], folder: pathlib.Path, shapes: dict[tuple[str, str], Shape]
) -> Iterator[Problem]:
    """Where stores and places are, and their outlines, which are kept in `shapes`."""
    retailer_zone = _zone(document)
    sited: dict[Path, Store | Place] = {**stores, **_sound(document, "places", Place)}
    for path, each in sited.items():
        zone = each.timezone if isinstance(each, Store) else None
        misplaced = list(place_problems(each, path, zone or retailer_zone))
        yield from misplaced
        if not misplaced:
            found, problems = ring_shapes(each, path, folder)
            shapes.update({(each.id, ring): shape for ring, shape in found.items()})
            yield from problems


def _sound(document: Document, key: str, model: type[_Model]) -> dict[Path, _Model]:
    found: dict[Path, _Model] = {}
    items: Any = document.data.get(key) if isinstance(document.data, dict) else None
    for place, item in enumerate(items if isinstance(items, list) else ()):
        try:
            found[(key, place)] = model.model_validate(item)
        except ValidationError:
            continue  # Told already: the whole description was validated before.
    return found


def _zone(document: Document) -> str | None:
    try:
        return read_time_zone(document.data.get("timezone")) if isinstance(document.data, dict) else None
    except PydanticCustomError:
        return None
