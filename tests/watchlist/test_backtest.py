"""A replay says what the daemon would have said, and what another watchlist would change."""

from __future__ import annotations

from dataclasses import replace

from alertd.articles import Article, Placement, Relation
from alertd.watchlist.archive import Filed
from alertd.watchlist.backtest import Replay, Tally, difference
from alertd.watchlist.rules import compile_rules

from .world import JEFFERIES, NOW, XIAOMI, Rule, Rules, article, company, placed, profile, resolve, tags

DAY = 86400.0


def filed(
    ident: str, at: float, story: str = "", relation: Relation = "first", novelty: float = 1.0, revision: int = 1,
    may_alert: bool = True,
) -> Filed:  # fmt: skip
    one: Article = replace(article(f"Xiaomi {ident}"), id=ident, arrived=NOW + at, may_alert=may_alert)
    placement: Placement = placed(relation, novelty, revision)
    placement = replace(placement, story=replace(placement.story, id=story or ident))
    return Filed(one, replace(tags(company()), versions={"encoder": "e1"}), placement)


FORTNIGHT = [
    filed("1-0", 0), filed("2-0", 60, "1-0", "copy", 0.0), filed("3-0", 120, "1-0", "same_event", 0.2),
    filed("4-0", 180, "1-0", "follow", 0.7, 2), filed("5-0", DAY), filed("6-0", DAY + 60),
    filed("7-0", 2 * DAY, may_alert=False),
]  # fmt: skip


def replay(*rules: Rule) -> Tally:
    run = Replay(compile_rules(Rules(rules), resolve, profile))
    for one in FORTNIGHT:
        run.take([one])
    return run.tally


def test_each_story_and_revision_is_told_once() -> None:
    tally = replay(Rule("x", companies=(XIAOMI,)), Rule("j", companies=(JEFFERIES,)))
    assert (tally.articles, tally.may_alert, tally.alerts) == (7, 6, 4)
    assert sorted(tally.by_day.values()) == [2, 2]
    assert (tally.by_rule, tally.by_company) == ({"x": 4}, {"Xiaomi": 4})
    assert [sample.title for sample, _ in tally.samples["x"]] == ["Xiaomi 4-0", "Xiaomi 5-0", "Xiaomi 6-0"]
    assert tally.samples["x"][0][1]() == "about Xiaomi, positive 0.97, relevance 0.9"
    assert tally.versions == {"encoder e1": 7}


def test_pace_counts_in_a_replay() -> None:
    tally = replay(Rule("x", companies=(XIAOMI,), cooldown=3600.0))
    assert (tally.alerts, tally.held) == (2, 2)
    assert replay(Rule("x", companies=(XIAOMI,), once=True)).alerts == 3


def test_the_difference_between_two_watchlists() -> None:
    before = replay(Rule("x", companies=(XIAOMI,)))
    after = replay(Rule("x", companies=(XIAOMI,), cooldown=3600.0), Rule("new", keywords=("xiaomi",)))
    come, go = difference(before, after)
    assert {sample.rule for sample in come} == {"new"}
    assert [(s.rule, s.title) for s in go] == [("x", "Xiaomi 4-0"), ("x", "Xiaomi 6-0")]


def test_two_channels_are_one_alert() -> None:
    assert replay(Rule("x", companies=(XIAOMI,), destinations=("#a", "#b"))).alerts == 4


def test_what_a_replay_returns_is_written_in_a_line() -> None:
    tally = replay(Rule("x", companies=(XIAOMI,)))
    assert repr(tally) == "<Tally of 4 alerts>"
    assert len(repr(tally.samples["x"][0][1])) < 3000, "the reason refers to the whole watchlist"
