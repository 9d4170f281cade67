"""Looks through decided articles from the latest back, page by page, within a bounded time; for the web page."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.client import NEVER_DECODE

from alertd.stages.archive import chunk_names
from alertd.store import keys
from alertd.store.connection import Store
from alertd.watchlist.archive import Filed, read_row
from alertd.watchlist.searching import Wanted, found_in

LONGEST: Final = 0.08
"""Seconds after which a look gives what it has; what it did not get to is for the next one."""
MOST_CHUNKS: Final = 24
"""Chunks in which an article is looked for by its id."""
_TOGETHER: Final = 4
_OPEN: Final = "open"
_APART: Final = "/"
_EARLY: Final = 60.0


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the archive.

    Attributes:
        found: articles, the latest first.
        after: where the next part begins, for `browse`; "" when the archive ends here.
        back_to: Unix seconds to which the look went back; 0 when there was nothing.
    """

    found: tuple[Filed, ...]
    after: str
    back_to: float


async def browse(
    store: Store, wanted: Wanted, *, after: str = "", limit: int, longest: float = LONGEST,
    clock: Callable[[], float] = time.monotonic,
) -> Page:  # fmt: skip
    """The latest articles that are wanted.

    Args:
        after: `Page.after` of the part before; "" for the first one.
        limit: most articles.
        longest: seconds that it may take; one part of the archive is always looked through.
        clock: monotonic seconds.
    """
    deadline = clock() + longest
    found: list[Filed] = []
    back_to = 0.0
    async for name, rows in _parts(store, wanted, after):
        for place, filed in rows:
            found.append(filed)
            back_to = filed.article.arrived
            if len(found) == limit:
                return Page(tuple(found), _place(name, place, filed), back_to)
        if name != _OPEN:
            back_to = await _ended(store, name) or back_to
            if clock() > deadline:
                return Page(tuple(found), f"{name}{_APART}0", back_to)
    return Page(tuple(found), "", back_to)


def _place(name: str, place: int, filed: Filed) -> str:
    # places among the open rows change when they are sealed
    return f"{name}{_APART}{filed.article.id if name == _OPEN else place}"


Rows = list[tuple[int, Filed]]


async def _parts(store: Store, wanted: Wanted, after: str) -> AsyncIterator[tuple[str, Rows]]:
    """Parts of the archive with what is wanted in them by its place, the latest first, from a place on."""
    name, _, place = after.partition(_APART)
    ident = place if name == _OPEN else ""
    if name in ("", _OPEN):
        rows = [read_row(json.loads(row)) for row in await cast(Any, store.redis).lrange(keys.ARCHIVE_OPEN, 0, -1)]
        numbered = list(enumerate(rows))
        if ident and (at := next((n for n, filed in numbered if filed.article.id == ident), None)) is not None:
            numbered, ident = numbered[:at], ""
        if not ident:
            yield _OPEN, [(n, filed) for n, filed in reversed(numbered) if wanted.takes(filed)]
    # where the page before ended in open rows, the chunk that holds them now may not name the company
    names = await chunk_names(store, since=0.0, issuer="" if ident else wanted.issuer)
    names.reverse()
    if name not in ("", _OPEN):
        if name not in names:
            return  # it was dropped meanwhile, and with it all that is older
        names = names[names.index(name) :]
    for start in range(0, len(names), _TOGETHER):
        some = names[start : start + _TOGETHER]
        for one, chunk in zip(some, await _chunks(store, some), strict=True):
            if ident:  # what was open when the page before was made is sealed now
                everything = await asyncio.to_thread(found_in, chunk, Wanted())
                at = next((n for n, filed in everything if filed.article.id == ident), None)
                if at is None:
                    continue
                ident = ""
                yield one, [(n, filed) for n, filed in reversed(everything[:at]) if wanted.takes(filed)]
                continue
            found = await asyncio.to_thread(found_in, chunk, wanted)
            below = int(place) if one == name else None
            yield one, [(n, filed) for n, filed in reversed(found) if below is None or n < below]


async def _ended(store: Store, name: str) -> float:
    return float(await cast(Any, store.redis).zscore(keys.ARCHIVE_CHUNKS, name) or 0.0)


async def _chunks(store: Store, names: Sequence[str]) -> list[bytes]:
    redis = cast(Any, store.redis)
    commands = (redis.execute_command("GET", keys.archive_chunk(name), **{NEVER_DECODE: []}) for name in names)
    return [chunk or b"" for chunk in await asyncio.gather(*commands)]


async def article(store: Store, ident: str) -> Filed | None:
    """A decided article by its id, which says when it arrived; None when the archive has none near that time."""
    found = await articles(store, [ident])
    return found.get(ident)


async def articles(store: Store, idents: Sequence[str]) -> dict[str, Filed]:
    """Decided articles by their ids; those that are not near their time in the archive are missing."""
    redis = cast(Any, store.redis)
    left = dict.fromkeys(ident for ident in idents if ident)
    found: dict[str, Filed] = {}

    def take(rows: Sequence[Filed]) -> None:
        for filed in rows:
            if filed.article.id in left:
                found[filed.article.id] = filed
                del left[filed.article.id]

    if left:
        rows = await redis.lrange(keys.ARCHIVE_OPEN, 0, -1)
        take([read_row(json.loads(row)) for row in rows if row[2 : row.find('"', 2)] in left])
    looked: set[str] = set()
    for ident in list(left):
        if ident not in left:
            continue
        names = await redis.zrangebyscore(
            keys.ARCHIVE_CHUNKS, arrival(ident) - _EARLY, "+inf", start=0, num=MOST_CHUNKS
        )
        for name in names:
            if name in looked:
                continue
            looked.add(name)
            [chunk] = await _chunks(store, [name])
            take([filed for _, filed in await asyncio.to_thread(found_in, chunk, Wanted(ids=frozenset(left)))])
            if ident not in left:
                break
    return found


def arrival(ident: str) -> float:
    """When an article arrived, Unix seconds, as its id says; 0 for what is no id."""
    milliseconds = ident.partition("-")[0]
    return int(milliseconds) / 1000 if milliseconds.isdecimal() else 0.0
