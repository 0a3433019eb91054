"""What others do with the same fixes. Each says after each fix whether it believes the phone in the ring."""

from typing import Protocol


class Rival(Protocol):
    """`inside`: whether the point of the fix lies in the ring. Metres of accuracy."""

    def holds(self, inside: bool, accuracy: float) -> bool:
        """Whether the phone is believed in the ring after this fix."""


class PointInPolygon:
    """The point decides, whatever its circle."""

    def holds(self, inside: bool, accuracy: float) -> bool:
        """What the point says."""
        return inside


class AccuracyCutOff:
    """The point decides, but a fix worse than so many metres is thrown away."""

    def __init__(self, metres: float = 50.0) -> None:
        self.metres, self._held = metres, False

    def holds(self, inside: bool, accuracy: float) -> bool:
        """What the last good point said."""
        if accuracy <= self.metres:
            self._held = inside
        return self._held


class TwoFixConfirmation:
    """A change is believed when two good fixes in a row say so, as SDKs confirm it; worse than 100 m is thrown away."""

    def __init__(self, metres: float = 100.0) -> None:
        self.metres, self._held, self._before = metres, False, False

    def holds(self, inside: bool, accuracy: float) -> bool:
        """What the last two good points agreed on."""
        if accuracy <= self.metres:
            if inside == self._before:
                self._held = inside
            self._before = inside
        return self._held
