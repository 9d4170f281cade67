"""Rules as bits: each condition keeps one whole number with a bit for every rule that it lets through.

An article's rules are found by a few ANDs of such numbers, whatever the number of rules: bit n is rule n.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alertd.articles import Article, Company, Placement, Sentiment, Tags
from alertd.expressions import Comparison, fact_holds
from alertd.watchlist.conditions import concerns
from alertd.watchlist.keywords import Keywords, fold, fold_name
from alertd.watchlist.settings import RuleLike

_ORIGINS = 10_000


def bits(mask: int) -> Iterator[int]:
    """The numbers of the rules in a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Thresholds:
    """Rules by the least value that they ask for."""

    def __init__(self, wanted: Iterable[tuple[float, int]]) -> None:
        by_value: dict[float, int] = defaultdict(int)
        for value, mask in wanted:
            by_value[value] |= mask
        self._values = sorted(by_value)
        self._masks = [0]
        for value in self._values:
            self._masks.append(self._masks[-1] | by_value[value])

    def up_to(self, value: float) -> int:
        """The rules that ask for no more than a value."""
        return self._masks[bisect_right(self._values, value)]


class Choice:
    """Rules by what they accept of a condition, and those that do not care."""

    def __init__(self, accepted: Sequence[Iterable[str]]) -> None:
        found: dict[str, int] = defaultdict(int)
        self.asking = 0
        for number, values in enumerate(accepted):
            for value in values:
                found[value] |= 1 << number
                self.asking |= 1 << number
        self._by_value = dict(found)
        self._others = ((1 << len(accepted)) - 1) & ~self.asking
        self._of = {value: mask | self._others for value, mask in found.items()}

    def of(self, value: str) -> int:
        """The rules that accept a value or do not care."""
        return self._of.get(value, self._others)

    def named(self, value: str) -> int:
        """The rules that name a value."""
        return self._by_value.get(value, 0)


@dataclass(frozen=True, slots=True, repr=False)
class Index:
    """The rules of a watchlist as bits; make it with `build`.

    `plain`, `wordless`, `eventless`, `factless` and `moodless` are the rules that ask for no company, keyword, event,
    fact or sentiment: to AND with the opposite would take longer, for Python's whole numbers have no end.

    In `keywords` rule n stands for its keywords, and n plus the number of rules for those that it leaves out.
    """

    everything: int
    companies: Choice
    sectors: Choice
    countries: Choice
    excluded: Choice
    about: int
    roles: Choice
    relevance: Thresholds
    novelty: Thresholds
    outlets: Thresholds
    events: Mapping[str, Thresholds]
    asks_event: Choice
    moods: Choice
    least: Thresholds
    most: Thresholds
    bounded: int
    sources: Choice
    not_sources: Choice
    feeds: Choice
    not_feeds: Choice
    languages: Choice
    keywords: Keywords
    asks_keyword: int
    count: int
    facts: Mapping[str, Sequence[tuple[tuple[Comparison, ...], int]]]
    asks_fact: Choice
    plain: int
    wordless: int
    eventless: int
    factless: int
    moodless: int
    origins: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def article(self, article: Article, tags: Tags, placement: Placement, present: set[str]) -> int:
        """The rules whose conditions on the article itself hold."""
        entry = article.entry
        origin = (entry.feed, entry.source, tags.language)
        found = self.origins.get(origin)
        if found is None:
            found = self._from(*origin)
        found &= self.novelty.up_to(placement.novelty) & self.outlets.up_to(len(placement.story.sources))
        if present and (said := self.keywords.matching(present)):
            found &= said | self.wordless
            if unwanted := said >> self.count:
                found ^= found & unwanted
        else:
            found &= self.wordless
        return found if tags.facts else found & self.factless

    def facts_fail(self, tags: Tags, fired: int) -> int:
        """Of rules that fire else those whose conditions on facts do not hold; few ask, and each test takes time."""
        failing = 0
        for name, tests in self.facts.items():
            if name not in tags.facts:
                failing |= self.asks_fact.named(name)
                continue
            for test, mask in tests:
                if fired & mask and not fact_holds(name, test, tags.facts):
                    failing |= mask
        return fired & failing

    def _from(self, feed: str, source: str, language: str) -> int:
        """The rules that take what a feed brings from an outlet in a language; of the same few it is asked all day."""
        folded = fold_name(source)
        if len(self.origins) >= _ORIGINS:
            self.origins.clear()
        self.origins[feed, source, language] = found = (
            self.everything & self.feeds.of(feed) & ~self.not_feeds.named(feed)
            & self.sources.of(folded) & ~self.not_sources.named(folded) & self.languages.of(language)
        )  # fmt: skip
        return found

    def said(self, number: int, present: set[str]) -> tuple[str, str]:
        """The keyword of a rule that holds, and the one that it leaves out and that holds; "" for none."""
        return self.keywords.said(number, present), self.keywords.said(number + self.count, present)

    def worded(self, present: set[str]) -> int:
        """The rules of which a keyword holds."""
        return self.keywords.matching(present) & self.everything

    def who(self, issuer: str, sector: str, country: str) -> int:
        """The rules that are about a company, whatever else they ask."""
        wide = self.sectors.of(sector) & self.countries.of(country)
        return self.about & self.companies.of(issuer) & wide & ~self.excluded.named(issuer)

    def near(self, issuer: str, sector: str, country: str) -> int:
        """The rules that come near a company: they name it, or have it in a sector or country they name."""
        return self.companies.named(issuer) | self.sectors.named(sector) | self.countries.named(country)

    def company(self, company: Company) -> int:
        """The rules whose conditions on role and relevance a company meets."""
        return self.roles.of(company.role) & self.relevance.up_to(company.relevance)

    def asked(self, tags: Tags, company: Company | None) -> int:
        """The rules that ask for no event, or for one of an article's that concerns a company (None: anyone)."""
        found = self.eventless
        for event in tags.events:
            wanted = self.events.get(event.type)
            if wanted is not None and concerns(event, company):
                found |= wanted.up_to(event.confidence)
        return found

    def mood(self, mood: Sentiment | None) -> int:
        """The rules whose conditions on a sentiment hold."""
        if mood is None:
            return self.moodless
        found = self.moods.of(mood.label)
        if self.bounded:
            found &= self.least.up_to(mood.score) & self.most.up_to(-mood.score)
        return found


