"""Fetches the pages of articles for feeds that show only a line of them: politely, and never at an article's cost.

Whatever goes wrong, the caller is told so and keeps what the feed said. A page is fetched only where the site's
robots.txt allows it, one a second from a host (or as seldom as it asks), and once: what was found is remembered.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from yarl import URL

from alertd.articles import Entry
from alertd.errors import FeedError
from alertd.feeds.charset import to_utf8
from alertd.feeds.extraction import Extractor
from alertd.feeds.fetch import Fetcher, Validators
from alertd.feeds.pace import Pace
from alertd.feeds.robots import LARGEST, Robots
from alertd.feeds.settings import Secret

logger = logging.getLogger(__name__)

ENOUGH: Final = 1_500
"""Code points of text that a feed gives itself from which on its page is not fetched."""
GAP: Final = 1.0
"""Seconds between two requests to one host."""
LARGEST_PAGE: Final = 3_000_000
"""Bytes of a page."""
ACCEPT: Final = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
KEPT: Final = 6 * 3600
"""Seconds for which the text of a page is remembered."""
KEPT_NOTHING: Final = 600
"""Seconds for which it is remembered that a page or a robots.txt could not be had."""
KEPT_ROBOTS: Final = 86400
"""Seconds for which a robots.txt is remembered: the standard's most."""
_PAGES: Final = ("text/html", "application/xhtml+xml", "")
_LONG_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_SHARED: Final = 0.5
_MOST_SITES: Final = 1_000

Outcome = Literal["fetched", "cached", "enough", "no_link", "robots", "no_article", "failed", "late"]
"""What came of a page: text in the first two, the feed's own words in all others."""


class Cache(Protocol):
    """Remembers texts for a while."""

    async def get(self, name: str) -> str | None:
        """What was kept under a name, None when it was not or is forgotten."""
        ...

    async def put(self, name: str, text: str, seconds: float) -> None:
        """Keep a text for so long."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """What came of an entry's page; `text` is "" unless the outcome is `fetched` or `cached`."""

    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Request:
    """A page as the fetcher takes it: none of the feed's headers go along, they are meant for the feed."""

    name: str
    url: str
    timeout: float
    user_agent: str = ""
    max_bytes: int = LARGEST_PAGE
    max_items: int = 1
    timezone: str = ""
    source: str = ""
    language: str = ""
    headers: Mapping[str, Secret] = field(default_factory=dict)


class FullText:
    """Gets the texts of pages.

    Args:
        fetcher: an open fetcher of its own, so that no page takes a feed's turn.
        extractor: an open extractor.
        cache: what is remembered between runs.
        pace: gives requests to a host their turn.
    """

    def __init__(self, fetcher: Fetcher, extractor: Extractor, cache: Cache, pace: Pace | None = None) -> None:
        self._fetcher = fetcher
        self._extractor = extractor
        self._cache = cache
        self._pace = pace or Pace(others=GAP)
        self._robots: dict[str, Robots] = {}

    async def pages(self, entries: Sequence[Entry], *, user_agent: str, wait: float) -> list[Page]:
        """What comes of the pages of entries, in their order.

        Args:
            entries: of one feed.
            user_agent: as the feed sends it; "" for alertd's own.
            wait: seconds that all of them together may take; those that are not there by then are `late`.
        """
        tasks = [asyncio.create_task(self._page(entry, user_agent, wait)) for entry in entries]
        if not tasks:
            return []
        try:
            _, late = await asyncio.wait(tasks, timeout=wait)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [Page("late") if task in late else _result(task) for task in tasks]

    async def _page(self, entry: Entry, user_agent: str, wait: float) -> Page:
        if len(entry.text) >= ENOUGH:
            return Page("enough")
        if not entry.url:
            return Page("no_link")
        try:
            address = str(URL(entry.url).with_user(None).with_fragment(None))
        except ValueError:
            return Page("no_link")
        name = f"page:{_digest(address)}"
        known = await self._cache.get(name)
        if known is not None:
            return Page("cached", known) if known else Page("no_article")
        try:
            page = await self._fetched(entry, address, user_agent, wait)
        except FeedError as error:
            logger.info("the page of an article could not be had: %s", error, extra={"feed": entry.feed})
            page = Page("failed")
        await self._cache.put(name, page.text, KEPT if page.text else KEPT_NOTHING)
        return page

    async def _fetched(self, entry: Entry, address: str, user_agent: str, wait: float) -> Page:
        robots = await self._rules(URL(address), entry, user_agent, wait)
        if not robots.allows(address):
            return Page("robots")
        await self._pace.turn(URL(address).host or "", robots.delay)
        request = _Request(entry.feed, address, wait, user_agent)
        got = await self._fetcher.fetch(request, Validators(), accept=ACCEPT)
        there = URL(got.url)
        # where it led elsewhere, that site has a say as well
        elsewhere = there.origin() != URL(address).origin()
        if elsewhere and not (await self._rules(there, entry, user_agent, wait)).allows(got.url):
            return Page("robots")
        kind = got.headers.get("content-type", "")
        if kind.partition(";")[0].strip().lower() not in _PAGES:
            return Page("no_article")
        text = await self._extractor.article(got.body, kind, got.url)
        return Page("fetched", text) if belongs(entry, text) else Page("no_article")

    async def _rules(self, url: URL, entry: Entry, user_agent: str, wait: float) -> Robots:
        site = str(url.origin())
        if site in self._robots:
            return self._robots[site]
        name = f"robots:{_digest(site)}"
        kept = await self._cache.get(name)
        if kept is not None:
            robots = Robots(kept)
        else:
            robots = await self._ask_robots(url, entry, user_agent, wait)
            if robots.closed:
                return robots  # asked again with the next page
            await self._cache.put(name, robots.text, KEPT_ROBOTS)
        if len(self._robots) >= _MOST_SITES:
            self._robots.clear()
        self._robots[site] = robots
        return robots

    async def _ask_robots(self, url: URL, entry: Entry, user_agent: str, wait: float) -> Robots:
        request = _Request(entry.feed, str(url.origin() / "robots.txt"), wait, user_agent)
        try:
            got = await self._fetcher.fetch(request, Validators(), accept="text/plain, */*;q=0.1")
        except FeedError as error:
            # the standard: none there allows all, one that cannot be had forbids all
            none = error.kind == "empty" or (error.kind.startswith("http_4") and error.kind != "http_429")
            return Robots(closed=not none)
        return Robots(to_utf8(got.body[:LARGEST], got.headers.get("content-type", "")).decode("utf-8-sig", "replace"))


def _result(task: asyncio.Task[Page]) -> Page:
    error = task.exception()
    if error is None:
        return task.result()
    # the article must not be lost for the want of its page, whatever happened
    logger.error("the page of an article failed unexpectedly", exc_info=error)
    return Page("failed")


def belongs(entry: Entry, text: str) -> bool:
    """Tell whether a text is the article of an entry and not what stands before it: a notice of cookies, a paywall.

    It has more to say than the feed, and at least half of the title's longer words.
    """
    if len(text) <= max(len(entry.text), len(entry.summary), len(entry.title)):
        return False
    words = set(_LONG_WORD.findall(entry.title.casefold())) if " " in entry.title else set()
    folded = text.casefold()
    return sum(word in folded for word in words) >= _SHARED * len(words)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
