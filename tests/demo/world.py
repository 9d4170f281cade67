"""What the tests of this room share: a day of two items that is over in a moment, and the day's entries as read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alertd.articles import Entry
from alertd.demo.day import Day, load_day
from alertd.demo.documents import document
from alertd.feeds.parse import parse
from tests.feeds.world import NOW, FeedStub

TINY = """
name: tiny
title: Tiny Times
format: rss
link: https://tiny.example
items:
  - {id: one, at: 0s, ago: 10s, title: One thing, summary: One thing happened.}
  - id: two
    at: 200ms
    title: Another <thing> & more
    summary: Another thing happened.
    changes:
      - {at: 300ms, title: Another thing}
trouble:
  - {from: 100ms, until: 150ms, answer: page}
  - {from: 150ms, until: 200ms, answer: unavailable}
"""
WATCHLIST = "rules: [{name: things, companies: [AAPL], events: [results]}]"


def tiny(folder: Path) -> Day:
    """A day that is over in 0.3 s."""
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "watchlist.yaml").write_text(WATCHLIST)
    return load_day(folder)


def entries(day: Day, *, end: float) -> Iterator[tuple[float, Entry]]:
    """All entries of the day by second, in the order in which a daemon that polls every second meets them."""
    known: set[tuple[str, str, str, float]] = set()
    for second in range(int(end) + 1):
        for feed in day.feeds:
            told = document(feed, second, NOW)
            parsed = parse(told, feed=FeedStub(feed.name), headers={}, url="http://127.0.0.1/", now=NOW + second)
            for entry in reversed(parsed.entries):
                dated = entry.published if entry.date_source == "published" else 0.0
                form = (entry.feed, entry.guid, entry.title, dated)
                if form not in known:
                    known.add(form)
                    yield second, entry
