"""Finds the feeds of a page: those that it names, and those at the paths where feeds usually are. Pure."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

from alertd.feeds.charset import to_utf8

WELL_KNOWN: Final = (
    "feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json", "feeds", "rss/news", "news/rss",
    "feeds/posts/default",
)  # fmt: skip
"""Paths, from the root of the host, that publishers and their software use."""
MOST: Final = 25
"""Feeds that are taken from one page."""
_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "text/xml")
_LONGEST = 1_000_000
_ENDS = (".rss", ".rdf", ".atom", "/rss", "/feed", "/feed/", "/atom", "rss.xml", "feed.xml", "atom.xml", "feed.json")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.base = ""
        self.named: list[str] = []
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        href = given.get("href", "").strip()
        if tag == "base" and not self.base:
            self.base = href
        elif tag == "link" and href and "alternate" in given.get("rel", "").lower().split():
            if given.get("type", "").split(";")[0].strip().lower() in _TYPES:
                self.named.append(href)
        elif tag == "a" and urlsplit_path(href).lower().endswith(_ENDS):
            self.linked.append(href)


def urlsplit_path(address: str) -> str:
    """The path of an address, "" where it is none."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def named_feeds(page: bytes, url: str, content_type: str = "") -> list[str]:
    """The addresses that a page names as feeds, then those that it links and that look like feeds, each once.

    Args:
        page: the page, in any encoding.
        url: where it came from.
        content_type: value of its Content-Type header.
    """
    reader = _Page()
    reader.feed(to_utf8(page[:_LONGEST], content_type).decode("utf-8-sig", "replace"))
    base = urljoin(url, reader.base)
    found: dict[str, None] = {}
    for href in (*reader.named, *reader.linked):
        try:
            address = urljoin(base, href).partition("#")[0]
        except ValueError:
            continue
        if address.startswith(("http://", "https://")):
            found.setdefault(address)
    return list(found)[:MOST]


def usual_places(url: str) -> list[str]:
    """Addresses on the host of a page where a feed may be though the page names none."""
    return [urljoin(url, f"/{path}") for path in WELL_KNOWN]
