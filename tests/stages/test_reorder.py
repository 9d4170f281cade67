from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alertd.stages.reorder import Reorder


def test_what_comes_in_order_goes_at_once() -> None:
    order: Reorder[str] = Reorder(1, 0.1)
    order.add(1, "a", 0.0)
    order.add(2, "b", 0.0)
    assert order.ready(0.0) == ["a", "b"]
    assert order.wait(0.0) is None


def test_a_gap_is_waited_for_and_then_passed_over() -> None:
    order: Reorder[str] = Reorder(1, 0.1)
    order.add(2, "b", 5.0)
    assert order.ready(5.05) == []
    assert 0 < (order.wait(5.05) or 0) <= 0.05
    assert order.ready(5.2) == ["b"]


def test_the_missing_one_lets_the_others_go() -> None:
    order: Reorder[str] = Reorder(1, 0.1)
    order.add(3, "c", 0.0)
    order.add(2, "b", 0.0)
    order.add(1, "a", 0.01)
    assert order.ready(0.01) == ["a", "b", "c"]


def test_a_late_one_goes_through_at_once() -> None:
    order: Reorder[str] = Reorder(7, 0.1)
    order.add(3, "late", 0.0)
    order.add(8, "early", 0.0)
    assert order.ready(0.0) == ["late"]
    assert len(order) == 1


@given(st.permutations(list(range(1, 9))))
def test_within_the_patience_any_order_of_arrival_gives_one_order(arrivals: list[int]) -> None:
    order: Reorder[int] = Reorder(1, 10.0)
    out = []
    for number, place in enumerate(arrivals):
        order.add(place, place, float(number))
        out += order.ready(float(number))
    assert out == sorted(arrivals)
