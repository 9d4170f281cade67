"""The archive in Redis: what was decided, sealed into chunks by the decider, read by whoever looks back."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from redis.client import NEVER_DECODE

from alertd.collecting import uncollected
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.leases import Lease
from alertd.watchlist.archive import CHUNK, Filed, issuers_in, pack, read_row, unpack

logger = logging.getLogger(__name__)


async def file(store: Store, lease: Lease) -> int:
    """Seal what is ready into chunks; returns how many. Call it under the lease of decide.

    Raises:
        FencedError: the lease went to another process.
    """
    redis = cast(Any, store.redis)
    sealed = 0
    while await redis.llen(keys.ARCHIVE_OPEN) >= CHUNK:
        rows = await redis.lrange(keys.ARCHIVE_OPEN, 0, CHUNK - 1)
        chunk, issuers, arrived = await asyncio.to_thread(_sealed, rows)
        day = time.strftime("%Y%m%d", time.gmtime(arrived))
        number = int(await redis.hget(keys.ARCHIVE_DAYS, day) or 0) + 1
        name = f"{day}:{number}"
        outcome = await store.run(
            "file",
            [
                lease.key, keys.ARCHIVE_OPEN, keys.archive_chunk(name), keys.ARCHIVE_CHUNKS, keys.ARCHIVE_BYTES,
                keys.ARCHIVE_DAYS, keys.archive_companies(day),
            ],
            [lease.token, rows[0], len(rows), chunk, name, f"{arrived:.3f}", day, number, *issuers],
        )  # fmt: skip
        if outcome == "fenced":
            lease.lost()
        sealed += outcome == "filed"
    return sealed


def _sealed(rows: Sequence[str]) -> tuple[bytes, tuple[str, ...], float]:
    return pack(rows), issuers_in(rows), float(read_row(json.loads(rows[-1])).article.arrived)


async def bound(store: Store, lease: Lease, *, most_bytes: int, oldest: float) -> int:
    """Drop the oldest chunks until the archive fits; returns how many. Call it under the lease of decide.

    Args:
        most_bytes: bytes that all chunks together may take.
        oldest: Unix seconds; chunks whose last article arrived before are dropped.
    """
    redis = cast(Any, store.redis)
    dropped = 0
    while found := await redis.zrange(keys.ARCHIVE_CHUNKS, 0, 1, withscores=True):
        (name, arrived), *after = found
        if arrived >= oldest and int(await redis.get(keys.ARCHIVE_BYTES) or 0) <= most_bytes:
            break
        day = name.partition(":")[0]
        last = not after or after[0][0].partition(":")[0] != day
        outcome = await store.run(
            "unfile",
            [
                lease.key, keys.archive_chunk(name), keys.ARCHIVE_CHUNKS, keys.ARCHIVE_BYTES, keys.ARCHIVE_DAYS,
                keys.archive_companies(day),
            ],
            [lease.token, name, day, int(last)],
        )  # fmt: skip
        if outcome == "fenced":
            lease.lost()
        dropped += 1
    return dropped


async def chunk_names(store: Store, *, since: float, issuer: str = "") -> list[str]:
    """Names of the chunks that may hold articles that arrived since a time, oldest first.

    Args:
        issuer: only chunks that name this issuer; "" for all.
    """
    redis = cast(Any, store.redis)
    names: list[str] = await redis.zrangebyscore(keys.ARCHIVE_CHUNKS, since, "+inf")
    if not issuer:
        return names
    days = dict.fromkeys(name.partition(":")[0] for name in names)
    async with redis.pipeline(transaction=False) as pipe:
        for day in days:
            pipe.hget(keys.archive_companies(day), issuer)
        answers = await pipe.execute() if days else []
    numbers = {day: set((found or "").split(",")) for day, found in zip(days, answers, strict=True)}
    parted = ((name, *name.partition(":")[::2]) for name in names)
    return [name for name, day, number in parted if number in numbers[day]]


async def chunk(store: Store, name: str) -> list[Filed]:
    """The articles of a chunk; none when it was dropped meanwhile."""
    found = await cast(Any, store.redis).execute_command("GET", keys.archive_chunk(name), **{NEVER_DECODE: []})
    if not found:
        return []
    with uncollected():
        return list(unpack(found))


async def unsealed(store: Store) -> list[Filed]:
    """The latest articles, in no chunk yet."""
    rows = await cast(Any, store.redis).lrange(keys.ARCHIVE_OPEN, 0, -1)
    return [read_row(json.loads(row)) for row in rows]


async def since(store: Store, start: float, issuer: str = "") -> AsyncIterator[list[Filed]]:
    """Articles that arrived since a time, oldest first, chunk by chunk."""
    for name in await chunk_names(store, since=start, issuer=issuer):
        yield [filed for filed in await chunk(store, name) if filed.article.arrived >= start]
    yield [filed for filed in await unsealed(store) if filed.article.arrived >= start]


async def find(store: Store, wanted: str) -> Filed | None:
    """The latest article with an id, or with an address as its feed gave it; None when the archive has none."""
    match_id = "://" not in wanted
    for filed in reversed(await unsealed(store)):
        if wanted == (filed.article.id if match_id else filed.article.entry.url):
            return filed
    for name in reversed(await chunk_names(store, since=0.0)):
        for filed in reversed(await chunk(store, name)):
            if wanted == (filed.article.id if match_id else filed.article.entry.url):
                return filed
    return None
