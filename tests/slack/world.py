"""What the tests of this room share: an alert about Xiaomi that each test varies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from alertd.articles import Alert, Article, Company, Entry, Event, Placement, Relation, Sentiment, Story, Tags

NOW = 1_772_449_200.0
"""Mon, 02 Mar 2026 11:00:00 UTC."""

POSITIVE = Sentiment("positive", 0.86, 0.9, 0.06, 0.04)
NEGATIVE = Sentiment("negative", -0.5, 0.1, 0.3, 0.6)
XIAOMI = Company("1810.HK", ("1810.HK", "XIACF"), "Xiaomi", "subject", 0.9, POSITIVE, (), "i:1810.HK")
ACME = Company("ACME", ("ACME",), "Acme", "subject", 0.8, NEGATIVE, (), "i:ACME")
RATING = {"rating": "buy", "price_target": 63.25, "currency": "HKD", "move_pct": 6.0}


def alert(
    *,
    key: str = "key-1",
    kind: str = "post",
    title: str = "Broker sees more to come from Xiaomi",
    url: str = "https://news.example/xiaomi?id=1&x=2",
    source: str = "Daily Wire",
    age: float = 130.0,
    date_source: str = "published",
    company: Company | None = XIAOMI,
    companies: tuple[Company, ...] | None = None,
    facts: dict[str, Any] | None = None,
    relation: Relation = "first",
    reason: str = "Xiaomi is watched for analyst_rating",
    rule: str = "phones",
    outlets: tuple[str, ...] = ("Daily Wire", "Evening Post"),
    created: float = NOW,
) -> Alert:
    entry = Entry("wire", "g", url, title, source=source, published=NOW - age, date_source=date_source)  # type: ignore[arg-type]
    article = Article("1-0", entry, NOW - 1)
    found = companies if companies is not None else (company,) if company else ()
    events = (Event("price_move", 0.6), Event("analyst_rating", 0.97, ("1810.HK",)))
    tags = Tags(found, events, POSITIVE, "en", RATING if facts is None else facts)
    story = Story("1-0", title, outlets, 2, 1, ("i:1810.HK",), ("analyst_rating",), (), 1, NOW - 9, NOW)
    placement = Placement(story, relation, 0.97, "near-same text as 1-0")
    return Alert(key, kind, rule, "#alerts", reason, created, article, tags, company, placement)  # type: ignore[arg-type]


def operator(text: str, key: str = "key-op") -> Alert:
    return Alert(key, "operator", "", "#alertd", "", NOW, text=text)


def titled(shown: Alert, title: str) -> Alert:
    assert shown.article is not None
    return replace(shown, article=replace(shown.article, entry=replace(shown.article.entry, title=title)))
