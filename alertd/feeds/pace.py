"""Keeps a time between two requests to one site, whoever makes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

SITES: Final = {"sec.gov": 0.11}
"""Seconds between two requests to a site and the hosts below it: the SEC allows ten a second."""
_MOST: Final = 10_000


def site_of(host: str, sites: Collection[str]) -> str:
    """The site that a host belongs to: the one of these that it is or lies below, else the host itself. Pure."""
    for name in sites:
        if host.endswith(name) and (len(host) == len(name) or host[-len(name) - 1] == "."):
            return name
    return host


class Pace:
    """Gives each request to a site its turn.

    Args:
        sites: seconds between two requests, by site; its hosts share them.
        others: seconds between two requests to any other host; 0 for none.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        sites: Mapping[str, float] = SITES,
        others: float = 0.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sites = sites
        self._others = others
        self._clock = clock
        self._sleep = sleep
        self._free_at: dict[str, float] = {}

    async def turn(self, host: str, asked: float = 0.0) -> None:
        """Wait until the host may be asked again; turns come in the order in which they are asked for.

        Args:
            host: the host.
            asked: seconds that it asks for itself; the longer ones count.
        """
        site = site_of(host, self._sites)
        gap = max(self._sites.get(site, self._others), asked)
        if not gap:
            return
        now = self._clock()
        if len(self._free_at) > _MOST:
            self._free_at = {name: at for name, at in self._free_at.items() if at > now}
        start = max(now, self._free_at.get(site, now))
        self._free_at[site] = start + gap
        if start > now:
            await self._sleep(start - now)
