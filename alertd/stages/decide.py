"""The stage decide: places each article in its story, matches the watchlist, and commits both at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

from alertd.errors import FencedError
from alertd.stages import archive
from alertd.stages.backfill import fill
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context
from alertd.stages.deciding import Decider
from alertd.stages.reorder import Reorder
from alertd.stages.tag import ident_of, set_aside
from alertd.stages.telling import Teller
from alertd.stages.waking import Waker
from alertd.stages.watched import Watched
from alertd.store import keys
from alertd.store.connection import BLOCK_MS, TROUBLE
from alertd.store.leases import Lease
from alertd.store.streams import EVERYTHING, MAX_TRIES, Delivery, Reader
from alertd.watchlist.rules import RuleBook

logger = logging.getLogger(__name__)

_BATCH = 128
_TOGETHER = 4 * _BATCH
"""Articles that are decided before it is looked whether to stop: while some are stored, the next are placed."""
_FILE_AFTER = 64


class DecideStage:
    """Decides articles in the order of their arrival, while its process holds the lease.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = Reader(context.store, keys.TAGGED, context.process, idle=OWN_LEFT_BEHIND)
        self._lease = context.lease("decide")
        self._unfiled = _FILE_AFTER
        self._teller = Teller(context)
        self._waker = Waker(context, self._lease, self._teller)
        self._filled: RuleBook | None = None
        self._watched = Watched(context)
        self._decider = Decider(context, self._lease, self._teller)

    @property
    def lease(self) -> Lease:
        """The lease under which articles are decided."""
        return self._lease

    async def work(self, stop: asyncio.Event) -> None:
        """Decide until the stop."""
        context = self._context
        self._decider.renew()
        stored = await cast(Any, context.store.redis).get(keys.DECIDED_UP_TO)
        patience = context.now.configuration.settings.stories.reorder_ms / 1000
        order: Reorder[Delivery] = Reorder(int(stored or 0) + 1, patience)
        # whoever held the lease before is fenced: what it left is ours at once
        held = {d.id: d for d in await self._reader.left(EVERYTHING, own=True)}
        for delivery in held.values():
            order.add(_place(delivery), delivery, float("-inf"))
        looked = context.monotonic()
        self._filled = None
        while not stop.is_set():
            await self._file()
            await self._fill()
            await self._waker.wake(self._decider.decided_to)
            ready = order.ready(context.monotonic())
            for start in range(0, len(ready), _TOGETHER):
                if stop.is_set():
                    return  # they stay pending, and are found at the next start
                part = ready[start : start + _TOGETHER]
                await self.decide(part)
                for delivery in part:
                    del held[delivery.id]
            fresh: list[Delivery] = []
            if context.monotonic() - looked > LOOK_BACK:
                fresh = [d for d in await self._reader.left(EVERYTHING) if d.id not in held]
                await self._reader.sweep()
                looked = context.monotonic()
            wait = order.wait(context.monotonic())
            fresh += await self._reader.fresh(_BATCH, BLOCK_MS if wait is None else int(wait * 1000) + 1)
            for delivery in fresh:
                held[delivery.id] = delivery
                order.add(_place(delivery), delivery, context.monotonic())

    async def _file(self) -> None:
        """Seal what was decided into the archive, now and then, and keep that within its bounds."""
        if self._unfiled < _FILE_AFTER:
            return
        self._unfiled = 0
        context = self._context
        limits = context.now.configuration.settings.archive
        await archive.file(context.store, self._lease)
        oldest = context.clock() - limits.retention
        await archive.bound(context.store, self._lease, most_bytes=limits.max_mb * 1_000_000, oldest=oldest)

    async def _fill(self) -> None:
        """See that the rules in force remember what the archive knows: at the start, and after an edit of them."""
        book = self._context.now.book
        if book is not self._filled:
            self._teller.since = await fill(self._context, self._lease, book)
            await asyncio.to_thread(self._teller.prepare)
            self._filled = book

    async def decide(self, deliveries: Sequence[Delivery]) -> None:
        """Decide articles in the order given; one that fails again and again is set aside while the others go on."""
        batch: list[Delivery] = []
        for delivery in deliveries:
            if delivery.again:
                await self._together(batch)
                batch = []
                await self._alone(delivery)
            else:
                batch.append(delivery)
        await self._together(batch)

    async def _together(self, batch: Sequence[Delivery]) -> None:
        """Decide what came together; when that fails, each alone."""
        parts = [batch[start : start + _BATCH] for start in range(0, len(batch), _BATCH)]
        for part, following in pairwise([*parts, ()]):
            try:
                self._unfiled += await self._decide(part, following)
            except (*TROUBLE, FencedError):
                raise
            except Exception:
                logger.exception("a batch of %d failed; each is tried alone", len(part), extra={"stage": "decide"})
                for delivery in part:
                    await self._alone(delivery)

    async def _alone(self, delivery: Delivery) -> None:
        """Decide one article; the try is counted before it is made, so that one that kills its worker is found out."""
        while (tries := await self._reader.tried(delivery)) <= MAX_TRIES:
            try:
                self._unfiled += await self._decide([delivery])
            except (*TROUBLE, FencedError):
                raise
            except Exception:
                extra = {"stage": "decide", "article": ident_of(delivery)}
                logger.exception("try %d of %d failed", tries, MAX_TRIES, extra=extra)
            else:
                await self._reader.done(delivery)
                return
        await self._set_aside(delivery, f"its worker died or failed {MAX_TRIES} times")

    async def _decide(self, deliveries: Sequence[Delivery], following: Sequence[Delivery] = ()) -> int:
        await self._watched.refresh()
        await self._fill()
        return await self._decider.decide(deliveries, following)

    async def _set_aside(self, delivery: Delivery, error: str) -> None:
        await set_aside(self._context, keys.TAGGED, delivery, stage="decide", article=ident_of(delivery), error=error)


def _place(delivery: Delivery) -> int:
    """Its place in the order; what has none is not held up, and found out when it is decided."""
    text = delivery.fields.get("seq", "")
    return int(text) if text.isdecimal() else 0
