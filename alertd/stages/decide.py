"""The stage decide: places each article in its story, matches the watchlist, and commits both at once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from alertd.articles import Article, Placement, Story, Tags, dumps, loads
from alertd.errors import FencedError
from alertd.feeds.identity import WITHOUT_DATE
from alertd.stages import archive
from alertd.stages.backfill import fill
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context
from alertd.stages.reorder import Reorder
from alertd.stages.shelf import Shelf, Shelved
from alertd.stages.tag import set_aside
from alertd.stages.telling import Teller, Told
from alertd.stages.waking import Waker
from alertd.stages.watched import Watched
from alertd.store import keys
from alertd.store.connection import BLOCK_MS, TROUBLE
from alertd.store.leases import Lease
from alertd.store.streams import EVERYTHING, MAX_TRIES, Delivery, Reader
from alertd.stories.events import MOST_PLACES, places, subjects
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.placing import grown, place
from alertd.stories.records import read
from alertd.watchlist.archive import row_of
from alertd.watchlist.rules import RuleBook

logger = logging.getLogger(__name__)

RECENT = 500
"""Decisions that are kept in words."""
TIMELINE = 200
"""Articles of a story of which its timeline tells."""
_BATCH = 64
_FILE_AFTER = 64


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for an article: its tags, the stories of its relatives, and other stories.

    `untold`: it copies an article that was held only because it came without a date.
    """

    tags: Tags
    fingerprint: Fingerprint
    original: Story | None
    earlier: Story | None
    candidates: tuple[Shelved, ...]
    untold: bool = False

    def after(self, placement: Placement, seq: str) -> Shelved:
        """What is to be remembered of the story of a placement.

        Args:
            seq: place in the order of the article.
        """
        mine = next((c for c in self.candidates if c.candidate.story.id == placement.story.id), None)
        candidate = grown(mine.candidate if mine else None, placement, self.fingerprint, self.tags)
        listed = mine.listed if mine else ()
        new = places(self.fingerprint, placement.story.issuers) if placement.relation != "copy" else ()
        return Shelved(candidate, mine.seq if mine else seq, tuple(dict.fromkeys((*listed, *new)))[:MOST_PLACES])


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
        self._decided_to = 0.0
        self._shelf = Shelf(context.store.redis, context.window)
        self._watched = Watched(context)

    @property
    def lease(self) -> Lease:
        """The lease under which articles are decided."""
        return self._lease

    async def work(self, stop: asyncio.Event) -> None:
        """Decide until the stop."""
        context = self._context
        # others may have decided since, and the window may be another one now
        self._shelf = Shelf(context.store.redis, context.window)
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
            await self._waker.wake(self._decided_to)
            for delivery in order.ready(context.monotonic()):
                if stop.is_set():
                    return  # it stays pending, and is found at the next start
                await self.decide(delivery)
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

    async def decide(self, delivery: Delivery) -> None:
        """Decide one article; one that fails again and again is set aside while the others go on."""
        if "gap" in delivery.fields:
            await self._reader.acknowledge(delivery)
            return
        tries = await self._reader.tried(delivery) if delivery.again else 0
        while True:
            if tries > MAX_TRIES:
                await self._set_aside(delivery, f"its worker died or failed {MAX_TRIES} times")
                return
            try:
                await self._decide(delivery)
            except (*TROUBLE, FencedError):
                raise
            except Exception:
                self._shelf.clear()
                logger.exception("an article could not be decided", extra={"stage": "decide", "article": delivery.id})
                tries = await self._reader.tried(delivery)
            else:
                if tries:
                    await self._reader.done(delivery)
                return

    async def _set_aside(self, delivery: Delivery, error: str) -> None:
        ident = ""
        try:
            ident = loads(Article, delivery.fields["article"]).id
        except (ValueError, KeyError, TypeError):
            logger.warning("an entry of the stream is no article", extra={"stage": "decide"})
        await set_aside(self._context, keys.TAGGED, delivery, stage="decide", article=ident, error=error)

    async def _decide(self, delivery: Delivery) -> None:
        context = self._context
        await self._fill()
        began = context.monotonic()
        article = loads(Article, delivery.fields["article"])
        await self._watched.refresh()
        now = context.now
        known = await self._look_up(article, delivery)
        placement = place(
            article, known.tags, known.fingerprint, original=known.original, earlier=known.earlier,
            candidates=[c.candidate for c in known.candidates], now=article.arrived,
        )  # fmt: skip
        told = await self._teller.tell(article, known.tags, placement, untold=known.untold)
        outcome = told.outcome
        decision = {
            "story": placement.story.id, "relation": placement.relation, "novelty": placement.novelty,
            "reason": placement.reason, "outcome": outcome.kind, "why": outcome.why,
            "alerts": told.keys, "generation": now.configuration.generation,
            "versions": known.tags.versions,
        }  # fmt: skip
        row = {
            "at": round(context.clock(), 3), "id": article.id, "feed": article.entry.feed,
            "title": article.entry.title[:200], "story": placement.story.id, "relation": placement.relation,
            "outcome": outcome.kind, "why": outcome.why,
        }  # fmt: skip
        counts = [f"relation:{placement.relation}", f"outcome:{outcome.kind}"]
        counts += [f"held:{outcome.short}"] if outcome.short else []
        counts += ["stories"] if placement.relation == "first" else []
        after = known.after(placement, delivery.fields["seq"])
        more: list[str | int] = [row_of(article, known.tags, placement), _plain(_told(article, placement)), TIMELINE]
        committed = await self._commit(article, delivery, after, told, decision, row, counts, more)
        if committed == "fenced":
            self._lease.lost()
        if committed == "decided":
            self._shelf.put(after)
            self._note(article, placement, told)
            self._decided_to = max(self._decided_to, article.arrived)
            self._unfiled += 1
        context.metrics.decide_seconds.observe(context.monotonic() - began)

    async def _commit(
        self, article: Article, delivery: Delivery, after: Shelved, told: Told, decision: dict[str, Any],
        row: dict[str, Any], counts: Sequence[str], more: Sequence[str | int],
    ) -> str:  # fmt: skip
        story = after.candidate.story
        states = [part for _, value, life in told.states for part in (value, life)]
        held = [(member, entry) for member, entries in told.later.items() for entry in entries]
        return str(
            await self._context.store.run(
                "decided",
                [
                    self._lease.key, keys.decision(article.id), keys.TAGGED, keys.ALERTS, keys.parked(article.id),
                    keys.story(story.id), keys.posts(story.id), keys.DECIDED_UP_TO, keys.COUNTS, keys.RECENT,
                    keys.opened(article.id), keys.ARCHIVE_OPEN, keys.told(story.id),
                    keys.DUE, *(keys.listed(key) for key in after.listed),
                    *(keys.rule_state(key) for key, _, _ in told.states), *(keys.held(member) for member, _ in held),
                ],
                [
                    self._lease.token, delivery.id, _plain(decision), after.record(), self._context.window,
                    delivery.fields["seq"], story.id, f"{story.last_seen:.3f}", _plain(row), RECENT, len(after.listed),
                    len(counts), *more, len(told.states), len(told.due), len(told.keys), *counts, *states,
                    *(part for member, at in told.due.items() for part in (f"{at:.3f}", member)), *told.keys,
                    *(entry for _, entry in held), *(part for a in told.alerts for part in (a.key, dumps(a))),
                ],
            )
        )  # fmt: skip

    async def _look_up(self, article: Article, delivery: Delivery) -> Known:
        redis = cast(Any, self._context.store.redis)
        fp = read(delivery.fields["fp"])
        text = delivery.fields["tags"] or await redis.get(keys.tags(article.copy_of)) or ""
        tags = loads(Tags, text) if text not in ("", "copy") else Tags()
        copied = await self._decision_of(article.copy_of)
        dated = article.entry.date_source in ("published", "updated")
        untold = dated and str(copied.get("why", "")).startswith(WITHOUT_DATE)
        relatives = [d.get("story", "") for d in (copied, await self._decision_of(article.update_of))]
        # the stories of relatives stand among the candidates for the sake of what is remembered with them
        found = await self._shelf.get([ident for ident in relatives if ident], article.arrived)
        if not found:
            found = await self._shelf.search(places(fp, subjects(tags)), article.arrived)
        original, earlier = (found.get(ident) for ident in relatives)
        return Known(
            tags, fp, original.candidate.story if original else None, earlier.candidate.story if earlier else None,
            tuple(found.values()), untold,
        )  # fmt: skip

    async def _decision_of(self, article: str) -> dict[str, Any]:
        """What was decided about an earlier article, while it is remembered."""
        text = await cast(Any, self._context.store.redis).get(keys.decision(article)) if article else None
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def _note(self, article: Article, placement: Placement, told: Told) -> None:
        metrics = self._context.metrics
        metrics.decided.labels(relation=placement.relation).inc()
        if placement.relation == "first":
            metrics.stories.inc()
        for alert in told.alerts:
            metrics.alerts.labels(rule=alert.rule, kind=alert.kind).inc()
        logger.info(
            "%s: %s (%s)", told.outcome.kind, article.entry.title[:120], told.outcome.why,
            extra={"article": article.id, "feed": article.entry.feed, "story": placement.story.id},
        )  # fmt: skip


def _place(delivery: Delivery) -> int:
    """Its place in the order; what has none is not held up, and found out when it is decided."""
    text = delivery.fields.get("seq", "")
    return int(text) if text.isdecimal() else 0


def _told(article: Article, placement: Placement) -> list[Any]:
    """An article's row of the timeline; a copy says nothing that its original did not."""
    copy = placement.relation == "copy"
    source = article.entry.source or article.entry.feed
    title, reason = ("", "") if copy else (article.entry.title[:200], placement.reason)
    return [round(article.arrived, 3), article.id, source, placement.relation, placement.novelty, title, reason]


def _plain(record: Any) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
