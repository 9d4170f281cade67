"""What is remembered of feeds: one round trip for many polls, and nothing that the store does not have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from alertd.config import FeedSettings
from alertd.errors import FencedError
from alertd.feeds.schedule import FeedState
from alertd.stages.context import Context
from alertd.stages.memory import REMEMBERED, FeedMemory
from alertd.stages.shards import shard_of
from alertd.store import keys
from tests.stages.world import context, until


async def stored(redis: Redis, name: str) -> FeedState:
    return FeedState.from_fields(await cast(Any, redis).hgetall(keys.feed(name)))


async def commands(redis: Redis) -> dict[str, int]:
    found = await cast(Any, redis).info("commandstats")
    return {name.removeprefix("cmdstat_"): row["calls"] for name, row in found.items()}


async def test_polls_that_end_together_go_in_one_round_trip_and_all_are_stored(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
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
        mine, late, theirs = ctx.shares(), ctx.shares(), other.shares()
        assert await mine.acquire()
        assert await late.acquire()
        memory = FeedMemory(ctx, mine)
        await memory.commit(feed, replace(await memory.state(feed), polls=1))
        await mine.release()
        assert await theirs.acquire()
        await FeedMemory(other, theirs).commit(feed, replace(await memory.state(feed), polls=7))
        slow = FeedMemory(ctx, late)
        with pytest.raises(FencedError):
            await slow.commit(feed, replace(await slow.state(feed), polls=2))
        await theirs.release()
        assert await mine.acquire()
        assert (await memory.state(feed)).polls == 7


@pytest.mark.parametrize("lacking", [0, 499, 500, 1_999])
async def test_of_a_long_document_each_entry_is_known_or_it_is_read_again(
    redis: Redis, tmp_path: Path, lacking: int
) -> None:
    async with remembering(redis, tmp_path) as (_, memory, feed):
        there = [f"entry {n}" for n in range(2_000)]
        state = replace(await memory.state(feed), polls=1)
        await memory.commit(feed, state, [(name, "mark") for name in there], there)
        assert await cast(Any, redis).zcard(keys.seen_at(feed.name)) == 2_000
        await cast(Any, redis).hdel(keys.seen(feed.name), there[lacking])
        await cast(Any, redis).zrem(keys.seen_at(feed.name), there[lacking])
        await memory.commit(feed, replace(state, polls=2), (), there)
        assert (await stored(redis, feed.name)).polls == 1
        await cast(Any, redis).hset(keys.seen(feed.name), there[lacking], "mark")
        # a month after they were seen last
        await cast(Any, redis).zadd(keys.seen_at(feed.name), dict.fromkeys(there, 1.0))
        await memory.commit(feed, replace(await memory.state(feed), polls=3), (), there[:3])
        left = await cast(Any, redis).zrange(keys.seen_at(feed.name), 0, -1)
        assert len(left) == 1_000, "a thousand are forgotten at a time"
        assert set(await cast(Any, redis).hkeys(keys.seen(feed.name))) == set(left)


async def test_that_an_entry_is_there_is_noted_once_a_day(redis: Redis, tmp_path: Path) -> None:
    async with remembering(redis, tmp_path) as (ctx, memory, feed):
        hours = {"lately": 2.0, "yesterday": 25.0, "gone": REMEMBERED / 3600 + 23, "forgotten": REMEMBERED / 3600 + 25}
        state = replace(await memory.state(feed), polls=1)
        await memory.commit(feed, state, [(name, "mark") for name in hours], list(hours))
        now = ctx.clock()
        before = {name: round(now - 3600 * ago) for name, ago in hours.items()}
        await cast(Any, redis).zadd(keys.seen_at(feed.name), before)
        await memory.commit(feed, replace(state, polls=2), [("new", "mark")], ["lately", "yesterday", "new"])
        noted = dict(await cast(Any, redis).zrange(keys.seen_at(feed.name), 0, -1, withscores=True))
        assert noted.pop("yesterday") >= int(now)
        assert noted.pop("new") >= int(now)
        assert noted == {name: before[name] for name in ("lately", "gone")}
        assert set(await cast(Any, redis).hkeys(keys.seen(feed.name))) == {"lately", "yesterday", "gone", "new"}


async def test_another_address_starts_anew(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        memory = FeedMemory(ctx, lease)
        feed = ctx.now.configuration.settings.feeds[0]
        await memory.commit(feed, replace(await memory.state(feed), polls=5, etag='"a"'))
        moved = feed.model_copy(update={"url": "http://127.0.0.1:1/elsewhere"})
        assert (await memory.state(moved)).polls == 0
        await memory.commit(moved, replace(await memory.state(moved), polls=1))
        found = await stored(redis, feed.name)
        assert (found.polls, found.etag) == (1, "")


async def test_polls_that_bring_nothing_are_written_together_a_moment_later(redis: Redis, tmp_path: Path) -> None:
    async with remembering(redis, tmp_path) as (_, memory, feed):
        feeds = [feed.model_copy(update={"name": f"feed {n}"}) for n in range(200)]
        await memory.load(feeds)
        states = [replace(await memory.state(one), polls=1) for one in feeds]
        await asyncio.gather(*(memory.commit(*pair) for pair in zip(feeds, states, strict=True)))
        scripts = (await commands(redis))["evalsha"]
        for one in feeds:
            memory.note(one, replace(await memory.state(one), polls=2))
        assert {(await memory.state(one)).polls for one in feeds} == {2}, "at hand at once"
        assert {(await stored(redis, one.name)).polls for one in feeds} == {1}
        await until(lambda: _polls(redis, feeds, 2))
        assert (await commands(redis))["evalsha"] - scripts <= 2


async def _polls(redis: Redis, feeds: list[FeedSettings], polls: int) -> bool:
    return all([(await stored(redis, one.name)).polls == polls for one in feeds])


async def test_a_commit_is_not_overtaken_by_what_was_noted_before(redis: Redis, tmp_path: Path) -> None:
    async with remembering(redis, tmp_path) as (_, memory, feed):
        await memory.commit(feed, replace(await memory.state(feed), polls=1, body="one"))
        memory.note(feed, replace(await memory.state(feed), polls=2, etag='"b"'))
        flushed = asyncio.create_task(memory.flush())
        await asyncio.sleep(0)
        memory.note(feed, replace(await memory.state(feed), polls=3))
        await memory.commit(feed, replace(await memory.state(feed), polls=4, body="two"))
        await flushed
        await memory.flush()
        found = await stored(redis, feed.name)
        assert (found.polls, found.etag, found.body) == (4, '"b"', "two")
        assert await memory.state(feed) == found


async def test_a_killed_process_loses_that_it_asked_and_no_validators(redis: Redis, tmp_path: Path) -> None:
    async with remembering(redis, tmp_path) as (ctx, memory, feed):
        await memory.commit(feed, replace(await memory.state(feed), polls=1, etag='"a"', body="one"))
        memory.note(feed, replace(await memory.state(feed), polls=2, last_success=9.0))
        found = await FeedMemory(ctx, ctx.shares()).state(feed)
        assert (found.polls, found.last_success, found.etag, found.body) == (1, 0.0, '"a"', "one")


async def test_what_was_noted_while_the_store_was_away_is_written_when_it_is_back(
    redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with remembering(redis, tmp_path) as (ctx, memory, feed):
        await memory.commit(feed, replace(await memory.state(feed), polls=1))
        real, ctx.store.run = ctx.store.run, _away  # type: ignore[method-assign, assignment]
        memory.note(feed, replace(await memory.state(feed), polls=2))
        with caplog.at_level("INFO", "alertd.stages.memory"):
            await memory.flush()
        assert "1 polls are noted once the store is back" in caplog.text
        assert (await memory.state(feed)).polls == 2
        ctx.store.run = real  # type: ignore[method-assign]
        await until(lambda: _polls(redis, [feed], 2))


async def _away(*_: Any) -> Any:
    raise RedisConnectionError("gone")


async def test_who_lost_the_lease_notes_nothing(redis: Redis, tmp_path: Path) -> None:
    async with remembering(redis, tmp_path) as (_, memory, feed):
        await memory.commit(feed, replace(await memory.state(feed), polls=1))
        memory.note(feed, replace(await memory.state(feed), polls=2))
        await cast(Any, redis).hset(keys.shards("poll"), str(shard_of(feed.url)), "another 9")
        await memory.flush()
        assert (await stored(redis, feed.name)).polls == 1
        assert (await memory.state(feed)).polls == 1


@asynccontextmanager
async def remembering(redis: Redis, folder: Path) -> AsyncIterator[tuple[Context, FeedMemory, FeedSettings]]:
    """A memory under a lease that is held, and a feed."""
    async with context(redis, folder) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        yield ctx, FeedMemory(ctx, lease), ctx.now.configuration.settings.feeds[0]


async def test_a_server_that_may_lack_the_last_writes_is_read_anew(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with remembering(redis, tmp_path) as (ctx, memory, feed):
        first = replace(await memory.state(feed), etag="first", first_at=1.0)
        await memory.commit(feed, first)
        before = await cast(Any, redis).hgetall(keys.feed(feed.name))
        await memory.commit(feed, replace(first, etag="second"))
        memory.note(feed, replace(first, etag="second", polls=7))
        # a failover: the server that answers now never heard of the second document
        await cast(Any, redis).hset(keys.feed(feed.name), mapping=before)
        await cast(Any, ctx.store.redis).connection_pool.disconnect()
        assert (await memory.state(feed)).etag == "second", "a connection more to the same server changes nothing"

        async def another() -> str:
            return "another"

        monkeypatch.setattr(ctx.store, "run_id", another)
        assert (await memory.state(feed)).etag == "first"
