"""Reads a feed document into entries: bytes in, plain frozen data out, whatever the publisher wrote.

A plain function without input or output, so that it can run in a thread or in another process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from alertd.articles import DateSource, Entry
from alertd.errors import FeedError
from alertd.feeds.charset import to_utf8
from alertd.feeds.dates import entry_date
from alertd.feeds.decompress import TooLargeError, decompress
from alertd.feeds.documents import is_page, name_document
from alertd.feeds.failures import too_large
from alertd.feeds.guard import HostileError, bound, bound_json
from alertd.feeds.hints import NO_HINTS, Hints, read_hints
from alertd.feeds.jsonfeed import RawEntry, RawFeed, looks_like_json, read_json_feed
from alertd.feeds.settings import Readable
from alertd.feeds.text import plain, shorten

MAX_TITLE = 1_000
"""Longest title, in code points."""
MAX_SUMMARY = 4_000
"""Longest summary, in code points."""
MAX_TEXT = 20_000
"""Longest full text, in code points."""
MAX_LINK = 4_000
"""Longest link; a longer one is no link."""

_MAX_GUID = 4_000
_MAX_SOURCE = 200
_TITLE_FROM_TEXT = 200
# What feedparser calls bozo without any harm to the entries.
_HARMLESS = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
_END = re.compile(rb"</(?:\w+:)?(?:rss|feed|rdf)\s*>", re.IGNORECASE)
_TAIL = 4096
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2}(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A document as read.

    Attributes:
        title: the feed's own title, plain.
        kind: feedparser's name of the format ("rss20", "atom10", …) or "json".
        entries: in the order of the document.
        damaged: what is wrong with the document, in words; "" when it is sound. Its entries count all the same.
        hints: what it says about when to ask again.
        whole: False when it breaks off before its end, so that the rest of it may come with the next answer.
    """

    title: str
    kind: str
    entries: tuple[Entry, ...]
    damaged: str = ""
    hints: Hints = NO_HINTS
    whole: bool = True


def parse(body: bytes, *, feed: Readable, headers: Mapping[str, str], url: str, now: float) -> ParsedFeed:
    """Read a document.

    Args:
        body: the document; one that is a gzip file is unpacked, bounded by the feed's `max_bytes`.
        feed: settings of the feed.
        headers: response headers, names in lower case; Content-Type, Content-Language and Content-Location count.
        url: final address of the document; relative links start there.
        now: Unix seconds of the fetch.

    Raises:
        FeedError: it is no feed (kind html_page, challenge, login, empty, json_error or garbage) or is built to
            hurt (kind hostile, too_large).
    """
    try:
        body = decompress(body, "", feed.max_bytes).body
    except TooLargeError:
        raise too_large(feed) from None
    document = to_utf8(body, headers.get("content-type", ""))
    del body  # it may be large
    raw = _read(document, feed, headers.get("content-language", ""))
    hints = read_hints(document)
    # well-formed documents are whole; of the others only those that have their end
    whole = raw is None or not raw.damaged or raw.kind == "json" or _END.search(document[-_TAIL:]) is not None
    if raw is None:
        finding = name_document(document)
        raise FeedError(finding.what, where=feed.name, hint=finding.hint, kind=finding.kind)
    title = plain(raw.title, MAX_TITLE)
    # feedparser gets no base: it would resolve every address of the document, we need one for each entry.
    base = urljoin(url, headers.get("content-location", ""))
    entries = tuple(_entry(item, feed, raw.language, title, base=base, now=now) for item in raw.entries)
    return ParsedFeed(title, raw.kind, entries, raw.damaged, hints, whole)


