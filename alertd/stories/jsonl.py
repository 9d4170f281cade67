"""`alertd stories --jsonl`: articles in, stories out, in memory, by the same pure functions as the daemon."""

from __future__ import annotations

import base64
import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.articles import Article, Entry, Placement, Story, Tags
from alertd.stories.fingerprints import Fingerprint, bands, find_copy, fingerprint
from alertd.stories.placing import StoryCandidate, place

Embed = Callable[[Sequence[tuple[str, str]]], Sequence[Sequence[float]]]
"""Turns (title, summary or text) pairs into one vector each."""

BATCH = 64
"""Articles whose vectors are computed together."""
WINDOW = 3 * 86400.0
"""Seconds for which a story stays open, by the articles' own time."""
_NEAREST = 8
_FLOOR = 0.6


class _BadLineError(ValueError):
    """A line that is no article; the message says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    id: str | int | None
    entry: Entry | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """An article within the window."""

    time: float
    story: str
    keys: tuple[str, ...]
    fp: Fingerprint
    given: str | int | None


def story_lines(lines: Iterable[str], embed: Embed | None) -> Iterator[tuple[str, bool]]:
    """Place articles given as lines of JSON, in time order.

    Args:
        lines: one JSON object each (`id`, `title`, `summary`?, `text`?, `url`?, `source`?, `published`?); blank lines
            are passed over. An article without a time has that of the one before.
        embed: the encoder, or None to join by words alone.

    Yields:
        The line to write (without its end), and whether the article was fine. A bad line yields
        `{"id": …|null, "error": …}` in its place; the caller exits with 2 at the end if there was one.
    """
    memory = _Memory()
    read = (_read(line) for line in lines if line.strip())
    while batch := list(islice(read, BATCH)):
        entries = [line.entry for line in batch if line.entry]
        # The vectors of copies are computed in vain here; the daemon never asks for them.
        vectors = iter(embed([(e.title, e.summary or e.text) for e in entries]) if embed and entries else ())
        for line in batch:
            if line.entry is None:
                yield _dump({"id": line.id, "error": line.error}), False
            else:
                placement, original = memory.add(line.id, line.entry, next(vectors, None))
                yield (
                    _dump(
                        {
                            "id": line.id,
                            "story": placement.story.id,
                            "novelty": placement.novelty,
                            "duplicate_of": original,
                        }
                    ),
                    True,
                )


class _Memory:
    """The articles and stories of the window."""

    def __init__(self) -> None:
        self._now = 0.0
        self._count = 0
        self._index: dict[str, list[str]] = defaultdict(list)
        self._held: dict[str, _Held] = {}
        self._order: deque[str] = deque()
        self._stories: dict[str, Story] = {}
        self._packed: dict[str, str] = {}
        self._row_of: list[str] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), np.float32)

    def add(
        self, given: str | int | None, entry: Entry, vector: Sequence[float] | None
    ) -> tuple[Placement, str | int | None]:
        """Place an entry; returns the placement and the id of the article that it copies, as given."""
        self._now = max(self._now, entry.published) if entry.published else self._now
        self._forget()
        self._count += 1
        ident = f"{self._count}-0"
        fp = fingerprint(entry)
        keys = bands(fp)
        met = dict.fromkeys(i for key in keys for i in self._index.get(key, ()))
        match = find_copy(fp, [(i, self._held[i].fp) for i in met])
        original = self._held[match.id] if match else None
        packed = _pack(vector) if vector is not None else ""
        placement = place(
            Article(ident, entry, self._now, copy_of=match.id if match else ""),
            Tags(embedding=packed),
            fp,
            original=self._stories[original.story] if original else None,
            earlier=None,
            candidates=() if original else self._candidates(vector, met),
            now=self._now,
        )
        self._keep(ident, _Held(self._now, placement.story.id, keys, fp, given), placement, packed, vector)
        return placement, original.given if original else None

    def _candidates(self, vector: Sequence[float] | None, met: Iterable[str]) -> list[StoryCandidate]:
        if vector is None:
            names = {self._held[i].story: "" for i in met}
        else:
            filled = self._vectors[: len(self._row_of)]
            near = filled @ _unit(vector) if len(filled) else np.zeros(0, np.float32)
            rows = [int(i) for i in np.argsort(-near)[:_NEAREST] if near[i] >= _FLOOR]
            names = {self._row_of[i]: self._packed[self._row_of[i]] for i in rows if self._row_of[i] in self._stories}
        return [StoryCandidate(self._stories[name], packed) for name, packed in names.items()]

    def _keep(self, ident: str, held: _Held, placement: Placement, packed: str, vector: Sequence[float] | None) -> None:
        self._held[ident] = held
        self._order.append(ident)
        for key in held.keys:
            self._index[key].append(ident)
        self._stories[held.story] = placement.story
        if placement.relation == "first" and vector is not None:
            self._packed[held.story] = packed
            self._put(held.story, _unit(vector))

    def _put(self, story: str, unit: NDArray[np.float32]) -> None:
        row = len(self._row_of)
        if row >= len(self._vectors):
            grown = np.zeros((max(1024, 2 * row), len(unit)), np.float32)
            if row:
                grown[:row] = self._vectors[:row]
            self._vectors = grown
        self._vectors[row] = unit
        self._row_of.append(story)

    def _forget(self) -> None:
        """Drop what has left the window: articles by their time, stories by their last article."""
        closed = False
        while self._order and self._held[self._order[0]].time < self._now - WINDOW:
            ident = self._order.popleft()
            held = self._held.pop(ident)
            for key in held.keys:
                self._index[key].remove(ident)
                if not self._index[key]:
                    del self._index[key]
            story = self._stories.get(held.story)
            if story is not None and story.last_seen < self._now - WINDOW:
                del self._stories[held.story]
                closed = self._packed.pop(held.story, None) is not None or closed
        if closed:
            rows = [i for i, name in enumerate(self._row_of) if name in self._stories]
            self._vectors = self._vectors[rows]
            self._row_of = [self._row_of[i] for i in rows]


def _read(line: str) -> _Line:
    ident: str | int | None = None
    try:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _BadLineError(f"no JSON: {error}") from error
        if not isinstance(row, dict):
            raise _BadLineError("no JSON object")
        if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
            raise _BadLineError("id is missing or neither a string nor a number")
        ident = row["id"]
        if not isinstance(row.get("title"), str):
            raise _BadLineError("title is missing or no string (it may be empty)")
        summary, text, url, source = (_string(row, key) for key in ("summary", "text", "url", "source"))
        published = _time(row.get("published"))
        return _Line(ident, Entry("", "", url, row["title"], summary, text, source, published, "published"))
    except _BadLineError as error:
        return _Line(ident, None, str(error))


def _string(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise _BadLineError(f"{key} is no string")
    return value or ""


def _time(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo:
            return time.timestamp()
    except (TypeError, ValueError) as error:
        raise _BadLineError(f"published is no time: {str(value)[:40]!r}") from error
    raise _BadLineError("published is neither an RFC 3339 time with a zone nor Unix seconds")


def _unit(vector: Sequence[float]) -> NDArray[np.float32]:
    unit = np.asarray(vector, np.float32)
    return unit / max(float(np.linalg.norm(unit)), 1e-9)


def _pack(vector: Sequence[float]) -> str:
    values = np.asarray(vector, np.float32)
    most = float(np.abs(values).max(initial=0.0))
    return base64.b64encode(np.rint(values * (127 / most if most else 0.0)).astype(np.int8).tobytes()).decode()


def _dump(record: dict[str, Any]) -> str:
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, which JSON can carry, cannot be written as UTF-8.
    return line if line.isprintable() else json.dumps(record, allow_nan=False)
