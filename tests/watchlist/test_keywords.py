"""Keywords are whole words and phrases in any case."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.watchlist.index import bits
from alertd.watchlist.keywords import Keywords, fold


def found(index: Keywords, text: str) -> dict[int, str]:
    """For every rule with a keyword in a text, the first of its keywords as written."""
    present = index.present(fold(text))
    return {rule: index.said(rule, present) for rule in bits(index.matching(present))}


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
        ("recall~", "It recalled vans"),
        ("price target~", "lifts price targets"),
        ("cut~ outlook", "cutting outlook"),
        ("buy~", "bought a stake"),
        ("bankrupt*", "seeks bankruptcy protection"),
        ('"AND gate"', "an AND gate"),
        ("recall~ AND (battery OR fire)", "recalls cars after a fire"),
        ("recall~ AND NOT drill", "recalls cars"),
        ('recall~ NOT "fire drill"', "a recall, no drill"),
        ("NOT drill AND recall", "recall"),
        ("a OR b AND c", "a"),
        ("小米 AND 股价", "传小米股价上涨"),
    ],
)
def test_found(keyword: str, text: str) -> None:
    assert found(Keywords([(3, keyword)]), text) == {3: keyword}


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("call", "a recall"),
        ("price target", "prices targeted"),
        ("rate", "rated"),
        ("AT&T", "at & t"),
        ("", "x"),
        ("recall~", "a recaller"),
        ("bankrupt*", "a banker"),
        ("recall~ AND (battery OR fire)", "recalls cars"),
        ("recall~ AND NOT drill", "recall drill"),
        ("a OR b AND c", "b"),
        ("(a OR b) AND c", "a"),
        ("ab*", "about"),
        ("price target", "price\u2010target"),
    ],
)
def test_not_found(keyword: str, text: str) -> None:
    assert found(Keywords([(3, keyword)]), text) == {}


def test_a_rule_gets_one_of_its_keywords_and_rules_share_them() -> None:
    index = Keywords([(0, "recall"), (0, "vans"), (1, "Recall"), (2, "bus")])
    assert found(index, "vans: recall") == {0: "recall", 1: "Recall"}


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
    assert found(Keywords(wanted), text).keys() == plain


LEAVES = st.sampled_from(["a", "b", "c", "a b"])
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} AND {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} OR {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} AND NOT {p[1]})"),
    ),
    max_leaves=6,
)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=5), st.lists(st.sampled_from("abcd"), max_size=6))
def test_expressions_mean_what_python_means(written: list[str], words: list[str]) -> None:
    text = " ".join(words)
    truth = {leaf: str(bool(re.search(rf"\b{leaf}\b", text))) for leaf in ("a", "b", "c", "a b")}
    expected = set()
    for number, expression in enumerate(written):
        python = re.sub(r"a b|[abc]\b", lambda m: truth[m.group()], expression)
        for word in ("AND", "OR", "NOT"):
            python = python.replace(word, word.lower())
        if eval(python):
            expected.add(number)
    assert found(Keywords(enumerate(written)), text).keys() == expected
