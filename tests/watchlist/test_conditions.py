"""What stops a rule, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.watchlist.conditions import short_of


@pytest.mark.parametrize(
    ("value", "bound", "written"),
    [(0.6, 0.8, "0.60"), (0.4988, 0.5, "0.499"), (0.4999, 0.5, "0.4999"), (0.4999996, 0.5, "0.4999996"),
     (-0.201, -0.2, "-0.201"), (0.304, 0.3, "0.304"), (0.9, 0.3, "0.90")],
)  # fmt: skip
def test_a_number_that_misses_a_bound_is_seen_to_miss_it(value: float, bound: float, written: str) -> None:
    assert short_of(value, bound) == written


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_written_is_on_the_same_side(value: float, bound: float) -> None:
    if value != bound:
        assert (float(short_of(value, bound)) < bound) == (value < bound)
