"""Decides articles that came together: one look at what is known, pure decisions in their order, one commit for all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from alertd.articles import Tags, loads
from alertd.feeds.identity import WITHOUT_DATE
from alertd.stages.context import Context, InForce
from alertd.stages.decisions import (
    Arrived,
    Decided,
    Known,
    Parked,
    Placed,
    counted,
    decided_of,
    placed_in,
    relatives,
    row,
    story_of,
)  # fmt: skip
from alertd.stages.shelf import Shelf
from alertd.stages.telling import Teller, Told
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.leases import Lease
from alertd.store.streams import Delivery
from alertd.stories.events import CANDIDATES, places, report_of, subjects
from alertd.watchlist.pulse import LIMITS

logger = logging.getLogger(__name__)

RECENT = 500
"""Decisions that are kept in words."""
TIMELINE = 200
"""Articles of a story of which its timeline tells."""
_A_BREATH = 8
"""Articles that are placed before others have their turn: what is on its way to Redis is sent no sooner."""


class _Found(msgspec.Struct, frozen=True, gc=False):
    """Articles that came together, those that are not decided yet, and what was looked up for them at once.

    Attributes:
        known: of each that is no waiting copy its tags, and the keys under which its story is sought.
        before: article's id → what was decided about it.
        again: the deliveries of what has been decided.
    """

    deliveries: Sequence[Delivery]
    waiting: Sequence[Arrived | Parked]
    known: Sequence[tuple[Tags, Sequence[str]]]
    before: dict[str, dict[str, Any]]
    again: Sequence[str]


class _Ahead(msgspec.Struct, frozen=True, gc=False):
    """Articles that came together, and what is known of them before they are stored.

    Attributes:
        placed: those that are placed in stories.
        again: the deliveries of what has been decided.
        told: what each that is placed leads to.
        under: the configuration under which that is so; None while it is not known.
    """

    deliveries: Sequence[Delivery]
    placed: Sequence[Placed]
    again: Sequence[str]
    told: Sequence[Told] = ()
    under: InForce | None = None


class Decider:
    """Decides batches of articles under the lease of decide.

    Args:
        context: what stages share.
        lease: the lease of decide.
        teller: says what is told.
    """

    def __init__(self, context: Context, lease: Lease, teller: Teller) -> None:
        self._context = context
        self._lease = lease
        self._teller = teller
        self.decided_to = 0.0
        """Arrival of the latest article that was decided, Unix seconds."""
        self._run_id = ""
        self._shelf = Shelf(context.store.redis, context.window)
        self._ahead: _Ahead | None = None
        self._later: _Found | None = None

    def renew(self) -> None:
        """Remember nothing: others may have decided since, and the window may be another one now."""
        self._shelf = Shelf(self._context.store.redis, self._context.window)
        self._ahead = self._later = None

    def _forget(self) -> None:
        self._shelf.clear()
        self._ahead = self._later = None

    async def decide(
        self, deliveries: Sequence[Delivery], following: Sequence[Delivery] = (), later: Sequence[Delivery] = ()
    ) -> int:  # fmt: skip
        """Decide articles in their order, all or none of them.

        Args:
            deliveries: the articles.
            following: those of the next call, the same sequence: while these are stored they are placed in stories,
                and it is said what they lead to. Nothing of them is stored or told before that call.
            later: those of the call after that, the same sequence: what they need is looked up meanwhile.

        Returns:
            How many were decided now; others had been before.

        Raises:
            FencedError: deciding went to another process.
            Exception: whatever an article that cannot be decided raises; nothing was stored, and it is not known whose
                fault it was.
        """
        began = self._context.monotonic()
        try:
            decided = await self._decide(deliveries, following, later)
        except BaseException:
            # what was remembered of stories may be ahead of what is stored
            self._forget()
            raise
        self._note(decided)
        took = self._context.monotonic() - began
        for _ in deliveries:
            self._context.metrics.decide_seconds.observe(took / len(deliveries))
        return len(decided)

    async def _decide(
        self, deliveries: Sequence[Delivery], following: Sequence[Delivery] = (), later: Sequence[Delivery] = ()
    ) -> list[Decided]:  # fmt: skip
        context, now = self._context, self._context.now
        run_id = await context.store.run_id()
        if run_id != self._run_id:
            # another server answers, or this one was started again: it may lack the last writes
            self.renew()
            self._run_id = run_id
        ahead, self._ahead = self._ahead, None
        if ahead and ahead.deliveries is not deliveries:
            # what was placed ahead is not what comes
            self._forget()
            ahead = None
        if ahead is None and (found := await self._found(deliveries, {})):
            ahead = await self._placed(found)
        if ahead is None:
            return []
        decided: list[Decided] = []
        if ahead.placed:
            told = ahead.told
            if ahead.under is not now:
                told = await self._teller.tell(now, [one.news for one in ahead.placed])
            decided = [decided_of(*pair, now.configuration.generation) for pair in zip(ahead.placed, told, strict=True)]
            outcome, *unknown = await self._stored(now, decided, ahead.again, following, later)
            if outcome == "fenced":
                self._lease.lost()
            if unknown:
                logger.warning("%d articles are not known to the server any more; it is given them anew", len(unknown))
                self.renew()
                return await self._decide([one for one in deliveries if one.id not in unknown])
        elif ahead.again:
            await cast(Any, context.store.redis).xack(keys.TAGGED, "decide", *ahead.again)
        return decided

    async def _found(self, deliveries: Sequence[Delivery], known: Mapping[str, dict[str, Any]]) -> _Found | None:
        """Find which articles are not decided yet, and have at hand what placing them in stories needs.

        Args:
            deliveries: the articles.
            known: decisions by article's id, or what they say of stories, that are not stored yet.

        Returns:
            None where there are no articles.
        """
        if not deliveries:
            return None
        arrived = [Parked(d, d.fields["gap"]) if "gap" in d.fields else Arrived.read(d) for d in deliveries]
        before, tags = await self._look_up(arrived)
        before.update(known)
        waiting: list[Arrived | Parked] = []
        again: list[str] = []
        there = set(before)
        for one in arrived:
            if isinstance(one, Parked):
                waiting.append(one)
                again.append(one.delivery.id)
                continue
            if one.article.id in there:
                again.append(one.delivery.id)
            else:
                waiting.append(one)
            there.add(one.article.id)
        fresh = [one for one in waiting if isinstance(one, Arrived)]
        parked = [story_of(one.original, before) for one in waiting if isinstance(one, Parked)]
        said = [loads(Tags, text) if (text := tags.get(one.article.id)) else Tags() for one in fresh]
        sought = [places(one.fp, subjects(found)) for one, found in zip(fresh, said, strict=True)]
        family = [relatives(one.article, before) for one in fresh]
        shelf = self._shelf
        await shelf.load(story for stories in (*family, parked) for story in stories if story)
        lone = [
            wanted for one, stories, wanted in zip(fresh, family, sought, strict=True)
            if not shelf.get(stories, one.article.arrived)
        ]  # fmt: skip
        await shelf.search_ahead(key for wanted in lone for key in wanted)
        return _Found(deliveries, waiting, list(zip(said, sought, strict=True)), before, again)

    async def _stored(
        self, now: InForce, decided: Sequence[Decided], again: Sequence[str], following: Sequence[Delivery],
        later: Sequence[Delivery],
    ) -> list[str]:  # fmt: skip
        """Store what was decided, and prepare meanwhile what comes next; what `decided.lua` returns."""
        storing = asyncio.create_task(self._commit(decided, again), name="storing decisions")
        try:
            self._ahead = await self._prepared(now, decided, following, later)
        finally:
            outcome = await storing
        return outcome

    async def _prepared(
        self, now: InForce, decided: Sequence[Decided], following: Sequence[Delivery], later: Sequence[Delivery]
    ) -> _Ahead | None:  # fmt: skip
        """Place the articles of the next call and say what they lead to, given what is not stored yet.

        What those of the call after that need is looked up beside it.

        Args:
            now: the configuration under which these were decided. What the rules of another one are to remember is
                filled in between two calls, so that nothing can be told under one that came meanwhile.
            decided: what is being stored.
            following: the articles of the next call.
            later: those of the call after that.

        Returns:
            None when there are none, or when it fails: they are decided anew then, which says what fails.
        """
        before = {one.placed.arrived.article.id: one.decision for one in decided}
        found, self._later = self._later, None
        try:
            if found is not None and found.deliveries is following:
                found.before.update(before)
            else:
                found = await self._found(following, before)
            if found is None:
                return None
            ahead = await self._placed(found)
            before.update({one.arrived.article.id: {"story": one.placement.story.id} for one in ahead.placed})
            looking = asyncio.create_task(self._found(later, before), name="looking ahead")
            try:
                led_to = [(one.placed.placement.story.id, one.told) for one in decided]
                told = await self._teller.tell(now, [one.news for one in ahead.placed], led_to)
            finally:
                self._later = await looking
        except Exception as error:
            logger.debug("not placed ahead: %s", type(error).__name__)
            self._forget()
            return None
        return msgspec.structs.replace(ahead, told=told, under=now)

    async def _placed(self, found: _Found) -> _Ahead:
        """Place articles, each knowing the stories of those before it, and the copies that wait for these."""
        shelf, before = self._shelf, found.before
        placed: list[Placed] = []
        known_of = iter(found.known)
        for number, one in enumerate(found.waiting):
            if number % _A_BREATH == 0:
                await asyncio.sleep(0)
            if isinstance(one, Parked):
                shelf.hear(story_of(one.original, before))
                continue
            tags, wanted = next(known_of)
            known = await self._known(one, tags, before, wanted)
            placed.append(placed_in(one, known))
            # the next ones of the batch have to see it
            shelf.put(placed[-1].after, placed[-1].lists)
            before[one.article.id] = {"story": placed[-1].placement.story.id}
        return _Ahead(found.deliveries, placed, found.again)

    async def _look_up(
        self, waiting: Sequence[Arrived | Parked]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:  # fmt: skip
        """What was decided about the articles, their originals and earlier forms, and their tags."""
        arrived = [one for one in waiting if isinstance(one, Arrived)]
        idents = list(dict.fromkeys(ident for one in waiting for ident in one.concerns if ident))
        bare = [one.article for one in arrived if not one.tags and one.article.copy_of]
        names = [keys.decision(i) for i in idents] + [keys.tags(article.copy_of) for article in bare]
        texts = await cast(Any, self._context.store.redis).mget(names)
        before = {ident: msgspec.json.decode(text) for ident, text in zip(idents, texts, strict=False) if text}
        tags = {one.article.id: one.tags for one in arrived}
        tags |= {
            article.id: text
            for article, text in zip(bare, texts[len(idents) :], strict=True)
            if text and text != "copy"
        }
        return before, tags

    async def _known(
        self, one: Arrived, tags: Tags, before: dict[str, dict[str, Any]], sought: Sequence[str]
    ) -> Known:  # fmt: skip
        article = one.article
        dated = article.entry.date_source in ("published", "updated")
        copied = before.get(article.copy_of, {})
        untold = dated and str(copied.get("why", "")).startswith(WITHOUT_DATE)
        family = relatives(article, before)
        # the stories of relatives stand among the candidates for the sake of what is remembered with them
        found = self._shelf.get([ident for ident in family if ident], article.arrived)
        if not found:
            found = await self._shelf.search(sought, report_of(one.fp, tags), article.arrived)
        original, earlier = (found.get(ident) for ident in family)
        return Known(
            tags, one.fp, original.candidate.story if original else None,
            earlier.candidate.story if earlier else None, tuple(found.values()), tuple(sought), untold,
            tuple([story_of(ident, before) for ident in article.unlike]),
        )  # fmt: skip

    async def _commit(self, decided: Sequence[Decided], again: Sequence[str]) -> list[str]:
        """Store what was decided, and acknowledge what had been before; what `decided.lua` returns."""
        context = self._context
        counts = Counter(name for one in decided for name in counted(one))
        last = {one.after.candidate.story.id: number for number, one in enumerate(d.placed for d in decided)}
        at = round(context.clock(), 3)
        rows: list[str | int | float | bytes] = []
        for number, one in enumerate(decided):
            record = one.placed.after.record() if last[one.placed.placement.story.id] == number else ""
            rows += row(one, record, at)
        return await commit(context.store, self._lease, context.window, counts, rows, again)

    def _note(self, decided: Sequence[Decided]) -> None:
        metrics = self._context.metrics
        for relation, count in Counter([one.placed.placement.relation for one in decided]).items():
            metrics.decided.labels(relation=relation).inc(count)
            if relation == "first":
                metrics.stories.inc(count)
        said = logger.isEnabledFor(logging.INFO)
        for one in decided:
            article, told = one.placed.arrived.article, one.told
            self.decided_to = max(self.decided_to, article.arrived)
            for alert in told.alerts:
                metrics.alerts.labels(rule=alert.rule, kind=alert.kind).inc()
            if said:
                logger.info(
                    "%s: %s (%s)", told.outcome.kind, article.entry.title[:120], told.outcome.why,
                    extra={"article": article.id, "feed": article.entry.feed, "story": one.placed.placement.story.id},
                )  # fmt: skip


async def commit(
    store: Store, lease: Lease, life: int, counts: Mapping[str, int], rows: Sequence[str | int | float | bytes],
    again: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """Run `decided.lua`; what it returns.

    Args:
        store: the store.
        lease: the lease of decide.
        life: seconds for which a story is remembered.
        counts: by how much each count rises.
        rows: of each article what `row` gives, one after the other.
        again: ids in the tagged stream of what had been decided before.
    """
    answer = await store.run(
        "decided",
        [
            lease.key, keys.TAGGED, keys.ALERTS, keys.DECIDED_UP_TO, keys.COUNTS, keys.RECENT, keys.ARCHIVE_OPEN,
            keys.DUE,
        ],
        [
            lease.token, life, RECENT, TIMELINE, CANDIDATES, keys.PREFIX, *LIMITS, " ".join(again), len(counts),
            *(part for pair in counts.items() for part in pair), *rows,
        ],
    )  # fmt: skip
    return list(answer)
