"""From a document to what is to be done with its entries: which are new, changed or known, and which may alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from alertd.articles import Entry
from alertd.feeds.identity import KnownEntry, Verdict, content_key, judge
from alertd.stages.context import Context
from alertd.store import keys

_MARKED = "1"


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
    entries: Sequence[Entry], entry_keys: Sequence[str], marks: Sequence[str], *,
    first_fetch: bool, now: float, max_age: float, window: float,
) -> list[Judged]:  # fmt: skip
    """Judge the entries of a document, oldest first. Pure.

    Args:
        entries: in the order of the document.
        entry_keys: for each its key; of those that have the same only the first counts.
        marks: for each its stored mark, "" for none.
        first_fetch: no document of this feed was ever read before.
        now: Unix seconds.
        max_age: seconds after which a dated entry may not alert.
        window: seconds for which stories are remembered; older entries of a first sight are only marked.
    """
    judged: dict[str, Judged] = {}
    for entry, key, text in zip(entries, entry_keys, marks, strict=True):
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


async def read_marks(context: Context, feed: str, entry_keys: Sequence[str]) -> tuple[list[str], float]:
    """The stored marks of entries, "" for none, and the store's clock (Unix seconds), in one round trip."""
    async with cast(Any, context.store.redis).pipeline(transaction=False) as pipe:
        pipe.time()
        if entry_keys:
            pipe.hmget(keys.seen(feed), list(entry_keys))
        (seconds, micros), *found = await pipe.execute()
    return [mark or "" for mark in (found[0] if found else ())], int(seconds) + int(micros) / 1e6
