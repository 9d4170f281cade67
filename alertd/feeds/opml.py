"""Subscription lists in OPML: most are not well-formed, so they are read by their outlines alone.

The format: http://opml.org/spec2.opml, which gives the attributes `text`, `title` and `xmlUrl`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape, quoteattr

from alertd.feeds.charset import to_utf8
from alertd.feeds.text import plain

MOST: Final = 50_000
"""Subscriptions that are read from one list."""
_OUTLINE = re.compile(r"<outline\b((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([A-Za-z_:][\w:.-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_UNFIT = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed in a list: its title, "" where it has none, and its address."""

    title: str
    url: str


def read_opml(document: bytes) -> list[Subscription]:
    """Read the feeds of a list, each address once, in the order of the document; what is no http address is left out.

    Args:
        document: the list, in whatever encoding it declares.
    """
    text = to_utf8(document).decode("utf-8-sig", "replace")
    found: dict[str, Subscription] = {}
    for outline in _OUTLINE.finditer(text):
        given = {
            name.lower(): html.unescape(double or single)
            for name, double, single in _ATTRIBUTE.findall(outline.group(1))
        }
        url = given.get("xmlurl", "").strip()
        url = re.sub(r"^feed:(?://)?(?=https?:)", "", url, flags=re.IGNORECASE)
        url = re.sub(r"^feed://", "https://", url, flags=re.IGNORECASE)
        if _is_address(url) and len(found) < MOST:
            found.setdefault(url, Subscription(plain(given.get("title") or given.get("text") or "", 200), url))
    return list(found.values())


def write_opml(feeds: Iterable[Subscription], title: str = "alertd") -> str:
    """Write a list that other readers understand."""
    rows = "".join(
        f"    <outline type={quoteattr('rss')} text={quoteattr(feed.title)} title={quoteattr(feed.title)} "
        f"xmlUrl={quoteattr(feed.url)}/>\n"
        for feed in feeds
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<opml version="2.0">\n  <head>\n    <title>{escape(title)}</title>\n'
        f"  </head>\n  <body>\n{rows}  </body>\n</opml>\n"
    )


def names_for(feeds: Iterable[Subscription], taken: Iterable[str]) -> list[str]:
    """Give each feed a short name that no other has, from its title or else its host."""
    used, names = set(taken), []
    for feed in feeds:
        host = (urlsplit(feed.url).hostname or "feed").removeprefix("www.")
        base = _UNFIT.sub("-", feed.title.lower()).strip("-")[:_LONGEST_NAME].strip("-") or _UNFIT.sub("-", host)
        name, number = base, 2
        while name in used:
            name, number = f"{base}-{number}", number + 1
        used.add(name)
        names.append(name)
    return names


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", url)
    except ValueError:
        return False
