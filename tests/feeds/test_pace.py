"""The pace of requests to one site."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.pace import SITES, Pace


class Hours:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_rule_14_the_sec_is_asked_at_most_ten_times_a_second() -> None:
    hours = Hours()
    pace = Pace(clock=hours.clock, sleep=hours.sleep)
    await asyncio.gather(*(pace.turn(host) for host in ["www.sec.gov", "data.sec.gov", "sec.gov"] * 10))
    assert len(hours.slept) == 29
    assert max(hours.slept) == pytest.approx(29 * SITES["sec.gov"])
    assert SITES["sec.gov"] >= 0.1
    for host in ("www.example.com", "notsec.gov", "sec.gov.example.com"):
        await pace.turn(host)
    assert len(hours.slept) == 29, "nobody else waits"


@given(st.lists(st.floats(0, 5), min_size=1, max_size=30), st.floats(0.1, 2))
def test_two_requests_are_never_closer_than_the_gap(waits: list[float], gap: float) -> None:
    hours = Hours()
    pace = Pace({}, gap, clock=hours.clock, sleep=hours.sleep)
    at: list[float] = []

    async def ask() -> None:
        for wait in waits:
            hours.now += wait
            count = len(hours.slept)
            await pace.turn("a.example")
            at.append(hours.now + (hours.slept[-1] if len(hours.slept) > count else 0.0))

    asyncio.run(ask())
    assert all(later - sooner >= gap - 1e-6 for sooner, later in itertools.pairwise(at))
