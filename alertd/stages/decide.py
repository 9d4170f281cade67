"""The stage decide: places each article in its story, matches the watchlist, and commits both at once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from alertd.errors import FencedError
from alertd.stages import archive
from alertd.stages.aside import Aside
from alertd.stages.backfill import fill
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context
from alertd.stages.deciding import Decider
from alertd.stages.reorder import Reorder
from alertd.stages.tag import ident_of, set_aside
from alertd.stages.telling import Teller
from alertd.stages.waking import DUE_AT_ONCE, Waker
from alertd.stages.watched import Watched
from alertd.store import keys
from alertd.store.connection import BLOCK_MS, TROUBLE
from alertd.store.leases import Lease
from alertd.store.streams import EVERYTHING, MAX_TRIES, Delivery, Reader
from alertd.watchlist.rules import RuleBook

logger = logging.getLogger(__name__)

_BATCH = 128
_AHEAD = 2 * _BATCH
"""Articles that are read at once."""
_READY = 3 * _BATCH
"""Articles at hand from which on no more are read: those of a batch, of the next one, and of the one after that."""
_FILE_AFTER = 64
_WAKE = 0.25
"""Seconds between two looks at what is due, unless there is more than one look finds."""


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
        self._filing = Aside[None]("filing")

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
        looked, woke, due = context.monotonic(), float("-inf"), 0
        self._filled = None
        ready: deque[Delivery] = deque()
        following: list[Delivery] = []
        later: list[Delivery] = []
        reading, self._filing = Aside[list[Delivery]]("reading ahead"), Aside[None]("filing")
        # what is read and not decided at a stop stays pending, and is found at the next start
        async with reading, self._filing as filing:
            while not stop.is_set():
                await self._fill()
                filing.taken()
                if self._unfiled >= _FILE_AFTER and filing.start(self._file):
                    self._unfiled = 0
                if due == DUE_AT_ONCE or context.monotonic() - woke >= _WAKE:
                    woke = context.monotonic()
                    due = await self._waker.wake(self._decider.decided_to)
                ready.extend(order.ready(context.monotonic()))
                if len(ready) < _READY:
                    wait = order.wait(context.monotonic())
                    wait_ms = BLOCK_MS if wait is None else int(wait * 1000) + 1
                    reading.start(partial(self._reader.fresh, _AHEAD, wait_ms))
                if part := following or _part(ready):
                    following, later = later or _part(ready), _part(ready)
                    await self._decide_part(part, following, later)
                    for delivery in part:
                        held.pop(delivery.id, None)
                else:
                    await reading.wait()
                # what was read long ago may have been found left behind meanwhile
                fresh = [d for d in reading.taken() or () if d.id not in held]
                held.update({d.id: d for d in fresh})
                if context.monotonic() - looked > LOOK_BACK:
                    fresh += [d for d in await self._reader.left(EVERYTHING) if d.id not in held]
                    held.update({d.id: d for d in fresh})
                    await self._reader.sweep()
                    looked = context.monotonic()
                for delivery in fresh:
                    order.add(_place(delivery), delivery, context.monotonic())

    async def _file(self) -> None:
        """Seal what was decided into the archive, now and then, and keep that within its bounds."""
        context = self._context
        limits = context.now.configuration.settings.archive
        await archive.file(context.store, self._lease)
        oldest = context.clock() - limits.retention
        await archive.bound(context.store, self._lease, most_bytes=limits.max_mb * 1_000_000, oldest=oldest)

    async def _fill(self) -> None:
        """See that the rules in force remember what the archive knows: at the start, and after an edit of them."""
        book = self._context.now.book
        if book is not self._filled:
            # what is being filed would be found neither among the chunks nor among what is in none
            await self._filing.wait()
            self._teller.since = await fill(self._context, self._lease, book)
            await asyncio.to_thread(self._teller.prepare)
            self._filled = book

    async def decide(self, deliveries: Sequence[Delivery]) -> None:
        """Decide articles in the order given; one that fails again and again is set aside while the others go on."""
        waiting = deque(deliveries)
        part, following = _part(waiting), _part(waiting)
        while part:
            later = _part(waiting)
            await self._decide_part(part, following, later)
            part, following = following, later

    async def _decide_part(
        self, part: Sequence[Delivery], following: Sequence[Delivery], later: Sequence[Delivery]
    ) -> None:  # fmt: skip
        """Decide what `_part` gave, and prepare meanwhile what it gave next; when that fails, each alone."""
        if part[0].again:
            await self._alone(part[0])
            return
        if following and following[0].again:
            following = later = ()
        elif later and later[0].again:
            later = ()
        try:
            self._unfiled += await self._decide(part, following, later)
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

    async def _decide(
        self, deliveries: Sequence[Delivery], following: Sequence[Delivery] = (), later: Sequence[Delivery] = ()
    ) -> int:  # fmt: skip
        await self._watched.refresh()
        await self._fill()
        return await self._decider.decide(deliveries, following, later)

    async def _set_aside(self, delivery: Delivery, error: str) -> None:
        await set_aside(self._context, keys.TAGGED, delivery, stage="decide", article=ident_of(delivery), error=error)


def _part(ready: deque[Delivery]) -> list[Delivery]:
    """Take the articles that are decided together next; one that was delivered before comes alone, for it may fail."""
    part: list[Delivery] = []
    while ready and len(part) < _BATCH and not (part and (ready[0].again or part[0].again)):
        part.append(ready.popleft())
    return part


def _place(delivery: Delivery) -> int:
    """Its place in the order; what has none is not held up, and found out when it is decided."""
    text = delivery.fields.get("seq", "")
    return int(text) if text.isdecimal() else 0
