"""The dead-man ping: sent while every stage works somewhere, and only then; over a real Redis and real HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from redis.asyncio import Redis

from alertd.stages.context import Context
from alertd.stages.heartbeat import Heartbeat, show, stalled
from alertd.store import keys
from alertd.web.listening import port_of, serve
from tests.stages.world import SETTINGS, at_work, context, until

STAGES = ("poll", "tag")


@dataclass
class Checker:
    """What is pinged."""

    url: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def pinged(redis: Redis, folder: Path) -> AsyncIterator[tuple[Checker, Context]]:
    checker = Checker()
    application = web.Application()
    application.router.add_get("/{path:.*}", checker.handle)
    runner = await serve(application)
    checker.url = f"http://127.0.0.1:{port_of(runner)}"
    more = f"operator: {{channel: '#alertd', ping_url: '{checker.url}/ping?key=s3cr3t', ping_every: 1s}}"
    settings = SETTINGS.replace('operator: {channel: "#alertd"}', more)
    try:
        async with context(redis, folder, settings=settings) as ctx:
            yield checker, ctx
    finally:
        await runner.cleanup()


def count(ctx: Context, outcome: str) -> float:
    return ctx.metrics.registry.get_sample_value("alertd_pings_total", {"outcome": outcome}) or 0.0


@pytest.mark.parametrize(
    ("before", "now", "missing"),
    [
        ({}, {"poll": "1", "tag": "1"}, []),
        ({"poll": "1", "tag": "4"}, {"poll": "2", "tag": "5"}, []),
        ({"poll": "1", "tag": "4"}, {"poll": "2", "tag": "4"}, ["tag"]),
        ({"poll": "7"}, {"poll": "1", "tag": "1"}, []),  # the store came back empty
        ({}, {"poll": "1"}, ["tag"]),
    ],
)
def test_a_stage_whose_count_stands_still_is_missed(
    before: Mapping[str, str], now: Mapping[str, str], missing: list[str]
) -> None:
    assert stalled(before, now, STAGES) == missing


async def test_it_is_sent_while_all_stages_work_and_withheld_otherwise(
    redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="alertd")
    async with pinged(redis, tmp_path) as (checker, ctx):
        other = {"poll": (True, "at work")}

        async def living(stop: asyncio.Event) -> None:
            while not stop.is_set():
                await show(ctx, STAGES)
                await asyncio.sleep(0.05)

        async def sent() -> bool:
            return count(ctx, "sent") >= 1

        async def withheld() -> bool:
            return count(ctx, "withheld") >= 1

        ctx.ready |= {**other, "tag": (False, "starting")}
        async with at_work(living, Heartbeat(ctx, STAGES).work):
            await until(withheld, "a ping withheld")
            assert checker.asked == []
            ctx.ready["tag"] = (True, "at work")
            await until(sent, "a ping")
            assert checker.asked[0] == "/ping?key=s3cr3t"
    assert "no process does its work: tag" in caplog.text
    assert "pings get through again" in caplog.text


async def test_while_the_store_is_full_polling_does_not_count(redis: Redis, tmp_path: Path) -> None:
    async with pinged(redis, tmp_path) as (_, ctx):
        ctx.ready |= dict.fromkeys(STAGES, (True, ""))
        ctx.ready["room"] = (False, "1900 of 2048 MB: polling waits")
        await show(ctx, STAGES)
        assert await cast(Any, redis).hgetall(keys.WORKS) == {"tag": "1"}
        ctx.ready["room"] = (True, "900 of 2048 MB")
        await show(ctx, STAGES)
        assert await cast(Any, redis).hgetall(keys.WORKS) == {"poll": "1", "tag": "2"}


async def test_one_that_fails_is_said_once_without_its_address(
    redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with pinged(redis, tmp_path) as (checker, ctx):
        ctx.ready |= dict.fromkeys(STAGES, (True, ""))

        async def living(stop: asyncio.Event) -> None:
            while not stop.is_set():
                await show(ctx, STAGES)
                await asyncio.sleep(0.05)

        async def failed() -> bool:
            return count(ctx, "failed") >= 2

        checker.status = 503
        async with at_work(living, Heartbeat(ctx, STAGES).work):
            await until(failed, "two failures")
    assert caplog.text.count("operator.ping_url answers HTTP 503") == 1
    assert "s3cr3t" not in caplog.text
