"""When an alert is told: now, at the next opening, in a digest, or never. Pure: time and sessions are passed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alertd.watchlist.asking import HoursLike
from alertd.watchlist.settings import RuleLike

Sessions = Callable[[str, float], Sequence[tuple[float, float]]]
"""Exchange's code and Unix seconds → opening and close of its sessions around that time, in order."""
_HOUR: Final = 3600.0
_LOOK: Final = 9
"""Days that are looked ahead for the next opening; every weekday is among them."""


@dataclass(frozen=True, slots=True)
class Telling:
    """When an alert is told.

    Attributes:
        at: Unix seconds; 0 for now.
        together: with all others of its channel that are told then, in one message.
        dropped: it is not told.
    """

    at: float = 0.0
    together: bool = False
    dropped: bool = False


NOW: Final = Telling()


def telling(rule: RuleLike, now: float, sessions: Sessions) -> Telling:
    """When an alert of a rule is told that comes up now.

    Args:
        now: Unix seconds.
        sessions: looks up the sessions of an exchange.
    """
    hours = rule.hours
    opens = opening(hours, now, sessions) if hours else now
    if opens > now:
        if rule.outside == "drop":
            return Telling(dropped=True)
        return Telling(opens, rule.outside == "digest" or bool(rule.digest))
    if not rule.digest:
        return NOW
    if rule.digest == "hourly":
        at = (now // _HOUR + 1) * _HOUR
    elif rule.digest == "opening":
        at = min(start for start, _ in _spans(hours, now, sessions) if start > now) if hours else now
    else:
        at = _time_of_day(rule.digest, hours.timezone if hours else "", now)
    return Telling(opening(hours, at, sessions) if hours else at, together=True)


def opening(hours: HoursLike, now: float, sessions: Sessions) -> float:
    """The time itself when it is within hours, else when they begin next; Unix seconds."""
    spans = _spans(hours, now, sessions)
    if any(start <= now < end for start, end in spans):
        return now
    return min((start for start, _ in spans if start > now), default=now)


def _spans(hours: HoursLike, now: float, sessions: Sessions) -> list[tuple[float, float]]:
    """Beginnings and ends around a time, yesterday's included, for one may go on past midnight."""
    if hours.exchange:
        return [(start - hours.early, end + hours.late) for start, end in sessions(hours.exchange, now)]
    zone = ZoneInfo(hours.timezone or "UTC")
    today = datetime.fromtimestamp(now, zone).date()
    found = []
    for ahead in range(-2, _LOOK):
        day = today + timedelta(days=ahead)
        if day.weekday() in hours.weekdays:
            midnight = datetime(day.year, day.month, day.day)
            begin, end = (
                (midnight + timedelta(minutes=m)).replace(tzinfo=zone).timestamp() for m in (hours.opens, hours.closes)
            )
            found.append((begin, end))
    return found


def _time_of_day(text: str, zone: str, now: float) -> float:
    """The next time that a clock shows this, Unix seconds."""
    time, _, own = text.partition(" ")
    hour, minute = map(int, time.split(":"))
    where = ZoneInfo(own.strip() or zone or "UTC")
    today = datetime.fromtimestamp(now, UTC).astimezone(where).date()
    for ahead in range(3):
        day = today + timedelta(days=ahead)
        at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=where).timestamp()
        if at > now:
            return at
    raise AssertionError("every clock shows every minute within three days")
