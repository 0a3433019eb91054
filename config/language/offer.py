"""What is offered, and in which words."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_serializer, model_validator

from config.described import Count, Described, exactly_one, listed
from config.language.stores import Stores
from config.names import Language, Link, Words
from config.quantities import HOUR, DiscountText, Duration, Price, wrong

SCANNED = "scanned"
"""In the place of a product's id: the one whose code was scanned just now."""

Source = Literal["bought_together", "bestseller", "staff_pick"]


class Recommend(Described):
    """What a recommendation rests on; of one category, or of all."""

    category: Words | None = None
    source: Annotated[tuple[Source, ...], BeforeValidator(listed), Field(alias="from", min_length=1)]


class ProductChoice(Described):
    """A product by its id, the first of a category not bought of late, a recommended one, or the one just scanned."""

    id: Words | None = None
    category: Words | None = None
    recommend: Recommend | None = None
    scanned: Literal[True] | None = None
    otherwise: Annotated[tuple[Source, ...], BeforeValidator(listed)] = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value == SCANNED:
            return {SCANNED: True}
        return value if isinstance(value, dict) else {"id": value}

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if exactly_one(self, "id", "category", "recommend", SCANNED) != "recommend" and self.otherwise:
            raise wrong("`otherwise` stands beside no `recommend`", "leave it out, or write `recommend`")
        return self

    @property
    def of_category(self) -> str | None:
        """The category that it must be of."""
        return self.recommend.category if self.recommend is not None else self.category

    @property
    def only_picks(self) -> bool:
        """Whether the staff must have picked it."""
        return self.recommend is not None and {*self.recommend.source, *self.otherwise} == {"staff_pick"}

    @model_serializer
    def _written(self) -> Any:
        if self.scanned:
            return SCANNED
        if self.recommend is None:
            named = {"id": SCANNED} if self.id == SCANNED else self.id
            return named if named is not None else {"category": self.category}
        otherwise = {"otherwise": list(self.otherwise)} if self.otherwise else {}
        return {"recommend": self.recommend.model_dump(by_alias=True, exclude_none=True, mode="json")} | otherwise


class Wording(Described):
    """A text in one language, for those addressed with `tu` and with `vous`."""

    tu: Words
    vous: Words

    @model_validator(mode="before")
    @classmethod
    def _both(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return {"tu": value, "vous": value}
        for tone, other in (("tu", "vous"), ("vous", "tu")):
            if tone in value and other not in value:
                raise wrong(f"the text has `{tone}` but no `{other}`", f"add `{other}`, or write one text for both")
        return value

    @model_serializer
    def _written(self) -> Any:
        return self.tu if self.tu == self.vous else {"tu": self.tu, "vous": self.vous}


def _short(wordings: tuple[Wording, ...]) -> Any:
    return wordings[0] if len(wordings) == 1 else list(wordings)


Wordings = Annotated[
    tuple[Wording, ...], BeforeValidator(listed), Field(min_length=1), PlainSerializer(_short, return_type=Any)
]
"""The first of them that can be said to a member."""


class Coupon(Described):
    """A code to show at the till; by default at the store that the offer speaks of."""

    valid_for: Duration
    stores: Stores | None = None


class Offer(Described):
    """What is offered, and in which words."""

    text: Annotated[dict[Language, Wordings], Field(min_length=1)]
    product: ProductChoice | None = None
    discount: DiscountText | None = None
    coupon: Coupon | None = None
    service: Words | None = None
    link: Link | None = None
    image: Link | None = None
    stamp: Count | None = None
    cost: Price | None = None
    valid_for: Duration = 4 * HOUR
