from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from alertd.config import FeedSettings
from alertd.stages.timetable import Timetable
from tests.stages.world import context, until

FEED = FeedSettings(name="wire", url="http://e.example/wire")


@pytest.mark.parametrize("fails", [False, True], ids=["ended with the stage", "failed"])
async def test_only_a_poll_that_failed_by_itself_counts_as_failed(
    redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture, fails: bool
) -> None:
    polls: list[asyncio.Task[Any] | None] = []

    async def ask(_: FeedSettings) -> None:
        polls.append(asyncio.current_task())
        if fails:
            raise RuntimeError("a slip")
        await asyncio.Event().wait()

    async with context(redis, tmp_path) as ctx:
        timetable = Timetable(ctx, ask)
        timetable.start()
        timetable.put(FEED, time.time())
        failed = ctx.metrics.polls.labels(outcome="job_error")

        async def over() -> bool:
            return bool(polls) and (failed._value.get() == 1 or not fails)

        await until(over, "the poll")
        timetable.end()
        await asyncio.wait([poll for poll in polls if poll is not None])
    said = [record.feed for record in caplog.records if "failed unexpectedly" in record.getMessage()]  # type: ignore[attr-defined]
    assert said == (["wire"] if fails else [])
    assert failed._value.get() == (1 if fails else 0)


async def test_who_is_moved_as_its_poll_ends_is_asked_and_not_skipped(redis: Redis, tmp_path: Path) -> None:
    polls: list[float] = []
    ending = asyncio.get_running_loop().create_future()

    async def ask(_: FeedSettings) -> None:
        polls.append(time.monotonic())
        if len(polls) == 1:
            await ending
            timetable.move("wire", time.time() + 600)

    async def at_its_end() -> None:
        # goes on in the step of the loop in which the poll ends, behind it
        await ending
        timetable.move("wire")

    async def asked(times: int) -> bool:
        return len(polls) >= times

    async with context(redis, tmp_path) as ctx:
        timetable = Timetable(ctx, ask)
        timetable.start()
        timetable.put(FEED, time.time())
        await until(lambda: asked(1), "the first poll")
        other = asyncio.create_task(at_its_end())
        await asyncio.sleep(0)
        ending.set_result(None)
        await other
        await until(lambda: asked(2), "the second poll")
        timetable.end()
        assert ctx.metrics.polls.labels(outcome="overrun")._value.get() == 0


@pytest.mark.parametrize(
    ("moves", "soon"),
    [
        ([("move", None)], True),
        ([("bring_forward", 0.0)], True),
        ([("move", 900.0), ("bring_forward", 0.0)], True),
        ([("move", 0.0), ("bring_forward", 900.0)], True),
        ([("bring_forward", 900.0)], False),
        ([("move", None), ("move", 900.0)], False),
        ([("put", 0.0)], True),
    ],
)
async def test_who_is_moved_while_it_is_asked_is_asked_again_after_it(
    redis: Redis, tmp_path: Path, moves: Sequence[tuple[str, float | None]], soon: bool
) -> None:
    polls = 0
    ended = asyncio.Event()

    async def ask(_: FeedSettings) -> None:
        nonlocal polls
        polls += 1
        if polls == 1:
            await ended.wait()

    async def asked(times: int) -> bool:
        return polls >= times

    async with context(redis, tmp_path) as ctx:
        timetable = Timetable(ctx, ask)
        timetable.start()
        timetable.put(FEED, time.time())
        await until(lambda: asked(1), "the first poll")
        for method, wait in moves:
            what = FEED if method == "put" else FEED.name
            getattr(timetable, method)(what, None if wait is None else time.time() + wait)
        for _ in range(20):
            await asyncio.sleep(0)
        assert polls == 1, "one poll at a time"
        ended.set()
        if soon:
            await until(lambda: asked(2), "the second poll")
        else:
            planned = timetable._planned(FEED.name)
            assert planned is not None
            assert planned > time.time() + 60
        timetable.end()
