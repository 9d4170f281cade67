"""Shifts of the mean sentiment: crossing a bound, dropping, rising."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertd.config.kinds import ShiftSettings
from alertd.watchlist.shifts import Mood, shifted

DAY = 86400.0


def run(scores: Sequence[float], gap: float = 3600.0, **asked: object) -> list[tuple[int, str]]:
    """Feed scores an hour apart; returns the number of each that brought a shift, with what is said."""
    settings = ShiftSettings.model_validate({"articles": 3, **asked})
    state, told = Mood(), []
    for number, score in enumerate(scores):
        state, said, why = shifted(state, number * gap, score, settings)
        assert bool(said) != bool(why)
        assert Mood.load(state.dump()) == state
        told += [(number, said)] * bool(said)
    return told


@pytest.mark.parametrize(
    ("asked", "scores", "told"),
    [
        ({"below": -0.2}, (0.5, 0.5, 0.5, -0.9, -0.9, -0.9), [4]),
        ({"below": -0.2}, (-0.9, -0.9, -0.9, -0.9), []),
        ({"above": 0.4}, (0.0, 0.0, 0.0, 0.9, 0.9), [4]),
        ({"drop": 0.5}, (0.6, 0.6, 0.6, 0.6, -0.3, -0.3), [5]),
        ({"drop": 0.5}, (0.6, 0.6, 0.6, -0.3, -0.3, -0.3, 0.6, 0.6, 0.6, -0.3, -0.3), [4, 10]),
        ({"rise": 0.5}, (-0.6, -0.6, -0.6, 0.3, 0.3), [4]),
        ({"rise": 0.5}, (0.6, 0.6, 0.6, -0.3, -0.3), []),
        ({"below": 0.0, "drop": 0.1}, (0.2, 0.2, 0.2, -0.9), [3]),
    ],
)
def test_shifts(asked: dict[str, float], scores: tuple[float, ...], told: list[int]) -> None:
    assert [number for number, _ in run(scores, **asked)] == told


def test_it_says_how_it_shifted() -> None:
    assert run((0.5, 0.5, 0.5, -0.9, -0.9), below=-0.2)[0][1] == (
        "the mean of its sentiment over 3 articles fell to -0.43, below -0.2"
    )
    assert run((0.6, 0.6, 0.6, -0.3, -0.3), drop=0.5)[0][1].endswith("fell from +0.60 to +0.00")


def test_a_mean_about_the_bound_is_told_once() -> None:
    wobble = (0.2, 0.2, 0.2, -0.3, -0.3, -0.3, -0.1, -0.2, -0.25, -0.2, -0.3, -0.15)
    assert len(run(wobble, below=-0.2)) == 1


def test_what_is_too_old_counts_no_more() -> None:
    assert run((0.5, 0.5, 0.5, -0.9, -0.9, -0.9), gap=4 * DAY, below=-0.2) == []


@given(st.lists(st.floats(-1, 1), max_size=40), st.floats(0.1, 1))
def test_a_drop_is_told_only_after_a_fall_by_so_much(scores: list[float], drop: float) -> None:
    means = [sum(scores[n - 2 : n + 1]) / 3 for n in range(2, len(scores))]
    fallen = any(a - b >= drop for n, a in enumerate(means) for b in means[n:])
    assert bool(run(scores, drop=drop)) == fallen


def test_a_shift_asks_for_something() -> None:
    with pytest.raises(ValidationError, match="name at least one"):
        ShiftSettings()
