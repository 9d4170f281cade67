"""What the tests of this room share: a feed's settings and small documents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alertd.articles import DateSource, Entry

NOW = 1_772_445_600.0 + 3600
"""Mon, 02 Mar 2026 11:00:00 UTC."""
CORPORA = Path(os.environ.get("ALERTD_CORPORA") or Path(__file__).parents[3] / "shared" / "corpora")
"""Real documents, which may not be there."""


@dataclass(frozen=True)
class Hidden:
    """A secret as the configuration would hold it."""

    value: str

    def get_secret_value(self) -> str:
        return self.value


@dataclass(frozen=True)
class FeedStub:
    """The settings of a feed."""

    name: str = "wire"
    url: str = "http://example.com/feed.xml"
    timeout: float = 5.0
    max_bytes: int = 10_000_000
    max_items: int = 2_000
    timezone: str = ""
    source: str = ""
    language: str = ""
    user_agent: str = ""
    headers: Mapping[str, Hidden] = field(default_factory=dict)


def rss(*items: str, head: str = "", prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    """Write an RSS document of items given as the XML inside them."""
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'{prolog}<rss version="2.0"><channel><title>Wire</title>{head}{body}</channel></rss>'.encode()


def entry(
    title: str = "Acme buys Bolt",
    *,
    guid: str = "",
    url: str = "",
    summary: str = "",
    published: float = NOW - 60,
    date_source: DateSource = "published",
) -> Entry:
    """Make an entry as the parser would."""
    return Entry("wire", guid, url, title, summary=summary, source="Wire", published=published, date_source=date_source)
