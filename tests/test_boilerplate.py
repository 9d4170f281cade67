from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.boilerplate import keep
from alertd.tagging.layout import lay_out


def kept(text: str) -> list[str]:
    return [text[start:end] for start, end in keep(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shell rose.", ["Shell rose."]),
        ("Shell rose. The views expressed here are the author's own.", ["Shell rose."]),
        ("Shell rose. Disclaimer: this is not advice.", ["Shell rose."]),
        ("Shell rose. Read more", ["Shell rose."]),
        ("Shell rose. Also read: Why BP fell. It fell again.", ["Shell rose.", "It fell again."]),
        ("LONDON (Reuters) - Shell rose.", ["Shell rose."]),
        ("PARIS - Shell rose.", ["Shell rose."]),
        ("NEW YORK, March 3 -- Shell rose.", ["Shell rose."]),
        ("IBM said it - not Shell - rose.", ["IBM said it - not Shell - rose."]),
        ("By Jane Roe and John Doe\nShell rose.", ["Shell rose."]),
        ("Shell rose. (Reporting by Jane Roe; Editing by John Doe)", ["Shell rose."]),
        ("Shell rose.\nFacebook Twitter LinkedIn WhatsApp", ["Shell rose."]),
        ("The post Shell rose appeared first on Some Site.", []),
        ("By Friday the views of many had changed.", ["By Friday the views of many had changed."]),
        ("It will share this plan with others.", ["It will share this plan with others."]),
        ("", []),
    ],
)
def test_boilerplate_is_cut(text: str, expected: list[str]) -> None:
    assert kept(text) == expected


@pytest.mark.parametrize(
    "text", ["\n" * 20_000, "By Aa " * 4_000, "Also read: " * 2_000, "(" * 20_000, "Read more " * 2_000]
)
def test_bad_texts_take_bounded_time(text: str) -> None:
    started = time.process_time()
    keep(text)
    assert time.process_time() - started < 5


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=200), st.text(max_size=300))
def test_a_layout_maps_spans_there_and_back(title: str, summary: str, text: str) -> None:
    layout = lay_out(title, summary, text)
    for p in layout.pieces:
        if p.at < 0 or p.start == p.end:
            continue
        place = layout.encoded(p.field, p.start, p.end)
        assert place is not None
        where, start, end = place
        encoded = layout.title if where == "title" else layout.body
        assert encoded[start:end] == layout.fields[p.field][p.start : p.end]
        assert layout.given(where, start, end) == (p.field, p.start, p.end)


def test_a_summary_that_repeats_the_title_is_not_read_twice() -> None:
    layout = lay_out("Shell rose", "Shell rose", "Shell rose")
    assert (layout.title, layout.body) == ("Shell rose", "")


def test_half_surrogates_keep_their_place() -> None:
    layout = lay_out("a\ud800b")
    assert layout.title == "a\ufffdb"
