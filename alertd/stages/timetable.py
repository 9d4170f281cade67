"""When each feed is asked next: a job for each, which follows the clock wherever it is put."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from alertd.config import FeedSettings
from alertd.feeds.schedule import after_step
from alertd.stages.context import Context

logger = logging.getLogger(__name__)

_STEP: Final = 1.0


class Timetable:
    """Has feeds asked at their intervals, each by one job at a time.

    Args:
        context: what stages share.
        ask: asks a feed.
    """

    def __init__(self, context: Context, ask: Callable[[FeedSettings], Awaitable[None]]) -> None:
        self._context = context
        self._ask = ask
        self._feeds: dict[str, FeedSettings] = {}
        self._offset = context.clock() - context.monotonic()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    @property
    def feeds(self) -> Mapping[str, FeedSettings]:
        """The feeds that are asked, by their names."""
        return self._feeds

    def start(self) -> None:
        """Begin to ask; needs the loop to run."""
        self._scheduler.start()

    def pause(self) -> None:
        """Ask no more; what is under way goes on."""
        self._scheduler.pause()

    def end(self) -> None:
        """End, and cancel what is still under way."""
        self._feeds = {}
        self._scheduler.shutdown(wait=False)

    def put(self, feed: FeedSettings, start: float) -> None:
        """Ask a feed at its interval from a time on (Unix seconds), in the place of the one of the same name."""
        self._scheduler.add_job(
            self._ask, IntervalTrigger(seconds=feed.interval, timezone=UTC), args=[feed], id=feed.name,
            next_run_time=datetime.fromtimestamp(start, UTC), replace_existing=True,
        )  # fmt: skip
        self._feeds[feed.name] = feed

    def remove(self, name: str) -> None:
        """Ask a feed no more."""
        self._scheduler.remove_job(name)
        del self._feeds[name]

    def move(self, name: str, at: float | None = None) -> None:
        """Have the next time of a feed at a time (Unix seconds), now by default."""
        when = datetime.now(UTC) if at is None else datetime.fromtimestamp(at, UTC)
        cast(Any, self._scheduler).modify_job(name, next_run_time=when)

    def bring_forward(self, name: str, at: float) -> None:
        """Have the next time of a feed at a time (Unix seconds), unless it is earlier anyway."""
        job = self._scheduler.get_job(name)
        if job is not None and job.next_run_time is not None and job.next_run_time.timestamp() > at:
            self.move(name, at)

    def follow_clock(self) -> None:
        """Move all jobs by what the clock was put forward or back: the scheduler waits for a time of day.

        Put back by an hour, it would ask no feed for an hour.
        """
        now = self._context.clock()
        offset = now - self._context.monotonic()
        step, self._offset = offset - self._offset, offset
        if abs(step) < _STEP:
            return
        logger.warning("the clock was put %s by %.0f s", "forward" if step > 0 else "back", abs(step))
        for name, feed in self._feeds.items():
            job = self._scheduler.get_job(name)
            if job is not None and job.next_run_time is not None:
                at = after_step(job.next_run_time.timestamp(), step=step, interval=feed.interval, now=now)
                job.modify(next_run_time=datetime.fromtimestamp(at, UTC))

    def _heard(self, event: JobEvent) -> None:
        if isinstance(event, JobExecutionEvent) and isinstance(event.exception, asyncio.CancelledError):
            return  # it was ended with the stage, which says why
        outcome = {EVENT_JOB_ERROR: "job_error", EVENT_JOB_MISSED: "missed"}.get(event.code, "overrun")
        self._context.metrics.polls.labels(outcome=outcome).inc()
        if event.code == EVENT_JOB_ERROR:
            logger.error("a poll failed unexpectedly", exc_info=event.exception, extra={"feed": event.job_id})
