"""From a document to articles: which entries are new, which are copies, and the one commit for each of them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from alertd.articles import Entry, dumps, from_plain, to_plain
from alertd.errors import StoreError
from alertd.feeds.identity import KnownEntry, Verdict, content_key, entry_keys, judge
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.stories.fingerprints import Fingerprint, bands, find_copy, fingerprint

logger = logging.getLogger(__name__)

_MOST_CANDIDATES = 50
_MOST_OF_A_BAND = 200
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
    mark = item.mark
    names = [keys.band(b) for b in bands(fp)]
    for _ in range(_MOST_CONFLICTS):
        latest, original = await _candidates(context, fp, names, update=item.verdict.kind == "update")
        known = Mark.read(mark).known if mark else KnownEntry("", "")
        stored = json.dumps({"fp": to_plain(fp), "of": original}, ensure_ascii=False, separators=(",", ":"))
        edits = known.edits + (item.verdict.kind == "update")
        outcome, ident = await context.store.run(
            "accept",
            [lease.key, keys.seen(item.entry.feed), keys.ARTICLES, keys.SEQUENCE, keys.COUNTS, *names],
            [
                lease.token, item.key, mark, item.content, edits, stored, context.window, dumps(item.entry),
                int(item.verdict.may_alert), item.verdict.held, "", original,
                known.article_id if item.verdict.kind == "update" else "", keys.fingerprint(""), keys.opened(""),
                _MOST_OF_A_BAND, *latest,
            ],
        )  # fmt: skip
        if outcome == "fenced":
            lease.lost()
        if outcome != "conflict":
            if outcome == "accepted":
                context.metrics.articles.inc()
                if original:
                    context.metrics.copies.inc()
                logger.debug("accepted: %s", item.entry.title, extra={"article": ident, "feed": item.entry.feed})
            return outcome, ident
        mark = await cast(Any, context.store.redis).hget(keys.seen(item.entry.feed), item.key) or ""
    raise StoreError(
        "an entry changes faster than it can be stored",
        where=item.entry.feed,
        hint="another alertd polls the same feed under the same lease; stop one of them",
    )


async def _candidates(
    context: Context, fp: Fingerprint, names: Sequence[str], *, update: bool
) -> tuple[list[str], str]:
    """The latest article of each band, and the id of the article that this one copies ("" for none)."""
    redis = cast(Any, context.store.redis)
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.lrange(name, -_MOST_OF_A_BAND, -1)
        rows = await pipe.execute() if names else []
    latest = [row[-1] if row else "" for row in rows]
    if update:
        # an edited entry stands in for its earlier form, which is what it is most alike
        return latest, ""
    # who shares most bands first: a busy band must not crowd out the one article that shares the address
    met = [ident for ident, _ in Counter(ident for row in rows for ident in row).most_common(_MOST_CANDIDATES)]
    stored = await redis.mget([keys.fingerprint(ident) for ident in met]) if met else []
    known = {ident: json.loads(text) for ident, text in zip(met, stored, strict=True) if text}
    match = find_copy(fp, [(ident, from_plain(Fingerprint, row["fp"])) for ident, row in known.items()])
    return latest, (known[match.id]["of"] or match.id) if match else ""
