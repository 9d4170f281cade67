"""Makes articles of entries: what waits goes together, in two round trips, whatever document it comes from."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from alertd.articles import dumps
from alertd.errors import StoreError
from alertd.feeds.identity import KnownEntry
from alertd.stages.accept import Judged, Mark
from alertd.stages.context import Context
from alertd.stages.originals import Candidate, Relation, comparable, meetings, places_of, related
from alertd.stages.recent import Forgotten, Recent
from alertd.store import keys
from alertd.store.shares import Shares
from alertd.stories.bands import bands_of
from alertd.stories.fingerprints import Fingerprint, fingerprint
from alertd.stories.outlines import Outlines, outlined
from alertd.stories.records import written

logger = logging.getLogger(__name__)

AT_ONCE = 64
"""Entries that are accepted together: what decides waits behind each script, behind one of 128 for longer than it
computes."""
_ERAS = 2
"""Eras, a window long, in which a band is sought: they cover the window whole."""
_MOST_CONFLICTS = 100
"""Tries to accept some entries: each that fails is another process's success."""
_LONG = 50_000
"""Characters from which fingerprints are made in a thread: less takes no longer than to hand it over."""
_REMEMBERED, _OUTLINED = 16_384, 131_072
"""Articles of which what is stored is at hand, and those of which there are outlines."""
_NOWHERE = (-1, -1)
_UNKNOWN = KnownEntry("", "")

Outcome = tuple[Literal["accepted", "seen"], str]


