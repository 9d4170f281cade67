from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.errors import FeedError
from alertd.feeds.fetch import Validators
from alertd.feeds.schedule import (
    LONGEST_WAIT,
    MOST_OBEYED,
    FeedState,
    after_step,
    failed,
    first_poll,
    is_due,
    of_address,
    succeeded,
)  # fmt: skip

NOW = 1_772_445_600.0
GIVEN = Validators('W/"1"', "Mon, 02 Mar 2026 10:00:00 GMT", "")


def fail(state: FeedState, kind: str = "timeout", *, now: float = NOW, retry_after: float | None = None) -> FeedState:
    error = FeedError("it failed", kind=kind, retry_after=retry_after)
    return failed(state, "wire", error, interval=60, now=now, chance=1.0)[0]


def told(state: FeedState, kind: str, now: float = NOW) -> str | None:
    return failed(state, "wire", FeedError("it failed", hint="look", kind=kind), interval=60, now=now, chance=0.5)[1]


@given(
    st.builds(
        FeedState,
        address=st.text(max_size=5),
        etag=st.text(max_size=5),
        polls=st.integers(0, 10**9),
        last_success=st.floats(0, 1e10),
        next_at=st.floats(0, 1e10),
        error=st.text(max_size=20),
    )
)
def test_what_is_written_is_read_again(state: FeedState) -> None:
    assert FeedState.from_fields(state.to_fields()) == state


def test_fields_of_other_versions_do_no_harm() -> None:
    assert FeedState.from_fields({"polls": "3", "unheard": "of"}) == FeedState(polls=3)


def test_another_address_is_another_feed() -> None:
    kept = replace(of_address(FeedState(), "https://a.example/feed"), polls=3)
    assert of_address(kept, "https://a.example/feed") == kept
    other = of_address(kept, "https://b.example/feed")
    assert (other.polls, other.first_at) == (0, 0.0)


def test_a_success_keeps_the_validators_and_clears_the_trouble() -> None:
    state = fail(fail(FeedState(first_at=5.0)))
    after, notice = succeeded(state, "wire", validators=GIVEN, body="b", now=NOW)
    assert after.validators == GIVEN
    assert (after.first_at, after.failing, after.failures, after.polls, after.next_at) == (5.0, 0, 2, 3, 0.0)
    assert notice is None  # two timeouts were never reported, so there is nothing to take back


@pytest.mark.parametrize(
    ("kind", "polls_until_told"),
    [("html_page", 1), ("http_404", 1), ("challenge", 1), ("timeout", 3), ("http_503", 3), ("dns", 3)],
)
def test_what_may_pass_by_itself_is_reported_later(kind: str, polls_until_told: int) -> None:
    state, said = FeedState(), []
    for number in range(4):
        state, notice = failed(state, "wire", FeedError("no feed", kind=kind), interval=60, now=NOW + number, chance=0)
        said.append(notice is not None)
    assert said == [number + 1 == polls_until_told for number in range(4)]


def test_reports_come_at_widening_intervals() -> None:
    state, at = FeedState(), []
    for minute in range(60 * 60):
        now = NOW + minute * 60
        state, notice = failed(state, "wire", FeedError("no feed", kind="http_404"), interval=60, now=now, chance=0)
        if notice:
            at.append(minute)
    assert at == [0, 60, 420, 1860, 3300]


def test_a_feed_that_was_reported_is_reported_back() -> None:
    state = fail(FeedState(), "http_404")
    _, notice = succeeded(state, "wire", validators=GIVEN, body="b", now=NOW + 720)
    assert notice == "Feed wire works again, after 12 min and 1 failed polls."


def test_the_notice_says_what_and_what_next() -> None:
    assert told(FeedState(), "http_404") == "Feed wire fails: it failed (look). It is asked again, ever more seldom."


@given(st.integers(0, 60), st.floats(0, 1), st.sampled_from([5.0, 60.0, 7200.0]))
def test_the_wait_grows_and_stays_within_its_bounds(before: int, chance: float, interval: float) -> None:
    state = FeedState(failing=before, failing_since=NOW)
    after, _ = failed(state, "wire", FeedError("x", kind="timeout"), interval=interval, now=NOW, chance=chance)
    assert interval <= after.next_at - NOW <= max(interval, LONGEST_WAIT)


@pytest.mark.parametrize(("asked", "waited"), [(600.0, 600.0), (1e9, MOST_OBEYED)])
def test_the_publishers_wait_is_obeyed_within_reason(asked: float, waited: float) -> None:
    assert fail(FeedState(), "http_429", retry_after=asked).next_at - NOW == waited


def test_a_start_asks_nobody_early_and_not_all_at_once() -> None:
    fresh = [first_poll(FeedState(), f"feed {n}", interval=60, now=NOW, spread=30) - NOW for n in range(200)]
    assert 0 <= min(fresh) < 3
    assert 27 < max(fresh) <= 30
    many = [first_poll(FeedState(), f"feed {n}", interval=60, now=NOW, spread=30, crowd=250) - NOW for n in range(200)]
    assert 240 < max(many) <= 250, "the first documents of many take longer than an interval"
    read = FeedState(first_at=1.0)
    assert first_poll(read, "wire", interval=60, now=NOW, spread=30, crowd=250) - NOW <= 30
    asked = FeedState(last_success=NOW - 10)
    assert first_poll(asked, "wire", interval=60, now=NOW, spread=30) == NOW + 50
    failing = FeedState(next_at=NOW + 500)
    assert first_poll(failing, "wire", interval=60, now=NOW, spread=30) == NOW + 500


def test_a_feed_that_has_ended_is_not_asked_any_more_and_that_is_said_once() -> None:
    state, notice = failed(
        FeedState(), "wire", FeedError("HTTP 410", hint="remove it", kind="http_410"), interval=60, now=NOW, chance=0.5
    )
    assert state.stopped
    assert notice == "Feed wire has ended: HTTP 410 (remove it). It is not asked any more."
    assert FeedState.from_fields(state.to_fields()).stopped
    assert not of_address(state, "https://successor.example/").stopped


@pytest.mark.parametrize(
    ("next_at", "wait", "due"),
    [
        (0.0, 60.0, True),
        (NOW + 30, 60.0, False),
        (NOW - 1, 60.0, True),
        (NOW + 3630, 60.0, True),  # noted by a clock that was an hour ahead
        (NOW + 3630, 4000.0, False),
        (NOW + 3630, 0.0, False),  # an older version kept no wait
    ],
)
def test_a_wait_that_began_in_the_future_is_over(next_at: float, wait: float, due: bool) -> None:
    assert is_due(FeedState(next_at=next_at, wait=wait), now=NOW) is due


@pytest.mark.parametrize(
    ("planned", "step", "next_at"),
    [
        (NOW + 3600 + 20, -3600.0, NOW + 20),
        (NOW - 3600 + 20, 3600.0, NOW + 20),
        (NOW + 60, 3600.0, NOW + 60),  # it ran already by the new clock
        (NOW - 10, -3600.0, NOW),
    ],
)
def test_after_a_step_of_the_clock_a_feed_waits_no_longer_than_before(
    planned: float, step: float, next_at: float
) -> None:
    assert after_step(planned, step=step, interval=60.0, now=NOW) == next_at
