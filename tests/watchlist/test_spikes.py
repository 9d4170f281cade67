"""Spikes: what is usual by hour of the week, and how improbable more is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.config.kinds import SpikeSettings
from alertd.watchlist.spikes import Counted, counted, judged, tail, usual

from .fortnight import DAY, HOUR, MONDAY, busy

ASKED = SpikeSettings()


def poisson(count: int, mean: float) -> float:
    return 1 - sum(math.exp(-mean) * mean**n / math.factorial(n) for n in range(count))


@pytest.mark.parametrize(("count", "mean"), [(0, 1.0), (1, 0.2), (4, 0.5), (10, 3.0), (3, 20.0), (60, 40.0)])
def test_without_more_scatter_the_tail_is_a_poissons(count: int, mean: float) -> None:
    assert tail(count, mean, mean) == pytest.approx(poisson(count, mean), rel=1e-6, abs=1e-12)


def test_the_tail_of_a_negative_binomial() -> None:
    # size 1 is the geometric distribution: P(X >= k) is the share of failures to the power of k
    assert tail(5, 2.0, 2.0 + 2.0**2) == pytest.approx((2 / 3) ** 5, rel=1e-6)


@given(st.integers(0, 80), st.floats(0.01, 50), st.floats(1, 10), st.floats(1, 10))
def test_more_reports_are_less_probable_and_more_scatter_makes_many_more_so(
    count: int, mean: float, scatter: float, more: float
) -> None:
    one, two = tail(count, mean, mean * scatter), tail(count + 1, mean, mean * scatter)
    assert 0 <= two <= one * (1 + 1e-6) <= 1 + 1e-5
    if count > 4 * mean * scatter * more + 4:
        assert tail(count, mean, mean * scatter * more) >= one * (1 - 1e-6)


def known(days: float = 14) -> Counted:
    state = Counted(MONDAY)
    for one in busy():
        if one.article.arrived < MONDAY + days * DAY:
            state = counted(state, one.article.arrived, ASKED)
    return state


def test_what_is_usual_goes_by_the_hour_of_the_week() -> None:
    state = known()
    noon, night, sunday = ((d * DAY + h * HOUR) for d, h in ((14, 13), (15, 3), (20, 13)))
    means = [usual(state, MONDAY + at, HOUR)[0] for at in (noon, night, sunday)]
    assert 2.0 < means[0] < 4.5
    assert means[1] < 0.7
    assert means[2] < 0.7


def test_a_company_that_was_never_in_the_news_has_a_mean_near_none() -> None:
    mean, variance = usual(Counted(MONDAY), MONDAY + 14 * DAY, HOUR)
    assert 0 < mean < 0.01
    assert variance >= mean


def test_too_little_past_is_no_spike() -> None:
    state = Counted(MONDAY)
    for number in range(9):
        state = counted(state, MONDAY + 6 * DAY + number, ASKED)
    after, said, why = judged(state, ASKED)
    assert (after, said, why) == (state, "", "only 6.0 of 7 days of its past are known")


def test_a_spike_is_told_once_until_it_is_over() -> None:
    state, told = known(9), []
    start = MONDAY + 9 * DAY + 2 * HOUR
    for number in range(60):
        state = counted(state, start + number * 120, ASKED)
        state, said, why = judged(state, ASKED)
        assert bool(said) != bool(why)
        told += [number] * bool(said)
    assert len(told) == 1
    assert told[0] < 10
    for number in range(12):
        state = counted(state, start + 5 * HOUR + number * 60, ASKED)
        state, said, _ = judged(state, ASKED)
        told += [100 + number] * bool(said)
    assert len(told) == 2, "another one hours later is another spike"


def test_what_is_remembered_is_written_and_read_and_bounded() -> None:
    state = known()
    assert Counted.load(state.dump(), 0.0) == state
    assert Counted.load(None, 5.0) == Counted(5.0)
    late = counted(state, MONDAY + 60 * DAY, ASKED)
    assert late.hours == {int((MONDAY + 60 * DAY) // HOUR): 1}
    assert late.since == MONDAY + 32 * DAY


@given(
    st.floats(0, 2e9), st.dictionaries(st.integers(0, 600_000), st.integers(1, 10_000)),
    st.lists(st.floats(0, 2e9), max_size=5).map(tuple), st.floats(0, 2e9),
)  # fmt: skip
def test_what_is_remembered_is_read_as_it_was_written_also_in_its_earlier_form(
    since: float, hours: dict[int, int], recent: tuple[float, ...], told: float
) -> None:
    state = Counted(since, hours, recent, told)
    again = Counted.load(state.dump(), 0.0)
    assert again == state
    assert list(again.hours) == list(hours)
    earlier = json.dumps([since, list(hours.items()), recent, told])
    assert Counted.load(earlier, 0.0) == state
