"""A notice: what those who work at a store hear of who is at its door."""

from __future__ import annotations

from config.described import Described
from config.language.triggers import Dates, When
from config.language.who import Who
from config.names import Id, Words


class Notice(Described):
    """When whose coming is told, and in which words: in the retailer's own language."""

    id: Id
    when: When
    dates: Dates = Dates()
    store: Words | None = None
    who: Who = Who()
    text: Words
