"""The time zone of a position."""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, cast


@cache
def finder() -> Callable[..., str | None]:
    """timezonefinder's `timezone_at`, which looks into a C library.

    Where it sees numba it compiles itself instead as it is imported: that takes seconds, gains nothing here, and ends
    with an error where there is no folder to write to. So it does not see it.
    """
    modules = cast(dict[str, Any], sys.modules)
    before = {"numba": modules["numba"]} if "numba" in modules else {}
    modules["numba"] = None
    try:
        from timezonefinder import timezone_at
    finally:
        del modules["numba"]
        modules.update(before)
    return cast(Callable[..., str | None], timezone_at)
