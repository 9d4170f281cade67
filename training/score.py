"""Logits of the held-out part against its labels: calibration first, then the figures of every head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.taxonomy import EVENT_TYPES
from training.arrays import Corpus
from training.measure import (
    Floats,
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

_EVENTS = len(EVENT_TYPES)
_COMMENTARY = EVENT_TYPES.index("commentary")


@dataclass(frozen=True)
class Calibration:
    """What turns logits into decisions: temperatures by head, thresholds by type of event."""

    temperatures: dict[str, float]
    thresholds: dict[str, float]


@dataclass(frozen=True)
class Answers:
    """Logits and labels of one head on the held-out part."""

    logits: Floats
    labels: NDArray[np.int64]


def gather(corpus: Corpus, tokens: Floats, documents: Floats) -> dict[str, Answers]:
    """The held-out answers of each head: company (pieces), role and sentiment (spans), document, events."""
    rows = np.flatnonzero(corpus.held)
    kept = np.zeros(len(corpus.ids), bool)
    for row in rows:
        kept[corpus.at[row] : corpus.at[row + 1]] = True
    pieces = kept & (corpus.tags >= 0)
    spans = [
        (corpus.at[row], *(int(v) for v in span), str(corpus.source[row]))
        for row in rows
        for span in corpus.spans[row]
        if span[0] >= 0
    ]
    means = np.array([tokens[at + a : at + b, 3:].mean(0) for at, a, b, *_ in spans]).reshape(-1, 6)
    roles = np.array([s[3] for s in spans], np.int64)
    feelings = np.array([s[4] for s in spans], np.int64)
    sources = np.array([s[5] for s in spans])
    said = rows[corpus.document[rows] >= 0]
    labelled = rows[corpus.events[rows, 0] >= 0]
    answers = {
        "company": Answers(tokens[pieces, :3], corpus.tags[pieces].astype(np.int64)),
        "role": Answers(means[roles >= 0, :3], roles[roles >= 0]),
        "sentiment": Answers(means[feelings >= 0, 3:], feelings[feelings >= 0]),
        "document": Answers(documents[said, _EVENTS:], corpus.document[said].astype(np.int64)),
        "events": Answers(documents[labelled, :_EVENTS], corpus.events[labelled].astype(np.int64)),
    }
    for source in ("sentfin", "finentity", "labelled"):
        own = (feelings >= 0) & (sources == source)
        answers[f"sentiment {source}"] = Answers(means[own, 3:], feelings[own])
    twitter = said[corpus.source[said] == "twitter"]
    answers["document twitter"] = Answers(documents[twitter, _EVENTS:], corpus.document[twitter].astype(np.int64))
    return answers


def calibrate(answers: dict[str, Answers]) -> Calibration:
    """Temperatures and thresholds, chosen on the held-out part."""
    heads = ("company", "role", "sentiment", "document")
    found = {head: round(temperature(answers[head].logits, answers[head].labels), 4) for head in heads}
    events = answers["events"]
    found["events"] = round(temperature_of_many(events.logits, events.labels), 4)
    limits = thresholds(sigmoid(events.logits / found["events"]), events.labels, EVENT_TYPES)
    return Calibration(found, limits)


def figures(answers: dict[str, Answers], calibration: Calibration) -> dict[str, Any]:
    """Every head's scores; `events by type` holds (F1, labelled examples)."""
    temperatures = calibration.temperatures
    found: dict[str, Any] = {}
    for head, given in answers.items():
        base = head.split()[0]
        if base == "events" or not len(given.labels):
            continue
        p = softmax(given.logits / temperatures[base])
        best = p.argmax(-1)
        found[head] = {
            "n": len(given.labels),
            "accuracy": float((best == given.labels).mean()),
            "macro_f1": macro_f1(best, given.labels),
            "ece": ece(p.max(-1), best == given.labels),
        }
    names = answers["company"].labels > 0
    said = softmax(answers["company"].logits / temperatures["company"])[:, 1:].sum(-1) >= 0.5
    found["company"]["piece_f1"] = f1_of(said, names)
    events = answers["events"]
    p, y = sigmoid(events.logits / temperatures["events"]), events.labels > 0
    over = decide(p, np.array([calibration.thresholds[e] for e in EVENT_TYPES]), _COMMENTARY)
    found["events"] = {"n": len(y), "micro_f1": f1_of(over, y), "ece": ece(p.ravel(), y.ravel())}
    found["events by type"] = {e: (f1_of(over[:, i], y[:, i]), int(y[:, i].sum())) for i, e in enumerate(EVENT_TYPES)}
    return found
