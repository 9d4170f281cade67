"""What a publisher says about when to ask again: in the document (`ttl`, `sy:`, `skipHours`, `skipDays`), in HTTP."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass

_HEAD = 64 * 1024
_ITEM = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_PERIOD = re.compile(rb"<\w+:updatePeriod>\s*(hourly|daily|weekly|monthly|yearly)\s*<", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<\w+:updateFrequency>\s*(\d{1,6})\s*<", re.IGNORECASE)
_SKIP_HOURS = re.compile(rb"<skipHours>(.*?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_SKIP_DAYS = re.compile(rb"<skipDays>(.*?)</skipDays>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(rb"<day>\s*(mon|tue|wed|thu|fri|sat|sun)\w*\s*</day>", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {b"hourly": 3600.0, b"daily": 86400.0, b"weekly": 604800.0, b"monthly": 2592000.0, b"yearly": 31536000.0}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NEVER = re.compile(r"(?:^|[\s,])no-(?:cache|store)(?:[\s,=]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a document says about itself.

    Attributes:
        ttl: seconds for which it stays as it is; 0 when it does not say.
        skip_hours: hours of the day (UTC) in which it does not change.
        skip_days: days of the week (UTC, Monday is 0) on which it does not change.
    """

    ttl: float = 0.0
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()


NO_HINTS = Hints()
"""What a document says that says nothing."""


def read_hints(document: bytes) -> Hints:
    """Read the hints of an RSS document in UTF-8, from what stands before its first item."""
    head = document[:_HEAD]
    if item := _ITEM.search(head):
        head = head[: item.start()]
    ttl = 0.0
    if found := _TTL.search(head):
        ttl = int(found.group(1)) * 60.0
    elif found := _PERIOD.search(head):
        often = _FREQUENCY.search(head)
        ttl = _PERIODS[found.group(1).lower()] / max(1, int(often.group(1)) if often else 1)
    hours = _SKIP_HOURS.search(head)
    days = _SKIP_DAYS.search(head)
    return Hints(
        ttl,
        # RSS 0.92 counts hours from 1 to 24
        tuple(sorted({int(h) % 24 for h in _HOUR.findall(hours.group(1))})) if hours else (),
        tuple(sorted({_DAYS.index(d.decode().lower()) for d in _DAY.findall(days.group(1))})) if days else (),
    )


def fresh_for(headers: Mapping[str, str], now: float) -> float:
    """Seconds for which an answer is fresh (RFC 9111, section 4.2.1); 0 when it does not say.

    Args:
        headers: names in lower case.
        now: Unix seconds.
    """
    control = headers.get("cache-control", "")
    if _NEVER.search(control):
        return 0.0
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "").strip()
        return max(0.0, float(found.group(1)) - (float(age) if age.isascii() and age.isdigit() else 0.0))
    return max(0.0, _date(headers.get("expires", "")) - (_date(headers.get("date", "")) or now))


def _date(value: str) -> float:
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() if value else 0.0
    except (ValueError, TypeError, OverflowError):
        return 0.0  # "0" and "-1" are common, and mean what a time in the past does
