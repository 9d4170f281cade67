"""What the tests of this room share: rules, companies and articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alertd.articles import (
    Article,
    Company,
    Entry,
    Event,
    Placement,
    Relation,
    Role,
    Sentiment,
    SentimentLabel,
    Story,
    Tags,
)
from alertd.config.hours import HoursSettings
from alertd.config.kinds import ShiftSettings, SpikeSettings
from alertd.expressions import Comparison, read_fact
from alertd.watchlist.rules import ResolvedCompany

NOW = 1_772_445_600.0


@dataclass(frozen=True)
class Watched:
    symbol: str = ""
    name: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    name: str = "rule"
    companies: tuple[Watched, ...] = ()
    not_companies: tuple[Watched, ...] = ()
    sectors: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    event_types: tuple[str, ...] = ()
    sentiment: tuple[SentimentLabel, ...] = ()
    min_sentiment: float | None = None
    max_sentiment: float | None = None
    keywords: tuple[str, ...] = ()
    not_keywords: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    not_sources: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    not_feeds: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ("subject",)
    min_relevance: float = 0.5
    min_confidence: float = 0.5
    min_novelty: float = 0.0
    destinations: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    severity: str = "normal"
    scopes: tuple[str, ...] = ()
    cooldown: float = 0.0
    cooldown_max: float = 0.0
    per_hour: int = 0
    once: bool = False
    min_sources: int = 0
    stories: int = 0
    within: float = 3600.0
    spike: SpikeSettings | None = None
    sentiment_shift: ShiftSettings | None = None
    quiet: float = 0.0
    new_event: float = 0.0
    hours: HoursSettings | None = None
    outside: str = "hold"
    digest: str = ""

    @property
    def definition(self) -> str:
        return repr(replace(self, cooldown=0.0, destinations=()))

    @property
    def fact_tests(self) -> Mapping[str, tuple[Comparison, ...]]:
        return {name: read_fact(name, text) for name, text in self.facts}


@dataclass(frozen=True)
class Rules:
    rules: tuple[Rule, ...]


XIAOMI = Watched("1810.HK")
JEFFERIES = Watched("JEF")
_KNOWN = {
    "1810.HK": ResolvedCompany("i:xiaomi", "1810.HK", ("1810.HK", "XIACF"), "Xiaomi"),
    "JEF": ResolvedCompany("i:jef", "JEF", ("JEF",), "Jefferies"),
    "AAPL": ResolvedCompany("i:aapl", "AAPL", ("AAPL",), "Apple"),
}
_KNOWN["XIACF"] = _KNOWN["1810.HK"]
_KNOWN["Apple"] = _KNOWN["AAPL"]


PROFILES = {
    "i:xiaomi": ("Information Technology", "China"),
    "i:aapl": ("Information Technology", "United States"),
    "i:jef": ("Financials", "United States"),
}


def profile(issuer: str) -> tuple[str, str]:
    return PROFILES.get(issuer, ("", ""))


def resolve(name: str) -> ResolvedCompany | None:
    return _KNOWN.get(name)


def mood(label: SentimentLabel, sure: float = 0.97) -> Sentiment:
    rest = (1 - sure) / 2
    shares: dict[SentimentLabel, float] = {"positive": rest, "neutral": rest, "negative": rest, label: sure}
    return Sentiment(label, shares["positive"] - shares["negative"], **shares)


def company(
    symbol: str = "1810.HK", role: Role = "subject", relevance: float = 0.9, label: SentimentLabel | None = "positive"
) -> Company:
    known = _KNOWN[symbol]
    sentiment = mood(label) if label else None
    return Company(known.symbol, known.symbols, known.name, role, relevance, sentiment, issuer=known.issuer)


def article(title: str = "Xiaomi surges", summary: str = "", source: str = "Reuters", **more: object) -> Article:
    entry = Entry("wire", "", "https://x.com/1", title, summary, "", source, NOW, "published")
    return Article("5-0", entry, NOW, **more)  # type: ignore[arg-type]


def tags(
    *companies: Company, events: tuple[Event, ...] = (), label: SentimentLabel | None = "positive", **more: object
) -> Tags:
    return Tags(companies=companies, events=events, sentiment=mood(label) if label else None, **more)  # type: ignore[arg-type]


def placed(relation: Relation = "first", novelty: float = 1.0, revision: int = 1) -> Placement:
    story = Story("1-0", "Xiaomi surges", ("Reuters",), 1, revision, ("i:xiaomi",), (), (), 1, NOW, NOW)
    return Placement(story, relation, novelty, "")
