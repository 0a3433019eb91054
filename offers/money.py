"""Money in whole cents; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"(?P<whole>[0-9]{1,10})(?:\.(?P<cents>[0-9]{2}))? (?P<currency>[A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in hundredths of `currency` (ISO 4217)."""

    cents: int
    currency: str

    @classmethod
    def parse(cls, written: str) -> Money:
        """Read `39 EUR` or `39.00 EUR`; raises ValueError for anything else."""
        found = _WRITTEN.fullmatch(written.strip())
        if found is None:
            raise ValueError(f"{written!r} is no amount of money; write it as 39.00 EUR")
        return cls(int(found["whole"]) * 100 + int(found["cents"] or 0), found["currency"])

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02d} {self.currency}"

    def percent(self, share: int) -> Money:
        """`share` percent of this amount, rounded down to the cent."""
        return Money(self.cents * share // 100, self.currency)
