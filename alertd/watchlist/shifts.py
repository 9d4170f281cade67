"""The mean sentiment towards a company over its latest articles: when it crosses a bound, drops or rises. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from alertd.watchlist.asking import ShiftLike

_MARGIN: Final = 0.1
"""How far the mean must come back over a bound before crossing it counts again."""


@dataclass(frozen=True, slots=True)
class Mood:
    """What is remembered of the sentiment towards a company.

    Attributes:
        scores: time and score of the latest articles, oldest first.
        highest, lowest: bounds of the mean since the last shift that was told; None before there was a mean.
        below, above: whether that crossing is told already.
    """

    scores: tuple[tuple[float, float], ...] = ()
    highest: float | None = None
    lowest: float | None = None
    below: bool = False
    above: bool = False

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps([self.scores, self.highest, self.lowest, self.below, self.above], separators=(",", ":"))

    @classmethod
    def load(cls, text: str | None) -> Mood:
        """Read what `dump` wrote; what is not there is a fresh start."""
        if not text:
            return cls()
        scores, highest, lowest, below, above = json.loads(text)
        return cls(tuple((at, score) for at, score in scores), highest, lowest, below, above)


def shifted(state: Mood, at: float, score: float, asked: ShiftLike) -> tuple[Mood, str, str]:
    """Take in one more article.

    A bound is crossed only by a mean that was on its other side before; the first mean crosses nothing.

    Args:
        at: Unix seconds of its arrival.
        score: of its sentiment, -1..1.

    Returns:
        What is remembered then, which shift it brought, and why it brought none; one of them is "".
    """
    kept = [(t, s) for t, s in state.scores if t > at - asked.within]
    scores = (*kept, (at, score))[-asked.articles :]
    if len(scores) < asked.articles:
        # too few within the time: what comes later is a new beginning
        fresh = replace(Mood(scores), below=state.below, above=state.above)
        return fresh, "", f"{len(scores)} of {asked.articles} articles that the mean is of"
    mean = sum(s for _, s in scores) / len(scores)
    if state.highest is None or state.lowest is None:
        low = asked.below is not None and mean < asked.below
        high = asked.above is not None and mean > asked.above
        return Mood(scores, mean, mean, low, high), "", f"the mean of its sentiment is {mean:+.2f}, the first one"
    said = _said(state, mean, asked)
    after = Mood(
        scores,
        mean if said else max(state.highest, mean),
        mean if said else min(state.lowest, mean),
        asked.below is not None and mean < asked.below + (_MARGIN if state.below else 0.0),
        asked.above is not None and mean > asked.above - (_MARGIN if state.above else 0.0),
    )
    if said:
        return after, f"the mean of its sentiment over {len(scores)} articles {said}", ""
    return after, "", f"the mean of its sentiment is {mean:+.2f}, no shift"


def _said(state: Mood, mean: float, asked: ShiftLike) -> str:
    if asked.below is not None and mean < asked.below and not state.below:
        return f"fell to {mean:+.2f}, below {asked.below:+g}"
    if asked.above is not None and mean > asked.above and not state.above:
        return f"rose to {mean:+.2f}, above {asked.above:+g}"
    if asked.drop and state.highest is not None and state.highest - mean >= asked.drop:
        return f"fell from {state.highest:+.2f} to {mean:+.2f}"
    if asked.rise and state.lowest is not None and mean - state.lowest >= asked.rise:
        return f"rose from {state.lowest:+.2f} to {mean:+.2f}"
    return ""
