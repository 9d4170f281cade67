"""Real documents: nothing raises, nothing is lost, and a wire's polls give exactly its new items."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import feedparser
import pytest

from alertd.errors import FeedError
from alertd.feeds import KnownEntry, content_key, entry_keys, judge, parse

from .world import CORPORA, NOW, FeedStub

FEEDS = CORPORA / "feeds"
POLLS = CORPORA / "polls" / "otcmarkets"
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


@pytest.mark.skipif(not POLLS.is_dir(), reason="the corpus is not here")
@pytest.mark.timeout(180)
def test_polls_give_exactly_the_new_items() -> None:
    known: dict[str, KnownEntry] = {}
    with POLLS.with_suffix(".tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    new_total = update_total = 0
    for row in rows:
        if not (POLLS / row["file"]).is_file():
            assert row["new_ids"] == "0"
            continue
        parsed = parse((POLLS / row["file"]).read_bytes(), feed=FeedStub(), headers={}, url="http://x/", now=LATER)
        new = 0
        for key, entry in zip(entry_keys(parsed.entries), parsed.entries, strict=True):
            verdict = judge(entry, known=known.get(key), first_fetch=row["seq"] == "0", now=LATER, max_age=21_600)
            new += verdict.kind in ("new", "baseline")
            update_total += verdict.kind == "update"
            if verdict.kind != "seen":
                edits = known[key].edits + 1 if key in known else 0
                known[key] = KnownEntry(content_key(entry), "1-0", edits)
        assert new == int(row["new_ids"]), row["file"]
        new_total += new
        # A restart: the memory goes through its stored form.
        stored = json.dumps({k: (e.content, e.article_id, e.edits) for k, e in known.items()})
        known = {k: KnownEntry(*e) for k, e in json.loads(stored).items()}
    assert new_total == len(known)
    assert 0 < update_total <= sum(int(row["same_id_title_changed"]) for row in rows)
