"""Reads the dates of feeds: their own zone, else the feed's configured one, else marked as unsure.

feedparser takes many named zones for UTC and drops others, so the raw strings are read here. Named zones follow
RFC 822 section 5 and the zones that publishers use; "ET" and its like follow the daylight rule of their place.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from alertd.articles import DateSource

EARLIEST = calendar.timegm((1990, 1, 1, 0, 0, 0))
"""Dates before this (Unix seconds) are impossible: there were no feeds."""
AHEAD = 900.0
"""Seconds that a date may lie ahead of our clock before it counts as impossible."""

_HOURS: dict[str, float] = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0),
    **{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
    **{"AKST": -9, "AKDT": -8, "HST": -10, "AST": -4, "ADT": -3, "NST": -3.5, "NDT": -2.5, "BRT": -3, "ART": -3},
    **{"BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "MET": 1, "CEST": 2, "MESZ": 2, "MEST": 2, "EET": 2, "EEST": 3},
    **{"SAST": 2, "CAT": 2, "EAT": 3, "MSK": 3, "TRT": 3, "GST": 4, "PKT": 5, "IST": 5.5, "NPT": 5.75, "ICT": 7},
    **{"WIB": 7, "HKT": 8, "SGT": 8, "MYT": 8, "PHT": 8, "AWST": 8, "JST": 9, "KST": 9, "ACST": 9.5, "ACDT": 10.5},
    **{"AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
}
_PLACES = {
    "ET": "America/New_York",
    "CT": "America/Chicago",
    "MT": "America/Denver",
    "PT": "America/Los_Angeles",
    "EASTERN": "America/New_York",
    "CENTRAL": "America/Chicago",
    "PACIFIC": "America/Los_Angeles",
    "AET": "Australia/Sydney",
}
# Month names of the languages that newsrooms write in; compared by their start, longest first.
_MONTHS: tuple[tuple[str, ...], ...] = (
    ("jan", "gen", "ene", "янв"),
    ("feb", "fév", "fev", "фев"),
    ("mar", "mär", "mrt", "maart", "мар"),
    ("apr", "avr", "abr", "апр"),
    ("may", "mai", "mag", "mei", "maj", "мая", "май"),
    ("jun", "juin", "giu", "июн"),
    ("jul", "juil", "lug", "июл"),
    ("aug", "aoû", "aou", "ago", "авг"),
    ("sep", "set", "сен"),
    ("oct", "okt", "ott", "out", "окт"),
    ("nov", "ноя"),
    ("dec", "dez", "déc", "dic", "дек"),
)
_MONTH_OF = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts}
_MONTH_STARTS = sorted(_MONTH_OF, key=len, reverse=True)

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[T_]|\s+)(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,]\d+)?)?)?(.*)", re.IGNORECASE
)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{4})?", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(?:([ap])\.?m\b\.?)?", re.IGNORECASE)
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-]|\u2212)(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:,?\s+(.*))?")
_MAX_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as read.

    Attributes:
        when: Unix seconds.
        sure: False when its zone or its time of day had to be assumed (it may be off by up to 38 hours).
    """

    when: float
    sure: bool


def entry_date(candidates: Iterable[tuple[str, DateSource]], *, zone: str, now: float) -> tuple[float, DateSource]:
    """Choose the time of an entry among the dates it carries.

    The first one that is sure and possible wins, else the first possible one (marked `unsure`), else `now`:
    marked `unsure` when there was something to read, `fetched` when there was nothing.

    Args:
        candidates: raw strings with what they are, best first.
        zone: IANA zone of the feed, or "".
        now: Unix seconds of the fetch.
    """
    fallback: float | None = None
    seen = False
    for raw, source in candidates:
        if not raw.strip():
            continue
        seen = True
        reading = read_date(raw, zone)
        if reading is None or not EARLIEST <= reading.when <= now + AHEAD:
            continue
        if reading.sure:
            return min(reading.when, now), source
        fallback = reading.when if fallback is None else fallback
    if fallback is not None:
        return min(fallback, now), "unsure"
    return now, "unsure" if seen else "fetched"


