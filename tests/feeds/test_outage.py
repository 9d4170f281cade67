from __future__ import annotations

import pytest

from alertd.feeds.outage import Outage


@pytest.mark.parametrize(
    ("lost", "reached", "places", "again"),
    [
        ({}, "a", 3, []),
        ({"a": 1, "b": 2, "c": 3}, "a", 9, ["b", "c"]),
        ({"a": 1, "b": 2, "c": 3}, "d", 9, []),
        ({"a": 1, "b": 2}, "a", 9, []),
        ({"a": 1, "b": 1, "c": 1, "d": 2}, "a", 9, []),
        ({"a": 1, "b": 2}, "a", 2, ["b"]),
        ({"b": 2}, "a", 2, []),
        ({"a": 1, "b": 1}, "a", 1, ["b"]),
    ],
    ids=[
        "nothing was lost", "the network was away", "who was always there tells nothing", "two of many",
        "two places of many", "both", "one of both", "the only place",
    ],
)  # fmt: skip
def test_feeds_come_back_with_the_first(lost: dict[str, int], reached: str, places: int, again: list[str]) -> None:
    outage = Outage()
    for feed, place in lost.items():
        outage.lost(feed, place)
    assert outage.reached(reached, places) == again
    assert outage.reached(reached, places) == [], "once"


def test_who_is_there_all_the_time_spoils_nothing() -> None:
    outage = Outage()
    for place, feed in enumerate("abc"):
        outage.lost(feed, place)
        assert outage.reached("on this machine", 9) == []
    assert outage.reached("b", 9) == ["a", "c"]


def test_each_is_named_once_for_all_its_failures() -> None:
    outage = Outage()
    for place, feed in enumerate(("dead", "gone", "flaky")):
        outage.lost(feed, place)
    assert outage.reached("flaky", 9) == ["dead", "gone"]
    for _ in range(3):
        outage.lost("flaky", 2)
        assert outage.reached("flaky", 9) == []


def test_who_is_asked_elsewhere_is_forgotten() -> None:
    outage = Outage()
    for place, feed in enumerate("abcd"):
        outage.lost(feed, place)
    outage.forget("c")
    assert outage.reached("a", 9) == ["b", "d"]
