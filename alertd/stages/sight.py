"""From a fetched document to what is to be done with its entries, reading no more of it than is new."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from alertd.articles import Entry
from alertd.config import FeedSettings
from alertd.feeds import Fetched, ParsedFeed, Reader
from alertd.feeds.delta import Cut, Shown, cut, only
from alertd.feeds.identity import Identity, content_key, identity, identity_keys
from alertd.feeds.twins import packed, twin, unpacked
from alertd.stages.accept import Judged, Mark, judge_document, read_marks
from alertd.stages.context import Context
from alertd.store import keys

logger = logging.getLogger(__name__)

_LARGE: Final = 256 * 1024
_FEW: Final = 50
_LISTED_EVERY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Sight:
    """A document as it was seen.

    Attributes:
        parsed: what was read of it: all, or the items that the document before did not show.
        judged: the entries that were read, each once, oldest first.
        entries: how many it has, read or not, each counted once.
        present: keys of those of which it is to be stored that they are there now.
        known: how many of those were known before.
        shown: what the next document is held against; None when that has to be read whole.
        twins: by what its entries are known again under new guids, "" when there are none that were not there before.
    """

    parsed: ParsedFeed
    judged: Sequence[Judged]
    entries: int
    present: Sequence[str]
    known: int
    shown: Shown | None
    twins: str

    @property
    def marks(self) -> list[tuple[str, str]]:
        """Keys and marks of entries that become no articles, and only have to be known from now on."""
        return [(one.key, f"{one.content}||0|0") for one in self.judged if not one.keep and not one.mark]

    @property
    def at_first(self) -> str:
        """What the first sight of a feed comes to: "30 entries, 2 may alert (28 too old)"."""
        may = sum(one.verdict.may_alert for one in self.judged)
        kept = [one.verdict for one in self.judged if not one.verdict.may_alert]
        why = Counter(verdict.held.partition(" (")[0] or verdict.kind for verdict in kept)
        held = "; ".join(f"{count} {reason}" for reason, count in why.most_common())
        entries = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        return f"{entries}, {may} may alert{f' ({held})' if held else ''}"


async def look(
    context: Context, reader: Reader, feed: FeedSettings, fetched: Fetched, shown: Shown | None, *,
    first_fetch: bool, now: float, since: float = 0.0,
) -> Sight:  # fmt: skip
    """Read a document and judge its entries.

    Args:
        shown: what is kept of the document before.
        first_fetch: no document of this feed was ever read before.
        since: Unix seconds of the poll before.
        now: Unix seconds of the fetch.

    Raises:
        FeedError: it cannot be read, see `alertd.feeds.parse`.
    """
    body = fetched.body
    read = partial(reader.read, feed=feed, headers=fetched.headers, url=fetched.url, now=now)
    judge = partial(_judged, context, feed, shown=shown, first_fetch=first_fetch, since=since)
    # a thread costs more than a few items take
    document = await asyncio.to_thread(cut, body) if len(body) > _LARGE else cut(body)
    if document is not None and shown is not None and shown.frame == document.frame:
        before = shown.identities()
        fresh = [number for number, digest in enumerate(document.digests) if digest not in before]
        if len(fresh) < len(document.items) <= feed.max_items:
            parsed = await read(only(document, set(fresh)))
            if _is_sound(parsed, len(fresh)):
                entries = dict(zip(fresh, parsed.entries, strict=True))
                known = {n: before[digest] for n, digest in enumerate(document.digests) if digest in before}
                sight = await judge(parsed, entries, known, document)
                if sight is not None:
                    return sight
    parsed = await read(body)
    if parsed.damaged:
        logger.info("a damaged document: %s", parsed.damaged, extra={"feed": feed.name})
    if document is not None and not _is_sound(parsed, len(document.items)):
        document = None
    sight = await judge(parsed, dict(enumerate(parsed.entries)), {}, document)
    assert sight is not None  # noqa: S101 - nothing was taken on trust
    return sight


def _is_sound(parsed: ParsedFeed, items: int) -> bool:
    """Whether what was read is what was cut: one entry for each item, and nothing that had to be guessed."""
    return not parsed.damaged and len(parsed.entries) == items


async def _judged(
    context: Context, feed: FeedSettings, parsed: ParsedFeed, entries: Mapping[int, Entry],
    known: Mapping[int, Identity], document: Cut | None, *, shown: Shown | None, first_fetch: bool, since: float,
) -> Sight | None:  # fmt: skip
    """Judge the entries that were read.

    Args:
        entries: those that were read, by their places in the document.
        known: what the others are known by, by theirs.
        shown: what is kept of the document before.
        since: Unix seconds of the poll before.

    Returns:
        None when the store does not know one that was not read: it has lost what this process remembers.
    """
    identities = [known.get(n) or identity(entries[n]) for n in range(len(entries) + len(known))]
    places: dict[str, int] = {}
    for place, key in enumerate(identity_keys(identities)):
        places.setdefault(key, place)
    marks, at = await read_marks(context, feed.name, list(places))
    stored = dict(zip(places, marks, strict=True))
    if not all(stored[key] for key, place in places.items() if place in known):
        return None
    read = {key: entries[place] for key, place in places.items() if place in entries}
    old = {key: entry for key, entry in read.items() if not stored[key] and _not_since(entry, since)}
    if old and not first_fetch:
        stored |= await _renamed(context, feed.name, old, {key: identities[places[key]] for key in old}, shown, places)
    # one clock for all processes decides what is too old
    limits = {"now": at, "max_age": feed.max_age, "window": float(context.window)}
    marked = [stored[key] for key in read]
    judge = partial(judge_document, list(read.values()), list(read), marked, first_fetch=first_fetch, **limits)
    judged = judge() if len(read) <= _FEW else await asyncio.to_thread(judge)
    listed_at = shown.listed_at if shown is not None else 0.0
    late = not known or at - listed_at > _LISTED_EVERY
    kept = Shown.of(document, identities, at if late else listed_at) if document is not None else None
    there = sum(map(bool, stored.values()))
    twins = packed({key: identities[place] for key, place in places.items()}) if read else ""
    return Sight(parsed, judged, len(places), list(places if late else read), there, kept, twins)


def _not_since(entry: Entry, since: float) -> bool:
    """Whether an entry may have been in the document before, for all that its own date says."""
    return entry.date_source not in ("published", "updated") or entry.published <= since


async def _renamed(
    context: Context, feed: str, entries: Mapping[str, Entry], unknown: Mapping[str, Identity], shown: Shown | None,
    places: Collection[str],
) -> dict[str, str]:  # fmt: skip
    """Know entries again that got new guids, as some feeds give them at each build: by link and words together.

    One without a link is the same only if it says the same.

    Args:
        entries: those that the store does not know, by their keys.
        unknown: what they are known by, likewise.
        shown: what is kept of the document before; None when it is not at hand, as after a restart.
        places: keys of all entries of this one.

    Returns:
        For each that was found its mark, which is its own from now on.
    """
    redis = cast(Any, context.store.redis)
    if shown is not None:
        before = list(shown.identities().values())
        looks = {twin(one): key for one, key in zip(before, identity_keys(before), strict=True)}
    else:
        looks = unpacked(await redis.get(keys.twins(feed)) or "")
    twins = {key: looks.get(twin(one), "") for key, one in unknown.items()}
    # one that is still there under its own guid is another entry
    twins = {key: twin for key, twin in twins.items() if twin and twin not in places}
    marks, _ = await read_marks(context, feed, list(twins.values()))
    found = {
        key: mark
        for key, mark in zip(twins, marks, strict=True)
        if mark and (unknown[key].link or Mark.read(mark).known.content == content_key(entries[key]))
    }
    async with redis.pipeline(transaction=False) as pipe:
        for key, mark in found.items():
            pipe.hsetnx(keys.seen(feed), key, mark)
        await pipe.execute()
    return found
