"""A recorded fortnight, made by a fixed seed: news of two companies by hour of the week, and what happens in it.

It begins on a Monday at midnight UTC. Xiaomi is in the news day and night, most on weekdays from seven to seventeen;
Apple seldom. What stands out is put in by name.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from alertd.articles import Event, Relation, SentimentLabel
from alertd.watchlist.archive import Filed

from .world import article, company, placed, tags

HOUR = 3600.0
DAY = 24 * HOUR
MONDAY = 1_772_409_600.0
DAYS = 14


def filed(
    at: float, title: str = "", *, symbol: str = "1810.HK", label: SentimentLabel = "neutral",
    events: tuple[str, ...] = (), relation: Relation = "first", may_alert: bool = True,
) -> Filed:  # fmt: skip
    """An article that arrived so many seconds after the beginning."""
    ident = f"{(MONDAY + at) * 1000:.0f}-0"
    one = replace(article(title or f"News {at:.0f}"), id=ident, arrived=MONDAY + at, may_alert=may_alert)
    placement = placed(relation)
    placement = replace(placement, story=replace(placement.story, id=ident))
    happened = tuple(Event(kind, 0.9, (symbol,)) for kind in events)
    return Filed(one, tags(company(symbol, label=label), events=happened), placement)


def busy(seed: int = 4, days: int = DAYS) -> list[Filed]:
    """What is usual: three to four reports an hour while offices are open, one in four hours else."""
    rng = random.Random(seed)
    found = []
    for hour in range(days * 24):
        open_now = hour // 24 % 7 < 5 and 7 <= hour % 24 < 17
        rate = 3.5 if open_now else 0.25
        at = rng.expovariate(rate)
        while at < 1:
            found.append(filed((hour + at) * HOUR))
            at += rng.expovariate(rate)
    return found


def in_order(*parts: Iterable[Filed]) -> list[Filed]:
    """Articles in the order of their arrival."""
    return sorted((one for part in parts for one in part), key=lambda one: one.article.arrived)
