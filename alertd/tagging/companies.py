"""From candidate spans and what the encoder says of them to the companies of an article. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from alertd.articles import Company, FieldName, Mention, Role, Sentiment, SentimentLabel
from alertd.tagging.gazetteer import Issuer

ROLES: tuple[Role, ...] = ("subject", "source", "passing")
LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")
ROUND_UP = 5
"""More companies than this in one place are a round-up; none of them is more relevant than `ROUND_UP_CAP`."""
ROUND_UP_CAP = 0.3
_ROLE_WORTH = (1.0, 0.25, 0.2)
_LEAD = 250
_PLACE_WORTH = {"title": 1.0, "lead": 0.8, "body": 0.5}
_LITTLE = 1e-6
_FIELDS: tuple[FieldName, ...] = ("title", "summary", "text")


@dataclass(frozen=True, slots=True)
class Scores:
    """What the encoder says of one span: P(company), P(subject, source, passing), P(negative, neutral, positive)."""

    company: float
    role: tuple[float, float, float]
    sentiment: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Given:
    """A name that gets a row of its own, as given, and whom it stands for."""

    name: str
    issuer: Issuer


@dataclass(frozen=True, slots=True)
class Found:
    """A span that counts as a company; `scores` is None where the encoder did not read."""

    field: FieldName
    start: int
    end: int
    text: str
    issuer: Issuer
    scores: Scores | None
    given: str = ""


@dataclass(slots=True)
class _Row:
    issuer: Issuer
    name: str
    spans: list[Found] = field(default_factory=list)


def gather(found: Sequence[Found], given: Sequence[Given] = (), *, read: bool = True) -> tuple[Company, ...]:
    """Join spans by issuer and say how much the article is about each.

    Args:
        found: the spans that count, in any order.
        given: names that get a row of their own whether found or not, with whom they stand for.
        read: whether the model reads the article's language; without it there is no sentiment.

    Returns:
        The given names first in their order, then the others by relevance.
    """
    rows: dict[str, _Row] = {f"given:{g.name}": _Row(g.issuer, g.name) for g in given}
    for f in found:
        key = f"given:{f.given}" if f.given else f.issuer.key
        rows.setdefault(key, _Row(f.issuer, f.issuer.name)).spans.append(f)
    most = max([len(r.spans) for r in rows.values()], default=1)
    averaged = {key: _average([s.scores for s in row.spans if s.scores]) for key, row in rows.items()}
    speaking = {key for key, a in averaged.items() if a and _role(a) == "source"}
    listed = [r for key, r in rows.items() if r.spans and key not in speaking]
    titled = {key for key, r in rows.items() if "title" in [s.field for s in r.spans]}
    in_title = len(titled - speaking)
    made = []
    for key, row in rows.items():
        average = averaged[key]
        relevance = _relevance(row, average, most, sole=len(listed) == 1)
        if (in_title if key in titled else len(listed)) > ROUND_UP:
            relevance = min(relevance, ROUND_UP_CAP)
        made.append(_company(row, average, relevance, read=read, alone=len(listed) == 1 and key in titled))
    own = made[: len(given)]
    return (*own, *sorted(made[len(given) :], key=lambda c: -c.relevance))


def _company(row: _Row, average: Scores | None, relevance: float, *, read: bool, alone: bool) -> Company:
    spans = row.spans if len(row.spans) < 2 else sorted(row.spans, key=lambda s: (_FIELDS.index(s.field), s.start))
    unread: Role = "subject" if alone else "passing"
    return Company(
        symbol=row.issuer.symbol,
        symbols=row.issuer.symbols,
        name=_named(row),
        role=_role(average) if average else unread,
        relevance=round(relevance, 3),
        sentiment=sentiment(average.sentiment) if average and read else None,
        mentions=tuple([Mention(s.field, s.start, s.end, s.text) for s in spans]),
        issuer=row.issuer.key,
    )


def _named(row: _Row) -> str:
    """The row's name; for a listing of which only the symbol is known, what the text calls it."""
    if row.name != row.issuer.symbol:
        return row.name
    return max((s.text for s in row.spans), key=len, default=row.name)


def sentiment(probabilities: Sequence[float]) -> Sentiment:
    """The record of three probabilities (negative, neutral, positive)."""
    negative, neutral, positive = [round(float(p), 4) for p in probabilities]
    label = LABELS[_most(probabilities)]
    return Sentiment(label, round(positive - negative, 4), positive, neutral, negative)


def _role(scores: Scores) -> Role:
    return ROLES[_most(scores.role)]


def _most(likely: Sequence[float]) -> int:
    """The place of the largest, the first of equal ones."""
    return likely.index(max(likely))


def _average(scores: Sequence[Scores]) -> Scores | None:
    if not scores:
        return None
    if len(scores) == 1:
        return scores[0]
    return Scores(
        max(s.company for s in scores),
        _mean([s.role for s in scores]),
        _mean([s.sentiment for s in scores]),
    )


def _mean(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    """The mean of the logits, as probabilities: that of the logarithms, normalised."""
    means = [math.exp(sum(math.log(max(r[i], _LITTLE)) for r in rows) / len(rows)) for i in range(3)]
    total = sum(means)
    return means[0] / total, means[1] / total, means[2] / total


def _relevance(row: _Row, average: Scores | None, most: int, *, sole: bool) -> float:
    if not row.spans:
        return 0.0
    role = average.role if average else ((1.0, 0.0, 0.0) if sole else (0.4, 0.0, 0.6))
    worth = sum([p * w for p, w in zip(role, _ROLE_WORTH, strict=True)])
    place = max([_PLACE_WORTH[_place(s)] for s in row.spans])
    return min(1.0, worth * place * (0.8 + 0.2 * len(row.spans) / most))


def _place(span: Found) -> str:
    if span.field == "title":
        return "title"
    return "lead" if span.start < _LEAD else "body"
