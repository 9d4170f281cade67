from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.habit import Bounds, learned, listened, outrun, paced, rates
from alertd.feeds.hints import Hints
from alertd.feeds.moves import REPEATS, asked_at, followed, returned
from alertd.feeds.schedule import FeedState

from .world import NOW

HOUR, DAY = 3600.0, 86400.0
WIDE = Bounds(30.0, 900.0)
MIDNIGHT = NOW - NOW % DAY


def week(days: int = 7) -> FeedState:
    """A wire with 30 entries an hour from 13 to 20 UTC, none else, polled every five minutes."""
    state = FeedState(first_at=MIDNIGHT - days * DAY)
    for step in range(int(days * DAY / 300)):
        now = MIDNIGHT - days * DAY + step * 300
        new = (3 if step % 2 else 2) if 13 <= now % DAY // HOUR < 20 else 0
        state = learned(state, new=new, now=now)
    return state


def wait(state: FeedState, now: float, **more: object) -> float:
    given = {"hints": None, "fresh": 0.0, **more}
    return paced(state, WIDE, now=now, **given).wait  # type: ignore[arg-type]


def test_a_feed_is_asked_by_its_habit_of_the_hour() -> None:
    state = week()
    assert rates(state.habit)[14] == pytest.approx(30, abs=1)
    assert wait(state, MIDNIGHT + 15 * HOUR) == pytest.approx(60, rel=0.1)
    assert wait(state, MIDNIGHT + 3 * HOUR) == 900
    assert wait(state, MIDNIGHT + 12.9 * HOUR) == pytest.approx(60, rel=0.1), "in time for the busy hour"
    busy = learned(state, new=60, now=MIDNIGHT + 3 * HOUR)
    assert wait(busy, MIDNIGHT + 3.1 * HOUR) == 30, "a busy night counts at once"


def test_what_is_not_known_yet_is_asked_often() -> None:
    assert wait(FeedState(), NOW) == WIDE.low
    assert paced(FeedState(), WIDE, hints=None, fresh=0, now=NOW).why == "its habit is not known yet"


def test_fixed_bounds_are_kept_whatever_is_said() -> None:
    state = paced(week(), Bounds(60, 0), hints=Hints(3600.0, (11,)), fresh=3600, now=NOW)
    assert (state.next_at, state.wait, state.why) == (0.0, 60, "as configured")


@pytest.mark.parametrize(
    ("hints", "fresh", "want", "why"),
    [
        (Hints(300.0), 0.0, 300.0, "its ttl"),
        (Hints(300.0), 600.0, 600.0, "its Cache-Control or Expires"),
        (Hints(10.0), 0.0, 30.0, "its habit is not known yet"),
        (Hints(86400.0), 0.0, 900.0, "its ttl"),
        (Hints(skip_hours=(11,)), 0.0, 900.0, "its skipHours or skipDays"),
        (Hints(skip_days=(0, 1)), 0.0, 900.0, "its skipHours or skipDays"),
        (Hints(skip_hours=tuple(range(24))), 0.0, 900.0, "its skipHours or skipDays"),
        (Hints(skip_hours=(12,), skip_days=(6,)), 0.0, 30.0, "its habit is not known yet"),
    ],
)
def test_publishers_are_heard_within_the_users_bounds(hints: Hints, fresh: float, want: float, why: str) -> None:
    state = paced(FeedState(), WIDE, hints=hints, fresh=fresh, now=NOW)
    assert (state.wait, state.next_at, state.why) == (want, NOW + want, why)
    later = paced(state, WIDE, hints=None, fresh=fresh, now=NOW)
    assert later.wait == want, "what a document said holds for those that are unchanged"


@given(
    st.lists(st.integers(0, 500), max_size=50), st.floats(1, 1000), st.floats(0, 10_000), st.floats(0, 1e6),
    st.floats(0, 1e6),
)  # fmt: skip
def test_the_wait_stays_within_the_bounds(news: list[int], low: float, more: float, ttl: float, fresh: float) -> None:
    state, now = FeedState(first_at=NOW), NOW
    for new in news:
        now += HOUR
        state = learned(state, new=new, now=now)
    bounds = Bounds(low, low + more)
    assert low <= paced(state, bounds, hints=Hints(ttl), fresh=fresh, now=now).wait <= max(low, bounds.high) + 1e-6
    assert FeedState.from_fields(state.to_fields()) == state


def test_a_feed_too_quiet_is_reported_once_and_when_it_is_back() -> None:
    state = week(days=21)
    assert listened(state, "wire", now=MIDNIGHT + 20 * HOUR)[1] is None, "a night is no silence"
    state, notice = listened(state, "wire", now=MIDNIGHT + 3 * DAY)
    assert notice is not None
    assert notice.startswith("Feed wire has brought nothing new for 3 d; its longest silence so far was 17 h.")
    state, again = listened(state, "wire", now=MIDNIGHT + 4 * DAY)
    assert again is None
    state = learned(state, new=1, now=MIDNIGHT + 5 * DAY)
    assert listened(state, "wire", now=MIDNIGHT + 5 * DAY)[1] == "Feed wire brings entries again."


def test_a_feed_of_a_few_days_has_week_ends_to_come() -> None:
    assert listened(week(days=4), "wire", now=MIDNIGHT + 2.5 * DAY)[1] is None


def test_a_window_that_was_outrun_is_reported_once_a_day() -> None:
    state = replace(FeedState(first_at=NOW - DAY), shown=20)
    state, notice = outrun(state, "wire", entries=20, known=0, now=NOW)
    assert notice is not None
    assert "some may have been missed" in notice
    assert outrun(state, "wire", entries=20, known=0, now=NOW + HOUR)[1] is None
    assert outrun(state, "wire", entries=20, known=0, now=NOW + 2 * DAY)[1] is not None


@pytest.mark.parametrize(
    ("state", "entries", "known"),
    [
        (FeedState(), 20, 0),
        (FeedState(first_at=NOW), 20, 0),
        (FeedState(first_at=NOW, shown=20), 20, 1),
        (FeedState(first_at=NOW, shown=20), 0, 0),
    ],
)
def test_no_window_was_outrun(state: FeedState, entries: int, known: int) -> None:
    assert outrun(state, "wire", entries=entries, known=known, now=NOW)[1] is None


def test_a_move_is_taken_once_it_has_repeated_and_given_up_when_it_fails() -> None:
    state, told = FeedState(origin="hash"), []
    for target in ("https://b/", "https://c/", "https://c/", "", "https://c/", "https://c/", "https://c/", ""):
        assert asked_at(state, "https://a/") == "https://a/"
        state, notice = followed(state, "wire", target)
        told.append(notice is not None)
        if state.moved_times == REPEATS:
            break
    assert told == [False] * 6 + [True]
    assert asked_at(state, "https://a/") == "https://c/"
    assert state.origin == "", "the validators go with the address that gave them"
    assert followed(state, "wire", "")[0] == state
    state = returned(replace(state, etag='"x"'))
    assert (asked_at(state, "https://a/"), state.etag) == ("https://a/", "")
