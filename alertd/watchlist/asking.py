"""What this room needs to know of the parts of a rule: spikes, shifts of sentiment, hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SpikeLike(Protocol):
    """When more news than usual is a spike."""

    @property
    def within(self) -> float:
        """Seconds that are looked back upon."""
        ...

    @property
    def chance(self) -> float:
        """Highest probability of so many reports, were all as usual; 0..1."""
        ...

    @property
    def least(self) -> int:
        """Fewer reports are never a spike."""
        ...

    @property
    def history(self) -> float:
        """Seconds of the past that say what is usual."""
        ...


class ShiftLike(Protocol):
    """When the mean of a company's sentiment has shifted."""

    @property
    def below(self) -> float | None:
        """It falls below this score."""
        ...

    @property
    def above(self) -> float | None:
        """It rises above this score."""
        ...

    @property
    def drop(self) -> float:
        """It falls by so much from its highest; 0 for any."""
        ...

    @property
    def rise(self) -> float:
        """It rises by so much from its lowest; 0 for any."""
        ...

    @property
    def articles(self) -> int:
        """Articles that the mean is of."""
        ...

    @property
    def within(self) -> float:
        """Seconds after which an article counts no more."""
        ...


class HoursLike(Protocol):
    """When a rule speaks."""

    @property
    def timezone(self) -> str:
        """Of its times of day; "" for UTC."""
        ...

    @property
    def opens(self) -> int:
        """Minutes since midnight at which it begins."""
        ...

    @property
    def closes(self) -> int:
        """Minutes since that midnight at which it ends; above 1440, on the next day."""
        ...

    @property
    def weekdays(self) -> Sequence[int]:
        """Days on which it begins, Monday is 0."""
        ...

    @property
    def exchange(self) -> str:
        """Code of the exchange whose sessions count instead, or ""."""
        ...

    @property
    def early(self) -> float:
        """Seconds before a session that count to it."""
        ...

    @property
    def late(self) -> float:
        """Seconds after a session that count to it."""
        ...
