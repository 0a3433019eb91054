"""What must come of a scenario, and what must not."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from config.described import Described, exactly_one, listed
from config.names import Words
from config.quantities import wrong
from config.scenarios.moments import At
from config.scenarios.words import (
    AnswerName,
    ReasonName,
    RejectionName,
    Times,
    TransitionName,
    WithheldName,
    YesOrNo,
)

ANY = "any"
"""In the place of a campaign: whichever."""

KINDS = ("transition", "offer", "no_offer", "withheld", "redemption", "notice", "rejection")
_EVERYWHERE = frozenset({"after", "before"})
_FITTING: dict[str, frozenset[str]] = {
    "transition": frozenset({"geofence", "device", "to", "times"}),
    "offer": frozenset({"to", "store", "text", "product", "coupon", "locale", "times"}),
    "no_offer": frozenset({"to", "device", "store", "because"}),
    "withheld": frozenset({"to", "device", "store", "campaign", "times"}),
    "redemption": frozenset({"to", "store", "campaign", "times"}),
    "notice": frozenset({"to", "store", "text", "times"}),
    "rejection": frozenset({"device", "times"}),
}
_INSTEAD = {("no_offer", "times"): "it is none anyway; leave it out"}


class Expected(Described):
    """One expectation: one of the first seven keys, and the others to say more exactly which one is meant.

    `times` is how often exactly, 0 for never; without it, at least once.
    """

    transition: TransitionName | None = None
    offer: Words | None = None
    no_offer: Words | None = None
    withheld: WithheldName | None = None
    redemption: AnswerName | None = None
    notice: Words | None = None
    rejection: RejectionName | None = None
    to: Words | None = None
    device: Words | None = None
    geofence: Words | None = None
    store: Words | None = None
    campaign: Words | None = None
    because: Annotated[tuple[ReasonName, ...], BeforeValidator(listed), Field(min_length=1)] | None = None
    after: At | None = None
    before: At | None = None
    text: Words | None = None
    product: Words | None = None
    locale: Words | None = None
    coupon: YesOrNo | None = None
    times: Times | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        kind = exactly_one(self, *KINDS)
        for name in type(self).model_fields:
            if name not in (kind, *_FITTING[kind], *_EVERYWHERE) and getattr(self, name) is not None:
                fitting = [each for each, keys in _FITTING.items() if name in keys]
                todo = _INSTEAD.get((kind, name), f"it goes with {', '.join(f'`{each}`' for each in fitting)}")
                raise wrong(f"`{name}` beside `{kind}`", todo)
        return self

    @property
    def kind(self) -> str:
        """`transition`, `offer`, …"""
        return next(name for name in KINDS if getattr(self, name) is not None)
