from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alertd.slack.escape import clean, date_token, escape, fit, safe_link, size, split_words, unescape, when

from .world import NOW


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  two\n\t words\x00 ", "two words"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\u2066left\u2069 \u200fright", "left right"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("line\u2028break", "line break"),
        ("broken \ud83d half", "broken half"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200d\u200c", ""),
        ("AT&T <b>", "AT&T <b>"),
    ],
)
def test_clean_drops_what_no_headline_needs(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(max_size=200))
def test_cleaned_text_can_neither_steer_a_terminal_nor_turn_a_line(text: str) -> None:
    cleaned = clean(text)
    assert not [c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs") or unicodedata.bidirectional(c) in BIDI]
    assert clean(cleaned) == cleaned
    cleaned.encode()


BIDI = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}


def test_lines_are_kept_on_request() -> None:
    assert clean("one \x07\n two\r\nthree\n", lines=True) == "one\ntwo\nthree"


@given(st.text())
def test_escaping_leaves_no_markup_and_is_undone(text: str) -> None:
    escaped = escape(text)
    assert "<" not in escaped
    assert ">" not in escaped
    assert unescape(escaped) == text


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://news.example/a?b=1&c=2#d", True),
        ("http://[2001:db8::1]:8080/", True),
        ("https://пример.example/новости", True),
        ("HTTPS://NEWS.EXAMPLE/", True),
        ("", False),
        ("news.example/a", False),
        ("//news.example/a", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("slack://open", False),
        ("https:///path", False),
        ("https://bank.example@evil.example/", False),
        ("https://evil.example/|Reuters", False),
        ("https://evil.example/><!channel>", False),
        ("https://evil.example/a b", False),
        ("https://evil.example/\n", False),
        ("https://evil.example/\u202e", False),
        ("https://evil.example:99999/", False),
        ("https://[evil/", False),
        ("https://news.example/" + "x" * 3_000, False),
    ],
)
def test_only_plain_web_addresses_become_links(url: str, allowed: bool) -> None:
    assert safe_link(url) == (url if allowed else "")


@given(st.text(), st.integers(16, 60))
@example("word " * 40, 16)
@example("👩‍👩‍👧" * 20, 16)
@example("e\u0301" * 40, 16)
def test_pieces_fit_and_hold_every_word(text: str, limit: int) -> None:
    text = clean(text)
    pieces = split_words(text, limit)
    assert all(0 < size(piece) <= limit for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.from_regex(r"[a-z&<]{1,5}", fullmatch=True), max_size=40), st.integers(26, 60))
def test_words_stay_whole(words: list[str], limit: int) -> None:
    assert [w for piece in split_words(" ".join(words), limit) for w in piece.split()] == words


def test_first_piece_may_be_smaller() -> None:
    assert split_words("one two three four five", 100, first=16) == ["one two three", "four five"]


@pytest.mark.parametrize(
    ("text", "limit", "shown"), [("short", 20, "short"), ("some words that go on", 16, "some words …")]
)
def test_fit_ends_after_a_word(text: str, limit: int, shown: str) -> None:
    assert fit(text, limit) == shown


def test_sizes_count_entities_and_both_halves_of_an_emoji() -> None:
    assert [size(t) for t in ("a", "&", "<", "😀")] == [1, 5, 4, 2]


def test_date_token_has_a_fallback_for_old_clients() -> None:
    assert date_token(NOW) == "<!date^1772449200^{date_short_pretty} {time}|2026-03-02 11:00 UTC>"


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1e18, 1e30])
def test_impossible_times_are_not_shown(seconds: float) -> None:
    assert when(seconds) == ""
    assert date_token(seconds) == ""