def _read(document: bytes, feed: Readable, language: str) -> RawFeed | None:
    is_json = looks_like_json(document)
    if not is_json and is_page(document):
        return None
    try:
        if is_json:
            bound_json(document)
            return read_json_feed(document, feed.max_items)
        bounded = bound(document, feed.max_items)
    except HostileError as error:
        hint = "it is not read; tell the publisher if the feed is meant to be like this"
        raise FeedError(f"the document has {error}", where=feed.name, hint=hint, kind="hostile") from None
    try:
        found = feedparser.parse(
            BytesIO(bounded.body),
            response_headers={
                "content-type": "application/xml; charset=utf-8",
                "content-language": language,
            },
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except MemoryError:
        raise
    except Exception as error:  # its lenient reader trips in many ways over markup that is none
        hint = "tell the publisher that their feed is not well-formed"
        what = f"the document is so damaged that it cannot be read ({type(error).__name__})"
        raise FeedError(what, where=feed.name, hint=hint, kind="garbage") from error
    if not found.get("version") and not found.entries:
        return None
    damaged = f"only the first {feed.max_items} items were read" if bounded.cut else ""
    problem = found.get("bozo_exception")
    if problem is not None and not isinstance(problem, _HARMLESS):
        damaged = damaged or f"not well-formed: {plain(str(problem).removeprefix('<unknown>:'), 200)}"
    entries = tuple(_raw_entry(item) for item in found.entries[: feed.max_items])
    return RawFeed(
        title=_string(found.feed, "title"),
        kind=found.get("version") or "unknown",
        language=_string(found.feed, "language"),
        entries=entries,
        damaged=damaged,
    )


def _raw_entry(item: Any) -> RawEntry:
    summary = _string(item, "summary")
    # feedparser answers `updated` with `published` when only that is there, except to `in`.
    updated = _string(item, "updated") if "updated" in item else ""
    return RawEntry(
        guid=_string(item, "id"),
        url=_string(item, "feedburner_origlink") or _own_link(item) or _other_link(item),
        title=_string(item, "title"),
        summary=summary,
        text=_content(item, summary),
        source=_outlet(item),
        published=_string(item, "published") or _string(item, "created"),
        updated=updated,
        language=_string(item.get("title_detail") or {}, "language") or _string(item, "language"),
    )


def _content(item: Any, summary: str) -> str:
    """The longest content of an item (`content:encoded`, Atom's content, `media:text`)."""
    contents = [
        part.get("value") or ""
        for part in item.get("content") or ()
        # feedparser takes the caption of a picture (`media:description`) for a content in plain text
        if isinstance(part, Mapping)
        and (part.get("type") != "text/plain" or len(part.get("value") or "") > len(summary))
    ]
    return max(contents, key=len, default="") or _string(item, "media_text")


def _outlet(item: Any) -> str:
    """Who published an item first: RSS's source (Google News names its outlets so), `dc:source`, `dc:publisher`."""
    source = item.get("source")
    named = _string(source, "title") if isinstance(source, Mapping) else ""
    others = (_string(item, "dc_source"), _string(item, "publisher"))
    return named or next((name for name in others if name and "://" not in name), "")


def _own_link(item: Any) -> str:
    """The link of an item; feedparser takes its id for one when it has none, whatever the id looks like."""
    link = _string(item, "link")
    return "" if link == _string(item, "id") and not link.startswith(("http://", "https://", "/")) else link


def _other_link(item: Any) -> str:
    links = [link for link in item.get("links") or () if isinstance(link, Mapping)]
    related = (str(link["href"]) for link in links if link.get("href") and link.get("rel") in ("related", "via"))
    return next(related, "") or _string(item, "dc_identifier")


def _string(holder: Any, key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _entry(item: RawEntry, feed: Readable, language: str, feed_title: str, *, base: str, now: float) -> Entry:
    title = plain(item.title, MAX_TITLE)
    text = plain(item.text, MAX_TEXT)
    whole = text if item.summary == item.text else plain(item.summary, MAX_TEXT)
    # A feed whose description is the article keeps all of it as text; a copy of the text is no summary.
    text = text or (whole if len(whole) > MAX_SUMMARY else "")
    summary = "" if whole == text and len(whole) <= MAX_SUMMARY else shorten(whole, MAX_SUMMARY)
    outlet = plain(item.source, _MAX_SOURCE)
    if outlet and title.endswith(f" - {outlet}"):
        title = title.removesuffix(f" - {outlet}")
    if title and summary.removeprefix(title).strip(" -–") in ("", outlet):
        summary = ""  # the title again, as Google News has it, with the outlet behind it
    dates: tuple[tuple[str, DateSource], ...] = ((item.published, "published"), (item.updated, "updated"))
    published, date_source = entry_date(dates, zone=feed.timezone, now=now)
    return Entry(
        feed=feed.name,
        guid=item.guid.strip()[:_MAX_GUID],
        url=_link(item.url, base),
        title=title or shorten(summary or text, _TITLE_FROM_TEXT),
        summary=summary,
        text=text,
        source=outlet or feed.source or shorten(feed_title, _MAX_SOURCE),
        published=published,
        date_source=date_source,
        language=feed.language or _language(item.language) or _language(language),
    )


def _link(raw: str, base: str) -> str:
    """Return an absolute http(s) link, or "" for anything else (script, file, mail, none)."""
    link = _BLANKS.sub("", raw)
    if not link or len(link) > MAX_LINK:
        return ""
    try:
        absolute = urljoin(base, link)
        parts = urlsplit(absolute)
        return absolute if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        return ""


def _language(value: str) -> str:
    found = _LANGUAGE.match(value.strip())
    return found.group().lower() if found else ""
