"""What is offered, and in which words."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_serializer, model_validator

from config.described import Described, exactly_one
from config.names import Language, Link, Words
from config.quantities import HOUR, DiscountText, Duration, wrong


class ProductChoice(Described):
    """A product by its id, or the first of a category that the member did not buy of late."""

    id: Words | None = None
    category: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"id": value}

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        exactly_one(self, "id", "category")
        return self

    @model_serializer
    def _written(self) -> Any:
        return self.id if self.id is not None else {"category": self.category}


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


class Coupon(Described):
    """A code to show at the till."""

    valid_for: Duration


class Offer(Described):
    """What is offered, and in which words."""

    text: Annotated[dict[Language, Wording], Field(min_length=1)]
    product: ProductChoice | None = None
    discount: DiscountText | None = None
    coupon: Coupon | None = None
    service: Words | None = None
    link: Link | None = None
    image: Link | None = None
    valid_for: Duration = 4 * HOUR
