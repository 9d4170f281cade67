"""Dates are right or marked unsure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import DateSource
from alertd.feeds.dates import entry_date, read_date

from .world import NOW


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


TEN = at("2026-03-02T10:00:00+00:00")


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Mon, 02 Mar 2026 10:00:00 GMT", TEN),
        ("Mon, 02 Mar 2026 10:00 GMT", TEN),
        ("Mon, 2 Mar 26 10:00:00 UT", TEN),
        ("02 Mar 2026 10:00:00 Z", TEN),
        ("Mon 02 Mar 2026 10:00:00 +0000", TEN),
        ("Mon, 02 Mar 2026 11:00:00 +01:00", TEN),
        ("Mon, 02 Mar 2026 12:00:00 GMT+2", TEN),
        ("Mon, 02 Mar 2026 05:00:00 EST", TEN),
        ("Mon, 02 Mar 2026 06:00:00 EDT", TEN),
        ("Mon, 02 Mar 2026 04:00:00 CST", TEN),
        ("Mon, 02 Mar 2026 11:00:00 CET", TEN),
        ("Mon, 02 Mar 2026 19:00:00 JST", TEN),
        ("Mon, 02 Mar 2026 18:00:00 HKT", TEN),
        ("Mon, 02 Mar 2026 15:30:00 IST", TEN),
        ("Mar 2, 2026 5:00 AM ET", TEN),
        ("Monday, March 2, 2026 05:00 a.m. Eastern", TEN),
        ("Aug 4, 2026 10:00 AM ET", at("2026-08-04T14:00:00+00:00")),
        ("Tue, 04 Aug 2026 10:00:00 BST", at("2026-08-04T09:00:00+00:00")),
        ("Mon Mar  2 05:00:00 EST 2026", TEN),
        ("lun., 02 mars 2026 11:00:00 +0100", TEN),
        ("mer, 16 nov 2022 00:38:15 +0100", at("2022-11-15T23:38:15+00:00")),
        ("Mon, 02 Mar 2026 10:00:60 GMT", TEN + 60),
        ("Mon, 02 Mar 2026 24:00:00 GMT", at("2026-03-03T00:00:00+00:00")),
        ("2026-03-02T10:00:00Z", TEN),
        ("2026-03-02T10:00:00.123456Z", TEN),
        ("2026-03-02T05:00:00.003-05:00", TEN),
        ("2026-03-02 10:00:00 +0000", TEN),
        ("2026-03-02 10:00:00 UTC", TEN),
        ("20260302T100000Z", TEN),
        ("1772445600", TEN),
        ("1772445600123", TEN + 0.123),
    ],
)
def test_sure(raw: str, want: float) -> None:
    reading = read_date(raw)
    assert reading is not None
    assert reading.sure
    assert reading.when == pytest.approx(want, abs=0.001)


@pytest.mark.parametrize(
    ("raw", "zone", "want", "sure"),
    [
        ("Mon, 02 Mar 2026 10:00:00", "", "2026-03-02T10:00:00+00:00", False),
        ("Mon, 02 Mar 2026 10:00:00", "America/New_York", "2026-03-02T15:00:00+00:00", True),
        ("2026-08-03T10:00:00", "America/New_York", "2026-08-03T14:00:00+00:00", True),
        ("2026-03-02", "", "2026-03-02T00:00:00+00:00", False),
        ("2026-03-02", "Asia/Tokyo", "2026-03-01T15:00:00+00:00", False),
        ("2026年3月2日 10:00", "Asia/Shanghai", "2026-03-02T02:00:00+00:00", True),
        ("Mon, 02 Mar 2026 10:00:00 CST", "Asia/Shanghai", "2026-03-02T02:00:00+00:00", True),
        # A wire that prints EST all the year means its place.
        ("Mon, 03 Aug 2026 10:00:00 EST", "America/New_York", "2026-08-03T14:00:00+00:00", True),
        ("Mon, 02 Mar 2026 10:00:00 +9999", "", "2026-03-02T10:00:00+00:00", False),
        ("Sat, Dec 16 2023 02:02:33 PM", "", "2023-12-16T14:02:33+00:00", False),
        ("25/03/2026 10:00", "Europe/Paris", "2026-03-25T09:00:00+00:00", True),
        ("3/25/2026 10:00 GMT", "", "2026-03-25T10:00:00+00:00", True),
    ],
)
def test_zone_of_the_feed(raw: str, zone: str, want: str, sure: bool) -> None:
    reading = read_date(raw, zone)
    assert reading is not None
    assert (reading.when, reading.sure) == (at(want), sure)


@pytest.mark.parametrize(
    "raw",
    ["", "yesterday", "02/03/2026 10:00", "Mon, 31 Feb 2026 10:00:00 GMT", "12", "2026-13-01T00:00:00Z", "9" * 400,
     "Mon, 02 Mar 2026 25:00:00 GMT", "Mar 2026", "2026-03-02T10:61:00Z", "13:00 pm Mar 2 2026"],
)  # fmt: skip
def test_unreadable(raw: str) -> None:
    assert read_date(raw) is None


@given(
    st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2037, 1, 1)),
    st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_reads_what_the_standard_library_writes(moment: datetime, zone: timezone) -> None:
    moment = moment.replace(microsecond=0, tzinfo=zone)
    for text in (format_datetime(moment), moment.isoformat(), moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")):
        reading = read_date(text)
        assert reading is not None
        assert (reading.when, reading.sure) == (moment.timestamp(), True)


@given(st.text(max_size=60), st.sampled_from(["", "Europe/Berlin"]))
def test_never_raises(raw: str, zone: str) -> None:
    read_date(raw, zone)


PUBLISHED = "Mon, 02 Mar 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("published", "updated", "want", "source"),
    [
        (PUBLISHED, "", TEN, "published"),
        (PUBLISHED, "2026-03-02T10:30:00Z", TEN, "published"),
        ("", "2026-03-02T10:00:00Z", TEN, "updated"),
        ("yesterday", "2026-03-02T10:00:00Z", TEN, "updated"),
        ("2026-03-02T09:00:00", "2026-03-02T10:00:00Z", TEN, "updated"),
        ("2026-03-02T10:00:00", "", TEN, "unsure"),
        ("yesterday", "", NOW, "unsure"),
        ("Mon, 02 Mar 9999 10:00:00 GMT", "", NOW, "unsure"),
        ("Mon, 02 Mar 0001 10:00:00 GMT", "", NOW, "unsure"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "", NOW, "unsure"),
        ("Mon, 02 Mar 2026 11:10:00 GMT", "", NOW, "published"),
        ("Mon, 02 Mar 2026 13:00:00 GMT", "", NOW, "unsure"),
        (" ", "", NOW, "fetched"),
    ],
)
def test_entry_date(published: str, updated: str, want: float, source: DateSource) -> None:
    assert entry_date(((published, "published"), (updated, "updated")), zone="", now=NOW) == (want, source)
