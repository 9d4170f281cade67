"""When each feed is asked next: a job for each, which follows the clock wherever it is put."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    EVENT_JOB_SUBMITTED,
    JobEvent,
    JobExecutionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from alertd.config import FeedSettings
from alertd.feeds.schedule import after_step
from alertd.stages.context import Context

logger = logging.getLogger(__name__)

_STEP: Final = 1.0
_ENDED: Final = EVENT_JOB_EXECUTED | EVENT_JOB_ERROR | EVENT_JOB_MISSED
_OUTCOMES: Final = {EVENT_JOB_ERROR: "job_error", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overrun"}


class Timetable:
    """Has feeds asked at their intervals, each by one job at a time.

    The scheduler skips a job that comes due while it still counts the one before, which it does for a moment after
    that has ended, and has it wait for the next interval then. So a feed that is asked is moved once it counts no more.

    Args:
        context: what stages share.
        ask: asks a feed.
    """

    def __init__(self, context: Context, ask: Callable[[FeedSettings], Awaitable[None]]) -> None:
        self._context = context
        self._ask = ask
        self._feeds: dict[str, FeedSettings] = {}
        self._running: set[str] = set()
        self._moves: dict[str, float] = {}
        """When those that are asked now are asked next, where that was moved meanwhile, Unix seconds."""
        self._offset = context.clock() - context.monotonic()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._heard, EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES | _ENDED)

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
        if feed.name in self._running:
            self._moves[feed.name] = start

    def remove(self, name: str) -> None:
        """Ask a feed no more."""
        self._scheduler.remove_job(name)
        self._moves.pop(name, None)
        del self._feeds[name]

    def move(self, name: str, at: float | None = None) -> None:
        """Have the next time of a feed at a time (Unix seconds), now by default; never before it has been asked."""
        when = datetime.now(UTC).timestamp() if at is None else at
        if name in self._running:
            self._moves[name] = when
        else:
            self._set(name, when)

    def bring_forward(self, name: str, at: float) -> None:
        """Have the next time of a feed at a time (Unix seconds), unless it is earlier anyway."""
        planned = self._planned(name)
        if planned is not None and planned > at:
            self.move(name, at)

    def _planned(self, name: str) -> float | None:
        job = self._scheduler.get_job(name)
        if job is None or job.next_run_time is None:
            return None
        return self._moves.get(name) or float(job.next_run_time.timestamp())

    def _set(self, name: str, at: float) -> None:
        cast(Any, self._scheduler).modify_job(name, next_run_time=datetime.fromtimestamp(at, UTC))

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
            if (planned := self._planned(name)) is not None:
                self.move(name, after_step(planned, step=step, interval=feed.interval, now=now))

    def _heard(self, event: JobEvent) -> None:
        name = event.job_id
        if event.code == EVENT_JOB_SUBMITTED:
            self._running.add(name)
            return
        if event.code & _ENDED:
            self._running.discard(name)
            at = self._moves.pop(name, None)
            if at is not None and name in self._feeds:
                self._set(name, at)
        if isinstance(event, JobExecutionEvent) and isinstance(event.exception, asyncio.CancelledError):
            return  # it was ended with the stage, which says why
        if outcome := _OUTCOMES.get(event.code):
            self._context.metrics.polls.labels(outcome=outcome).inc()
        if event.code == EVENT_JOB_ERROR:
            logger.error("a poll failed unexpectedly", exc_info=event.exception, extra={"feed": name})
