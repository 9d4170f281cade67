"""An encoder that answers by rule, so that what is around the model can be tested without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from alertd.tagging.encoder import Encoded, Encoder, EncoderInput, FoundSpan, SpanScores
from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.tagging.tagger import Tagger

SUBJECT = (0.8, 0.1, 0.1)
SOURCE = (0.1, 0.8, 0.1)
NEUTRAL = (0.1, 0.8, 0.1)
POSITIVE = (0.05, 0.15, 0.8)


@dataclass
class Rules:
    """What the fake says: by the text of a span, by event; it reads `window` characters of each field."""

    company: Mapping[str, float] = field(default_factory=dict)
    role: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    sentiment: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    mentions: Sequence[str] = ()
    events: Mapping[str, float] = field(default_factory=dict)
    window: int = 1_000


class FakeEncoded:
    def __init__(self, given: EncoderInput, rules: Rules) -> None:
        self.given, self.rules = given, rules
        self.events = dict(rules.events)
        self.sentiment = POSITIVE
        self.embedding: NDArray[np.float32] = np.linspace(-1, 1, 384, dtype=np.float32)

    def span(self, where: str, start: int, end: int) -> SpanScores | None:
        text = self.given.title if where == "title" else self.given.body
        assert 0 <= start < end <= len(text)
        if end > self.rules.window:
            return None
        name = text[start:end]
        return SpanScores(
            company=self.rules.company.get(name, 0.9),
            role=self.rules.role.get(name, SUBJECT),
            sentiment=self.rules.sentiment.get(name, NEUTRAL),
        )

    def mentions(self) -> list[FoundSpan]:
        found = []
        for name in self.rules.mentions:
            for where, text in (("title", self.given.title), ("body", self.given.body)):
                if (at := text.find(name)) >= 0:
                    found.append(FoundSpan(where, at, at + len(name), 0.85))  # type: ignore[arg-type]
        return found


class FakeEncoder:
    version = "fake"
    thresholds: Mapping[str, float] = {"earnings": 0.4}

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.seen: list[EncoderInput] = []

    def beside(self, work: Callable[[], Any]) -> Callable[[], Any]:
        return work

    def each(self, inputs: Sequence[EncoderInput]) -> list[tuple[int, Encoded]]:
        self.seen += inputs
        return [(at, cast(Encoded, FakeEncoded(i, self.rules))) for at, i in enumerate(inputs)]


def tagger(rules: Rules | None = None, watched: Sequence[tuple[Issuer, Sequence[str]]] = ()) -> Tagger:
    return Tagger(Gazetteer.open(), cast(Encoder, FakeEncoder(rules or Rules())), watched=watched)