def read_date(raw: str, zone: str = "") -> Reading | None:
    """Read one date string; None when it cannot be read or names an impossible day.

    Args:
        raw: the string as the feed has it.
        zone: IANA zone for dates that name none; also decides between the meanings of an ambiguous name ("CST").
    """
    text = " ".join(raw[:_MAX_LENGTH].split())
    if text.isascii() and text.isdigit() and len(text) in (9, 10, 12, 13):
        return Reading(int(text) / (1 if len(text) <= 10 else 1000), sure=True)
    text = re.sub(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日", r"\1-\2-\3", text)
    try:
        return _read_iso(text, zone) or _read_slashed(text, zone) or _read_words(text, zone)
    except (ValueError, OverflowError):
        return None


def _read_iso(text: str, zone: str) -> Reading | None:
    found = _ISO.fullmatch(text) or _BASIC.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, rest = found.groups()
    return _build((int(year), int(month), int(day)), (hour, minute, second), rest or "", zone)


def _read_slashed(text: str, zone: str) -> Reading | None:
    found = _SLASHED.fullmatch(text)
    if not found:
        return None
    first, second, year = (int(found.group(i)) for i in (1, 2, 3))
    if first <= 12 and second <= 12 and first != second:
        return None  # 02/03 is 2 March or 3 February: nobody can tell.
    day, month = (second, first) if second > 12 else (first, second)
    clock, rest = _clock(found.group(4) or "")
    return _build((year, month, day), clock, rest, zone)


def _read_words(text: str, zone: str) -> Reading | None:
    clock, rest = _clock(text)
    month = 0
    zone_words: list[str] = []
    for word in _WORDS.findall(rest):
        number = _month(word)
        if number and not month:
            month = number
        else:
            zone_words.append(word)
    offset = _OFFSET.search(rest[rest.find("\0") + 1 :]) if "\0" in rest else None
    dated = rest.replace(offset.group(), " ", 1) if offset else rest
    numbers = _NUMBERS.findall(dated)
    if not month or len(numbers) < 2:
        return None
    year_at = next((i for i, n in enumerate(numbers) if len(n) == 4), None)
    if year_at is None:
        # RFC 822 writes the year last, in two digits.
        day, short = int(numbers[0]), int(numbers[1])
        year = short + (2000 if short < 69 else 1900)
    else:
        year, day = int(numbers[year_at]), int(next(n for i, n in enumerate(numbers) if i != year_at))
    tail = offset.group() if offset else next((w for w in reversed(zone_words) if _is_zone(w)), "")
    return _build((year, month, day), clock, tail, zone)


def _clock(text: str) -> tuple[tuple[str | None, str | None, str | None], str]:
    """Split off the time of day; its place is kept as a NUL, for an offset stands after it."""
    found = _CLOCK.search(text)
    if not found:
        return (None, None, None), text
    hour = int(found.group(1))
    if half := found.group(4):
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    return (str(hour), found.group(2), found.group(3)), f"{text[: found.start()]}\0{text[found.end() :]}"


def _build(
    date: tuple[int, int, int], clock: tuple[str | None, str | None, str | None], tail: str, zone: str
) -> Reading:
    hour, minute, second = (int(part) if part else 0 for part in clock)
    naive = datetime(*date) + timedelta(
        hours=_within(hour, 24), minutes=_within(minute, 59), seconds=_within(second, 60)
    )
    place = _zone_of(tail.replace("\0", " ").strip(), naive, zone)
    sure = clock[0] is not None and place is not None
    return Reading(naive.replace(tzinfo=place or UTC).timestamp(), sure)


def _within(value: int, top: int) -> int:
    if value > top:
        raise ValueError(value)
    return value


def _zone_of(tail: str, naive: datetime, configured: str) -> tzinfo | None:
    own = _place(configured) if configured else None
    if offset := _OFFSET.search(tail):
        hours, minutes = int(offset.group(2)), int(offset.group(3) or 0)
        if hours > 14 or minutes > 59:
            return own
        sign = 1 if offset.group(1) == "+" else -1
        return timezone(sign * timedelta(hours=hours, minutes=minutes))
    for word in _WORDS.findall(tail.upper()):
        if own and word in _names(configured, naive.year):
            return own
        if word in _PLACES:
            return _place(_PLACES[word])
        if word in _HOURS:
            return timezone(timedelta(hours=_HOURS[word]))
    return own


def _is_zone(word: str) -> bool:
    return word.upper() in _HOURS or word.upper() in _PLACES


@lru_cache(maxsize=4096)
def _month(word: str) -> int:
    lower = word.lower()
    return next((_MONTH_OF[s] for s in _MONTH_STARTS if lower.startswith(s)), 0) if len(lower) > 2 else 0


@lru_cache(maxsize=256)
def _place(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def _names(zone: str, year: int) -> frozenset[str]:
    """Return the short names that a place's time has in a year ("EST" and "EDT")."""
    return frozenset(str(datetime(year, month, 1, tzinfo=_place(zone)).tzname()) for month in (1, 7))
