"""What may start an offer: the triggers that one fix or check-in of one member brings, taken together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from geofences.ids import timed_id
from offers.campaigns import Rules
from offers.triggers import Trigger, TriggerKind

ALWAYS_TOLD = frozenset({TriggerKind.ENTER, TriggerKind.CHECK_IN, TriggerKind.VISIT})
"""Kinds of triggers that have a decision even where no campaign waits for them."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """All triggers of one member from one record, at one time. At most one offer comes of it.

    `member` is None where nobody is known behind `device`; `visits` names the stores at which a visit is to be counted.
    """

    id: str
    retailer: str
    member: str | None
    device: str | None
    at: int
    triggers: tuple[Trigger, ...]
    visits: tuple[str, ...] = ()
    steps: tuple[Trigger, ...] = ()
    """What sequences rest on, whether or not it starts anything by itself."""

    @property
    def subject(self) -> str:
        """Whose outcome it is: the member, or the device while nobody is known behind it."""
        return self.member if self.member is not None else f"device|{self.device}"

    def without_visits(self) -> Occasion:
        """The same occasion where the visits turn out to have begun before."""
        kept, steps = (
            tuple(trigger for trigger in triggers if trigger.kind is not TriggerKind.VISIT)
            for triggers in (self.triggers, self.steps)
        )
        return replace(self, triggers=kept, steps=steps)


def occasion_id(retailer: str, source: str, at: int, triggers: tuple[Trigger, ...]) -> str:
    """The same for the same triggers, whatever batch brought them; `source` is the member or device they came from."""
    return timed_id(at, "occasion", retailer, source, *(trigger.id for trigger in triggers))


def awaited(trigger: Trigger, rules: Rules) -> bool:
    """Whether `trigger` is to be decided: an ENTER, a visit or a check-in always is, others where a campaign waits."""
    return trigger.kind in ALWAYS_TOLD or rules.awaits(trigger) or bool(rules.notifying(trigger))


def steps_among(triggers: Iterable[Trigger], rules: Rules) -> tuple[Trigger, ...]:
    """What of it a sequence rests on."""
    return tuple(trigger for trigger in triggers if any(key in rules.steps for key in trigger.keys))


def visit_trigger(retailer: str, source: str, store: str, at: int) -> Trigger:
    """The trigger of a visit that begins at `store` at `at`."""
    return Trigger(timed_id(at, "visit", retailer, source, store), TriggerKind.VISIT, at, store)


def shadowed(triggers: tuple[Trigger, ...], rules: Rules) -> frozenset[str]:
    """Ids of the ENTERs that another ring of the same store speaks for.

    Of the rings of a store entered at once, the innermost for which a campaign waits may start an offer; the triggers
    stand outermost first, so that the last one waited for is the innermost.
    """
    if len(triggers) < 2:
        return frozenset()
    enters = [trigger for trigger in triggers if trigger.kind is TriggerKind.ENTER]
    speaking: dict[str, str] = {}
    for trigger in enters:
        if rules.awaits(trigger):
            speaking[trigger.where] = trigger.id
    return frozenset(each.id for each in enters if speaking.get(each.where, each.id) != each.id)
