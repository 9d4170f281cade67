"""`alertd stories --jsonl`: articles in, stories out, in memory, by the same pure functions as the daemon."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alertd.articles import Entry, Tags
from alertd.lines import dump
from alertd.stories.memory import Memory

Tagging = Callable[[Sequence[Entry]], Sequence[Tags]]
"""Says what is in articles: companies, events, and their embedding."""

BATCH = 64
"""Articles that are tagged together."""


class _BadLineError(ValueError):
    """A line that is no article; the message says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    id: str | int | None
    entry: Entry | None
    error: str = ""


def story_lines(batches: Iterable[Sequence[str]], tag: Tagging | None) -> Iterator[tuple[str, bool]]:
    """Place articles given as lines of JSON, in time order.

    Args:
        batches: lines that wait together and are answered together, one JSON object each (`id`, `title`, `summary`?,
            `text`?, `url`?, `source`?, `published`?); blank lines are passed over. An article without a time has that
            of the one before.
        tag: the tagger, or None to join by words alone.

    Yields:
        The line to write (without its end), and whether the article was fine. A bad line yields
        `{"id": …|null, "error": …}` in its place; the caller exits with 2 at the end if there was one.
    """
    memory = Memory()
    for waiting in batches:
        read = [_read(line) for line in waiting if line.strip()]
        for start in range(0, len(read), BATCH):
            yield from _answers(memory, read[start : start + BATCH], tag)


def _answers(memory: Memory, lines: Sequence[_Line], tag: Tagging | None) -> Iterator[tuple[str, bool]]:
    entries = [line.entry for line in lines if line.entry]
    # what turns out to be a copy only among the others of the batch is tagged in vain; the daemon never does it
    tags = iter(tag(entries) if tag and entries else [Tags()] * len(entries))
    for line in lines:
        if line.entry is None:
            yield dump({"id": line.id, "error": line.error}), False
            continue
        placement, original = memory.add(line.id, line.entry, next(tags), memory.original(line.entry))
        said = {"id": line.id, "story": placement.story.id, "novelty": placement.novelty, "duplicate_of": original}
        yield dump(said), True


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
