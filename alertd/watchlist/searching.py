"""Which articles of the archive somebody wants to see, and finding them in a chunk without reading all of it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from alertd.watchlist.archive import Filed, opened, read_row, rows_of
from alertd.watchlist.rules import companies_of

_MOST_WORDS: Final = 8
_ID, _FEED, _COMPANIES, _EVENTS = 0, 1, 12, 13


@dataclass(frozen=True)
class Wanted:
    """What articles have to be; what is left empty does not matter.

    Attributes:
        text: words that title, summary or outlet contain, in any case; all of them.
        issuer: a company in it.
        event: a type of event.
        feed: the feed.
        mood: the sentiment of the article, or of the company when there is one.
        news: no copies, and no further reports of the same.
        ids: of the articles.
    """

    text: str = ""
    issuer: str = ""
    event: str = ""
    feed: str = ""
    mood: str = ""
    news: bool = False
    ids: frozenset[str] = frozenset()

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of `text`."""
        return tuple(self.text.casefold().split()[:_MOST_WORDS])

    @cached_property
    def everything(self) -> bool:
        """Whether it takes any article."""
        return self == Wanted()

    def takes(self, filed: Filed) -> bool:
        """Whether an article is wanted."""
        return self.everything or (self._about(filed) and self._has(filed) and self._says(filed))

    def _about(self, filed: Filed) -> bool:
        article = filed.article
        return (
            (not self.ids or article.id in self.ids)
            and (not self.feed or article.entry.feed == self.feed)
            and (not self.news or filed.placement.relation not in ("copy", "same_event"))
        )

    def _has(self, filed: Filed) -> bool:
        tags = filed.tags
        if self.event and not any(event.type == self.event for event in tags.events):
            return False
        company = companies_of(tags).get(self.issuer) if self.issuer else None
        if self.issuer and company is None:
            return False
        mood = company.sentiment if company else tags.sentiment
        return not self.mood or (mood is not None and mood.label == self.mood)

    def _says(self, filed: Filed) -> bool:
        if not self.words:
            return True
        entry = filed.article.entry
        said = f"{entry.title}\n{entry.summary}\n{entry.source}\n{entry.feed}".casefold()
        return all(word in said for word in self.words)


def found_in(chunk: bytes, wanted: Wanted, most: int = 1_000_000, below: int | None = None) -> list[tuple[int, Filed]]:
    """The articles of a chunk that are wanted, each with its place, the latest first.

    Most chunks hold none of the words that are sought: their text is looked through before it is taken apart.

    Args:
        chunk: the chunk; nothing is found in an empty one.
        most: articles after which it stops.
        below: only those before this place.

    Raises:
        ValueError: a newer alertd wrote it, or it is no chunk.
    """
    if not chunk:
        return []
    text = opened(chunk)
    if wanted.words and not _may_hold(text.decode("utf-8"), wanted.words):
        return []
    rows = list(rows_of(msgspec.json.decode(text)))
    found: list[tuple[int, Filed]] = []
    for number in range((len(rows) if below is None else min(below, len(rows))) - 1, -1, -1):
        if may_take(rows[number], wanted) and wanted.takes(filed := read_row(rows[number])):
            found.append((number, filed))
            if len(found) == most:
                break
    return found


def found_among(rows: Sequence[str], wanted: Wanted, most: int) -> Iterator[Filed]:
    """The same for rows that are in no chunk yet, oldest first as they are given."""
    left = most
    for text in reversed(rows):
        if wanted.words and not _may_hold(text, wanted.words):
            continue
        row = msgspec.json.decode(text)
        if may_take(row, wanted) and wanted.takes(filed := read_row(row)):
            yield filed
            left -= 1
            if not left:
                return


def may_take(row: Sequence[Any], wanted: Wanted) -> bool:
    """Whether a row may be wanted, by what it says as it is: reading it takes ten times as long."""
    if wanted.ids and row[_ID] not in wanted.ids:
        return False
    if wanted.feed and row[_FEED] != wanted.feed:
        return False
    if wanted.issuer and not any(wanted.issuer in company[:3] for company in row[_COMPANIES]):
        return False
    return not wanted.event or any(event[0] == wanted.event for event in row[_EVENTS])


def _may_hold(text: str, words: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(json.dumps(word, ensure_ascii=False)[1:-1] in folded for word in words)
