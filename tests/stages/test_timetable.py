from __future__ import annotations

import asyncio
import time
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
