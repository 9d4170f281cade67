"""The stage decide: places each article in its story, matches the watchlist, and commits both at once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from alertd.articles import Alert, Article, Placement, Story, Tags, dumps, from_plain, loads, to_plain
from alertd.errors import FencedError
from alertd.feeds.identity import WITHOUT_DATE
from alertd.stages import archive
from alertd.stages.context import LOOK_BACK, OWN_LEFT_BEHIND, Context
from alertd.stages.reorder import Reorder
from alertd.stages.silences import SilenceReader
from alertd.stages.tag import set_aside
from alertd.store import keys
from alertd.store.connection import BLOCK_MS, TROUBLE
from alertd.store.leases import Lease
from alertd.store.streams import EVERYTHING, MAX_TRIES, Delivery, Reader
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.placing import StoryCandidate, place
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.archive import row_of
from alertd.watchlist.outcomes import outcome_of
from alertd.watchlist.pacing import Pace, Pacing, keys_for
from alertd.watchlist.rules import Matches, RuleBook, issuer_of, match, near_miss
from alertd.watchlist.silences import silenced

logger = logging.getLogger(__name__)

RECENT = 500
"""Decisions that are kept in words."""
_BATCH = 64
_FILE_AFTER = 64
_CANDIDATES = 30
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What was looked up for an article: its tags, the stories of its relatives, and other stories.

    `untold`: it copies an article that was held only because it came without a date.
    """

    tags: Tags
    fingerprint: Fingerprint
    original: Story | None
    earlier: Story | None
    candidates: tuple[StoryCandidate, ...]
    untold: bool = False

    def vector_of(self, placement: Placement) -> tuple[str, str]:
        """The vector that stands for the story of a placement, that of its first article, and its encoder."""
        if placement.relation == "first":
            return self.tags.embedding, self.tags.versions.get("encoder", "")
        mine = (c for c in self.candidates if c.story.id == placement.story.id)
        return next(((c.embedding, c.encoder) for c in mine), ("", ""))


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
        self._silences = SilenceReader(context)

    @property
    def lease(self) -> Lease:
        """The lease under which articles are decided."""
        return self._lease

    async def work(self, stop: asyncio.Event) -> None:
        """Decide until the stop."""
        context = self._context
        stored = await cast(Any, context.store.redis).get(keys.DECIDED_UP_TO)
        patience = context.now.configuration.settings.stories.reorder_ms / 1000
        order: Reorder[Delivery] = Reorder(int(stored or 0) + 1, patience)
        # whoever held the lease before is fenced: what it left is ours at once
        held = {d.id: d for d in await self._reader.left(EVERYTHING, own=True)}
        for delivery in held.values():
            order.add(_place(delivery), delivery, float("-inf"))
        looked = context.monotonic()
        while not stop.is_set():
            await self._file()
            for delivery in order.ready(context.monotonic()):
                if stop.is_set():
                    return  # it stays pending, and is found at the next start
                await self._one(delivery)
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

    async def _one(self, delivery: Delivery) -> None:
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
        began = context.monotonic()
        article = loads(Article, delivery.fields["article"])
        now = context.now
        known = await self._look_up(article, delivery)
        placement = place(
            article, known.tags, known.fingerprint, original=known.original, earlier=known.earlier,
            candidates=known.candidates, now=article.arrived,
        )  # fmt: skip
        matches = match(now.book, article, known.tags, placement)
        if not matches.fired:
            matches = Matches(stopped=near_miss(now.book, article, known.tags, placement))
        silences = await self._silences.now()
        matches, quiet = silenced(silences, matches, article, known.tags, placement)
        posted = await cast(Any, context.store.redis).smembers(keys.posts(placement.story.id))
        pacing = await self._pacing(now.book, matches, article)
        alerts = alerts_for(
            matches, article, known.tags, placement, default_channel=now.configuration.settings.slack.channel,
            posted=posted, now=context.clock(), generation=now.configuration.generation, pacing=pacing,
            untold=known.untold,
        )  # fmt: skip
        outcome = outcome_of(article, placement, matches, alerts, silenced=quiet, paced=tuple(pacing.held.values()))
        decision = {
            "story": placement.story.id, "relation": placement.relation, "novelty": placement.novelty,
            "reason": placement.reason, "outcome": outcome.kind, "why": outcome.why,
            "alerts": [alert.key for alert in alerts], "generation": now.configuration.generation,
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
        committed = await self._commit(article, delivery, placement, known, alerts, decision, row, counts, pacing)
        if committed == "fenced":
            self._lease.lost()
        if committed == "decided":
            self._note(article, placement, alerts, outcome.kind, outcome.why)
            self._unfiled += 1
        context.metrics.decide_seconds.observe(context.monotonic() - began)

    async def _commit(
        self, article: Article, delivery: Delivery, placement: Placement, known: Known, alerts: Sequence[Alert],
        decision: dict[str, Any], row: dict[str, Any], counts: Sequence[str], pacing: Pacing,
    ) -> str:  # fmt: skip
        story = placement.story
        vector, encoder = known.vector_of(placement)
        issuers = story.issuers or (_NOBODY,)
        states = [part for pace, life in pacing.changed.values() for part in (pace.dump(), int(life) + 1)]
        record = {"story": to_plain(story), "embedding": vector, "encoder": encoder}
        return str(
            await self._context.store.run(
                "decided",
                [
                    self._lease.key, keys.decision(article.id), keys.TAGGED, keys.ALERTS, keys.parked(article.id),
                    keys.story(story.id), keys.posts(story.id), keys.DECIDED_UP_TO, keys.COUNTS, keys.RECENT,
                    keys.opened(article.id), keys.ARCHIVE_OPEN,
                    *(keys.issuer(key) for key in issuers), *(keys.rule_state(key) for key in pacing.changed),
                ],
                [
                    self._lease.token, delivery.id, _plain(decision), _plain(record), self._context.window,
                    delivery.fields["seq"], story.id, f"{story.last_seen:.3f}", _plain(row), RECENT, len(issuers),
                    len(counts), row_of(article, known.tags, placement), *counts, *states,
                    *(part for alert in alerts for part in (alert.key, dumps(alert))),
                ],
            )
        )  # fmt: skip

    async def _pacing(self, book: RuleBook, matches: Matches, article: Article) -> Pacing:
        """What is remembered of the rules that fired and have a pace."""
        wanted = keys_for([(book.by_name[found.rule], issuer_of(found.company)) for found in matches.fired])
        redis = cast(Any, self._context.store.redis)
        texts = await redis.mget([keys.rule_state(key) for key in wanted]) if wanted and article.may_alert else []
        paces = {key: Pace.load(text) for key, text in zip(wanted, texts, strict=False)}
        return Pacing(book.by_name, paces, article.arrived)

    async def _look_up(self, article: Article, delivery: Delivery) -> Known:
        redis = cast(Any, self._context.store.redis)
        fp = from_plain(Fingerprint, json.loads(delivery.fields["fp"])["fp"])
        text = delivery.fields["tags"] or await redis.get(keys.tags(article.copy_of)) or ""
        tags = loads(Tags, text) if text not in ("", "copy") else Tags()
        copied = await self._decision_of(article.copy_of)
        original = await self._story_of(copied)
        earlier = await self._story_of(await self._decision_of(article.update_of))
        dated = article.entry.date_source in ("published", "updated")
        untold = dated and str(copied.get("why", "")).startswith(WITHOUT_DATE)
        # the stories of relatives stand among the candidates for the sake of their vectors
        wanted = [c.story.id for c in (original, earlier) if c]
        if original is None and earlier is None:
            subjects = [c.issuer or c.name for c in tags.companies if c.role == "subject"]
            for key in dict.fromkeys(subjects or [_NOBODY]):
                wanted += await redis.zrevrange(keys.issuer(key), 0, _CANDIDATES - 1)
        stored = await redis.mget([keys.story(s) for s in dict.fromkeys(wanted)]) if wanted else []
        candidates = tuple(_candidate(text) for text in stored if text)
        return Known(
            tags, fp, original.story if original else None, earlier.story if earlier else None, candidates, untold
        )

    async def _decision_of(self, article: str) -> dict[str, Any]:
        """What was decided about an earlier article, while it is remembered."""
        text = await cast(Any, self._context.store.redis).get(keys.decision(article)) if article else None
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    async def _story_of(self, decision: dict[str, Any]) -> StoryCandidate | None:
        redis = cast(Any, self._context.store.redis)
        text = await redis.get(keys.story(decision["story"])) if decision else None
        return _candidate(text) if text else None

    def _note(self, article: Article, placement: Placement, alerts: Sequence[Alert], outcome: str, why: str) -> None:
        metrics = self._context.metrics
        metrics.decided.labels(relation=placement.relation).inc()
        if placement.relation == "first":
            metrics.stories.inc()
        for alert in alerts:
            metrics.alerts.labels(rule=alert.rule, kind=alert.kind).inc()
        logger.info(
            "%s: %s (%s)", outcome, article.entry.title[:120], why,
            extra={"article": article.id, "feed": article.entry.feed, "story": placement.story.id},
        )  # fmt: skip


def _place(delivery: Delivery) -> int:
    """Its place in the order; what has none is not held up, and found out when it is decided."""
    text = delivery.fields.get("seq", "")
    return int(text) if text.isdecimal() else 0


def _candidate(text: str) -> StoryCandidate:
    plain = json.loads(text)
    return StoryCandidate(from_plain(Story, plain["story"]), plain["embedding"], plain["encoder"])


def _plain(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
