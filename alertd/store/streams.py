"""Reading streams with a consumer group: new entries, and those that a dead reader left behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.exceptions import ResponseError

from alertd.store import keys
from alertd.store.connection import BLOCK_MS, Store

MAX_TRIES = 5
"""Lone tries of an entry before it is set aside."""
EVERYTHING = 1_000_000
"""More entries than are ever pending."""
_CLAIMED = 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """An entry of a stream, delivered to this process until it is acknowledged.

    Attributes:
        id: its id in the stream.
        fields: what was added.
        again: it was delivered before, to a process that did not acknowledge it: it is to be tried alone.
    """

    id: str
    fields: dict[str, str]
    again: bool = False


class Reader:
    """Reads one stream as a member of its group.

    Args:
        store: the store.
        stream: one of `keys.GROUPS`.
        consumer: this process.
        idle: seconds after which an entry that another process holds counts as left behind.
        clock: monotonic seconds.
    """

    def __init__(
        self, store: Store, stream: str, consumer: str, *, idle: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream = stream
        self.group = keys.GROUPS[stream]
        self._store = store
        self._consumer = consumer
        self._idle = idle
        self._clock = clock
        self._held: dict[tuple[str, str, int], float] = {}

    async def fresh(self, count: int, wait_ms: int = BLOCK_MS) -> list[Delivery]:
        """Entries that nobody had yet, at most `count`; waits for the first one up to `wait_ms` (0: not at all)."""
        answer = await cast(Any, self._store.blocking).xreadgroup(
            self.group, self._consumer, {self.stream: ">"}, count=count, block=wait_ms or None
        )
        return [Delivery(ident, fields) for _, entries in answer or () for ident, fields in entries if fields]

    async def left(self, count: int, *, own: bool = False) -> list[Delivery]:
        """Entries that were delivered and never acknowledged, at most `count`, now this process's own.

        Args:
            own: take all, however fresh: only where no other process reads, right after a start.
        """
        redis = cast(Any, self._store.redis)
        pending = await redis.xpending_range(self.stream, self.group, min="-", max="+", count=EVERYTHING)
        left = self._left_behind(pending, 0.0 if own else self._idle)[:count]
        found: list[Delivery] = []
        for start in range(0, len(left), _CLAIMED):
            rows = [part for row in left[start : start + _CLAIMED] for part in row]
            taken = await self._store.run("inherit", [self.stream], [self.group, self._consumer, *rows])
            found += [Delivery(i, dict(zip(flat[::2], flat[1::2], strict=True)), again=True) for i, flat in taken]
        return found

    def _left_behind(self, pending: Sequence[Mapping[str, Any]], idle: float) -> list[tuple[str, str, int]]:
        """Entries that the same delivery holds for `idle` seconds, by Redis or by this process's own clock.

        Redis counts by its wall clock: put back by an hour, nothing would count as left behind for an hour.
        """
        now = self._clock()
        before, self._held = self._held, {}
        left = []
        for row in pending:
            delivery = (row["message_id"], row["consumer"], row["times_delivered"])
            since = self._held[delivery] = before.get(delivery, now)
            if now - since >= idle or row["time_since_delivered"] >= 1000 * idle:
                left.append(delivery)
        return left

    async def sweep(self) -> None:
        """Acknowledge what is pending and no longer in the stream."""
        redis = cast(Any, self._store.redis)
        pending = await redis.xpending_range(self.stream, self.group, min="-", max="+", count=100)
        for row in pending:
            ident = row["message_id"]
            if not await redis.xrange(self.stream, ident, ident):
                await redis.xack(self.stream, self.group, ident)

    async def tried(self, delivery: Delivery) -> int:
        """Count a lone try before it is made, and return the number of tries with this one."""
        return int(await cast(Any, self._store.redis).hincrby(keys.tries(self.group), delivery.id, 1))

    async def done(self, delivery: Delivery) -> None:
        """Forget the tries of an entry that went through."""
        await cast(Any, self._store.redis).hdel(keys.tries(self.group), delivery.id)

    async def acknowledge(self, *deliveries: Delivery) -> None:
        """Acknowledge entries for which nothing else is to be stored, one at least."""
        await cast(Any, self._store.redis).xack(self.stream, self.group, *(d.id for d in deliveries))


async def lag(store: Store, stream: str) -> int:
    """How many entries of a stream wait or are unacknowledged; the waiting ones are counted up to 10,000."""
    return int(await store.run("lag", [stream], [keys.GROUPS[stream]]))


async def trim(store: Store, stream: str) -> int:
    """Remove what every reader is done with: all before the oldest entry that is pending or was not delivered.

    Returns:
        How many entries were removed.
    """
    redis = cast(Any, store.redis)
    (group,) = [g for g in await redis.xinfo_groups(stream) if g["name"] == keys.GROUPS[stream]]
    if group["pending"]:
        oldest = (await redis.xpending(stream, group["name"]))["min"]
    else:
        left = await redis.xrange(stream, f"({group['last-delivered-id']}", "+", count=1)
        # with nothing left the last entry stays: an empty stream would tell nobody where it was
        oldest = left[0][0] if left else group["last-delivered-id"]
    if oldest is None:
        return 0  # all was acknowledged between the two questions
    try:
        return int(await redis.xtrim(stream, minid=oldest, approximate=False))
    except ResponseError as error:
        if "no such key" in str(error):
            return 0
        raise
