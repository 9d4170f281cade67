"""Whether the network was away and not a feed: its feeds come back with the first of them, not each when it may."""

from __future__ import annotations

from typing import Final

NETWORK: Final = frozenset(["dns", "unreachable", "timeout"])
"""Kinds of errors by which a network that is away shows."""
_PLACES: Final = 3
"""Places that are cut off together: no longer a matter of each."""


class Outage:
    """The feeds that are cut off from us, each once for all the polls in a row that do not get through."""

    def __init__(self) -> None:
        self._cut_off: dict[str, int] = {}

    def lost(self, feed: str, place: int) -> None:
        """Take note of a feed's first poll that did not get through.

        Args:
            feed: its name.
            place: what stands for its host.
        """
        self._cut_off[feed] = place

    def reached(self, feed: str, places: int) -> list[str]:
        """Take note of a feed that answered.

        Args:
            feed: its name.
            places: how many places have feeds.

        Returns:
            The other feeds to ask again now, in the order in which they were lost: none unless this one was cut off,
            too, at one of three places that were, or of all when there are fewer. None is named a second time before
            it was reached.
        """
        if feed not in self._cut_off:
            # who was not cut off does not tell that the network is back: it may be on this machine
            return []
        cut_off = len(set(self._cut_off.values()))
        del self._cut_off[feed]
        if cut_off < min(_PLACES, places):
            return []
        back, self._cut_off = list(self._cut_off), {}
        return back

    def forget(self, feed: str) -> None:
        """Forget a feed that is not asked here any more."""
        self._cut_off.pop(feed, None)
