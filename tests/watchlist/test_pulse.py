"""What is counted for looking back: hours without gaps, events once, only what is news."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Article, Company, Entry, Event, Placement, Relation, Sentiment, Story, Tags
from alertd.watchlist.pulse import HOUR, Learned, day_of, learned, marks, series, weeks

NOON = 1_770_000_000.0 // HOUR * HOUR
GOOD = Sentiment("positive", 0.8, 0.85, 0.1, 0.05)
BAD = Sentiment("negative", -0.5, 0.1, 0.3, 0.6)
NVIDIA = Company("NVDA", ("NVDA",), "Nvidia", "subject", 0.9, GOOD, (), "i:NVDA")
INTEL = Company("INTC", ("INTC",), "Intel", "passing", 0.2, BAD, (), "i:INTC")


def said(
    tags: Tags, relation: Relation = "first", novelty: float = 1.0, rules: dict[str, int] | None = None
) -> Learned:
    entry = Entry("wire", "", "https://wire.example/1", "Nvidia and Intel settle a quarrel over patents")
    story = Story("1-0", entry.title, (), 1, 1, (), (), (), 0, NOON, NOON)
    return learned(Article("1-0", entry, NOON + 60), tags, Placement(story, relation, novelty, ""), rules or {})


def test_companies_are_counted_with_their_own_sentiment() -> None:
    found = said(Tags((NVIDIA, INTEL), (Event("legal_regulatory", 0.9, ("NVDA",)),)), rules={"chips": 1})
    hour = int(NOON // HOUR)
    assert (found.hour, found.day) == (hour, day_of(NOON))
    assert [(who, side, score) for who, side, score, _ in found.companies] == [
        ("i:NVDA", 1, 800),
        ("i:INTC", -1, -500),
    ]
    [name, value] = found.companies[0][3]
    assert name == f"e:{hour}:legal_regulatory"
    assert json.loads(value)[1:3] == ["1-0", "1-0"]
    assert found.companies[1][3] == [], "who is mentioned in passing has no event"
    assert [(rule, posts) for rule, posts, _ in found.rules] == [("chips", 1)]
    counts, nvidia, intel = found.arguments()[4:6], found.arguments()[6:12], found.arguments()[12:16]
    assert (counts, nvidia, intel) == ([2, 1], ["i:NVDA", 1, 800, 1, name, value], ["i:INTC", -1, -500, 0])


@pytest.mark.parametrize(
    ("relation", "novelty", "companies", "marked"),
    [("first", 1.0, (), True), ("copy", 0.0, (), False), ("same_event", 0.2, (), False), ("follow", 0.7, (), True),
     ("first", 1.0, ("INTC",), False), ("first", 1.0, ("NVDA", "INTC"), True)],
)  # fmt: skip
def test_an_event_is_marked_where_it_is_news_about_the_company(
    relation: Relation, novelty: float, companies: tuple[str, ...], marked: bool
) -> None:
    found = said(Tags((NVIDIA,), (Event("recall", 0.9, companies),)), relation, novelty)
    assert bool(found.companies[0][3]) is marked


def test_a_list_of_movers_counts_for_the_first_few_only() -> None:
    many = tuple(replace(NVIDIA, issuer=f"i:C{n}") for n in range(40))
    assert len(said(Tags(many)).companies) == 8


@given(
    st.dictionaries(st.integers(0, 400), st.tuples(st.integers(1, 9), st.integers(-1000, 1000)), max_size=60),
    st.integers(1, 200), st.integers(1, 24),
)  # fmt: skip
def test_a_series_has_no_gaps_and_loses_nothing(hours: dict[int, tuple[int, int]], length: int, step: int) -> None:
    first = int(NOON // HOUR)
    stored = [{str(first + hour): f"{count},0,0,{count * score}" for hour, (count, score) in hours.items()}]
    found = series(stored, NOON, NOON + (length - 1) * HOUR, step)
    assert [one.at for one in found] == [(first + n * step) * HOUR for n in range(-(-length // step))]
    assert sum(one.articles for one in found) == sum(count for hour, (count, _) in hours.items() if hour < length)
    assert all((one.score is None) == (one.articles == 0) for one in found)
    assert all(one.score is None or -1 <= one.score <= 1 for one in found)


def test_marks_are_the_latest_first_and_bounded() -> None:
    hour = int(NOON // HOUR)
    stored = [{f"e:{hour + n}:recall": json.dumps([NOON + n * HOUR, "1-0", "1-0", "A recall", None]) for n in range(9)}]
    found = marks(stored, NOON + HOUR, NOON + 7 * HOUR, 3)
    assert [mark.at for mark in found] == [NOON + n * HOUR for n in (7, 6, 5)]


def test_weeks_cover_a_span() -> None:
    found = weeks(NOON - 30 * 86_400, NOON)
    assert 5 <= len(found) <= 6
    assert list(weeks(NOON, NOON)) == [int(NOON // HOUR) // 168]
