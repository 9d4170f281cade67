"""Examples as arrays: what the network is fed, the same on every machine."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.tagging.window import Reader, Window
from alertd.taxonomy import EVENT_TYPES
from training.examples import LABELS, ROLES, TOPICS, Example, Mark

SPANS = 16
"""Spans of one example that are taught; what goes beyond is left out."""
NONE = -1
_LEFT_OUT = re.compile(r"\$[A-Za-z]{1,6}(?![\w$])|\([A-Z]{1,6}(?:\s?:[^()]{1,30})?\)")


@dataclass(frozen=True)
class Corpus:
    """Examples as arrays; `at[i]` to `at[i + 1]` are the pieces of example i in the flat ones.

    Attributes:
        tags: 0, 1, 2 for O, B, I; -1 where nothing is taught.
        spans: (examples, SPANS, 4): first piece, one past the last, role, sentiment; -1 for none.
        events: (examples, types) of 0 and 1; all -1 when not labelled.
        document, topic: -1 for none.
        held: held out.
    """

    ids: NDArray[np.uint16]
    kinds: NDArray[np.uint8]
    tags: NDArray[np.int8]
    at: NDArray[np.int64]
    spans: NDArray[np.int16]
    events: NDArray[np.int8]
    document: NDArray[np.int8]
    topic: NDArray[np.int8]
    weight: NDArray[np.float32]
    held: NDArray[np.bool_]
    source: NDArray[np.str_]

    def save(self, path: Path) -> None:
        """Write all arrays, compressed."""
        np.savez_compressed(path, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Read what `save` wrote."""
        with np.load(path) as stored:
            return cls(**{f.name: stored[f.name] for f in fields(cls)})

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Pieces of each example."""
        return np.diff(self.at)


def build(examples: Sequence[Example], held: Sequence[bool], tokenizer: Any) -> Corpus:
    """Cut all examples into pieces and turn their labels into numbers."""
    reader = Reader(tokenizer)
    windows = [reader.read(e.title, e.body) for e in examples]
    tags = [tags_of(e, w) for e, w in zip(examples, windows, strict=True)]
    return Corpus(
        ids=np.concatenate([w.ids for w in windows]).astype(np.uint16),
        kinds=np.concatenate([w.kinds for w in windows]).astype(np.uint8),
        tags=np.concatenate(tags),
        at=np.cumsum([0, *(len(w.ids) for w in windows)]),
        spans=np.stack([spans_of(e, w) for e, w in zip(examples, windows, strict=True)]),
        events=np.stack([_events(e) for e in examples]),
        document=np.array([_index(LABELS, e.document) for e in examples], np.int8),
        topic=np.array([_index(TOPICS, e.topic) for e in examples], np.int8),
        weight=np.array([e.weight for e in examples], np.float32),
        held=np.array(held, np.bool_),
        source=np.array([e.source for e in examples]),
    )


def tags_of(example: Example, window: Window) -> NDArray[np.int8]:
    """O, B, I or nothing for every piece; cashtags and codes in brackets are left to rules."""
    tags = np.full(len(window.ids), 0 if example.tagging == "all" else NONE, np.int8)
    tags[[field < 0 for field in window.fields]] = NONE
    if example.tagging == "none":
        return tags
    for field, text in (("title", example.title), ("body", example.body)):
        for m in _LEFT_OUT.finditer(text):
            pieces = window.inside(field, m.start(), m.end())  # type: ignore[arg-type]
            if pieces is not None:
                tags[pieces] = NONE
    for mark in example.marks:
        pieces = window.inside(mark.field, mark.start, mark.end)
        if pieces is None:
            continue
        if mark.company:
            tags[pieces] = 2
            tags[pieces[0]] = 1
        elif mark.company is None:
            tags[pieces] = NONE
    return tags


def spans_of(example: Example, window: Window) -> NDArray[np.int16]:
    """The spans with a role or a sentiment."""
    spans = np.full((SPANS, 4), NONE, np.int16)
    taught = [m for m in example.marks if m.role or m.sentiment]
    found = [(m, window.inside(m.field, m.start, m.end)) for m in taught]
    for row, (mark, pieces) in zip(spans, ((m, p) for m, p in found if p is not None), strict=False):
        row[:] = pieces[0], pieces[-1] + 1, _index(ROLES, mark.role), _index(LABELS, mark.sentiment)
    return spans


def _events(example: Example) -> NDArray[np.int8]:
    if example.events is None:
        return np.full(len(EVENT_TYPES), NONE, np.int8)
    unknown = set(example.events) - set(EVENT_TYPES)
    if unknown:
        raise ValueError(f"no such event: {sorted(unknown)} in {example.title[:80]!r}")
    return np.array([e in example.events for e in EVENT_TYPES], np.int8)


def _index(names: Sequence[str], name: str | None) -> int:
    return NONE if name is None else names.index(name)


def renamed(example: Example, chance: random.Random, names: Sequence[str], speakers: Sequence[str]) -> Example:
    """The same text about other companies: each name becomes one drawn from `names`, a source's from `speakers`.

    A name that stands twice becomes the same name twice; events, roles and sentiments stay.
    """
    chosen: dict[str, str] = {}
    texts = {"title": example.title, "body": example.body}
    marks: list[Mark] = []
    for field in ("title", "body"):
        text, made, at = texts[field], "", 0
        for mark in sorted((m for m in example.marks if m.field == field), key=lambda m: m.start):
            old = text[mark.start : mark.end]
            if mark.company and old not in chosen:
                chosen[old] = chance.choice(speakers if mark.role == "source" else names)
            new = chosen.get(old, old) if mark.company else old
            made += text[at : mark.start]
            marks.append(replace(mark, start=len(made), end=len(made) + len(new)))
            made += new
            at = mark.end
        texts[field] = made + text[at:]
    return replace(example, title=texts["title"], body=texts["body"], marks=tuple(marks))


def moved(example: Example) -> Example:
    """The same text as the body of an article without a title."""
    marks = tuple(replace(m, field="body") for m in example.marks)
    return replace(example, title="", body=example.title, marks=marks)


def varied(examples: Sequence[Example], held: Sequence[bool], seed: int) -> tuple[list[Example], list[bool]]:
    """The examples, and each that is trained on once more with other names, so that names alone decide nothing."""
    taught = [e for e, h in zip(examples, held, strict=True) if not h]
    own = [e for e in taught if e.tagging == "all"]
    names: set[str] = set()
    speakers: set[str] = set()
    for e in own:
        for m in e.marks:
            name = (e.title if m.field == "title" else e.body)[m.start : m.end]
            if m.company and not name.startswith("$"):
                (speakers if m.role == "source" else names).add(name)
    chance = random.Random(seed)
    both = sorted(names), sorted(speakers)
    more = [
        replace(renamed(e, chance, *both), weight=e.weight * 0.6)
        for e in own
        if any(m.company for m in e.marks) and (e.written or chance.random() < 0.7)
    ]
    # Names of SEntFiN's own too: the sentiment must come from what is said of them.
    more += [
        replace(renamed(e, chance, *both), weight=0.5)
        for e in taught
        if e.source == "sentfin" and chance.random() < 0.5
    ]
    # Summaries are rare in the data: some texts stand once more where a summary would.
    more += [moved(e) for e in taught if e.events is not None and not e.body and chance.random() < 0.12]
    return [*examples, *more], [*held, *([False] * len(more))]
