"""How the daemon runs its stages and ends them; tests/e2e starts the real one."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd import daemon, reload
from alertd.config import FeedSettings
from alertd.daemon import RunOptions
from alertd.errors import FeedError
from alertd.feeds import Fetched, Fetcher, Reader, Validators
from alertd.slack.terminal import TerminalSink
from alertd.stages.context import Context
from alertd.stages.poll import Poller
from alertd.store import keys
from alertd.store.shares import SHARDS
from alertd.supervised import Supervisor
from tests.stages.world import GAZETTEER, context, until

Answer = Callable[[FeedSettings], Awaitable[Fetched]]


class Fetches:
    """A fetcher that answers as it is told."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def fetch(self, feed: FeedSettings, _: Validators) -> Fetched:
        self.asked.append(feed.name)
        return await self.answer(feed)


def running(ctx: Context, folder: Path, fetches: Fetches, options: RunOptions) -> asyncio.Task[int]:
    reloader = reload.Reloader(ctx, folder / "config", GAZETTEER, lambda _: None)
    sink = TerminalSink((folder / "out.txt").open("w", encoding="utf-8"))
    poller = Poller(ctx, cast(Fetcher, fetches), Reader())
    work = daemon._run_stages(ctx, reloader, sink, poller, options, Supervisor())
    return asyncio.create_task(work, name="the daemon under test")


async def unwell(feed: FeedSettings) -> Fetched:
    if feed.name == "wire":
        raise RuntimeError("a fault in one feed's path")
    raise FeedError("no answer", where=feed.name, kind="timeout")


async def silent(_: FeedSettings) -> Fetched:
    await asyncio.Event().wait()
    raise AssertionError


async def test_once_ends_although_feeds_fail_in_every_way(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        fetches = Fetches(unwell)
        assert await asyncio.wait_for(running(ctx, tmp_path, fetches, RunOptions(once=True)), 30) == 0
        assert sorted(fetches.asked) == ["post", "wire"]
        kinds = {name: await cast(Any, redis).hget(keys.feed(name), "kind") for name in ("wire", "post")}
        assert kinds == {"wire": "internal", "post": "timeout"}


async def test_once_beside_another_poller_hears_the_signal(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await cast(Any, redis).hset(keys.members("poll"), "another", 1)
        await cast(Any, redis).hset(keys.shards("poll"), mapping={str(n): "another 1" for n in range(SHARDS)})
        task = running(ctx, tmp_path, Fetches(silent), RunOptions(once=True))
        await until(lambda: _standing_by(ctx), "standing by")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 8)


async def _standing_by(ctx: Context) -> bool:
    return ctx.ready.get("poll") == (True, "standing by")


async def test_after_the_end_no_poll_is_left_running(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "DRAIN", 1.0)
    monkeypatch.setattr("alertd.stages.poll.SPREAD", 0.1)
    async with context(redis, tmp_path) as ctx:
        fetches = Fetches(silent)
        task = running(ctx, tmp_path, fetches, RunOptions(stages=("poll",)))
        await until(lambda: _asked(fetches), "a poll")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 20)
        assert [t for t in asyncio.all_tasks() if "_job" in repr(t.get_coro())] == []


async def _asked(fetches: Fetches) -> bool:
    return bool(fetches.asked)


async def test_readiness_comes_back_when_all_processes_agree_again(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_UPKEEP", 0.1)
    async with context(redis, tmp_path) as ctx:
        ctx.ready["config"] = (True, "")
        mine = ctx.now.configuration.generation
        stop = asyncio.Event()
        await reload.agree(ctx.store, ctx.process, mine)
        task = asyncio.create_task(daemon.upkeep(ctx, stop))
        await reload.agree(ctx.store, "another", "edited", force=True)
        await until(lambda: _config(ctx, ready=False), "the difference")
        await reload.agree(ctx.store, "another", mine, force=True)
        await until(lambda: _config(ctx, ready=True), "agreement")
        stop.set()
        await asyncio.wait_for(task, 20)


async def _config(ctx: Context, *, ready: bool) -> bool:
    return ctx.ready["config"][0] is ready
