"""Writes a feed of the day as the XML that a publisher would serve: RSS 2.0 or Atom. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from xml.etree import ElementTree as ET

from alertd.demo.day import Feed, Item, Version

CONTENT_TYPES = {"rss": "application/rss+xml; charset=utf-8", "atom": "application/atom+xml; charset=utf-8"}
"""What each format is served as."""

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DC = "http://purl.org/dc/elements/1.1/"
for _prefix, _namespace in (("", _ATOM), ("content", _CONTENT), ("dc", _DC)):
    ET.register_namespace(_prefix, _namespace)


def document(feed: Feed, elapsed: float, zero: float) -> bytes:
    """Write a feed as it stands at a moment; the same bytes as long as nothing changes.

    Args:
        feed: the feed.
        elapsed: seconds since the day's start.
        zero: Unix seconds of the day's start.
    """
    shown = feed.shown(elapsed)
    root = _rss(feed, shown, zero) if feed.format == "rss" else _atom(feed, shown, zero)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _rss(feed: Feed, shown: Sequence[tuple[Item, Version]], zero: float) -> ET.Element:
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    for name, text in (("title", feed.title), ("link", feed.link), ("description", feed.title), ("language", "en")):
        _add(channel, name, text)
    for item, version in shown:
        entry = ET.SubElement(channel, "item")
        # RSS does not say whether a title is text or HTML; most publishers, and readers, take it for HTML.
        _add(entry, "title", escape(version.title, quote=False))
        _add(entry, "link", item.url)
        _add(entry, "guid", version.guid, isPermaLink="false")
        if version.published is not None:
            _add(entry, "pubDate", format_datetime(_time(zero + version.published), usegmt=True))
        if item.author:
            _add(entry, f"{{{_DC}}}creator", item.author)
        if item.source:
            _add(entry, "source", item.source, url=feed.link)
        _add(entry, "description", _paragraphs(version.summary))
        if version.text:
            _add(entry, f"{{{_CONTENT}}}encoded", _paragraphs(version.text))
    return root


def _atom(feed: Feed, shown: Sequence[tuple[Item, Version]], zero: float) -> ET.Element:
    root = ET.Element(_a("feed"))
    _add(root, _a("id"), f"urn:demo:{feed.name}")
    _add(root, _a("title"), feed.title)
    ET.SubElement(root, _a("link"), href=feed.link)
    _add(root, _a("updated"), _time(zero + max(v.at for _, v in shown)).isoformat())
    for item, version in shown:
        entry = ET.SubElement(root, _a("entry"))
        _add(entry, _a("id"), f"urn:demo:{version.guid}")
        _add(entry, _a("title"), version.title, type="text")
        ET.SubElement(entry, _a("link"), rel="alternate", href=item.url)
        if version.published is not None:
            _add(entry, _a("published"), _time(zero + version.published).isoformat())
            _add(entry, _a("updated"), _time(zero + version.at).isoformat())
        if item.author:
            _add(ET.SubElement(entry, _a("author")), _a("name"), item.author)
        if item.source:
            _add(ET.SubElement(entry, _a("source")), _a("title"), item.source)
        _add(entry, _a("summary"), _paragraphs(version.summary), type="html")
        if version.text:
            _add(entry, _a("content"), _paragraphs(version.text), type="html")
    return root


def _a(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = text


def _paragraphs(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def _time(unix: float) -> datetime:
    return datetime.fromtimestamp(int(unix), UTC)
