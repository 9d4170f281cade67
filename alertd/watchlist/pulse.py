"""What is counted of decided articles for looking back: each company by the hour, each rule by the day. Pure.

A week of an issuer is one small hash in Redis: field `HOUR` (since 1970) holds "articles,positive,negative,score", the
score as the sum in thousandths; field `e:HOUR:TYPE` holds the first article of an hour that brought such an event.
`decided.lua` adds to it in the same step as the decision, so that an article is counted once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from alertd.articles import Article, Company, Placement, Tags
from alertd.watchlist.rules import companies_of

HOUR: Final = 3600
_DAY: Final = 24 * HOUR
WEEK: Final = 168
"""Hours of a week."""
KEPT: Final = 38 * 86_400
"""Seconds for which a week of a company is kept from its last hour with news on, and a day of the rules: 30 days and a
week."""
HEARD: Final = 8 * 86_400
"""Seconds for which it is kept who was talked of on a day."""
PASSED: Final = 2_000
"""Articles of the live stream that are kept."""
STORIES: Final = 5_000
"""Stories that are listed."""
LIMITS: Final = (PASSED, STORIES, KEPT, HEARD)
"""These, as `decided.lua` is told of them once for many articles."""
_MOST: Final = 8
"""Companies of an article that are counted: a list of a market's movers is no news of each."""
_TITLE: Final = 120
_NEWS: Final = 0.5
_SIDES: Final = {"positive": 1, "negative": -1}


class Mark(NamedTuple):
    """An event of a company: Unix seconds, type, article that brought it first, its story, title, score towards it."""

    at: float
    type: str
    article: str
    story: str
    title: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """What was said of a company from a time on.

    Attributes:
        at: Unix seconds at which it begins.
        articles, positive, negative: how many articles there were, and of which mood.
        score: mean sentiment, -1 to 1; None without an article that has one.
    """

    at: int
    articles: int = 0
    positive: int = 0
    negative: int = 0
    score: float | None = None


def day_of(seconds: float) -> str:
    """The day of a time in UTC, as keys name it."""
    return _day(int(seconds // _DAY))


@lru_cache(maxsize=64)
def _day(number: int) -> str:
    return time.strftime("%Y%m%d", time.gmtime(number * _DAY))


def last_of(at: float, article: str, title: str) -> str:
    """When a rule last led to an alert, as it is stored."""
    return json.dumps([round(at, 3), article, title[:_TITLE]], ensure_ascii=False)


class Learned(msgspec.Struct, frozen=True, gc=False):
    """What `decided.lua` counts of an article.

    Attributes:
        at: Unix seconds of its arrival.
        hour, week: since 1970.
        day: in UTC, as keys name it.
        companies: issuer, side (1, 0 or -1), score in thousandths, and names and values of the marks, in turns.
        rules: rule, its posts, and when it last led to an alert.
    """

    at: float
    hour: int
    week: int
    day: str
    companies: list[tuple[str, int, int, list[str]]]
    rules: list[tuple[str, int, str]]

    def arguments(self) -> list[str | int | float]:
        """All of it in a row, as `decided.lua` is told of it."""
        said: list[str | int | float] = [
            self.at, self.hour, self.week, self.day, len(self.companies), len(self.rules)
        ]  # fmt: skip
        for issuer, side, score, marks in self.companies:
            said += (issuer, side, score, len(marks) // 2, *marks)
        for rule in self.rules:
            said += rule
        return said


def learned(article: Article, tags: Tags, placement: Placement, rules: Mapping[str, int]) -> Learned:
    """What `decided.lua` counts of an article.

    Args:
        rules: rule → its posts.
    """
    at = article.arrived
    hour = int(at // HOUR)
    said = []
    for issuer, company in islice(companies_of(tags).items(), _MOST):
        mood = company.sentiment
        side = 0 if mood is None else _SIDES.get(mood.label, 0)
        score = 0 if mood is None else round(mood.score * 1000)
        said.append((issuer, side, score, _marks(hour, article, tags, company, placement)))
    title = article.entry.title
    told = [(rule, posts, last_of(at, article.id, title)) for rule, posts in rules.items()]
    return Learned(round(at, 3), hour, hour // WEEK, day_of(at), said, told)


def _marks(hour: int, article: Article, tags: Tags, company: Company, placement: Placement) -> list[str]:
    """Names and values, in turns, of fields for the events that an article brings for a company that it is about."""
    if company.role != "subject" or placement.relation == "copy" or placement.novelty < _NEWS:
        return []
    known = {company.symbol, company.name, *company.symbols}
    score = round(company.sentiment.score, 3) if company.sentiment else None
    row = [round(article.arrived), article.id, placement.story.id, article.entry.title[:_TITLE], score]
    value = msgspec.json.encode(row).decode()
    wanted = (event.type for event in tags.events if not event.companies or known & set(event.companies))
    return [part for kind in wanted for part in (f"e:{hour}:{kind}", value)]


def weeks(since: float, until: float) -> range:
    """The weeks that a span touches."""
    return range(int(since // HOUR) // WEEK, int(until // HOUR) // WEEK + 1)


def series(stored: Iterable[Mapping[str, str]], since: float, until: float, step: int) -> list[Hour]:
    """Counts of a company over time, oldest first, without gaps.

    Args:
        stored: its weeks.
        since, until: Unix seconds.
        step: hours that are counted together.
    """
    first, last = int(since // HOUR), int(until // HOUR)
    sums: dict[int, list[int]] = {}
    for fields in stored:
        for name, value in fields.items():
            if name.startswith("e:") or not first <= int(name) <= last:
                continue
            bucket = sums.setdefault((int(name) - first) // step, [0, 0, 0, 0])
            for place, part in enumerate(value.split(",")):
                bucket[place] += int(part)
    found = []
    for number in range((last - first) // step + 1):
        articles, up, down, score = sums.get(number, (0, 0, 0, 0))
        mean = round(score / articles / 1000, 3) if articles else None
        found.append(Hour((first + number * step) * HOUR, articles, up, down, mean))
    return found


def marks(stored: Iterable[Mapping[str, str]], since: float, until: float, most: int) -> list[Mark]:
    """Events of a company, the latest first, at most so many."""
    found = []
    for fields in stored:
        for name, value in fields.items():
            if name.startswith("e:"):
                at, article, story, title, score = json.loads(value)
                if since <= at <= until:
                    found.append(Mark(at, name.split(":", 2)[2], article, story, title, score))
    return sorted(found, reverse=True)[:most]
