"""A mapping that forgets: what was set last stays at hand."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

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