class _Request:
    """The entries of one call, of which some may be settled before others."""

    def __init__(self, size: int) -> None:
        self.outcomes: list[Outcome | None] = [None] * size
        self.left = size
        self.done: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def settle(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(self.outcomes)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class _Waiting:
    """An entry on its way into the store; `mark` is the one that it is held against."""

    request: _Request
    number: int
    shard: int
    item: Judged
    fp: Fingerprint
    mark: str
    written: str
    # made for those that go together, at a fraction of the price of one after the other
    candidate: Candidate = field(init=False)

    @property
    def name(self) -> tuple[str, str]:
        return self.item.entry.feed, self.item.key


class Accepter:
    """Accepts entries of feeds whose shards this process holds, beside others that do so for theirs.

    Args:
        context: what stages share.
        shares: the shards that are held.
    """

    def __init__(self, context: Context, shares: Shares) -> None:
        self._context = context
        self._shares = shares
        self._waiting: list[_Waiting] = []
        self._sender: asyncio.Task[None] | None = None
        # as it is stored: most is only glanced at
        self._known: Recent[int, str] = Recent(_REMEMBERED)
        self._outlines = Outlines(_OUTLINED)
        self._forgotten = Forgotten()
        self._servers = 0
        self._lasting, self._lasting_in = bytearray(), _NOWHERE

    async def accept(self, items: Sequence[Judged], shard: int = 0) -> list[Outcome]:
        """Make articles of entries, each once and in the order given.

        Entries of several calls that wait together are accepted together.

        Args:
            items: the entries.
            shard: of their feed.

        Returns:
            For each what happened, and the article's id: `seen` when it was accepted before.

        Raises:
            FencedError: polling went to another process.
            StoreError: others changed the same entries again and again.
            RedisError: the store is away. In all three cases some of the entries may have been accepted.
        """
        if not items:
            return []
        size = sum(len(i.entry.text) + len(i.entry.summary) for i in items)
        made = await asyncio.to_thread(_fingerprints, items) if size > _LONG else _fingerprints(items)
        request = _Request(len(items))
        self._waiting += [
            _Waiting(request, number, shard, item, fp, item.mark, written(fp))
            for number, (item, fp) in enumerate(zip(items, made, strict=True))
        ]
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="acceptance")
        return await request.done

    async def _send(self) -> None:
        try:
            while batch := self._take():
                try:
                    await self._commit(batch)
                except Exception as error:
                    # each call hears of it and handles it as if it had been alone
                    for waiting in batch:
                        waiting.request.fail(error)
        finally:
            self._sender = None

    def _take(self) -> list[_Waiting]:
        """The next ones that go together: no entry twice, and none of a call that failed."""
        batch: dict[tuple[str, str], _Waiting] = {}
        left: list[_Waiting] = []
        for waiting in self._waiting:
            if waiting.request.done.done():
                continue
            if len(batch) < AT_ONCE and waiting.name not in batch:
                batch[waiting.name] = waiting
            else:
                left.append(waiting)
        self._waiting = left
        taken = list(batch.values())
        for waiting, bands in zip(taken, bands_of([waiting.fp for waiting in taken]), strict=True):
            waiting.candidate = Candidate(waiting.fp, bands, waiting.item.verdict.kind == "update")
        return taken

    async def _commit(self, batch: list[_Waiting]) -> None:
        context = self._context
        for _ in range(_MOST_CONFLICTS):
            era = int(context.clock() // context.window)
            answer = await self._looked(batch, era)
            accepted, held = int(answer[0]), answer[2::2]
            self._trust()
            outlines = outlined([w.fp for w in batch])
            met = self._outlines.kept(outlines, [meetings(text, accepted) for text in answer[1::2]])
            stored = await self._fetched({place for places in met for place in places})
            known = comparable([w.fp for w in batch], met, stored)
            found = related([w.candidate for w in batch], met, known, accepted)
            rows: list[str | int] = []
            for row in zip(batch, held, found, strict=True):
                rows += _row(*row)
            outcome, *answers = await context.store.run(
                "accept",
                [self._shares.key, keys.ARTICLES, keys.SEQUENCE, keys.COUNTS],
                [
                    json.dumps({w.shard: self._shares.token(w.shard) for w in batch}), accepted,
                    f"{keys.BANDS}{era}:", keys.fingerprint(""), context.window, keys.opened(""),
                    *rows,
                ],
            )  # fmt: skip
            if outcome == "fenced":
                batch = self._without(batch, set(map(int, answers)))
                if not batch:
                    return
                continue
            if outcome == "accepted":
                self._forgotten.note(answers[-1], accepted + len(answers), context.window)
                self._outlines.put(accepted, outlines, places_of(found, known, accepted))
                self._settle(batch, answers, found, accepted)
                return
            batch = _after(batch, answers)
            if not batch:
                return
        raise StoreError(
            "entries change faster than they can be stored",
            where=batch[0].item.entry.feed,
            hint="too many processes poll; a part of them is enough",
        )

    def _without(self, batch: Sequence[_Waiting], gone: Collection[int]) -> list[_Waiting]:
        """Those whose shards are still held; the calls of the others hear that theirs went to another process."""
        error = self._shares.fenced(gone)
        for waiting in batch:
            if waiting.shard in gone:
                waiting.request.fail(error)
        return [waiting for waiting in batch if waiting.shard not in gone]

    async def _looked(self, batch: Sequence[_Waiting], era: int) -> list[str]:
        """What `look.lua` answers; of the tables of this era it is remembered which have their life."""
        store, window = self._context.store, self._context.window
        while True:
            # another server may be without these tables
            if self._lasting_in != (now := (era, store.servers)):
                self._lasting_in, self._lasting = now, bytearray(keys.BAND_TABLES)
            fresh, placed = keys.placed([w.candidate.bands for w in batch], self._lasting)
            try:
                arguments: list[str | int] = [keys.BANDS, era, _ERAS, _ERAS * window, fresh, *placed]
                answer: list[str] = await store.run("look", [keys.SEQUENCE], arguments)
            except BaseException:
                self._lasting_in = _NOWHERE
                raise
            if store.servers == now[1]:
                return answer

    def _trust(self) -> None:
        """Forget what is at hand when a new connection led to another server.

        That one may not know the latest articles, and give their places to others.
        """
        if self._servers != self._context.store.servers:
            self._servers = self._context.store.servers
            self._known.clear()
            self._outlines.clear()
            self._forgotten = Forgotten()

    async def _fetched(self, places: set[int]) -> Mapping[int, str]:
        """What is stored of accepted articles, as `accept.lua` writes it; the latest are at hand."""
        found = {place: self._known.get(place) for place in places}
        # bands outlive the articles that had them
        missing = [place for place, known in found.items() if known is None and place > self._forgotten.place]
        if missing:
            texts = await cast(Any, self._context.store.redis).mget([keys.fingerprint(place) for place in missing])
            for place, text in zip(missing, texts, strict=True):
                if text:
                    found[place] = self._known[place] = text
        return {place: known for place, known in found.items() if known is not None}

    def _settle(self, batch: Sequence[_Waiting], ids: Sequence[str], found: Sequence[Relation], accepted: int) -> None:
        metrics = self._context.metrics
        metrics.articles.inc(len(batch))
        metrics.copies.inc(sum([bool(one.original) for one in found]))
        said = logger.isEnabledFor(logging.DEBUG)
        for number, (waiting, ident, relation) in enumerate(zip(batch, ids, found, strict=True)):
            original = relation.original
            of = ids[int(original[1:]) - 1] if original.startswith("#") else original
            self._known[accepted + number + 1] = f"{ident}|{of}|{waiting.written}"
            if said:
                entry = waiting.item.entry
                logger.debug("accepted: %s", entry.title, extra={"article": ident, "feed": entry.feed})
            waiting.request.settle(waiting.number, ("accepted", ident))


def _fingerprints(items: Sequence[Judged]) -> list[Fingerprint]:
    return [fingerprint(item.entry) for item in items]


def _row(waiting: _Waiting, held: str, relation: Relation) -> list[str | int]:
    """What `accept.lua` is told of an entry."""
    item, update = waiting.item, waiting.candidate.update
    known = Mark.read(waiting.mark).known if waiting.mark else _UNKNOWN
    return [
        keys.seen(item.entry.feed), item.key, waiting.mark, item.content, known.edits + update,
        waiting.written, dumps(item.entry), int(item.verdict.may_alert), item.verdict.held, relation.original,
        "" if relation.original else held, known.article_id if update else "", " ".join(relation.unlike),
    ]  # fmt: skip


def _after(batch: Sequence[_Waiting], marks: Sequence[str]) -> list[_Waiting]:
    """Those that are still to be accepted, held against the marks that are there now."""
    left = []
    for waiting, mark in zip(batch, marks, strict=True):
        known = Mark.read(mark).known if mark and mark != waiting.mark else None
        if known is not None and known.content == waiting.item.content:
            waiting.request.settle(waiting.number, ("seen", known.article_id))
        else:
            waiting.mark = mark
            left.append(waiting)
    return left
