"""A feed's own habit: how often it brings something new at which hour, when it is asked next, when it is too quiet.

Pure: the state carries all that is known, the clock is passed in.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alertd.feeds.hints import Hints
from alertd.feeds.schedule import FeedState, span

HOUR: Final = 3600.0
WEIGHT: Final = 0.3
"""What a day counts against all days before it."""
PER_ENTRY: Final = 2.0
"""Polls for each entry that is to be expected: half the usual time between two entries is the usual delay at most."""
OBSERVED: Final = 10
"""New entries before a feed has a habit to be quiet against."""
QUIET: Final = 3.0
"""Times its longest silence after which a feed counts as too quiet."""
WEEK: Final = 7 * 86400.0
FORGIVING: Final = (3.5 * 86400.0, 6 * HOUR)
"""Seconds of silence that are never too much: in the first two weeks, when no week-end is known yet, and later."""
_HALVES: Final = 30 * 86400.0
_TOLD_AGAIN: Final = 86400.0
_CONFIGURED: Final = "as configured"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds between two polls of a feed, at least and at most, as the user wants it."""

    low: float
    high: float


def rates(habit: str) -> list[float]:
    """New entries an hour for each hour of the day (UTC); -1 where nothing is known yet."""
    given = [float(part) for part in habit.split(",")] if habit else []
    return given if len(given) == 24 else [-1.0] * 24


def learned(state: FeedState, *, new: int, now: float) -> FeedState:
    """The state after a poll that brought so many new entries; the first document of a feed does not count."""
    hour = int(now // HOUR)
    if not new and hour == state.hour and state.habit and state.last_new:
        return state  # most polls
    known = rates(state.habit)
    if state.hour and hour != state.hour:
        at, before = state.hour % 24, known[state.hour % 24]
        known[at] = float(state.hour_new) if before < 0 else before + WEIGHT * (state.hour_new - before)
    count = new + (state.hour_new if hour == state.hour else 0)
    gap, last = state.gap, state.last_new
    if new and last:
        gap = max(gap * 0.5 ** (max(0.0, now - last) / _HALVES), now - last)
    last = now if new else last
    return replace(
        state, habit=",".join(f"{rate:.3g}" for rate in known), hour=hour, hour_new=count, gap=gap,
        last_new=last or now, news=state.news + new,
    )  # fmt: skip


def timed(state: FeedState, *, seconds: float, delays: Sequence[float]) -> FeedState:
    """The state after a document that came within so many seconds, with what is known of its speed.

    Args:
        delays: seconds from the own date of each new entry to this poll.
    """
    delay = state.delay
    for late in delays:
        delay = _smooth(delay, max(0.0, late))
    return replace(state, seconds=_smooth(state.seconds, seconds), delay=delay)


def _smooth(before: float, latest: float) -> float:
    return round(before + WEIGHT * (latest - before) if before else latest, 3)


def paced(state: FeedState, bounds: Bounds, *, hints: Hints | None, fresh: float, now: float) -> FeedState:
    """The state with the time of the next poll, and why then.

    Args:
        bounds: what the user wants; where both are the same nothing else counts.
        hints: those of the document, None when there is no new one.
        fresh: seconds for which HTTP says that the answer is fresh.
        now: Unix seconds.
    """
    if hints is not None:
        state = replace(
            state, ttl=hints.ttl, skip_hours=",".join(map(str, hints.skip_hours)),
            skip_days=",".join(map(str, hints.skip_days)),
        )  # fmt: skip
    if bounds.high <= bounds.low:
        if (state.next_at, state.wait, state.why) == (0.0, bounds.low, _CONFIGURED):
            return state
        return replace(state, next_at=0.0, wait=bounds.low, why=_CONFIGURED)
    wait, why = _by_habit(state, bounds, now)
    for asked, reason in ((state.ttl, "its ttl"), (fresh, "its Cache-Control or Expires")):
        if min(asked, bounds.high) > wait:
            wait, why = min(asked, bounds.high), reason
    resumes = _after_skipped(state, now + wait)
    if resumes > now + wait:
        wait, why = min(resumes - now, bounds.high), "its skipHours or skipDays"
    return replace(state, next_at=now + wait, wait=wait, why=why)


def _by_habit(state: FeedState, bounds: Bounds, now: float) -> tuple[float, str]:
    known = rates(state.habit)
    hour = int(now // HOUR)
    here, coming = known[hour % 24], known[(hour + 1) % 24]
    if here < 0 or coming < 0:
        return bounds.low, "its habit is not known yet"
    rate = max(here, coming, float(state.hour_new))
    wait = HOUR / (rate * PER_ENTRY) if rate > 0 else bounds.high
    return max(bounds.low, min(bounds.high, wait)), f"about {rate:.2g} entries an hour at this time"


def _after_skipped(state: FeedState, when: float) -> float:
    """The first moment from `when` on that the publisher does not want to be left out."""
    hours = {int(part) for part in state.skip_hours.split(",") if part}
    days = {int(part) for part in state.skip_days.split(",") if part}
    for _ in range(24 * 7):
        at = time.gmtime(when)
        if at.tm_hour not in hours and at.tm_wday not in days:
            break
        when = (when // HOUR + 1) * HOUR
    return when


def listened(state: FeedState, name: str, *, now: float) -> tuple[FeedState, str | None]:
    """Notice a feed that answers and brings nothing, far beyond its habit; and that it speaks again."""
    if state.quiet_told:
        if state.last_new > state.quiet_told:
            return replace(state, quiet_told=0.0), f"Feed {name} brings entries again."
        return state, None
    known_for = now - state.first_at
    longest = max(QUIET * state.gap, FORGIVING[known_for > 2 * WEEK])
    if state.news < OBSERVED or now - state.last_new < longest:
        return state, None
    notice = (
        f"Feed {name} has brought nothing new for {span(now - state.last_new)}; its longest silence so far was "
        f"{span(state.gap)}. It answers as ever: look whether its publisher has moved on."
    )
    return replace(state, quiet_told=now), notice


def outrun(state: FeedState, name: str, *, entries: int, known: int, now: float) -> tuple[FeedState, str | None]:
    """Notice a document that shares no entry with the one before: some may have come and gone in between.

    Args:
        entries: entries of the document.
        known: how many of them were known before.
    """
    if not state.first_at or not entries or known or not state.shown:
        return replace(state, shown=entries), None
    after = replace(state, shown=entries, outruns=state.outruns + 1)
    if state.outrun_told and now - state.outrun_told < _TOLD_AGAIN:
        return after, None
    notice = (
        f"Feed {name} shows {entries} entries and none of those that it showed before: some may have been missed. "
        "Poll it more often (its interval), or ask its publisher for a longer feed."
    )
    return replace(after, outrun_told=now), notice
