"""`alertd tag`: articles in, tags out, as lines of JSON or for a reader."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from alertd.articles import Company, Sentiment, Tags, to_plain
from alertd.lines import dump
from alertd.tagging.tagger import Tagger, TagInput

BATCH = 64
"""Lines that go through the encoder together; it sorts them by length."""


class _BadLineError(ValueError):
    """A line that is no article; the message says why."""


@dataclass(frozen=True, slots=True)
class _Line:
    id: str | int | None
    given: TagInput | None
    error: str = ""


def tag_lines(lines: Iterable[str], tagger: Tagger, scores: bool) -> Iterator[tuple[str, bool]]:
    """Tag articles given as lines of JSON, in order.

    Args:
        lines: one JSON object each; blank lines are passed over.
        tagger: the tagger.
        scores: whether to add every event type's probability.

    Yields:
        The line to write (without its end), and whether the article was fine. A bad line yields
        `{"id": …|null, "error": …}` in its place; the caller exits with 2 at the end if there was one.
    """
    read = (_read(line) for line in lines if line.strip())
    while batch := list(islice(read, BATCH)):
        tags = iter(tagger.tag([line.given for line in batch if line.given]))
        for line in batch:
            if line.given:
                yield dump({"id": line.id, **plain(next(tags), scores=scores)}), True
            else:
                yield dump({"id": line.id, "error": line.error}), False


def plain(tags: Tags, *, scores: bool) -> dict[str, Any]:
    """The contract's form of an article's tags."""
    record: dict[str, Any] = {
        "companies": [_company(c) for c in tags.companies],
        "events": [to_plain(e) for e in tags.events],
        "sentiment": to_plain(tags.sentiment),
        "language": tags.language,
        "facts": tags.facts,
    }
    if scores:
        record["scores"] = tags.scores
    return record


def tag_text(text: str, tagger: Tagger) -> str:
    """Tag one text, taken as a title, and say in words what was found."""
    tags = tagger.tag([TagInput(title=text)])[0]
    rows = [f"language   {tags.language or 'none'}", f"sentiment  {_in_words(tags.sentiment)}"]
    rows += [f"event      {e.type} {e.confidence:.2f}  {', '.join(e.companies)}".rstrip() for e in tags.events]
    rows += [_row(c) for c in tags.companies]
    rows += [f"fact       {name}: {_fact(value)}" for name, value in tags.facts.items()]
    if not tags.companies:
        rows.append("company    none")
    if not tags.events:
        rows.append("event      none")
    return "\n".join(rows)


def _read(line: str) -> _Line:
    ident: str | int | None = None
    try:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _BadLineError(f"no JSON: {error}") from error
        if not isinstance(row, dict):
            raise _BadLineError("no JSON object")
        if isinstance(row.get("id"), str | int) and not isinstance(row["id"], bool):
            ident = row["id"]
        else:
            raise _BadLineError("id is missing or neither a string nor a number")
        if "title" not in row:
            raise _BadLineError("title is missing (it may be empty)")
        title, summary, text, _, _ = (_string(row, key) for key in ("title", "summary", "text", "url", "source"))
        _published(row.get("published"))
        return _Line(ident, TagInput(title, summary, text, _entities(row.get("entities"))))
    except _BadLineError as error:
        return _Line(ident, None, str(error))


def _string(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None and key != "title":
        return ""
    if not isinstance(value, str):
        raise _BadLineError(f"{key} is no string")
    return value


def _published(value: Any) -> None:
    if value is None:
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value):
            return
    elif isinstance(value, str):
        try:
            if "T" in value.upper() and datetime.fromisoformat(value).tzinfo:
                return
        except ValueError as error:
            raise _BadLineError(f"published is no RFC 3339 time: {value[:40]!r}") from error
    raise _BadLineError("published is neither an RFC 3339 time with a zone nor Unix seconds")


def _entities(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _BadLineError("entities is no list")
    found = []
    for entity in value:
        name = entity.get("name") if isinstance(entity, dict) else None
        symbol = entity.get("symbol") if isinstance(entity, dict) else None
        if not isinstance(name, str) or not name.strip() or not isinstance(symbol, str | None):
            raise _BadLineError("entities holds something other than {name, symbol}")
        found.append((name, symbol or ""))
    return tuple(found)


def _company(company: Company) -> dict[str, Any]:
    record: dict[str, Any] = to_plain(company)
    del record["issuer"]
    return record


def _in_words(value: Sentiment | None) -> str:
    return f"{value.label} {value.score:+.2f}" if value else "not known"


def _row(c: Company) -> str:
    symbol = f" ({c.symbol})" if c.symbol else ""
    return f"company    {c.name}{symbol}  {c.role}, relevance {c.relevance:.2f}, {_in_words(c.sentiment)}"


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{a['value']:,.10g} {a['currency']}" for a in value)
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
