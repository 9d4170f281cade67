"""Real documents: nothing raises and nothing is lost."""

from __future__ import annotations

import io
from pathlib import Path

import feedparser
import pytest

from alertd.errors import FeedError
from alertd.feeds import parse

from .world import CORPORA, NOW, FeedStub

FEEDS = CORPORA / "feeds"
HOSTILE = CORPORA / "hostile"
LATER = NOW + 10 * 365 * 86400


def documents(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".tsv") if folder.is_dir() else []


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the corpus is not here")
def test_no_entry_is_lost() -> None:
    refused, dated, unsure = [], 0, 0
    for path in documents(FEEDS):
        body = path.read_bytes()
        peer = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
        try:
            entries = parse(body, feed=FeedStub(), headers={}, url="http://example.com/", now=LATER).entries
        except FeedError as error:
            refused.append(error.kind)
            entries = ()
        assert len(entries) >= len(peer.entries), path.name
        dated += sum(e.date_source != "fetched" for e in entries)
        unsure += sum(e.date_source == "unsure" for e in entries)
    assert set(refused) <= {"html_page", "login", "challenge", "garbage"}
    assert unsure <= 0.03 * dated


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the corpus is not here")
@pytest.mark.timeout(30)
def test_hostile_documents_are_bounded() -> None:
    for path in documents(HOSTILE):
        try:
            parsed = parse(path.read_bytes(), feed=FeedStub(), headers={}, url="http://example.com/", now=LATER)
        except FeedError as error:
            assert error.what and error.hint, path.name
            continue
        for entry in parsed.entries:
            texts = (entry.title, entry.summary, entry.text, entry.source)
            assert sum(map(len, texts)) < 26_000, path.name
            assert not any(bad in text for text in texts for bad in "\x00\x1b\r\n\u202e"), path.name
            assert entry.url == "" or entry.url.startswith(("http://", "https://")), path.name
