"""How many requests go to one host at the same time, so that neither a host nor its other feeds suffer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

PER_HOST: Final = 2
"""Requests to one host at the same time."""
SLOW: Final = 0.5
"""Seconds after which a request makes room for another one: it waits for its server, and others must not for it."""
MOST: Final = 8
"""Requests to one host at the same time, slow ones included."""


class _Host:
    def __init__(self, at_once: int, most: int) -> None:
        self.all = asyncio.Semaphore(most)
        self.quick = asyncio.Semaphore(at_once)


class _Room:
    """A place that is given back once, by its request or because that takes long."""

    def __init__(self, slot: asyncio.Semaphore) -> None:
        self._slot: asyncio.Semaphore | None = slot

    def make(self) -> None:
        if self._slot is not None:
            self._slot.release()
            self._slot = None


class Places:
    """Gives each request to a host its place.

    Args:
        at_once: requests to one host that are answered in time.
        slow: seconds after which one does not count among those any more.
        most: requests to one host, slow ones included.
    """

    def __init__(self, at_once: int = PER_HOST, slow: float = SLOW, most: int = MOST) -> None:
        self._at_once = at_once
        self._slow = slow
        self._most = most
        self._hosts: WeakValueDictionary[str, _Host] = WeakValueDictionary()

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[None]:
        """Hold a place at a host; places are given in the order in which they are asked for."""
        here = self._hosts.setdefault(host, _Host(self._at_once, self._most))
        async with here.all:
            await here.quick.acquire()
            room = _Room(here.quick)
            timer = asyncio.get_running_loop().call_later(self._slow, room.make)
            try:
                yield
            finally:
                timer.cancel()
                room.make()
