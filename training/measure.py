"""Scores on the held-out part, temperatures and thresholds: plain numpy on logits and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(4.0), 70))
_LEAST = 0.15
_MOST = 0.75


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of independent answers."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -40, 40))))


def temperature(logits: Floats, labels: Ints) -> float:
    """What to divide logits by so that their softmax is likeliest for the labels."""
    chosen = np.arange(len(labels))
    losses = [-np.log(softmax(logits / t)[chosen, labels] + 1e-12).mean() for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def temperature_of_many(logits: Floats, labels: Ints) -> float:
    """The same for independent yes-or-no answers."""
    losses = []
    for t in _TEMPERATURES:
        p = sigmoid(logits / t)
        losses.append(-(labels * np.log(p + 1e-12) + (1 - labels) * np.log(1 - p + 1e-12)).mean())
    return float(_TEMPERATURES[int(np.argmin(losses))])


def ece(probabilities: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: how far said and seen are apart, weighted over equal bins of the probability."""
    if not len(right):
        return 0.0
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[which == b].mean() - right[which == b].mean()) * (which == b).sum()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps) / len(right))


def f1(hits: float, wrong: float, missed: float) -> float:
    """The harmonic mean of precision and recall; 0 when there was nothing."""
    return float(2 * hits / (2 * hits + wrong + missed)) if hits + wrong + missed else 0.0


def f1_of(predicted: NDArray[np.bool_], labels: NDArray[np.bool_]) -> float:
    """F1 of yes-or-no answers, pooled over all of them."""
    return f1((predicted & labels).sum(), (predicted & ~labels).sum(), (~predicted & labels).sum())


def macro_f1(predicted: Ints, labels: Ints, classes: int = 3) -> float:
    """Mean F1 over classes."""
    return float(np.mean([f1_of(predicted == c, labels == c) for c in range(classes)]))


def thresholds(probabilities: Floats, labels: Ints, names: Sequence[str], few: int = 40) -> dict[str, float]:
    """Each type's threshold at which its own F1 is best.

    Types with few examples are drawn to 0.45: their best threshold is mostly chance.
    """
    found = {}
    for i, name in enumerate(names):
        p, y = probabilities[:, i], labels[:, i] > 0
        grid = np.linspace(_LEAST, _MOST, 61)
        scores = np.array([f1_of(p >= t, y) for t in grid])
        # The middle of all that are nearly best lasts better than the best.
        near = grid[scores >= scores.max() - 0.005]
        best = float(np.median(near)) if y.any() else 0.45
        share = y.sum() / (y.sum() + few)
        found[name] = round(share * best + (1 - share) * 0.45, 3)
    return found


def decide(probabilities: Floats, limits: Floats, commentary: int) -> NDArray[np.bool_]:
    """Which events count: those over their threshold, commentary only alone."""
    over = probabilities >= limits
    others = over.sum(1) > over[:, commentary]
    over[:, commentary] &= ~others
    return over
