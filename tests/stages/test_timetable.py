from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

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
    begun: list[str] = []

    async def ask(feed: FeedSettings) -> None:
        begun.append(feed.name)
        if fails:
            raise RuntimeError("a slip")
        await asyncio.Event().wait()

    async with context(redis, tmp_path) as ctx:
        timetable = Timetable(ctx, ask)
        timetable.start()
        timetable.put(FEED, time.time())
        failed = ctx.metrics.polls.labels(outcome="job_error")

        async def over() -> bool:
            return bool(begun) and (failed._value.get() == 1 or not fails)

        await until(over, "the poll")
        others = asyncio.all_tasks()
        timetable.end()
        ended = [task for task in others if task is not asyncio.current_task()]
        with caplog.at_level(logging.ERROR):
            await asyncio.wait(
                [task for task in ended if task.cancelling()] or [asyncio.ensure_future(asyncio.sleep(0))]
            )
    said = [record.feed for record in caplog.records if "failed unexpectedly" in record.getMessage()]  # type: ignore[attr-defined]
    assert said == (["wire"] if fails else [])
    assert failed._value.get() == (1 if fails else 0)
