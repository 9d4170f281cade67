"""Codes of words, and what is read from them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.stories import sketches

LOST = "the mill lost a third of its orders in june and will stand still for two weeks in august"
COURT = "a court in lyon found the former head of the bank guilty of fraud and sent him to prison"


@pytest.mark.parametrize(
    ("one", "other"),
    [("raises", "raised"), ("withdrew", "withdrawn"), ("supplies", "supply"), ("fines", "fined"), ("sold", "sells")],
)
def test_forms_of_a_word_have_one_code(one: str, other: str) -> None:
    assert sketches.code(one) == sketches.code(other)


@pytest.mark.parametrize(("one", "other"), [("bauxite", "iron"), ("first", "third"), ("42", "47"), ("loss", "lose")])
def test_other_words_have_other_codes(one: str, other: str) -> None:
    assert sketches.code(one) != sketches.code(other)


def test_a_beginning_is_contained_and_another_text_is_not() -> None:
    whole, other = ([sketches.codes([w]) for w in text.split()] for text in (LOST, COURT))
    packed = sketches.pack(whole)
    assert sketches.containment(packed, sketches.pack(whole[:9])) == 1.0
    assert sketches.containment(packed, sketches.pack(other)) < 0.1
    assert sketches.containment(packed, "") == 0.0


def test_opposite_ends_of_one_axis() -> None:
    codes = [sketches.code(w) for w in ("raises", "cuts", "opens", "mill")]
    assert sketches.opposites(codes[:1], codes[1:2])
    assert not sketches.opposites(codes[:1], codes[2:])
    assert sketches.synonyms(codes[0], [sketches.code("lifts")])
    assert not sketches.synonyms(codes[3], [codes[3]])


@given(st.lists(st.text(max_size=12), max_size=100))
def test_any_words_are_kept_in_order(words: list[str]) -> None:
    coded = [sketches.code(w) for w in words[: sketches.LONGEST]]
    packed = sketches.pack([sketches.codes(words)])
    assert sketches.unpack(packed) == tuple(coded)
    assert list(sketches.beginning(packed, 20)) == coded[:20]


@given(st.lists(st.lists(st.integers(0, 0xFFFF), min_size=2, max_size=9), max_size=9))
def test_pairs_of_many_are_hashed_as_those_of_each(parts: list[list[int]]) -> None:
    found = sketches.least_pairs(parts, 12)
    alone = [sketches.least([{a << 16 | b for a, b in pairwise(part)}], 12)[0] for part in parts]
    assert found.shape == (len(parts), 12)
    assert found.tolist() == [row.tolist() for row in alone]
