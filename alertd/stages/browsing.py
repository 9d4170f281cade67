"""Looks through decided articles from the latest back, page by page, within a bounded time; for the web page."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from redis.client import NEVER_DECODE

from alertd.stages.archive import chunk_names
from alertd.store import keys
from alertd.store.connection import Store
from alertd.watchlist.archive import Filed, read_row
from alertd.watchlist.searching import Wanted, found_among, found_in

LONGEST: Final = 0.05
"""Seconds after which a look gives what it has; what it did not get to is for the next one."""
MOST_CHUNKS: Final = 24
"""Chunks in which an article is looked for by its id."""
_TOGETHER: Final = 4
_OPEN: Final = "open"
_APART: Final = "/"
_PLACE: Final = re.compile(r"|open/\d{1,20}-\d{1,20}|\d{8}:\d{1,9}/\d{1,9}")
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

    Raises:
        ValueError: `after` is no place.
    """
    if not _PLACE.fullmatch(after):
        raise ValueError(f"no place in the archive: {after}")
    deadline = clock() + longest
    found: list[Filed] = []
    back_to = 0.0
    name, _, place = after.partition(_APART)
    if name in ("", _OPEN):
        rows = await cast(Any, store.redis).lrange(keys.ARCHIVE_OPEN, 0, -1)
        at = next((n for n, row in enumerate(rows) if _ident(row) == place), None) if place else len(rows)
        if at is not None:
            found += found_among(rows[:at], wanted, limit)
            place = ""
            if len(found) == limit:
                return Page(tuple(found), f"{_OPEN}{_APART}{found[-1].article.id}", found[-1].article.arrived)
    names = await _sealed(store, wanted, name, place)
    for start in range(0, len(names), _TOGETHER):
        some = names[start : start + _TOGETHER]
        chunks = await _chunks(store, some)
        cut = place if start == 0 else ""
        parts = await asyncio.to_thread(_look, chunks, wanted, cut, limit - len(found), lambda: clock() > deadline)
        for one, part in zip(some, parts, strict=False):
            found += [filed for _, filed in part]
            if len(found) == limit:
                return Page(tuple(found), f"{one}{_APART}{part[-1][0]}", found[-1].article.arrived)
        last = some[len(parts) - 1]
        back_to = await _ended(store, last)
        if clock() > deadline and last != names[-1]:
            return Page(tuple(found), f"{last}{_APART}0", back_to)
    return Page(tuple(found), "", back_to)


def _look(
    chunks: Sequence[bytes], wanted: Wanted, place: str, most: int, late: Callable[[], bool]
) -> list[list[tuple[int, Filed]]]:  # fmt: skip
    """Look through chunks until enough is found or it is late, one at least; what is found in each, the latest first.

    Args:
        place: number below which the first chunk counts, or id of an article after which it does; "" for all of it.
    """
    found: list[list[tuple[int, Filed]]] = []
    left = most
    for number, chunk in enumerate(chunks):
        below = None
        if number == 0 and place:
            below = int(place) if place.isdecimal() else _place_of(chunk, place)
        found.append(found_in(chunk, wanted, left, below))
        left -= len(found[-1])
        if not left or late():
            break
    return found


def _place_of(chunk: bytes, ident: str) -> int:
    [(number, _)] = found_in(chunk, Wanted(ids=frozenset([ident])))
    return number


def _ident(row: str) -> str:
    """The id of an open row, without reading all of it."""
    return row[2 : row.find('"', 2)]


async def _sealed(store: Store, wanted: Wanted, name: str, place: str) -> list[str]:
    """Chunks from a place on, the latest first; none where it was dropped meanwhile, with all that is older."""
    names = await chunk_names(store, since=0.0, issuer=wanted.issuer)
    names.reverse()
    if name == _OPEN and place:
        # what was open when the page before was made is sealed now
        at = await _chunk_of(store, place)
    else:
        at = "" if name == _OPEN else name
    if not at:
        return [] if place else names
    return names[names.index(at) :] if at in names else []


async def _chunk_of(store: Store, ident: str) -> str:
    """The chunk that holds an article; "" when none near its time does."""
    for name in await _near(store, ident):
        [chunk] = await _chunks(store, [name])
        if await asyncio.to_thread(found_in, chunk, Wanted(ids=frozenset([ident]))):
            return name
    return ""


async def _near(store: Store, ident: str) -> list[str]:
    """The chunks that may hold an article, by the time that its id says; the likeliest first."""
    names: list[str] = await cast(Any, store.redis).zrangebyscore(
        keys.ARCHIVE_CHUNKS, arrival(ident) - _EARLY, "+inf", start=0, num=MOST_CHUNKS
    )
    return names


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
    left = dict.fromkeys(ident for ident in idents if ident)
    found: dict[str, Filed] = {}

    def take(rows: Sequence[Filed]) -> None:
        for filed in rows:
            if filed.article.id in left:
                found[filed.article.id] = filed
                del left[filed.article.id]

    if left:
        rows = await cast(Any, store.redis).lrange(keys.ARCHIVE_OPEN, 0, -1)
        take([read_row(msgspec.json.decode(row)) for row in rows if _ident(row) in left])
    looked: set[str] = set()
    for ident in list(left):
        if ident not in left:
            continue
        for name in await _near(store, ident):
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
