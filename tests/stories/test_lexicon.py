"""What is known of pieces of a text is what would be read out of the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories import lexicon, marks
from alertd.stories.figures import _told, facts, figures_and_periods

SAID = st.sampled_from(
    ("up", "Cut", "Mar", "May", "5", "pm", "$4.7", "bln", "Q2", "second", "quarter", "twenty-five", "O\u2019Neil's",
     "fell,", "U.S.", "\ufb01rm", "\u0301x", "2026", "won't", "\u03a3\u039f\u03a3", "\U0001f680", "half-year")
)  # fmt: skip

JOINED = st.sampled_from(
    ("1999", "of", "jobs", "multimillion", "profit", "Rs", "$", "%", "per", "cent", "basis", "points", "10:30", "first",
     "fiscal", "half", "in", "fy26", "12", "third-quarter", "hk$5", "million", "until", "2,500", "percentage")
)  # fmt: skip
"""What may be one with its neighbours, and what may stand between."""


@given(st.lists(SAID | st.text(max_size=8), max_size=20).map(" ".join))
def test_the_words_of_a_text_are_those_of_its_pieces(text: str) -> None:
    assert lexicon.tokens(lexicon.pieces(text)) == lexicon.fold(text)


@given(st.lists(SAID, max_size=12).map(" ".join))
def test_a_piece_says_the_same_the_second_time(text: str) -> None:
    assert lexicon.pieces(text) == lexicon.pieces(text)
    assert facts(text) == facts(text)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("at 5 pm", marks.CLOCK),
        ("at 9:30", marks.CLOCK),
        ("on May 5", marks.MONTH),
        ("in fy26", marks.YEAR),
        ("first half", marks.PART),
        ("in March", marks.VERB),
        ("rose", marks.SAYS),
    ],
)
def test_what_may_be_part_of_more_is_marked(text: str, mark: int) -> None:
    assert any(piece.marks & mark for piece in lexicon.pieces(text))


def test_a_plain_word_has_no_mark() -> None:
    assert [piece.marks for piece in lexicon.pieces("the market declined")][:2] == [0, 0]


@given(st.lists(SAID | JOINED, max_size=14).map(" ".join))
def test_runs_hold_all_that_is_read_of_figures_and_periods(text: str) -> None:
    figures, periods = _told(text)
    said = figures_and_periods(text)
    numbers = {number for piece in lexicon.pieces(text) for number in piece.numbers}
    own = {period for piece in lexicon.pieces(text) for period in piece.periods}
    assert set(said.figures) == {*figures, *numbers}
    assert set(said.periods) == {*(period for _, period in periods), *own}


def test_what_says_nothing_is_in_no_run() -> None:
    text = "the board of the mill met in May 2026 to sell 4.7 bln euros of debt by half , said the head of it"
    assert lexicon.runs(lexicon.read(text)) == ["in May 2026", "4.7 bln euros", "half"]


def test_long_pieces_are_not_kept() -> None:
    known = len(lexicon._known)
    lexicon.pieces("x" * 1_000)
    assert len(lexicon._known) == known


@pytest.mark.parametrize(
    ("text", "same"), [("Acme, up 5%!", True), ("acme up", False), ("acme up 5% more", False), ("acme down 5%", False)]
)
def test_two_texts_of_the_same_words_are_told(text: str, same: bool) -> None:
    assert lexicon.are(lexicon.pieces(text), ["acme", "up", "5%"]) is same
