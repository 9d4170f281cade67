"""Puts what several taggers finish out of order back into the order of arrival. Pure: the clock is passed in."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Reorder(Generic[T]):
    """Holds items until those before them are there, or were waited for long enough.

    Args:
        following: the place that comes next; earlier ones are late and go through at once.
        patience: seconds that an item waits for those before it.
    """

    def __init__(self, following: int, patience: float) -> None:
        self._following = following
        self._patience = patience
        self._heap: list[tuple[int, int, float, T]] = []
        self._added = 0

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._heap)

    def add(self, place: int, item: T, now: float) -> None:
        """Add an item that came at `now` (monotonic seconds)."""
        heapq.heappush(self._heap, (place, self._added, now, item))
        self._added += 1

    def ready(self, now: float) -> list[T]:
        """Take the items that may go, in their order."""
        out = []
        while self._heap:
            place, _, since, item = self._heap[0]
            if place > self._following and now - since < self._patience:
                break
            heapq.heappop(self._heap)
            self._following = max(self._following, place + 1)
            out.append(item)
        return out

    def wait(self, now: float) -> float | None:
        """Seconds until the first item may go without those before it; None when nothing waits."""
        if not self._heap:
            return None
        return max(0.0, self._heap[0][2] + self._patience - now)
