"""Titles and summaries become plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.text import plain, shorten


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("AT&T", "AT&T"),
        ("AT&amp;T <b>up</b>", "AT&T up"),
        ("AT&amp;amp;T &amp;lt;b&amp;gt;up", "AT&T <b>up".replace("<b>", "")),
        ("a<br/>b<p>c</p>", "a b c"),
        ("Mc<b>Donald</b>'s", "McDonald's"),
        ("x < y and y > z", "x < y and y > z"),
        ("<AAPL> rises", "<AAPL> rises"),
        ("one\r\n two\t three\u00a0four", "one two three four"),
        ("a<script>alert('<b>')</script>b", "ab"),
        ("a<!-- hidden -->b<style>c{}</style>", "ab"),
        ("kept <script>the rest is never seen", "kept"),
        ("\x1b[2J up \x1b[31mred", "up red"),
        ("a\x00\x08b\u202ec\u200bd\ufeff", "abcd"),
        ("A" + "\u0301" * 500, "\u00c1\u0301\u0301\u0301"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("日経平均株価が続伸", "日経平均株価が続伸"),
        ("👩\u200d👧 shares", "👩\u200d👧 shares"),
    ],
)
def test_plain(raw: str, want: str) -> None:
    assert plain(raw, 1000) == want


def test_plain_cuts_with_an_ellipsis() -> None:
    assert plain("word " * 100, 10) == "word word…"
    assert plain("<b>" * 100_000 + "x" * 50, 20) == ""


@given(st.text(alphabet=st.sampled_from("<>&;b/ a!-\x1b[script=\"'\n\u202e#x1")), st.integers(1, 50))
def test_plain_is_bounded_one_line_and_stable(raw: str, limit: int) -> None:
    text = plain(raw, limit)
    assert len(text) <= limit
    assert text == " ".join(text.split())
    assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "limit", "want"), [("short", 10, "short"), ("two words here", 10, "two words…"), ("x" * 20, 5, "xxxx…")]
)
def test_shorten(text: str, limit: int, want: str) -> None:
    assert shorten(text, limit) == want
    assert len(want) <= limit
