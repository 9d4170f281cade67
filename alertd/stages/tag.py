"""The stage tag: takes whatever waits through the tagger, and lets copies pass without it."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

from alertd.articles import Article, Tags, dumps, loads
from alertd.stages.context import LEFT_BEHIND, LOOK_BACK, Context, pause
from alertd.stages.dead_letters import parted
from alertd.stages.entries import article_in
from alertd.stages.operator import tell
from alertd.store import keys
from alertd.store.connection import TROUBLE
from alertd.store.streams import MAX_TRIES, Delivery, Reader
from alertd.tagging.tagger import Tagger, TagInput

logger = logging.getLogger(__name__)

_HANDS: Final = 2
"""Batches that a process has under way: while one is with the model, another is fetched or passed on."""
_PASSES: Final = 8
"""Passes of the model for which a swift one is given articles at once: most of what waits are copies, and each batch
asks Redis a few things, however small it is."""
_SOON: Final = 0.01
"""Seconds after which what was tagged does not wait for further passes."""
_SLOW: Final = 1.0
"""Seconds after which it is looked again whether the model is swift enough for a second batch."""

SET_ASIDE: Final = (
    "The stage {stage} could not process an article and set it aside; the others go on. `alertd dead list` shows what "
    "was set aside and why, `alertd dead replay` puts it back on its way."
)
"""What the operator is told, once an hour at most."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An article that waits for its tags."""

    delivery: Delivery
    article: Article
    fingerprint: str
    seq: str


def article_of(delivery: Delivery) -> Waiting:
    """Read an entry of the articles' stream.

    Raises:
        ValueError: it is not what `accept.lua` or `dead.lua` writes.
        KeyError: likewise.
    """
    fields = delivery.fields
    return Waiting(delivery, article_in(delivery.id, fields), fields["fp"], fields["seq"])


def ident_of(delivery: Delivery) -> str:
    """The id of an article, the same in all streams and in every line of the log; "" when an entry is no article."""
    try:
        for field in ("article", "again"):
            if text := delivery.fields.get(field):
                return loads(Article, text).id
        return delivery.id if "entry" in delivery.fields else ""
    except (ValueError, KeyError, TypeError):
        logger.warning("an entry of the stream is no article", extra={"entry": delivery.id})
        return ""


