"""The archive as a Parquet file: a row an article, its companies and events in lists. Needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import pyarrow
from pyarrow import parquet

from alertd.articles import Sentiment
from alertd.watchlist.archive import Filed

_MOMENT: Final = pyarrow.timestamp("ms", tz="UTC")
_TEXTS: Final = pyarrow.list_(pyarrow.string())
_MOOD: Final = pyarrow.struct(
    [("label", pyarrow.string()), ("score", pyarrow.float32()), ("positive", pyarrow.float32()),
     ("neutral", pyarrow.float32()), ("negative", pyarrow.float32())]
)  # fmt: skip
_COMPANY: Final = pyarrow.struct(
    [("issuer", pyarrow.string()), ("symbol", pyarrow.string()), ("name", pyarrow.string()), ("role", pyarrow.string()),
     ("relevance", pyarrow.float32()), ("sentiment", _MOOD)]
)  # fmt: skip
_EVENT: Final = pyarrow.struct([("type", pyarrow.string()), ("confidence", pyarrow.float32()), ("companies", _TEXTS)])

SCHEMA: Final = pyarrow.schema(
    [
        ("id", pyarrow.string()), ("arrived", _MOMENT), ("published", _MOMENT), ("feed", pyarrow.string()),
        ("source", pyarrow.string()), ("url", pyarrow.string()), ("title", pyarrow.string()),
        ("summary", pyarrow.string()), ("language", pyarrow.string()), ("may_alert", pyarrow.bool_()),
        ("held", pyarrow.string()), ("copy_of", pyarrow.string()), ("companies", pyarrow.list_(_COMPANY)),
        ("events", pyarrow.list_(_EVENT)), ("sentiment", _MOOD), ("facts", pyarrow.string()),
        ("versions", pyarrow.map_(pyarrow.string(), pyarrow.string())), ("story", pyarrow.string()),
        ("revision", pyarrow.int32()), ("relation", pyarrow.string()), ("novelty", pyarrow.float32()),
        ("outlets", pyarrow.int32()),
    ]
)  # fmt: skip
"""Columns; `facts` is JSON, times are UTC."""


class ParquetFile:
    """Writes articles into an open file, some at a time; use it as a context manager.

    Args:
        file: open for writing in binary; it is left open.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._writer = parquet.ParquetWriter(file, SCHEMA, compression="zstd")

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the file; without this it cannot be read."""
        self._writer.close()

    def add(self, articles: Sequence[Filed]) -> None:
        """Write some articles, as a group of rows."""
        if articles:
            self._writer.write_table(pyarrow.Table.from_pylist([row(filed) for filed in articles], SCHEMA))


def row(filed: Filed) -> dict[str, Any]:
    """An article as plain values by column."""
    article, tags, placement = filed.article, filed.tags, filed.placement
    entry = article.entry
    return {
        "id": article.id, "arrived": round(article.arrived * 1000), "published": round(entry.published * 1000),
        "feed": entry.feed, "source": entry.source, "url": entry.url, "title": entry.title, "summary": entry.summary,
        "language": tags.language, "may_alert": article.may_alert, "held": article.held, "copy_of": article.copy_of,
        "companies": [
            {"issuer": c.issuer, "symbol": c.symbol, "name": c.name, "role": c.role, "relevance": c.relevance,
             "sentiment": _mood(c.sentiment)}
            for c in tags.companies
        ],
        "events": [
            {"type": e.type, "confidence": e.confidence, "companies": list(e.companies)} for e in tags.events
        ],
        "sentiment": _mood(tags.sentiment), "facts": json.dumps(tags.facts, ensure_ascii=False),
        "versions": list(tags.versions.items()), "story": placement.story.id, "revision": placement.story.revision,
        "relation": placement.relation, "novelty": placement.novelty, "outlets": len(placement.story.sources),
    }  # fmt: skip


def _mood(mood: Sentiment | None) -> dict[str, Any] | None:
    if mood is None:
        return None
    return {
        "label": mood.label, "score": mood.score, "positive": mood.positive, "neutral": mood.neutral,
        "negative": mood.negative,
    }  # fmt: skip
