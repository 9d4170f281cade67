"""The archive's form: a decided article as a row of plain values, and rows packed into chunks. Pure.

A chunk holds its rows by column, for like beside like compresses well, as JSON in zstd. What a replay through the rules
needs is in a row; the full text is not, so keywords see title and the start of the summary.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import zstandard

from alertd.articles import Article, Company, Entry, Event, Placement, Sentiment, Story, Tags
from alertd.watchlist.rules import issuer_of

CHUNK: Final = 256
"""Articles in a chunk."""
MOST_BYTES: Final = 300
"""Bytes that an article may take on average within a chunk; a longer summary is cut for it."""
FORMAT: Final = 1

_SUMMARY = 300
_CUTS = (_SUMMARY, 160, 80, 0)
_LEVEL = 12
_ROLES: Final = ("subject", "source", "passing")
_LABELS: Final = ("negative", "neutral", "positive")
_TITLE, _SUMMARY_AT, _URL = 4, 5, 3
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Filed:
    """A decided article out of the archive; of its story only id, revision and number of outlets are known."""

    article: Article
    tags: Tags
    placement: Placement


def row_of(article: Article, tags: Tags, placement: Placement) -> str:
    """Write a decided article as one line of JSON."""
    entry = article.entry
    row = [
        article.id, entry.feed, entry.source, entry.url[:_LONGEST], entry.title[:_LONGEST],
        (entry.summary or entry.text)[:_SUMMARY], tags.language, round(entry.published), round(article.arrived, 3),
        int(article.may_alert), article.held, article.copy_of,
        [
            [c.issuer, c.symbol, c.name, _ROLES.index(c.role), _share(c.relevance), _mood(c.sentiment)]
            for c in tags.companies
        ],
        [[e.type, _share(e.confidence), [_place(name, tags.companies) for name in e.companies]] for e in tags.events],
        _mood(tags.sentiment), tags.facts, _made_by(tuple(tags.versions.items())),
        [placement.story.id, placement.story.revision, placement.relation, _share(placement.novelty),
         len(placement.story.sources)],
    ]  # fmt: skip
    return msgspec.json.encode(row).decode()


@lru_cache(maxsize=64)
def _made_by(versions: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{part}={version}" for part, version in sorted(versions))


def _share(value: float) -> int:
    return round(value * 1000)


def _mood(mood: Sentiment | None) -> list[int] | int:
    if mood is None:
        return 0
    return [_LABELS.index(mood.label), *(_share(p) for p in (mood.positive, mood.neutral, mood.negative))]


def _place(name: str, companies: Sequence[Company]) -> int | str:
    """The number of the company that an event names; the name itself when no company of the article has it."""
    places = (n for n, c in enumerate(companies) if name in (c.name, c.symbol, *c.symbols))
    return next(places, name)


def pack(rows: Sequence[str]) -> bytes:
    """Pack rows, as `row_of` wrote them; summaries are cut where the chunk would exceed `MOST_BYTES` an article."""
    columns = [list(column) for column in zip(*map(json.loads, rows), strict=True)]
    packed = b""
    for cut in _CUTS:
        columns[_SUMMARY_AT] = [text[:cut] for text in columns[_SUMMARY_AT]]
        text = json.dumps([FORMAT, columns], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(text)
        if len(packed) <= MOST_BYTES * len(rows):
            break
    return packed


def unpack(chunk: bytes) -> Iterator[Filed]:
    """Read a chunk's articles, in the order of their decision.

    Raises:
        ValueError: a newer alertd wrote it, or it is no chunk.
    """
    return map(read_row, rows_of(json.loads(opened(chunk))))


def opened(chunk: bytes) -> bytes:
    """The text of a chunk: JSON that `rows_of` takes apart.

    Raises:
        ValueError: it is no chunk.
    """
    try:
        return zstandard.ZstdDecompressor().decompress(chunk)
    except zstandard.ZstdError as error:
        raise ValueError(f"no chunk of the archive: {error}") from error


def rows_of(plain: Any) -> Iterator[Sequence[Any]]:
    """The rows of a chunk, for `read_row`, in the order of their decision.

    Raises:
        ValueError: a newer alertd wrote it.
    """
    kind, columns = plain
    if kind != FORMAT:
        raise ValueError(f"a chunk of format {kind}, this version reads {FORMAT}")
    return zip(*columns, strict=True)


def read_row(row: Sequence[Any]) -> Filed:
    """Read one row."""
    (
        ident, feed, source, url, title, summary, language, published, arrived, may, held, copy_of, companies, events,
        mood, facts, versions, (story, revision, relation, novelty, outlets),
    ) = row  # fmt: skip
    named = tuple([
        Company(
            symbol, (symbol,) if symbol else (), name, _ROLES[role], relevance / 1000, _read_mood(towards), (), issuer
        )
        for issuer, symbol, name, role, relevance, towards in companies
    ])  # fmt: skip
    happened = tuple([
        Event(kind, sure / 1000, tuple([_named(place, named) for place in concerned]))
        for kind, sure, concerned in events
    ])  # fmt: skip
    entry = Entry(feed, "", url, title, summary, "", source, published, "published", language)
    return Filed(
        Article(ident, entry, arrived, may == 1, held, copy_of),
        Tags(named, happened, _read_mood(mood), language, facts, _versions(versions)),
        Placement(
            Story(story, title, ("",) * outlets, 1, revision, (), (), (), 0, arrived, arrived), relation,
            novelty / 1000, "",
        ),
    )  # fmt: skip


def _named(place: int | str, companies: Sequence[Company]) -> str:
    if isinstance(place, str):
        return place
    return companies[place].symbol or companies[place].name


def _read_mood(mood: Any) -> Sentiment | None:
    if not mood:
        return None
    label, positive, neutral, negative = mood
    return Sentiment(
        _LABELS[label], (positive - negative) / 1000, positive / 1000, neutral / 1000, negative / 1000
    )  # fmt: skip


@lru_cache(maxsize=64)
def _versions(text: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in text.split(" ") if "=" in part)


def issuers_in(rows: Iterable[str]) -> tuple[str, ...]:
    """The issuers named in rows, for the index by company."""
    found: dict[str, None] = {}
    for row in rows:
        for company in read_row(json.loads(row)).tags.companies:
            found[issuer_of(company)] = None
    return tuple(found)
