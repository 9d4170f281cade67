from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.discovery import named_feeds, usual_places
from alertd.feeds.opml import Subscription, names_for, read_opml, write_opml

from .world import CORPORA

OPML = CORPORA / "opml"


@pytest.mark.parametrize(
    ("outline", "want"),
    [
        ('<outline text="A" xmlUrl="https://a.example/rss"/>', [Subscription("A", "https://a.example/rss")]),
        ("<OUTLINE title='B &amp; C' XMLURL='https://a.example/?x=1&amp;y=2'>", [Subscription("B & C", "https://a.example/?x=1&y=2")]),
        ('<outline text="a > b" xmlUrl="https://a.example/">', [Subscription("a > b", "https://a.example/")]),
        ('<outline text="R & D" xmlUrl="https://a.example/?a=1&b=2">', [Subscription("R & D", "https://a.example/?a=1&b=2")]),
        ('<outline xmlUrl="feed://a.example/rss"/>', [Subscription("", "https://a.example/rss")]),
        ('<outline xmlUrl="feed:https://a.example/rss"/>', [Subscription("", "https://a.example/rss")]),
        ('<outline text="page" htmlUrl="https://a.example/"/>', []),
        ('<outline xmlUrl="javascript:alert(1)"/><outline xmlUrl="file:///etc/passwd"/>', []),
        ('<outline xmlUrl="https://a.example/"/><outline xmlUrl="https://a.example/"/>', [Subscription("", "https://a.example/")]),
    ],
)  # fmt: skip
def test_outlines(outline: str, want: list[Subscription]) -> None:
    assert read_opml(f"<opml><body>{outline}</body>".encode()) == want


SUBSCRIPTIONS = st.builds(
    Subscription,
    st.from_regex(r"[a-z&<>\"' ]{0,8}[a-z]", fullmatch=True),
    st.from_regex(r"https://[a-z]{1,9}\.example/[a-z?&=\"'<]{0,9}", fullmatch=True),
)


@given(st.lists(SUBSCRIPTIONS, unique_by=lambda one: one.url))
def test_what_is_written_is_read_again(feeds: list[Subscription]) -> None:
    assert [one.url for one in read_opml(write_opml(feeds).encode())] == [feed.url for feed in feeds]


def test_names_are_short_and_no_two_alike() -> None:
    feeds = [
        Subscription(t, u)
        for t, u in [("Port News!", "https://a/"), ("port news", "https://b/"), ("", "https://www.c.example/")]
    ]
    assert names_for(feeds, ["port-news"]) == ["port-news-2", "port-news-3", "c-example"]


@pytest.mark.skipif(not OPML.is_dir(), reason="the corpus is not here")
def test_real_lists_give_their_feeds() -> None:
    for path in OPML.rglob("*.opml"):
        body = path.read_bytes()
        found = read_opml(body)
        assert len(found) >= 0.9 * len({line for line in body.lower().split() if line.startswith(b"xmlurl=")}), path


@pytest.mark.parametrize(
    ("page", "want"),
    [
        ('<link rel="alternate" type="application/rss+xml" href="/rss">', ["https://a.example/rss"]),
        ("<LINK REL='alternate home' TYPE='application/atom+xml; charset=x' HREF=atom.xml>", ["https://a.example/news/atom.xml"]),
        ('<base href="https://b.example/x/"><link rel=alternate type=application/feed+json href=f>', ["https://b.example/x/f"]),
        ('<link rel="alternate" hreflang="de" href="/de">', []),
        ('<link rel="stylesheet" type="text/xml" href="/s">', []),
        ('<a href="/press/rss.xml">RSS</a><a href="/about">us</a>', ["https://a.example/press/rss.xml"]),
        ('<a href="/feed">x</a><link rel=alternate type=application/rss+xml href=/r>', ["https://a.example/r", "https://a.example/feed"]),
        ('<link rel=alternate type=application/rss+xml href="javascript:1">', []),
        ('<link rel=alternate type=application/rss+xml href="http://[bad">', []),
    ],
)  # fmt: skip
def test_pages_name_their_feeds(page: str, want: list[str]) -> None:
    assert named_feeds(f"<html><head>{page}".encode(), "https://a.example/news/") == want


def test_the_usual_places_are_on_the_same_host() -> None:
    assert "https://a.example/feed" in usual_places("https://a.example/news/today?x=1")
