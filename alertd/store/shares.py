"""Shards of one work, leased to any number of processes in fair shares, with a fencing token for each shard.

Every process that takes part counts up. Another one takes over what it held when it saw that count unchanged for
`patience` seconds of its own monotonic clock, or sees that it is dead, as with a lease (`alertd.store.leases`): no wall
clock is trusted. Who comes later is dealt in as the others give back what is more than their share. Whoever writes for
a shard names the token under which it holds it, so that one that was only slow cannot write any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from alertd.errors import FencedError
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.leases import PATIENCE
from alertd.store.named import is_dead

SHARDS: Final = 256
"""Into so many shards a work is parted; so many processes can share it."""
BEAT: Final = 1.0
"""Seconds between two beats, and so the longest time for which what was given back waits for its new holder."""


class Shares:
    """The shards that one process holds, of all that there are.

    Args:
        store: the store.
        name: what is shared ("poll").
        owner: this process; its name ends in no number of its own after a space.
        patience: seconds without a beat after which another member counts as gone.
        clock: monotonic seconds.
    """

    def __init__(
        self, store: Store, name: str, owner: str, *, patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.name = name
        self._store = store
        self._owner = owner
        self._patience = patience
        self._clock = clock
        self._tokens: dict[int, str] = {}
        self._held: frozenset[int] = frozenset()
        self._leaving: frozenset[int] = frozenset()
        self._given: set[int] = set()
        self._seen: dict[str, tuple[str, float]] = {}
        self._beaten = 0.0

    @property
    def key(self) -> str:
        """The key that every fenced script checks: shard → token."""
        return keys.shards(self.name)

    @property
    def held(self) -> frozenset[int]:
        """The shards to work on: those that it held at its last beat and need not give back."""
        return self._held

    @property
    def leaving(self) -> frozenset[int]:
        """Those that it holds beyond its share: to be given back once what is under way for them has ended."""
        return self._leaving

    def holds(self, shard: int) -> bool:
        """Whether to begin something for a shard: it is to be worked on, and the last beat is not too old to tell."""
        return shard in self._held and self._is_fresh()

    def token(self, shard: int) -> str:
        """The token under which it holds a shard; "" when it does not, or cannot know, for its last beat is too old."""
        return self._tokens.get(shard, "") if self._is_fresh() else ""

    def fenced(self, shards: Iterable[int]) -> FencedError:
        """Note that shards are gone, as a fenced commit found out; returns the error to raise."""
        gone = frozenset(shards)
        self._hold({shard: token for shard, token in self._tokens.items() if shard not in gone}, self._leaving - gone)
        return FencedError(f"a part of {self.name!r} went to another process", hint="this one goes on with its own")

    def give(self, shards: Collection[int]) -> None:
        """Give shards back with the next beat."""
        self._given |= self._leaving & frozenset(shards)

    async def acquire(self) -> bool:
        """Show that this process lives, and take what it may; True when it holds something now."""
        await self._step()
        return bool(self._tokens)

    async def keep(self, interval: float = BEAT) -> None:
        """Beat for ever."""
        while True:
            await asyncio.sleep(interval)
            await self._step()

    async def release(self) -> None:
        """Give everything back and take part no more, so that others can go on at once."""
        self._hold({}, frozenset())
        await self._ask(leave=True)

    async def _step(self) -> None:
        asked, given = self._clock(), frozenset(self._given)
        members, held = await self._ask(given=given)
        self._beaten = asked
        self._seen = {
            name: (beat, self._seen[name][1] if self._seen.get(name, ("", 0.0))[0] == beat else asked)
            for name, beat in members.items() if name != self._owner
        }  # fmt: skip
        mine = {int(n): token for n, token in held.items() if token.rpartition(" ")[0] == self._owner}
        share = -(-SHARDS // len(members))
        # those that are leaving are the first to leave: something was done for it
        self._hold(mine, frozenset(sorted(mine, key=lambda shard: (shard in self._leaving, shard))[share:]))

    async def _ask(self, *, given: Collection[int] = (), leave: bool = False) -> tuple[dict[str, str], dict[str, str]]:
        gone = [
            part for name, (beat, since) in self._seen.items()
            if self._clock() - since >= self._patience or is_dead(name)
            for part in (name, beat)
        ]  # fmt: skip
        alone = int(self._store.exclusive)
        arguments: list[Any] = [self._owner, SHARDS, alone, int(leave), len(gone) // 2, *gone, *given]
        members, held = await self._store.run("share", [self.key, keys.members(self.name)], arguments)
        return dict(zip(members[::2], members[1::2], strict=True)), dict(zip(held[::2], held[1::2], strict=True))

    def _hold(self, tokens: dict[int, str], leaving: frozenset[int]) -> None:
        self._tokens, self._leaving, self._held = tokens, leaving, frozenset(tokens) - leaving
        self._given &= leaving

    def _is_fresh(self) -> bool:
        return self._clock() - self._beaten < self._patience
