"""What outlets add to a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories import lexicon
from alertd.stories.cleaning import body, headline, is_adorned, is_correction, is_generic, is_mixed

PLAIN = "Acme buys Zed for $2 billion"


@pytest.mark.parametrize(
    ("title", "outlet"),
    [
        (PLAIN, ""),
        (f"UPDATE 2-{PLAIN}", "Reuters"),
        (f"WRAPUP 1-UPDATE 3-{PLAIN}", ""),
        (f"BREAKING: {PLAIN}", ""),
        (f"[Update] {PLAIN}", ""),
        (f"EXCLUSIVE-{PLAIN} - sources", "sources"),
        (f"{PLAIN} - CNBC", ""),
        (f"{PLAIN} | Reuters", ""),
        (f"{PLAIN} — The Springfield Courier", "Springfield Courier"),
        (f"{PLAIN} - acme-watch.com", ""),
        (f"CORRECTED-{PLAIN} (Reuters)", ""),
        (f"{PLAIN} - Yahoo Finance | MSN", ""),
    ],
)
def test_headline_is_the_same_in_all_dresses(title: str, outlet: str) -> None:
    assert headline(title, outlet) == PLAIN


@pytest.mark.parametrize(
    "title", ["Watch makers fall", "Apple - a closer look", "Updates on tariffs expected", "News Corp sells unit"]
)
def test_what_belongs_to_a_headline_stays(title: str) -> None:
    assert headline(title) == title


@pytest.mark.parametrize(
    "text",
    [
        "Acme said it buys Zed.",
        "NEW YORK, July 18 (Reuters) - Acme said it buys Zed.",
        "(Bloomberg) -- Acme said it buys Zed.",
        "HONG KONG (AP) — Acme said it buys Zed.",
        "CHICAGO, Feb. 3, 2026 /PRNewswire/ -- Acme said it buys Zed.",
        "LONDON- Acme said it buys Zed.",
        "PARIS, Feb. 3\u2014 Acme said it buys Zed.",
        "By Lena Dahl\nAcme said it buys Zed.",
        "By Lena Dahl and Tom Reed | Acme said it buys Zed.",
        "Acme said it buys Zed. (Reporting by Lena Dahl in Oslo; editing by Tom Reed)",
        "Acme said it buys Zed. Read more at our site",
        "Acme said it buys Zed. Disclaimer: this text is no offer and does not constitute advice.",
    ],
)
def test_body_begins_with_the_news(text: str) -> None:
    assert body(text) == "Acme said it buys Zed."


@pytest.mark.parametrize(
    ("title", "marked"),
    [
        ("CORRECTED-Acme buys Zed", True),
        ("Correction: Acme buys Zed", True),
        ("UPDATE 1-CORRECTED-Acme buys Zed", True),
        ("[CORRECTED] Acme buys Zed", True),
        ("Market correction deepens", False),
        ("Correctional operator GEO rises", False),
        ("Corrections officers strike", False),
    ],
)
def test_corrections(title: str, marked: bool) -> None:
    assert is_correction(title) is marked


@pytest.mark.parametrize(
    ("title", "generic"),
    [
        ("Morning briefing", True),
        ("Market wrap", True),
        ("5 things to know before the stock market opens", True),
        ("Holding(s) in Company", True),
        ("Form 8-K", True),
        ("Acme cuts forecast", False),
    ],
)
def test_generic_headlines(title: str, generic: bool) -> None:
    assert is_generic(title) is generic


@pytest.mark.parametrize("text", ["By " + "a" * 4000, "By " + "Aa " * 1300, "(" * 4000, "by " * 1300, "- " * 2000])
def test_hostile_texts_are_cleaned(text: str) -> None:
    assert len(body(text)) <= len(text)
    assert len(headline(text)) <= len(text)


ADDED = """UPDATE 2-Acme BREAKING: (Reuters) - \u2014 | CNBC By Jo Ash PARIS, /PRNewswire/ [Update] Acme fell. Read
    more: For more information (Source: Dow) The post B appeared first on A. (Reporting by Kim) market wrap Form 8 in
    brief Holding(s) Company Disclaimer This story is not intended Sign up to (ANI) Reuters -- Our standards Follow us
    [...] click here"""


@given(st.lists(st.sampled_from(ADDED.split()), max_size=12).map(" ".join))
def test_marks_tell_where_nothing_was_added(text: str) -> None:
    said = lexicon.read(text)
    assert body(text, said.marks) == body(text)
    assert is_generic(text, said.marks) == is_generic(text)
    assert is_mixed(said) or body(text) == text
    assert is_adorned(said) or headline(text) == text
