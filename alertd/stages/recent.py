"""What was accepted last: a mapping that forgets, and what the store has forgotten."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final, Generic, TypeVar

_EVERY: Final = 600_000
_LATE: Final = 1_000
"""Milliseconds: between two notes, and that a key may outlive its time."""

K = TypeVar("K")
V = TypeVar("V")


# a plain dict looks for its first entry among all that were deleted before it
class Recent(OrderedDict[K, V], Generic[K, V]):
    """A mapping of the entries that were set last.

    Args:
        most: entries that it holds.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


class Forgotten:
    """Up to which place in the order articles are forgotten by the store, so that none of them is asked for in vain.

    All times are the server's, for its clock ends the life of its keys.
    """

    def __init__(self) -> None:
        self.place = 0
        """The last place of which that is known."""
        self._notes: deque[tuple[int, int]] = deque()
        self._latest, self._longest = 0, 0

    def note(self, ident: str, place: int, life: int) -> None:
        """Take note of an article that was accepted just now.

        Args:
            ident: its id, which begins with the time.
            place: its own.
            life: seconds for which it is remembered.
        """
        now, life = int(ident.partition("-")[0]), life * 1000 + _LATE
        # those since the note before may have been given another life
        self._longest = max(self._longest, life)
        if not self._notes or now - self._latest >= _EVERY:
            self._notes.append((now + self._longest, place))
            self._latest, self._longest = now, life
        while self._notes and self._notes[0][0] < now:
            _, self.place = self._notes.popleft()
