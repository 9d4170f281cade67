"""An explanation names every rule, those that fire first, then by how near they came."""

from __future__ import annotations

from alertd.articles import Event, Tags
from alertd.watchlist.explain import tag_lines, verdicts
from alertd.watchlist.rules import compile_rules

from .world import JEFFERIES, XIAOMI, Rule, Rules, Watched, article, company, placed, profile, resolve, tags

TAGS = tags(company(), company("JEF", "source", 0.4), events=(Event("earnings", 0.9, ("1810.HK",)),), language="en")


def test_every_rule_has_its_verdict() -> None:
    rules = (
        Rule("far", companies=(Watched("AAPL"),)),
        Rule("broker", companies=(JEFFERIES,)),
        Rule("mood", companies=(XIAOMI,), sentiment=("negative",)),
        Rule("fires", companies=(XIAOMI,), scopes=("g",)),
        Rule("second", companies=(XIAOMI,), scopes=("g",)),
        Rule("words", keywords=("recall",)),
    )
    found = verdicts(compile_rules(Rules(rules), resolve, profile), article(), TAGS, placed())
    assert [(v.rule, v.fires, v.near) for v in found] == [
        ("fires", True, True), ("second", False, True), ("mood", False, True), ("broker", False, True),
        ("words", False, False), ("far", False, False),
    ]  # fmt: skip
    assert [v.why for v in found] == [
        "about Xiaomi, positive 0.97, relevance 0.9",
        "an earlier rule of its group fired",
        "the sentiment towards Xiaomi is positive, the rule asks for negative",
        "Jefferies is only the source, the rule asks for subject",
        "none of its keywords is in the article (recall)",
        "none of its companies is in the article",
    ]


def test_a_rule_that_remembers_says_that_it_matches() -> None:
    rule = Rule("first", companies=(XIAOMI,), event_types=("earnings",), new_event=86400.0)
    (found,) = verdicts(compile_rules(Rules((rule,)), resolve, profile), article(), TAGS, placed())
    assert (found.fires, found.near) == (False, True)
    assert found.why.startswith("it matches (earnings for Xiaomi, ")


def test_tags_in_lines() -> None:
    assert list(tag_lines(TAGS)) == [
        "company    Xiaomi 1810.HK, subject, relevance 0.90, sentiment positive +0.95",
        "company    Jefferies JEF, source, relevance 0.40, sentiment positive +0.95",
        "event      earnings 0.90 (1810.HK)",
        "sentiment  positive +0.95",
        "language   en",
    ]
    assert list(tag_lines(Tags())) == ["tags       no company and no event"]
