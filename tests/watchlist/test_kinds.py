"""Rules that wait: for several outlets to carry a story, and for several stories within a time, over a fortnight."""

from __future__ import annotations

import json
from dataclasses import replace

from alertd.articles import Relation
from alertd.watchlist.archive import Filed, read_row, row_of
from alertd.watchlist.backtest import Replay
from alertd.watchlist.pacing import Pace, counted
from alertd.watchlist.rules import compile_rules

from .world import NOW, XIAOMI, Rule, Rules, article, company, placed, profile, resolve, tags

HOUR = 3600.0
DAY = 24 * HOUR


def filed(number: int, at: float, story: int, relation: Relation = "first", outlets: int = 1) -> Filed:
    one = replace(article(f"Xiaomi {number}"), id=f"{number}-0", arrived=NOW + at)
    placement = placed(relation, 1.0 if relation == "first" else 0.0)
    story_now = replace(placement.story, id=f"{story}-0", sources=tuple(f"Outlet {n}" for n in range(outlets)))
    return Filed(one, tags(company()), replace(placement, story=story_now))


def told(rule: Rule, *articles: Filed) -> list[str]:
    replay = Replay(compile_rules(Rules((rule,)), resolve, profile))
    replay.take(articles)
    return [sample.title for sample in replay.tally.posts.values()]


def fortnight() -> list[Filed]:
    """One story a day, and on the tenth day five within two hours, the last of them in four outlets."""
    found = [filed(day, day * DAY, day) for day in range(1, 15)]
    found += [filed(20 + n, 10 * DAY + n * 0.5 * HOUR, 20 + n) for n in range(1, 5)]
    found += [filed(30 + n, 10 * DAY + 2 * HOUR + n * 60, 24, "copy", 1 + n) for n in range(1, 4)]
    return sorted(found, key=lambda one: one.article.arrived)


def test_a_cluster_posts_once_when_enough_outlets_carry_the_story() -> None:
    assert told(Rule(companies=(XIAOMI,), min_sources=3), *fortnight()) == ["Xiaomi 32"]
    assert told(Rule(companies=(XIAOMI,), min_sources=9), *fortnight()) == []


def test_frequency_posts_when_enough_stories_come_within_a_time_and_counts_anew() -> None:
    rule = Rule(companies=(XIAOMI,), stories=3, within=2 * HOUR)
    assert told(rule, *fortnight()) == ["Xiaomi 22"]
    assert told(replace(rule, stories=2), *fortnight()) == ["Xiaomi 21", "Xiaomi 23"]
    assert told(replace(rule, stories=2, within=25 * HOUR), *fortnight())[:2] == ["Xiaomi 2", "Xiaomi 4"]


def test_reports_of_one_story_count_once() -> None:
    same = [filed(n, n * 60.0, 1, "first" if n == 1 else "same_event") for n in range(1, 9)]
    assert told(Rule(companies=(XIAOMI,), stories=2, within=HOUR), *same) == []
    assert counted((("a", 0.0), ("b", 50.0)), "b", 100.0, 100.0) == (("b", 50.0),)


def test_what_is_counted_is_written_and_read() -> None:
    pace = Pace(1.0, 2.0, 3, (4.0,), (("1-0", 5.0),))
    assert Pace.load(pace.dump()) == pace


def test_the_archive_keeps_how_many_outlets_there_were() -> None:
    one = filed(1, 0.0, 1, outlets=4)
    found = read_row(json.loads(row_of(one.article, one.tags, one.placement)))
    assert len(found.placement.story.sources) == 4
