"""Documents cut apart without being read: whatever is cut gives the entries that it gives as a whole."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.feeds import parse
from alertd.feeds.delta import Cut, Shelf, Shown, cut, only
from alertd.feeds.identity import Identity, identity
from alertd.feeds.parse import ParsedFeed
from tests.feeds.test_corpora import FEEDS, documents

from .world import NOW, FeedStub, rss

ITEMS = (
    "<title>Quay opens</title><guid>1</guid><pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate>",
    "<title>Rail &amp; road</title><link>https://rail.example/?a=1&amp;b=2</link><guid>2</guid>",
    "<title><![CDATA[Who said </item> <b>here</b>?]]></title><guid>3</guid>",
    "<title>Snow</title><!-- </item><item> --><guid>4</guid><description>Much</description>",
    "<title>Ünder the brücke</title><guid isPermaLink='false'>5</guid><dc:date>2026-03-02T10:00:00Z</dc:date>",
    "<guid>6</guid><description>No title, some text of it</description>",
)
SPACE = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://blick.example/a/"><title>Blick</title>'
    b"<entry><title>Eins</title><id>1</id><link href='eins'/><updated>2026-03-02T10:00:00Z</updated></entry> \n"
    b"<entry xml:lang='fr'><title>Deux</title><id>2</id><link href='deux'/><source><title>Le Vent</title></source>"
    b"</entry></feed>"
)


def document(items: Sequence[str], *, head: str = "", between: str = "\n", space: str = SPACE) -> bytes:
    body = between.join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0"?><rss version="2.0" {space}><channel><title>Wire</title>{head}{body}</channel></rss>'
    ).encode()


def read(body: bytes) -> ParsedFeed:
    return parse(body, feed=FeedStub(), headers={}, url="http://example.com/", now=NOW)


def sure(body: bytes) -> Cut:
    found = cut(body)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>no feed</body></html>",
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "a"}]}',
        rss("<title>a</title>").decode().encode("utf-16"),
        "<rss><channel><item><title>caf\xe9</title></item></channel></rss>".encode("latin-1"),
        b"<rss><channel><item><title>\x1b$B$3\x1b(B</title></item></channel></rss>",
        b"\x1f\x8b" + rss("<title>a</title>"),
        b'<!DOCTYPE rss [<!ENTITY a "b">]>' + rss("<title>&a;</title>", prolog=""),
        b"<rss><channel><item><title>a</title><item><title>b</title></item></item></channel></rss>",
        b"<rss><channel><item><title>a</title></item><item/></channel></rss>",
        b"<rss><channel><item><title>a</title></item><item><title>b</title></channel></rss>",
        b"<rss><channel><item><title>a</title></item><entry><title>b</title></entry></channel></rss>",
        b"<rss><channel><item><title>a</title></item><x:item><title>b</title></x:item></channel></rss>",
        b"<rss><channel><item><title><![CDATA[a</title></item></channel></rss>",
        b"<rss><channel><item><title>a</title></item><!-- <item></item></channel></rss>",
        b"<rss><channel></item><item></channel></rss>",
    ],
)
def test_what_may_be_read_in_two_ways_is_not_cut(body: bytes) -> None:
    assert cut(body) is None


@pytest.mark.parametrize("body", [document(ITEMS), document(ITEMS, between="<!-- ad -->"), ATOM, rss("<title/>")])
def test_a_document_is_all_of_its_pieces_and_items(body: bytes) -> None:
    found = sure(body)
    assert b"".join(a + b for a, b in zip(found.pieces, (*found.items, b""), strict=True)) == body
    assert len(found.items) == len(read(body).entries)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=8), st.data())
def test_some_items_give_the_entries_that_they_give_among_all(items: list[str], data: st.DataObject) -> None:
    body = document(items)
    picked = data.draw(st.sets(st.sampled_from(range(len(items)))))
    part = only(sure(body), picked)
    assert read(part).entries == tuple(read(body).entries[number] for number in sorted(picked))
    if picked:
        assert sure(part).frame == sure(body).frame


def test_atom_entries_keep_what_they_have_from_their_feed() -> None:
    whole = read(ATOM).entries
    assert [(e.url, e.language) for e in whole] == [
        ("https://blick.example/a/eins", "de"), ("https://blick.example/a/deux", "fr"),
    ]  # fmt: skip
    assert read(only(sure(ATOM), {1})).entries == whole[1:]


@pytest.mark.skipif(not FEEDS.is_dir(), reason="the corpus is not here")
def test_real_documents_are_cut_and_give_the_same_entries_in_part() -> None:
    chance, cuts, seen = random.Random(3), 0, 0
    for path in documents(FEEDS)[::3]:
        body = path.read_bytes()
        found = cut(body) if len(body) < 200_000 else None
        seen += len(body) < 200_000
        if found is None:
            continue
        whole = read(body)
        if whole.damaged or len(whole.entries) != len(found.items):
            continue
        cuts += 1
        picked = set(chance.sample(range(len(found.items)), min(3, len(found.items))))
        part = read(only(found, picked))
        assert (part.entries, part.damaged) == (tuple(whole.entries[n] for n in sorted(picked)), ""), path.name
    assert cuts > 0.8 * seen


@pytest.mark.parametrize(
    ("head", "space", "same"),
    [
        ("", SPACE, True),
        ("<lastBuildDate>Mon, 02 Mar 2026 10:00:00 GMT</lastBuildDate>", SPACE, True),
        ("<!-- made in 0.03 s -->", SPACE, True),
        ("<link>https://elsewhere.example/</link>", SPACE, False),
        ("", "", False),
    ],
)
def test_the_frame_is_what_entries_depend_on(head: str, space: str, same: bool) -> None:
    one = "<lastBuildDate>Sun, 01 Mar 2026 10:00:00 GMT</lastBuildDate>" if "lastBuild" in head else ""
    before, after = document(ITEMS[:2], head=one), document(ITEMS[1:3], head=head, space=space)
    assert (sure(before).frame == sure(after).frame) is same


def test_what_was_shown_is_kept_small_and_read_back() -> None:
    found = sure(document(ITEMS))
    identities = [identity(entry) for entry in read(document(ITEMS)).entries]
    identities[0] = Identity("", "", identities[0].title, identities[0].said)
    shown = Shown.of(found, identities, 7.0)
    assert shown.identities() == dict(zip(found.digests, identities, strict=True))
    assert len(shown.items) == 56 * len(ITEMS)


def test_what_was_shown_is_bounded_and_the_oldest_goes_first() -> None:
    shelf = Shelf(most=250)
    for feed in ("a", "b", "a", "c"):
        shelf.put(feed, Shown("", bytes(100), 0.0))
    assert [feed for feed in "abc" if shelf.get(feed)] == ["a", "c"]
    shelf.pop("a")
    shelf.pop("nobody")
    shelf.put("d", Shown("", bytes(150), 0.0))
    assert [feed for feed in "abcd" if shelf.get(feed)] == ["c", "d"]
    shelf.put("e", Shown("", bytes(251), 0.0))
    assert [feed for feed in "abcde" if shelf.get(feed)] == []
    shelf.put("a", Shown("", bytes(250), 0.0))
    shelf.clear()
    shelf.put("b", Shown("", bytes(250), 0.0))
    assert [feed for feed in "ab" if shelf.get(feed)] == ["b"]


@pytest.mark.parametrize("sign", [b"<![CDATA[", b"<!--", b"<item", b"<item ", b"<?", b"<item></item>", b"<updated>"])
def test_hostile_documents_are_cut_or_refused_at_once(sign: bytes) -> None:
    body = b"<rss><channel>" + sign * (1_000_000 // len(sign))
    began = time.thread_time()
    cut(body)
    assert time.thread_time() - began < 1.0
