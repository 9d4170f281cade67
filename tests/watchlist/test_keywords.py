"""Keywords are whole words and phrases in any case."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.watchlist.keywords import Keywords, fold


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("recall", "A RECALL of vans"),
        ("price target", "raises price\n target to"),
        ("C++", "uses C++ now"),
        ("AT&T", "at&t's network"),
        ("$TSLA", "buy $tsla!"),
        ("moody's", "Moody’s cuts"),
        ("小米", "传小米股价上涨"),
        ("ﬁne", "a fine of"),
        ("!!", "wow!!"),
    ],
)
def test_found(keyword: str, text: str) -> None:
    assert Keywords([(3, keyword)]).find(fold(text)) == {3: keyword}


@pytest.mark.parametrize(
    ("keyword", "text"),
    [("call", "a recall"), ("price target", "prices targeted"), ("rate", "rated"), ("AT&T", "at & t"), ("", "x")],
)
def test_not_found(keyword: str, text: str) -> None:
    assert Keywords([(3, keyword)]).find(fold(text)) == {}


def test_a_rule_gets_one_of_its_keywords_and_rules_share_them() -> None:
    index = Keywords([(0, "recall"), (0, "vans"), (1, "Recall"), (2, "bus")])
    found = index.find(fold("vans: recall"))
    assert found.keys() == {0, 1}
    assert found[0] in ("recall", "vans")


WORDS = st.sampled_from(["a", "b-", "b", "a b", "$a", "é", "ab", "a.b", "'", "A B"])


@given(st.lists(st.tuples(st.integers(0, 4), WORDS), max_size=6), st.lists(WORDS, max_size=8))
def test_the_index_finds_what_a_loop_finds(wanted: list[tuple[int, str]], parts: list[str]) -> None:
    text = fold(" ".join(parts))
    plain = set()
    for rule, keyword in wanted:
        folded = re.escape(fold(keyword))
        bounded = rf"(?<!\w){folded}(?!\w)" if re.search(r"\w", keyword) else folded
        if re.search(bounded, text):
            plain.add(rule)
    assert Keywords(wanted).find(text).keys() == plain
