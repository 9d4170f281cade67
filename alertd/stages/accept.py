"""From a document to articles: which entries are new, which are copies, and the one commit for each of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from alertd.articles import Entry, dumps, from_plain, to_plain
from alertd.errors import StoreError
from alertd.feeds.identity import KnownEntry, Verdict, content_key, entry_keys, judge
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.store.packing import pack, unpack
from alertd.stories.fingerprints import Fingerprint, bands, find_copy, fingerprint

logger = logging.getLogger(__name__)

_MOST_CANDIDATES = 50
_ERAS = 3
"""Eras, half a window long, in which a band is sought: they cover the window whole."""
_NOBODY_LOOKED = "?"
_MOST_CONFLICTS = 20
_MARKED = "1"
_SHORT = 2_000


@dataclass(frozen=True, slots=True)
class Mark:
    """What is stored of a known entry: `content|article|edits|alertable`, as `accept.lua` writes it."""

    known: KnownEntry
    alertable: bool

    @classmethod
    def read(cls, text: str) -> Mark:
        """Read a stored mark."""
        content, article, edits, alertable = text.split("|")
        return cls(KnownEntry(content, article, int(edits)), alertable == _MARKED)


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry of a document and what is to be done with it.

    Attributes:
        key: its identity within the feed.
        mark: its mark as it was read, "" for none.
        keep: it becomes an article; else it only has to be known from now on, if it is not.
    """

    entry: Entry
    key: str
    mark: str
    verdict: Verdict
    content: str
    keep: bool


def judge_document(
    entries: Sequence[Entry], marks: Sequence[str], *, first_fetch: bool, now: float, max_age: float, window: float
) -> list[Judged]:
    """Judge the entries of a document, oldest first. Pure.

    Args:
        entries: in the order of the document.
        marks: for each its stored mark, "" for none.
        first_fetch: no document of this feed was ever read before.
        now: Unix seconds.
        max_age: seconds after which a dated entry may not alert.
        window: seconds for which stories are remembered; older entries of a first sight are only marked.
    """
    judged: dict[str, Judged] = {}
    for entry, key, text in zip(entries, entry_keys(entries), marks, strict=True):
        if key in judged:
            continue
        mark = Mark.read(text) if text else None
        known, content = mark.known if mark else None, content_key(entry)
        verdict = judge(entry, known=known, first_fetch=first_fetch, now=now, max_age=max_age, content=content)
        undated_before = mark is not None and not mark.alertable and entry.date_source == "fetched"
        if verdict.kind == "update" and verdict.may_alert and undated_before:
            # what was there before us, and says no date, does not become news by an edit
            verdict = Verdict("update", may_alert=False, held="an edit of an entry that was held back")
        old = entry.date_source in ("published", "updated") and now - entry.published > window
        forgotten = verdict.kind == "baseline" and old
        if verdict.kind == "update" and old and mark is not None and not mark.known.article_id:
            # its earlier form was too old to become an article, and so is this one
            verdict = Verdict("seen", may_alert=False, held=verdict.held)
        judged[key] = Judged(entry, key, text, verdict, content, keep=verdict.kind != "seen" and not forgotten)
    place = {id(item): number for number, item in enumerate(judged.values())}
    # feeds list the newest first: among equal dates the last of the document is the oldest
    return sorted(judged.values(), key=lambda item: (item.entry.published, -place[id(item)]))


async def read_marks(context: Context, feed: str, entries: Sequence[Entry]) -> list[str]:
    """The stored marks of a document's entries, in its order."""
    if not entries:
        return []
    found = await cast(Any, context.store.redis).hmget(keys.seen(feed), list(entry_keys(entries)))
    return [mark or "" for mark in found]


async def accept(context: Context, lease: Lease, item: Judged) -> tuple[Literal["accepted", "seen"], str]:
    """Make an article of an entry, once.

    Returns:
        What happened, and the article's id: `seen` when it was accepted before.

    Raises:
        FencedError: polling went to another process.
        StoreError: others changed the same entry again and again.
    """
    # a thread costs more than a short text takes
    short = len(item.entry.text) + len(item.entry.summary) < _SHORT
    fp = fingerprint(item.entry) if short else await asyncio.to_thread(fingerprint, item.entry)
    fields = [f"{keys.band_table(band)} {band}" for band in bands(fp)]
    era = int(context.clock() // (context.window / 2))
    names = [lease.key, keys.seen(item.entry.feed), keys.ARTICLES, keys.SEQUENCE, keys.COUNTS]
    stored, entry = pack(to_plain(fp)), dumps(item.entry)
    update = item.verdict.kind == "update"
    mark, original, met = item.mark, "", _NOBODY_LOOKED
    for _ in range(_MOST_CONFLICTS):
        known = Mark.read(mark).known if mark else KnownEntry("", "")
        outcome, ident, *others = await context.store.run(
            "accept",
            names,
            [
                lease.token, item.key, mark, item.content, known.edits + update, stored, context.window, entry,
                int(item.verdict.may_alert), item.verdict.held, original, known.article_id if update else "",
                keys.fingerprint(""), keys.opened(""), 2 * context.window, met, _MOST_CANDIDATES, keys.BANDS, era,
                _ERAS, *fields,
            ],
        )  # fmt: skip
        if outcome == "fenced":
            lease.lost()
        if outcome == "met":
            # an edited entry stands in for its earlier form, which is what it is most alike
            met, original = ident, "" if update else _original(fp, others)
        elif outcome == "conflict":
            mark = await cast(Any, context.store.redis).hget(keys.seen(item.entry.feed), item.key) or ""
        else:
            if outcome == "accepted":
                context.metrics.articles.inc()
                if original:
                    context.metrics.copies.inc()
                logger.debug("accepted: %s", item.entry.title, extra={"article": ident, "feed": item.entry.feed})
            return outcome, ident
    raise StoreError(
        "an entry changes faster than it can be stored",
        where=item.entry.feed,
        hint="another alertd polls the same feed under the same lease; stop one of them",
    )


def _original(fp: Fingerprint, met: Sequence[str]) -> str:
    """The id of the article that a fingerprint copies, "" for none.

    Args:
        met: what is stored of the articles that share a band with it.
    """
    rows = [text.split("|", 2) for text in met]
    match = find_copy(fp, [(ident, _fingerprint(packed)) for ident, _, packed in rows])
    of = {ident: original for ident, original, _ in rows}
    return (of[match.id] or match.id) if match else ""


@lru_cache(maxsize=4_096)
def _fingerprint(packed: str) -> Fingerprint:
    """A stored fingerprint; those of the latest articles are asked for again and again."""
    return from_plain(Fingerprint, unpack(packed))
