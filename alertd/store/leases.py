"""Leases with fencing tokens that trust no wall clock.

The holder increments a counter. Another process takes the lease over when it saw the counter unchanged for `patience`
seconds of its own monotonic clock, or at once when it sees that the holder, on the same machine, is dead; the fencing
token, which rises with every holder, is checked by every commit, so that a holder that was only slow cannot write any
more (M. Kleppmann, How to do distributed locking, 2016). It rises by chance, not by one: a server that takes over may
lack the last writes, and would give the next holder the very token by which the one before still commits.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any

from alertd.errors import FencedError
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.named import is_dead

PATIENCE = 10.0
"""Seconds without a beat after which a holder counts as gone."""
BEAT = 2.0
"""Seconds between two beats."""
_STEPS = 2**24
"""Of so many steps one is taken from a token to the next; a Lua number holds a billion of them exactly."""


class Lease:
    """One lease, as seen by one process.

    Args:
        store: the store.
        name: what is leased ("poll", "decide", "notify").
        owner: this process.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        owner: str,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.token = 0
        self._store = store
        self._owner = owner
        self._patience = patience
        self._clock = clock
        self._seen = ""
        self._since = 0.0
        self._beaten = 0.0

    @property
    def key(self) -> str:
        """The lease's key, which every fenced script checks."""
        return keys.lease(self.name)

    @property
    def held(self) -> bool:
        """Whether this process holds it, as far as it knows: its last beat was taken within the patience."""
        return self.token > 0 and self._clock() - self._beaten < self._patience

    async def acquire(self) -> bool:
        """Try once; call it again and again to stand by. True when it is held now."""
        if self.held:
            return True
        stale = self._seen and self._clock() - self._since >= self._patience
        asked = self._clock()
        token, beat, holder = await self._ask(self._seen if stale else "")
        if not int(token) and is_dead(str(holder)):
            # it ran on this machine: nobody need wait to be sure
            token, beat, _ = await self._ask(str(beat))
        if int(token):
            self.token, self._beaten, self._seen = int(token), asked, ""
            return True
        self.token = 0
        if beat != self._seen:
            self._seen, self._since = str(beat), asked
        return False

    async def _ask(self, seen: str) -> list[Any]:
        step = 1 + secrets.randbelow(_STEPS)
        asked: list[str | int] = [self._owner, seen, int(self._store.exclusive), step]
        return list(await self._store.run("acquire", [self.key], asked))

    async def beat(self) -> None:
        """Show that this process lives.

        Raises:
            FencedError: another one took over.
        """
        asked = self._clock()
        if not await self._store.run("beat", [self.key], [self.token, "beat"]):
            self.lost()
        self._beaten = asked

    def lost(self) -> None:
        """Say that the lease is gone, as a fenced commit found out.

        Raises:
            FencedError: always.
        """
        self.token = 0
        raise FencedError(f"the lease {self.name!r} went to another process", hint="this one stands by")

    async def release(self) -> None:
        """Give it back, so that another process can go on at once."""
        if self.token:
            await self._store.run("beat", [self.key], [self.token, "release"])
            self.token = 0

    async def keep(self, interval: float = BEAT) -> None:
        """Beat for ever.

        Raises:
            FencedError: another one took over.
        """
        while True:
            await asyncio.sleep(interval)
            await self.beat()
