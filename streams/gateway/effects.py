"""What takes effect in the request: words on consent hold before they are answered, and not once a worker has come."""

from __future__ import annotations

import msgspec

from streams.gateway.doors import Doors
from streams.member_changes import change_member, change_preference
from streams.messages import ConsentSaid, MemberChange, Message, Preference


async def take_effect(message: Message, doors: Doors) -> None:
    """Let a preference, a withdrawal or a deletion hold; a worker comes to the same from its record, and tells it.

    Raises NotAMessage for a preference of nobody that is known.
    """
    if isinstance(message, Preference):
        await change_preference(message, doors.tables, doors.retailers)
    elif isinstance(message, MemberChange) and (message.deleted or _withdraws(message.consent)):
        await change_member(message, doors.tables, doors.retailers)


def _withdraws(consent: ConsentSaid | msgspec.UnsetType) -> bool:
    return isinstance(consent, dict) and not all(grant.granted for grant in consent.values())
