from __future__ import annotations

import numpy as np
import pytest

from training.measure import (
    decide,
    ece,
    f1_of,
    macro_f1,
    sigmoid,
    softmax,
    temperature,
    temperature_of_many,
    thresholds,
)

CHANCE = np.random.default_rng(5)


def test_temperatures_undo_too_much_confidence() -> None:
    logits = CHANCE.normal(size=(4_000, 3)) * 1.5
    labels = np.array([CHANCE.choice(3, p=p) for p in softmax(logits)])
    assert temperature(logits * 2, labels) == pytest.approx(2, rel=0.15)
    assert temperature(logits, labels) == pytest.approx(1, rel=0.15)


def test_temperatures_of_many_answers() -> None:
    logits = CHANCE.normal(size=(2_000, 4)) * 2
    labels = (CHANCE.random((2_000, 4)) < sigmoid(logits)).astype(np.int64)
    assert temperature_of_many(logits * 2, labels) == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(("said", "right", "error"), [(0.9, 0.9, 0.0), (0.9, 0.5, 0.4), (0.55, 1.0, 0.45)])
def test_calibration_error(said: float, right: float, error: float) -> None:
    answers = np.arange(1_000) < right * 1_000
    assert ece(np.full(1_000, said), answers) == pytest.approx(error, abs=1e-9)
    assert ece(np.array([]), np.array([], bool)) == 0


def test_f1() -> None:
    yes, no = True, False
    assert f1_of(np.array([yes, yes, no, no]), np.array([yes, no, yes, no])) == 0.5
    assert f1_of(np.array([no]), np.array([no])) == 0
    assert macro_f1(np.array([0, 1, 2]), np.array([0, 1, 2])) == 1
    assert macro_f1(np.array([0, 0]), np.array([0, 1])) == pytest.approx((2 / 3) / 3)


def test_thresholds_lie_where_the_types_part_and_few_examples_move_them_little() -> None:
    many = np.linspace(0, 1, 1_000)
    p = np.stack([many, many, many], 1)
    labels = np.stack([many > 0.3, many > 0.998, np.zeros(1_000)], 1).astype(np.int64)
    found = thresholds(p, labels, ("often", "rare", "never"))
    assert found["often"] == pytest.approx(0.31, abs=0.03)
    assert found["rare"] == pytest.approx(0.45, abs=0.03)
    assert found["never"] == pytest.approx(0.45)


def test_commentary_counts_only_alone() -> None:
    p = np.array([[0.9, 0.9], [0.1, 0.9], [0.9, 0.1], [0.1, 0.1]])
    over = decide(p, np.array([0.5, 0.5]), 1)
    assert over.tolist() == [[True, False], [False, True], [True, False], [False, False]]
