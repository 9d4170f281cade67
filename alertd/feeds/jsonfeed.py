"""Reads JSON Feed (https://www.jsonfeed.org/version/1.1/) into plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawEntry:
    """An entry as its document has it: strings that are neither cleaned nor bounded; "" for what it lacks."""

    guid: str = ""
    url: str = ""
    title: str = ""
    summary: str = ""
    text: str = ""
    source: str = ""
    published: str = ""
    updated: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class RawFeed:
    """A document as read: its title, kind ("rss20", "atom10", "json", …), language, entries and damage in words."""

    title: str
    kind: str
    language: str
    entries: tuple[RawEntry, ...]
    damaged: str = ""


def looks_like_json(body: bytes) -> bool:
    """Tell whether a document in UTF-8 starts as a JSON object."""
    return body[:256].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read_json_feed(body: bytes, max_items: int) -> RawFeed | None:
    """Read a JSON Feed; None when the document is JSON but no feed, or no JSON at all.

    Args:
        body: the document in UTF-8.
        max_items: items that are read.
    """
    try:
        data = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return None
    if "jsonfeed.org" not in _text(data.get("version")) and not _text(data.get("title")):
        return None
    items = [item for item in data["items"] if isinstance(item, dict)]
    entries = tuple(_entry(item) for item in items[:max_items])
    cut = f"only the first {max_items} of {len(items)} items were read" if len(items) > max_items else ""
    return RawFeed(_text(data.get("title")), "json", _text(data.get("language")), entries, cut)


def _entry(item: dict[str, Any]) -> RawEntry:
    return RawEntry(
        guid=_text(item.get("id")),
        url=_text(item.get("url")) or _text(item.get("external_url")),
        title=_text(item.get("title")),
        summary=_text(item.get("summary")),
        text=_text(item.get("content_html")) or _text(item.get("content_text")),
        published=_text(item.get("date_published")),
        updated=_text(item.get("date_modified")),
        language=_text(item.get("language")),
    )


def _text(value: Any) -> str:
    """Return strings and numbers (ids are often numbers) as text, anything else as ""."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""
