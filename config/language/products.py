"""What is sold."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from config.described import Described, listed
from config.names import Words
from config.quantities import Percent, Price


class Rating(Described):
    """What customers think of a product."""

    stars: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)]
    reviews: Annotated[int, Field(strict=True, ge=0)] = 0


class Product(Described):
    """What is sold, as far as an offer speaks of it."""

    id: Words
    name: Words
    category: Words
    price: Price | None = None
    staff_pick: Words | None = None
    margin: Percent | None = None
    rating: Rating | None = None
    codes: Annotated[tuple[Words, ...], BeforeValidator(listed)] = ()
