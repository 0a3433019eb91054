"""docs/retailer-language.md speaks of every key there is, and its example works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from config.language import Description
from offers.wording import PLACEHOLDERS
from tests.config.sound_retailer import findings

PAGE = (Path(__file__).parents[2] / "docs" / "retailer-language.md").read_text("utf-8")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for argument in get_args(annotation):
        yield from _models(argument)


SHORT_FORMS = {"Stores.all", "Stores.ids", "ProductChoice.id"}
KEYS = {
    f"{model.__name__}.{field.alias or name}": field.alias or name
    for model in _models(Description)
    for name, field in model.model_fields.items()
}


def test_the_models_are_walked_to_their_leaves() -> None:
    assert {
        "Description.retailer",
        "Point.lat",
        "Coupon.valid_for",
        "Dates.from",
        "Cap.each",
        "Rating.stars",
    } <= KEYS.keys()


@pytest.mark.parametrize("key", sorted(KEYS.keys() - SHORT_FORMS))
def test_every_key_is_explained(key: str) -> None:
    assert re.search(rf"`(\{{)?{KEYS[key]}\b", PAGE), key


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_placeholder_is_named(name: str) -> None:
    assert f"`${name}`" in PAGE


def test_the_smallest_file_has_no_findings() -> None:
    example = re.search(r"```yaml\n(retailer:.*?)```", PAGE, re.DOTALL)
    assert example is not None
    assert findings(example[1]) == []
