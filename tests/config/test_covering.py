"""Rules that another one always covers, and those that only look so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Tags
from alertd.config.covering import covered
from alertd.config.watchlist import RuleSettings
from alertd.watchlist.rules import compile_rules, match
from tests.watchlist.world import article, company, placed, profile, resolve, tags


def rule(name: str, scopes: tuple[str, ...] = (), **asked: Any) -> RuleSettings:
    return RuleSettings.model_validate({"name": name, **asked}).at_home(scopes, {})


WIDE: dict[str, Any] = {"companies": ["1810.HK", "AAPL"]}


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (WIDE, {"companies": ["AAPL"]}),
        (WIDE, {"companies": ["AAPL"], "events": ["results"], "min_novelty": 0.5}),
        (WIDE, {**WIDE, "cooldown": "1h"}),
        ({"events": ["deals"]}, {"events": ["merger_acquisition"], "min_confidence": 0.9}),
        ({"keywords": ["recall", "fire"]}, {"keywords": ["fire"], "languages": ["en"]}),
        ({"sectors": ["Energy", "Materials"]}, {"sectors": ["Energy"], "companies": ["AAPL"]}),
        ({**WIDE, "min_sentiment": -0.5}, {**WIDE, "min_sentiment": 0.2}),
        ({**WIDE, "channel": ["#a", "#b"], "mentions": ["here"]}, {**WIDE, "channel": "#b"}),
        ({**WIDE, "not_companies": ["JEF"]}, {"companies": ["AAPL"]}),
        ({**WIDE, "facts": {"move_pct": ">5"}}, {**WIDE, "facts": {"move_pct": ">5", "rating": "any"}}),
    ],
)
def test_what_another_rule_tells_anyway(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    both = [rule("narrow", **narrow), rule("wide", **wide)]
    assert [(c.rule, c.by, c.first) for c in covered(both)] == [(0, 1, False)]
    assert [(c.rule, c.by) for c in covered(both[::-1])] == [(1, 0)]
    assert [(c.rule, c.first) for c in covered([rule("wide", ("",), **wide), rule("narrow", ("",), **narrow)])] == [
        (1, True)
    ]


def test_where_only_the_first_counts_the_narrow_one_may_come_first() -> None:
    rules = [rule("narrow", ("",), companies=["AAPL"]), rule("wide", ("",), **WIDE)]
    assert list(covered(rules)) == []


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (WIDE, {"companies": ["JEF"]}),
        (WIDE, {"companies": ["AAPL"], "channel": "#other"}),
        (WIDE, {"companies": ["AAPL"], "severity": "high"}),
        (WIDE, {"companies": ["AAPL"], "mentions": ["here"]}),
        (WIDE, {"companies": ["AAPL"], "roles": ["source"]}),
        (WIDE, {"companies": ["AAPL"], "min_relevance": 0.1}),
        (WIDE, {"companies": ["AAPL"], "quiet": "1d"}),
        (WIDE, {"companies": ["AAPL"], "stories": 3}),
        (WIDE, {"companies": ["AAPL"], "min_sources": 3}),
        (WIDE, {"events": ["deals"]}),
        ({**WIDE, "cooldown": "1h"}, {"companies": ["AAPL"]}),
        ({**WIDE, "digest": "hourly"}, {"companies": ["AAPL"]}),
        ({**WIDE, "events": ["deals"], "min_confidence": 0.9}, {**WIDE, "events": ["merger_acquisition"]}),
        ({**WIDE, "not_sources": ["PR"]}, {"companies": ["AAPL"]}),
        ({**WIDE, "max_sentiment": 0}, {"companies": ["AAPL"]}),
        ({**WIDE, "facts": {"move_pct": ">5"}}, {**WIDE, "facts": {"move_pct": ">3"}}),
        ({"events": ["deals"]}, {"events": ["deals"], "companies": ["AAPL"]}),
    ],
)
def test_what_says_something_of_its_own(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert list(covered([rule("wide", **wide), rule("narrow", **narrow)])) == []


def test_of_two_that_say_the_same_the_later_is_named() -> None:
    assert [(c.rule, c.by) for c in covered([rule("a", **WIDE), rule("b", **WIDE)])] == [(1, 0)]


ASKED = st.fixed_dictionaries(
    {},
    optional={
        "companies": st.lists(st.sampled_from(["1810.HK", "AAPL", "JEF"]), min_size=1, unique=True),
        "sectors": st.lists(st.sampled_from(["Financials", "Information Technology"]), min_size=1, unique=True),
        "sentiment": st.lists(st.sampled_from(["positive", "negative"]), min_size=1, unique=True),
        "roles": st.lists(st.sampled_from(["subject", "source"]), min_size=1, unique=True),
        "keywords": st.lists(st.sampled_from(["surges", "recall"]), min_size=1, unique=True),
        "not_companies": st.lists(st.sampled_from(["AAPL", "JEF"]), min_size=1, unique=True),
        "min_relevance": st.sampled_from([0.0, 0.7]),
        "max_sentiment": st.sampled_from([-0.5, 0.99]),
    },
)
FOUND = st.lists(
    st.builds(
        company,
        st.sampled_from(["1810.HK", "AAPL", "JEF"]), st.sampled_from(["subject", "source"]),
        st.sampled_from([0.1, 0.6, 0.9]), st.sampled_from(["positive", "negative"]),
    ),
    max_size=3,
).map(lambda companies: tags(*companies))  # fmt: skip


@given(ASKED, ASKED, st.lists(FOUND, min_size=1, max_size=8))
def test_a_covered_rule_never_fires_alone(one: dict[str, Any], two: dict[str, Any], found: list[Tags]) -> None:
    rules = (rule("one", **one), rule("two", **two))
    book = compile_rules(_Rules(rules), resolve, profile)
    for covering in covered(rules):
        narrow, wide = rules[covering.rule].name, rules[covering.by].name
        for these in found:
            fired = {(m.rule, m.company) for m in match(book, article(), these, placed()).fired}
            assert all((wide, who) in fired for name, who in fired if name == narrow)


class _Rules:
    def __init__(self, rules: tuple[RuleSettings, ...]) -> None:
        self.rules = rules
