from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.feeds.schedule import FeedState
from alertd.report import observe, overview
from alertd.stages.context import holding
from alertd.stages.dead_letters import DeadCounts
from alertd.stages.decide import DecideStage
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.connection import Store
from tests.stages.world import at_work, context, decided, entry, taken, until


async def test_an_empty_store_reports_nothing(redis: Redis) -> None:
    found = await overview(Store(redis, redis, exclusive=False, where="test"))
    assert (found["articles"], found["feeds"], found["recent"], found["streams"]) == (
        0, [], [], {"tag": 0, "decide": 0, "notify": 0},
    )  # fmt: skip


async def test_it_counts_what_happened_and_says_why(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        title = "Xiaomi to build a second car plant near Beijing in two years"
        ids = await taken(
            ctx, entry(title), entry(title, feed="post"), entry("Nvidia opened a shop in Oslo", age=90000)
        )
        decide = DecideStage(ctx)
        async with at_work(
            TagStage(ctx).work, lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)
        ):
            await until(lambda: _all(redis, ids))
        state = FeedState(polls=3, failures=1, failing=1, kind="timeout", error="no complete answer within 20 s")
        await cast(Any, redis).hset(keys.feed("wire"), mapping=state.to_fields())
        await cast(Any, redis).sadd(keys.FEEDS, "wire")
        found = await overview(ctx.store)
        assert (found["articles"], found["copies"], found["stories"]) == (3, 1, 2)
        assert found["held"] == {"too old": 1}
        assert found["relations"] == {"first": 2, "copy": 1}
        assert found["streams"] == {"tag": 0, "decide": 0, "notify": 2}
        assert [(f["name"], f["state"]) for f in found["feeds"]] == [("wire", "no complete answer within 20 s")]
        # a copy waits for its original, not for its place in the order
        assert sorted(row["outcome"] for row in found["recent"]) == ["alerted", "held", "threaded"]
        await observe(ctx.store, ctx.metrics, DeadCounts(ctx.store))
        value = ctx.metrics.registry.get_sample_value("alertd_stage_lag_articles", {"stage": "notify"})
        assert value == 2


async def test_the_metric_of_dead_letters_follows_the_stream(redis: Redis, tmp_path: Path) -> None:
    dead, stream = cast(Any, redis), keys.DEAD
    async with context(redis, tmp_path) as ctx:
        counts = DeadCounts(ctx.store)

        async def metric() -> dict[str, float]:
            await observe(ctx.store, ctx.metrics, counts)
            value = ctx.metrics.registry.get_sample_value
            found = {stage: value("alertd_dead_letters", {"stage": stage}) or 0.0 for stage in keys.GROUPS.values()}
            assert sum(found.values()) == (await overview(ctx.store))["dead"]
            return found

        assert await metric() == {"tag": 0, "decide": 0, "notify": 0}
        first = [await dead.xadd(stream, {"stage": "tag", "error": "x"}) for _ in range(3)]
        assert await metric() == {"tag": 3, "decide": 0, "notify": 0}
        await dead.xadd(stream, {"stage": "notify", "error": "x"})
        assert await metric() == {"tag": 3, "decide": 0, "notify": 1}
        # one goes and another comes: the number of all stays the same
        await dead.xdel(stream, first[1])
        last = await dead.xadd(stream, {"stage": "decide", "error": "x"})
        assert await metric() == {"tag": 2, "decide": 1, "notify": 1}
        await dead.xdel(stream, last)
        await dead.xadd(stream, {"stage": "tag", "error": "x"})
        assert await metric() == {"tag": 3, "decide": 0, "notify": 1}
        async with dead.pipeline(transaction=False) as pipe:
            for _ in range(1_200):
                pipe.xadd(stream, {"stage": "decide", "error": "x"})
            await pipe.execute()
        assert await metric() == {"tag": 3, "decide": 1_200, "notify": 1}
        await dead.delete(stream)
        assert await metric() == {"tag": 0, "decide": 0, "notify": 0}


async def test_dead_letters_that_stay_are_read_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        counts = DeadCounts(ctx.store)
        for _ in range(50):
            await cast(Any, redis).xadd(keys.DEAD, {"stage": "tag", "payload": "x" * 10_000})
        assert await counts.now() == {"tag": 50}
        before = (await redis.info("stats"))["total_net_output_bytes"]
        assert await counts.now() == {"tag": 50}
        after = (await redis.info("stats"))["total_net_output_bytes"]
        assert after - before < 30_000


async def _all(redis: Redis, ids: list[str]) -> bool:
    await asyncio.sleep(0)
    return len(await decided(redis, ids)) == len(ids)
