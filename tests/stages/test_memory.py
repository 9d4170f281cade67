"""What is remembered of feeds: one round trip for many polls, and nothing that the store does not have."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import FencedError
from alertd.feeds.schedule import FeedState
from alertd.stages.memory import FeedMemory
from alertd.store import keys
from tests.stages.world import context


async def stored(redis: Redis, name: str) -> FeedState:
    return FeedState.from_fields(await cast(Any, redis).hgetall(keys.feed(name)))


async def commands(redis: Redis) -> dict[str, int]:
    found = await cast(Any, redis).info("commandstats")
    return {name.removeprefix("cmdstat_"): row["calls"] for name, row in found.items()}


async def test_polls_that_end_together_go_in_one_round_trip_and_all_are_stored(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.lease("poll")
        assert await lease.acquire()
        memory = FeedMemory(ctx, lease)
        feed = ctx.now.configuration.settings.feeds[0]
        feeds = [feed.model_copy(update={"name": f"feed {n}"}) for n in range(200)]
        await memory.load(feeds)
        sizes: list[int] = []
        real = ctx.store.run_many

        async def counting(name: str, calls: Any) -> list[Any]:
            sizes.append(len(calls))
            return await real(name, calls)

        ctx.store.run_many = counting  # type: ignore[method-assign]
        for polls in (1, 2):
            before = await commands(redis)
            states = [replace(await memory.state(one), polls=polls) for one in feeds]
            assert (await commands(redis)).get("hgetall", 0) == before.get("hgetall", 0), "nothing is read again"
            await asyncio.gather(*(memory.commit(*pair) for pair in zip(feeds, states, strict=True)))
        assert len(sizes) <= 4
        assert sum(sizes) == 400
        assert [(await stored(redis, one.name)).polls for one in feeds] == [2] * 200
        assert all([(await stored(redis, one.name)).address for one in feeds])


async def test_a_commit_under_a_lost_lease_is_refused_and_what_was_known_is_read_again(
    redis: Redis, tmp_path: Path
) -> None:
    async with context(redis, tmp_path) as ctx, context(redis, tmp_path, process="there", now=ctx.now) as other:
        feed = ctx.now.configuration.settings.feeds[0]
        mine, theirs = ctx.lease("poll"), other.lease("poll")
        assert await mine.acquire()
        memory = FeedMemory(ctx, mine)
        await memory.commit(feed, replace(await memory.state(feed), polls=1))
        await mine.release()
        assert await theirs.acquire()
        await FeedMemory(other, theirs).commit(feed, replace(await memory.state(feed), polls=7))
        mine.token = 1
        with pytest.raises(FencedError):
            await memory.commit(feed, replace(await memory.state(feed), polls=2))
        await theirs.release()
        assert await mine.acquire()
        assert (await memory.state(feed)).polls == 7


async def test_another_address_starts_anew(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.lease("poll")
        assert await lease.acquire()
        memory = FeedMemory(ctx, lease)
        feed = ctx.now.configuration.settings.feeds[0]
        await memory.commit(feed, replace(await memory.state(feed), polls=5, etag='"a"'))
        moved = feed.model_copy(update={"url": "http://127.0.0.1:1/elsewhere"})
        assert (await memory.state(moved)).polls == 0
        await memory.commit(moved, replace(await memory.state(moved), polls=1))
        found = await stored(redis, feed.name)
        assert (found.polls, found.etag) == (1, "")