class TagStage:
    """Tags articles; any number of them may run.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reader = Reader(context.store, keys.ARTICLES, context.process, idle=LEFT_BEHIND)
        self._turn, self._model = asyncio.Lock(), asyncio.Lock()
        # seconds and articles of the latest passes of the model
        self._took: deque[tuple[float, int]] = deque()
        self._busy: set[str] = set()

    async def work(self, stop: asyncio.Event) -> None:
        """Tag until the stop."""
        context = self._context
        context.ready["tag"] = (True, "at work")
        begun = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for number in range(_HANDS):
                group.create_task(self._pull(stop, begun, first=not number), name=f"tagging, hand {number + 1}")

    async def _pull(self, stop: asyncio.Event, begun: asyncio.Event, *, first: bool) -> None:
        """Tag one batch after the other; the first hand also looks for what others left behind."""
        context = self._context
        if first:
            # before anything is read: of a store that no other process uses, all that is pending is left behind
            await self._look_back(stop, own=context.store.exclusive)
            begun.set()
        await begun.wait()
        looked = context.monotonic()
        while not stop.is_set():
            if first and context.monotonic() - looked > LOOK_BACK:
                await self._look_back(stop)
                looked = context.monotonic()
            if not first and not self._swift():
                await pause(stop, _SLOW)
                continue
            async with AsyncExitStack() as turn:
                await turn.enter_async_context(self._turn)
                if stop.is_set():
                    return
                if fresh := await self._reader.fresh(self._wanted()):
                    await self._together(fresh, turn)

    def _swift(self) -> bool:
        """Whether a batch is with the model for so short a time that decide waits for it and for the one before it."""
        return self._in_time() >= self._context.now.configuration.settings.tagging.batch

    def _wanted(self) -> int:
        """How many articles are fetched at once: for several passes of a swift model, half of the time being spare."""
        batch = self._context.now.configuration.settings.tagging.batch
        return int(max(batch, min(_PASSES * batch, self._in_time() / 2)))

    def _in_time(self) -> float:
        """How many articles may be with the model so that decide waits for them, and for as many before them."""
        patience = self._context.now.configuration.settings.stories.reorder_ms / 1000
        seconds, articles = map(sum, zip(*self._took, strict=True)) if self._took else (math.inf, 1)
        return patience * articles / (2 * seconds) if seconds else math.inf

    def _note(self, seconds: float, articles: int) -> None:
        """Remember how long a pass took, and those before it that are needed to know of two batches."""
        self._took.append((seconds, articles))
        enough = 2 * self._context.now.configuration.settings.tagging.batch
        while sum(count for _, count in self._took) - self._took[0][1] >= enough:
            self._took.popleft()

    async def _look_back(self, stop: asyncio.Event, *, own: bool = False) -> None:
        """Tag what was left behind, each alone."""
        while not stop.is_set():
            # what the other hand has is not left behind, however long it takes
            count = self._context.now.configuration.settings.tagging.batch + len(self._busy)
            left = await self._reader.left(count, own=own)
            left = [delivery for delivery in left if delivery.id not in self._busy]
            for delivery in left:
                await self._alone(delivery)
            if not left:
                break
        await self._reader.sweep()

    async def _together(self, deliveries: Sequence[Delivery], turn: AsyncExitStack) -> None:
        """Tag what came together; when that fails, each alone.

        Args:
            turn: closed when the next batch may be fetched; so they come to the model in the order of their arrival.
        """
        idents = {delivery.id for delivery in deliveries}
        self._busy |= idents
        left = set(idents)
        try:
            originals = await self._originals(deliveries)
            left = {item.delivery.id for item in originals}
            await turn.aclose()
            await self._tag(originals, left)
        except TROUBLE:
            raise
        except Exception:
            logger.exception("a batch of %d failed; each is tried alone", len(left), extra={"stage": "tag"})
            for delivery in deliveries:
                if delivery.id in left:
                    await self._alone(delivery)
        finally:
            self._busy -= idents

    async def _alone(self, delivery: Delivery) -> None:
        """Try one entry; the try is counted before it is made, so that one that kills its worker is found out."""
        tries = await self._reader.tried(delivery)
        if tries > MAX_TRIES:
            await self._set_aside(delivery, f"its worker died or failed {MAX_TRIES} times")
            return
        try:
            await self._tag(await self._originals([delivery]), {delivery.id})
        except TROUBLE:
            raise
        except Exception as error:
            logger.exception(
                "try %d of %d failed", tries, MAX_TRIES, extra={"stage": "tag", "article": ident_of(delivery)}
            )
            if tries >= MAX_TRIES:
                await self._set_aside(delivery, f"{type(error).__name__}: {error}")
            else:
                await self._alone(delivery)
        else:
            await self._reader.done(delivery)

    async def _originals(self, deliveries: Sequence[Delivery]) -> list[Waiting]:
        """Let copies pass; returns what is to be tagged."""
        waiting = [article_of(delivery) for delivery in deliveries]
        orphans = await self._copied([item for item in waiting if item.article.copy_of])
        originals = [orphans.get(item.delivery.id, item) for item in waiting]
        return [item for item in originals if not item.article.copy_of]

    async def _tag(self, originals: Sequence[Waiting], left: set[str]) -> None:
        """Tag articles, in several passes of the model where it takes no more, and pass them on.

        Args:
            left: ids of their deliveries, of which those are removed that were passed on.
        """
        if not originals:
            return
        context, tagged = self._context, list[tuple[Waiting, Tags]]()
        size = context.now.configuration.settings.tagging.batch
        # until the last pass, so that no other batch comes to the model in between
        async with self._model:
            began = context.monotonic()
            for start in range(0, len(originals), size):
                if tagged and context.monotonic() - began > _SOON:
                    await self._pass_on(tagged, left)
                    tagged, began = [], context.monotonic()
                part = originals[start : start + size]
                tagged += zip(part, await self._tags([item.article for item in part]), strict=True)
        await self._pass_on(tagged, left)

    async def _pass_on(self, tagged: Sequence[tuple[Waiting, Tags]], left: set[str]) -> None:
        items, tags = zip(*tagged, strict=True)
        await self._commit(items, tags)
        self._context.metrics.tagged.inc(len(items))
        left.difference_update(item.delivery.id for item in items)

    async def _tags(self, articles: Sequence[Article]) -> list[Tags]:
        """What the model says, in one pass."""
        context = self._context
        tagger: Tagger | None = context.now.tagger
        if tagger is None:
            raise RuntimeError("this process has no tagger")
        inputs = [TagInput(a.entry.title, a.entry.summary, a.entry.text) for a in articles]
        tags, took = await asyncio.to_thread(self._timed, tagger, inputs)
        self._note(took, len(articles))
        context.metrics.tag_seconds.observe(took)
        context.metrics.tag_batch.observe(len(articles))
        return tags

    def _timed(self, tagger: Tagger, inputs: Sequence[TagInput]) -> tuple[list[Tags], float]:
        # within the thread: how busy others are is no matter of the model
        began = self._context.monotonic()
        tags = tagger.tag(inputs)
        return tags, self._context.monotonic() - began

    async def _commit(self, items: Sequence[Waiting], tags: Sequence[Tags]) -> None:
        """Pass articles on, each for itself, in one round trip."""
        calls: list[tuple[list[str], list[str | int | float]]] = [
            (
                [keys.ARTICLES, keys.TAGGED, keys.tags(item.article.id)],
                [
                    # copies of it, later, need its tags but no vector
                    item.delivery.id, self._context.window, dumps(replace(found, embedding="", scores={})), item.seq,
                    dumps(item.article), item.fingerprint, dumps(replace(found, scores={})),
                ],
            )
            for item, found in zip(items, tags, strict=True)
        ]  # fmt: skip
        _fine(await self._context.store.run_many("tagged", calls))
        for item, found in zip(items, tags, strict=True):
            logger.debug(
                "tagged: %d companies, %s", len(found.companies),
                ", ".join(e.type for e in found.events) or "no event",
                extra={"article": item.article.id, "stage": "tag"},
            )  # fmt: skip

    async def _copied(self, items: Sequence[Waiting]) -> dict[str, Waiting]:
        """Let copies pass; those whose original died are originals now, and returned by their ids in the stream."""
        orphans: dict[str, Waiting] = {}
        while items:
            calls = [self._copy(item) for item in items]
            again = []
            for item, (outcome, stand_in) in zip(
                items, _fine(await self._context.store.run_many("copied", calls)), strict=True
            ):
                article = replace(item.article, copy_of=stand_in)
                if outcome != "orphan":
                    logger.debug(
                        "a copy of %s: %s", item.article.copy_of, outcome,
                        extra={"article": article.id, "stage": "tag"},
                    )  # fmt: skip
                elif stand_in:
                    again.append(replace(item, article=article))
                else:
                    orphans[item.delivery.id] = replace(item, article=article)
            items = again
        return orphans

    def _copy(self, item: Waiting) -> tuple[list[str], list[str | int | float]]:
        """What `copied.lua` is told of a copy."""
        article, original = item.article, item.article.copy_of
        return (
            [
                keys.ARTICLES, keys.TAGGED, keys.tags(article.id), keys.decision(original), keys.parked(original),
                keys.root(original), keys.tags(original), keys.opened(original),
            ],
            [item.delivery.id, self._context.window, item.seq, dumps(article), item.fingerprint, article.id, original],
        )  # fmt: skip

    async def _set_aside(self, delivery: Delivery, error: str) -> None:
        await set_aside(
            self._context, keys.ARTICLES, delivery, stage="tag", article=ident_of(delivery) or delivery.id, error=error
        )


def _fine(answers: list[Any]) -> list[Any]:
    """Answers of scripts of which each stands for itself; the first error is raised, the others' work stays done."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


async def set_aside(context: Context, stream: str, delivery: Delivery, *, stage: str, article: str, error: str) -> None:
    """Move an entry to the dead letters; a copy that waits for it takes its place.

    Args:
        article: the article's id, or "" when it is none.
        error: why, in words.
    """
    field, payload, rest = parted(delivery.fields)
    successor = await context.store.run(
        "dead",
        [
            stream, keys.DEAD, keys.tries(keys.GROUPS[stream]), keys.parked(article), keys.ARTICLES, keys.TAGGED,
            keys.root(article), keys.opened(article),
        ],
        [
            keys.GROUPS[stream], delivery.id, stage, article, error[:500], payload, delivery.fields.get("seq", "0"),
            context.window, keys.tags(""), field, json.dumps(rest, ensure_ascii=False),
        ],
    )  # fmt: skip
    logger.error(
        "set aside: %s%s; alertd dead list", error, f"; its copy {successor} takes its place" if successor else "",
        extra={"stage": stage, "article": article or delivery.id},
    )  # fmt: skip
    # once an hour: a fault that kills every article must not fill the channel with words about it
    hour = int(context.clock() // 3600)
    await tell(context, f"dead {stage} {hour}", SET_ASIDE.format(stage=stage))
