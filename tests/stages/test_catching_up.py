"""After an outage what the first polls bring is told together; what is severe is told at once."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_httpserver import HTTPServer
from redis.asyncio import Redis

from alertd.stages import catching_up
from alertd.stages.context import holding
from alertd.store import keys
from tests.fakes.slack import FakeSlack
from tests.stages.test_notify import posts, raised, sent, working
from tests.stages.test_poll import Feed, once, settings
from tests.stages.world import at_work, context, polling, until


@pytest.mark.parametrize(
    ("away", "interval", "highest", "begins"),
    [(901.0, 60.0, 0.0, True), (899.0, 60.0, 0.0, False), (901.0, 600.0, 0.0, False), (3000.0, 60.0, 1800.0, False)],
)
async def test_it_begins_after_longer_than_feeds_are_left_alone(
    redis: Redis, tmp_path: Path, away: float, interval: float, highest: float, begins: bool
) -> None:
    async with context(redis, tmp_path) as ctx:
        feed = ctx.now.configuration.settings.feeds[0]
        feed = feed.model_copy(update={"interval": interval, "max_interval": highest})
        await catching_up.begin(ctx, away, [feed], 5.0)
        left = await catching_up.until(ctx) - ctx.clock()
        assert (left > 15.0) is begins
        assert left < 21.0


async def test_a_clock_that_was_put_back_keeps_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await cast(Any, redis).set(keys.CATCHING_UP, f"{ctx.clock() + 3600:.3f}")
        assert await catching_up.until(ctx) == 0.0


async def test_what_comes_then_is_one_digest_and_what_is_severe_goes_first(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        first, second, severe, later = posts(ctx, 4)
        until_then = ctx.clock() + 3.0
        await cast(Any, redis).set(keys.CATCHING_UP, f"{until_then:.3f}")
        await raised(redis, [first, second, replace(severe, severity="high")])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [severe.key]))
            assert ctx.clock() < until_then, "the machine is too slow for this test"
            assert slack.keys("alerts") == [severe.key]
            await until(lambda: sent(redis, [first.key, second.key]))
            assert ctx.clock() >= until_then
            await raised(redis, [replace(later, created=ctx.clock())])
            await until(lambda: sent(redis, [later.key]))
        told = [message["metadata"]["event_payload"] for message in slack.messages("alerts")]
        assert [payload.get("keys", payload["key"]) for payload in told] == [
            severe.key, f"{first.key} {second.key}", later.key,
        ]  # fmt: skip


async def test_one_alone_is_told_by_itself(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        await cast(Any, redis).set(keys.CATCHING_UP, f"{ctx.clock() + 0.5:.3f}")
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
        assert slack.keys("alerts") == [one.key]


@pytest.mark.parametrize(("ago", "begins"), [(7200.0, True), (60.0, False)])
async def test_a_poller_that_starts_finds_out_how_long_nobody_polled(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer, ago: float, begins: bool
) -> None:
    Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx)
        await cast(Any, redis).hset(keys.feed("wire"), "last_success", ctx.clock() - ago)
        async with polling(ctx) as poller, at_work(
            lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)
        ):  # fmt: skip
            await until(lambda: polled(redis))
        assert bool(await catching_up.until(ctx)) is begins


async def polled(redis: Redis) -> bool:
    return int(await cast(Any, redis).hget(keys.feed("wire"), "polls")) > 1


@pytest.mark.parametrize(
    ("passed", "put", "begins"),
    [
        (3600.0, 3600.0, True),
        (60.0, 3600.0, True),
        (3600.0, -3600.0, True),
        (60.0, 60.0, False),
        (60.0, -3600.0, False),
    ],
    ids=["the network was away", "the machine slept", "the clock was put back", "no outage", "only the clock"],
)
async def test_a_network_or_a_machine_that_was_away_while_it_ran_is_an_outage_too(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer, passed: float, put: float, begins: bool
) -> None:
    Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        await poller.once()
        await poller.once()
        assert await catching_up.until(ctx) == 0.0
        ctx.monotonic.__self__.ahead += passed  # type: ignore[attr-defined]
        ctx.clock = lambda: time.time() + put
        assert await poller.shares.acquire()
        await poller.once()
        assert (await catching_up.until(ctx) > ctx.clock()) is begins
