"""How far tagging lags, and what is shed for it: full text first, then feeds of low priority."""

from __future__ import annotations

from typing import Final

from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.streams import lag

PAGES: Final = 100
"""Articles that wait for tags from which on no page is fetched: tagging long texts is what they would wait for."""
LOW: Final = 500
"""Articles that wait for tags from which on feeds of low priority are not asked."""
_KNOWN_FOR: Final = 1.0


class Pressure:
    """Knows how many articles wait for their tags; asks the store at most once a second.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting = 0
        self._known_until = float("-inf")

    async def over(self, limit: int) -> bool:
        """Tell whether so many articles wait, or more."""
        now = self._context.monotonic()
        if now >= self._known_until:
            self._known_until = now + _KNOWN_FOR
            self._waiting = await lag(self._context.store, keys.ARTICLES)
        return self._waiting >= limit
