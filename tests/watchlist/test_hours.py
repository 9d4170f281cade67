"""When alerts are told: hours by time zone and exchange, what happens outside them, digests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.config.hours import HoursSettings
from alertd.config.watchlist import RuleSettings
from alertd.exchanges import Sessions
from alertd.watchlist.hours import Telling, opening, telling

LONDON = {"timezone": "Europe/London", "open": "07:00", "close": "19:00", "days": "mon-fri"}
NIGHT = {"timezone": "America/New_York", "open": "20:00", "close": "04:00"}
SESSIONS = Sessions()


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def when(now: str, zone: str = "UTC", **asked: Any) -> Telling:
    rule = RuleSettings.model_validate({"name": "x", **asked})
    return telling(rule, at(now, zone), SESSIONS)


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        (LONDON, "2026-03-02 08:00", "2026-03-02 08:00"),
        (LONDON, "2026-03-02 06:59", "2026-03-02 07:00"),
        (LONDON, "2026-03-02 19:00", "2026-03-03 07:00"),
        (LONDON, "2026-03-06 20:00", "2026-03-09 07:00"),
        (LONDON, "2026-03-27 19:30", "2026-03-30 07:00"),  # the clocks change on the 29th
        (LONDON, "2026-10-24 12:00", "2026-10-26 07:00"),
        ({"days": ["sat", "sun"]}, "2026-03-02 08:00", "2026-03-07 00:00"),
        ({"days": "fri-mon"}, "2026-03-02 08:00", "2026-03-02 08:00"),
    ],
)
def test_hours_open_in_their_time_zone(hours: dict[str, Any], now: str, opens: str) -> None:
    zone = hours.get("timezone", "UTC")
    assert opening(HoursSettings.model_validate(hours), at(now, zone), SESSIONS) == at(opens, zone)


@pytest.mark.parametrize(("now", "inside"), [("21:00", True), ("03:59", True), ("04:00", False), ("12:00", False)])
def test_hours_may_go_past_midnight(now: str, inside: bool) -> None:
    moment = at(f"2026-03-04 {now}", "America/New_York")
    assert (opening(HoursSettings.model_validate(NIGHT), moment, SESSIONS) == moment) == inside


@pytest.mark.parametrize(
    ("exchange", "now", "opens"),
    [
        ("NYSE", "2026-03-02 15:00", "2026-03-02 15:00"),
        ("NYSE", "2026-03-02 22:00", "2026-03-03 14:30"),
        ("XNYS", "2026-04-02 21:00", "2026-04-06 13:30"),  # Good Friday, and summer time
        ("XNYS", "2026-11-27 18:30", "2026-11-30 14:30"),  # an early close
        ("HKEX", "2026-02-16 10:00", "2026-02-20 01:30"),  # the lunar new year
        ("XHKG", "2026-03-02 04:30", "2026-03-02 04:30"),  # the break at noon counts as open
    ],
)
def test_market_hours_know_holidays_and_early_closes(exchange: str, now: str, opens: str) -> None:
    hours = HoursSettings.model_validate({"exchange": exchange})
    assert opening(hours, at(now), SESSIONS) == at(opens)


def test_a_desk_may_begin_before_the_exchange_and_go_on_after_it() -> None:
    hours = HoursSettings.model_validate({"exchange": "LSE", "early": "1h", "late": "30m"})
    assert opening(hours, at("2026-03-02 06:00"), SESSIONS) == at("2026-03-02 07:00")
    assert opening(hours, at("2026-03-02 16:59"), SESSIONS) == at("2026-03-02 16:59")


@pytest.mark.parametrize(
    ("asked", "now", "told"),
    [
        ({}, "2026-03-02 03:00", Telling()),
        ({"hours": LONDON}, "2026-03-02 08:00", Telling()),
        ({"hours": LONDON}, "2026-03-02 03:00", Telling(at("2026-03-02 07:00"))),
        ({"hours": LONDON, "outside": "digest"}, "2026-03-02 03:00", Telling(at("2026-03-02 07:00"), together=True)),
        ({"hours": LONDON, "outside": "drop"}, "2026-03-02 03:00", Telling(dropped=True)),
        ({"digest": "hourly"}, "2026-03-02 03:10", Telling(at("2026-03-02 04:00"), together=True)),
        ({"digest": "08:30"}, "2026-03-02 08:30", Telling(at("2026-03-03 08:30"), together=True)),
        ({"digest": "08:30 Asia/Tokyo"}, "2026-03-02 22:00", Telling(at("2026-03-02 23:30"), together=True)),
        ({"digest": "06:00", "hours": LONDON}, "2026-03-02 08:00", Telling(at("2026-03-03 07:00"), together=True)),
        ({"digest": "18:00", "hours": {**LONDON, "timezone": "Asia/Tokyo"}}, "2026-03-02 08:00",
         Telling(at("2026-03-02 09:00"), together=True)),
        ({"digest": "opening", "hours": LONDON}, "2026-03-06 12:00", Telling(at("2026-03-09 07:00"), together=True)),
        ({"digest": "opening", "hours": {"exchange": "NYSE"}}, "2026-03-02 15:00",
         Telling(at("2026-03-03 14:30"), together=True)),
        ({"digest": "hourly", "hours": LONDON}, "2026-03-02 18:20", Telling(at("2026-03-03 07:00"), together=True)),
    ],
)  # fmt: skip
def test_what_is_told_when(asked: dict[str, Any], now: str, told: Telling) -> None:
    assert when(now, **asked) == told


@given(st.floats(1.6e9, 1.9e9), st.sampled_from([LONDON, NIGHT, {"days": "sat"}]))
def test_what_opens_is_open_and_never_past(now: float, given: dict[str, Any]) -> None:
    hours = HoursSettings.model_validate(given)
    opens = opening(hours, now, SESSIONS)
    assert now <= opens <= now + 8 * 86400
    assert opening(hours, opens, SESSIONS) == opens


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"exchange": "NYSE", "days": "mon"}, "keep one"),
        ({"open": "07:00"}, "write both"),
        ({"days": "mon", "early": "1h"}, "without an exchange"),
        ({"timezone": "Europe/London"}, "write some of them"),
        ({"open": "07:00", "close": "07:00"}, "at the same time"),
        ({"open": "7 am", "close": "19:00"}, "no time of day"),
        ({"exchange": "HKES"}, "did you mean HKEX"),
    ],
)
def test_hours_that_say_nothing_are_refused(hours: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HoursSettings.model_validate(hours)