def build(rules: Sequence[RuleLike], watched: Sequence[frozenset[str]], excluded: Sequence[frozenset[str]]) -> Index:
    """Build the index of rules.

    Args:
        watched: for each rule the issuers that it names.
        excluded: for each rule the issuers that it leaves out.
    """
    everything = (1 << len(rules)) - 1
    events: dict[str, list[tuple[float, int]]] = defaultdict(list)
    facts: dict[str, dict[tuple[Comparison, ...], int]] = defaultdict(lambda: defaultdict(int))
    least, most = [], []
    about = bounded = 0
    for number, rule in enumerate(rules):
        bit = 1 << number
        for kind in rule.event_types:
            events[kind].append((rule.min_confidence, bit))
        for name, tests in rule.fact_tests.items():
            facts[name][tests] |= bit
        if rule.companies or rule.sectors or rule.countries:
            about |= bit
        if rule.min_sentiment is not None or rule.max_sentiment is not None:
            bounded |= bit
        least.append((-1.0 if rule.min_sentiment is None else rule.min_sentiment, bit))
        most.append((-1.0 if rule.max_sentiment is None else -rule.max_sentiment, bit))
    asks_event = Choice([rule.event_types for rule in rules])
    asks_fact = Choice([rule.fact_tests for rule in rules])
    asks_keyword = sum(1 << n for n, rule in enumerate(rules) if rule.keywords)
    moods = Choice([rule.sentiment for rule in rules])
    # a rule whose companies nobody knows still asks for companies: it names one that no article has
    named = [found or {"?"} if rule.companies else found for rule, found in zip(rules, watched, strict=True)]
    return Index(
        everything=everything,
        companies=Choice(named),
        sectors=Choice([rule.sectors for rule in rules]),
        countries=Choice([rule.countries for rule in rules]),
        excluded=Choice(excluded),
        about=about,
        roles=Choice([rule.roles for rule in rules]),
        relevance=Thresholds((rule.min_relevance, 1 << n) for n, rule in enumerate(rules)),
        novelty=Thresholds((rule.min_novelty, 1 << n) for n, rule in enumerate(rules)),
        outlets=Thresholds((rule.min_sources, 1 << n) for n, rule in enumerate(rules)),
        events={kind: Thresholds(wanted) for kind, wanted in events.items()},
        asks_event=asks_event,
        moods=moods,
        least=Thresholds(least),
        most=Thresholds(most),
        bounded=bounded,
        sources=Choice([map(fold, rule.sources) for rule in rules]),
        not_sources=Choice([filter(None, map(fold, rule.not_sources)) for rule in rules]),
        feeds=Choice([rule.feeds for rule in rules]),
        not_feeds=Choice([rule.not_feeds for rule in rules]),
        languages=Choice([rule.languages for rule in rules]),
        keywords=Keywords(
            [(n, k) for n, rule in enumerate(rules) for k in rule.keywords]
            + [(n + len(rules), k) for n, rule in enumerate(rules) for k in rule.not_keywords]
        ),
        asks_keyword=asks_keyword,
        count=len(rules),
        facts={name: tuple(tests.items()) for name, tests in facts.items()},
        asks_fact=asks_fact,
        plain=everything & ~about,
        wordless=everything & ~asks_keyword,
        eventless=everything & ~asks_event.asking,
        factless=everything & ~asks_fact.asking,
        moodless=everything & ~(moods.asking | bounded),
    )
