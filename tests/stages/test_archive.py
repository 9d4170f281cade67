"""The archive in Redis: sealed once, found again, kept within its bounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import FencedError
from alertd.stages.archive import bound, chunk_names, file, find, since, unsealed
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.watchlist.archive import CHUNK, MOST_BYTES, row_of
from tests.stages.world import context
from tests.watchlist.world import article, company, placed, tags

DAY = 86400.0
START = 1_772_409_600.0  # midnight, UTC


def row(number: int, symbol: str = "1810.HK") -> str:
    at = START + number * 300.0
    one = replace(article(f"Xiaomi story {number}"), id=f"{int(at * 1000)}-0", arrived=at)
    one = replace(one, entry=replace(one.entry, url=f"https://x.com/{number}"))
    return row_of(one, tags(company(symbol)), placed())


async def filled(ctx: Context, count: int) -> Lease:
    lease = ctx.lease("decide")
    assert await lease.acquire()
    rows = [row(n, "JEF" if n == 300 else "1810.HK") for n in range(count)]
    await cast(Any, ctx.store.redis).rpush(keys.ARCHIVE_OPEN, *rows)
    await file(ctx.store, lease)
    return lease


async def test_what_is_full_is_sealed_and_all_is_found(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await filled(ctx, 2 * CHUNK + 10)
        names = await chunk_names(ctx.store, since=0.0)
        assert len(names) == 2
        assert len(await unsealed(ctx.store)) == 10
        found = [filed.article async for part in since(ctx.store, START + 3000) for filed in part]
        assert [a.entry.url for a in found] == [f"https://x.com/{n}" for n in range(10, 2 * CHUNK + 10)]
        assert int(await cast(Any, redis).get(keys.ARCHIVE_BYTES)) <= 2 * CHUNK * MOST_BYTES
        assert await chunk_names(ctx.store, since=0.0, issuer="i:jef") == names[1:]
        assert await chunk_names(ctx.store, since=0.0, issuer="i:aapl") == []
        for wanted in (found[0].id, found[0].entry.url, found[-1].id):
            one = await find(ctx.store, wanted)
            assert one is not None
            assert wanted in (one.article.id, one.article.entry.url)
        assert await find(ctx.store, "https://x.com/nowhere") is None


async def test_the_oldest_go_first_by_age_and_by_size(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = await filled(ctx, 4 * CHUNK)
        names = await chunk_names(ctx.store, since=0.0)
        assert await bound(ctx.store, lease, most_bytes=10**9, oldest=0.0) == 0
        assert await bound(ctx.store, lease, most_bytes=10**9, oldest=START + CHUNK * 300.0) == 1
        assert await chunk_names(ctx.store, since=0.0) == names[1:]
        half = int(await cast(Any, redis).get(keys.ARCHIVE_BYTES)) // 2
        await bound(ctx.store, lease, most_bytes=half, oldest=0.0)
        assert await chunk_names(ctx.store, since=0.0) == names[-1:]
        await bound(ctx.store, lease, most_bytes=0, oldest=0.0)
        assert await cast(Any, redis).get(keys.ARCHIVE_BYTES) == "0"
        assert [key async for key in cast(Any, redis).scan_iter(keys.archive_chunk("*"))] == []
        assert [key async for key in cast(Any, redis).scan_iter(keys.archive_companies("*"))] == []


async def test_who_lost_the_lease_seals_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = await filled(ctx, 0 + 1)
        await cast(Any, redis).rpush(keys.ARCHIVE_OPEN, *(row(n) for n in range(CHUNK)))
        await cast(Any, redis).hincrby(lease.key, "token", 1)
        with pytest.raises(FencedError):
            await file(ctx.store, lease)
        assert await cast(Any, redis).llen(keys.ARCHIVE_OPEN) == CHUNK + 1
