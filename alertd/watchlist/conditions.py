"""The conditions of a rule, read one by one for one article and company: what holds, and what does not, in words.

This is the plain reading of a rule. `alertd.watchlist.index` finds the rules that fire without it; it says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from alertd.articles import Article, Company, Event, Placement, Sentiment, Tags
from alertd.expressions import fact_holds
from alertd.watchlist.keywords import fold
from alertd.watchlist.settings import RuleLike

_MOST_DIGITS = 6
_ROLES = {"subject": "the subject", "source": "only the source", "passing": "only mentioned in passing"}


@dataclass(frozen=True, slots=True)
class Sight:
    """What a rule looks at.

    Attributes:
        keyword: the keyword of the rule that holds, "" for none.
        unwanted: the keyword of `not_keywords` that holds, "" for none.
        company: whom it is tried for, None for a rule about articles.
        sector, country: of that company, "" when not known.
        excluded: the company is left out by `not_companies`.
    """

    article: Article
    tags: Tags
    placement: Placement
    keyword: str = ""
    unwanted: str = ""
    company: Company | None = None
    sector: str = field(default="")
    country: str = field(default="")
    excluded: bool = False


def conditions(rule: RuleLike, sight: Sight) -> Iterator[str]:
    """For each condition in order "" when it holds, else why it does not."""
    company, tags = sight.company, sight.tags
    yield _outlet(rule, sight.article)
    if rule.languages and tags.language not in rule.languages:
        yield f"its language is {tags.language or 'not known'}, the rule asks for {either(rule.languages)}"
    else:
        yield ""
    if company is not None:
        yield _profile("sector", sight.sector, rule.sectors, company)
        yield _profile("country", sight.country, rule.countries, company)
        yield f"{company.name} is left out by not_companies" if sight.excluded else ""
        wrong = company.role not in rule.roles
        yield f"{company.name} is {_ROLES[company.role]}, the rule asks for {either(rule.roles)}" if wrong else ""
        low = company.relevance < rule.min_relevance
        yield (
            f"the article's relevance for {company.name} is {short_of(company.relevance, rule.min_relevance)}, "
            f"the rule asks for {rule.min_relevance:g}" if low else ""
        )  # fmt: skip
    missing = rule.keywords and not sight.keyword
    yield f"none of its keywords is in the article ({either(rule.keywords)})" if missing else ""
    yield f'the article says "{sight.unwanted}", which the rule leaves out' if sight.unwanted else ""
    yield _event(rule, tags, company)
    yield _mood(rule, tags, company)
    yield _facts(rule, tags)
    sources = len(sight.placement.story.sources)
    few = sources < rule.min_sources
    yield f"{sources} of the {rule.min_sources} outlets that the rule asks for carry the story so far" if few else ""
    novelty, least = sight.placement.novelty, rule.min_novelty
    yield f"novelty is {short_of(novelty, least)}, the rule asks for {least:g}" if novelty < least else ""


def stops(rule: RuleLike, sight: Sight) -> tuple[int, str] | None:
    """The first condition that fails, with its place in the order of conditions; None when all hold."""
    return next(((number, why) for number, why in enumerate(conditions(rule, sight)) if why), None)


def _outlet(rule: RuleLike, article: Article) -> str:
    entry = article.entry
    source = fold(entry.source)
    if rule.feeds and entry.feed not in rule.feeds:
        return f"it came by the feed {entry.feed}, the rule asks for {either(rule.feeds)}"
    if entry.feed in rule.not_feeds:
        return f"it came by the feed {entry.feed}, which the rule leaves out"
    if rule.sources and source not in map(fold, rule.sources):
        return f"its source is {entry.source or 'unknown'}, the rule asks for {either(rule.sources)}"
    if source and source in map(fold, rule.not_sources):
        return f"its source is {entry.source}, which the rule leaves out"
    return ""


def _profile(what: str, found: str, wanted: Sequence[str], company: Company) -> str:
    if not wanted or found in wanted:
        return ""
    return f"the {what} of {company.name} is {found or 'not known'}, the rule asks for {either(wanted)}"


def events_of(rule: RuleLike, tags: Tags, company: Company | None) -> list[Event]:
    """The events that the rule asks for and that concern the company, surest first."""
    mine = [e for e in tags.events if e.type in rule.event_types and concerns(e, company)]
    return sorted(mine, key=lambda e: -e.confidence)


def concerns(event: Event, company: Company | None) -> bool:
    """Whether an event names the company, or none."""
    if company is None or not event.companies:
        return True
    return not {company.symbol, company.name, *company.symbols}.isdisjoint(event.companies)


def _event(rule: RuleLike, tags: Tags, company: Company | None) -> str:
    if not rule.event_types:
        return ""
    mine = events_of(rule, tags, company)
    if not mine:
        found = ", ".join(e.type for e in tags.events) or "none"
        return f"its events are {found}, the rule asks for {either(rule.event_types)}"
    if mine[0].confidence < rule.min_confidence:
        sure = short_of(mine[0].confidence, rule.min_confidence)
        return f"{mine[0].type} is sure by {sure}, the rule asks for {rule.min_confidence:g}"
    return ""


def sentiment_of(tags: Tags, company: Company | None) -> Sentiment | None:
    """The sentiment towards a company, or that of the article."""
    return company.sentiment if company is not None else tags.sentiment


def _mood(rule: RuleLike, tags: Tags, company: Company | None) -> str:
    bounds = rule.min_sentiment is not None or rule.max_sentiment is not None
    if not rule.sentiment and not bounds:
        return ""
    mood = sentiment_of(tags, company)
    towards = f"towards {company.name}" if company else "of the article"
    if mood is None:
        asked = either(rule.sentiment) if rule.sentiment else "a score"
        return f"the sentiment {towards} is not known, the rule asks for {asked}"
    if rule.sentiment and mood.label not in rule.sentiment:
        return f"the sentiment {towards} is {mood.label}, the rule asks for {either(rule.sentiment)}"
    if rule.min_sentiment is not None and mood.score < rule.min_sentiment:
        score = short_of(mood.score, rule.min_sentiment)
        return f"the sentiment {towards} scores {score}, the rule asks for at least {rule.min_sentiment:g}"
    if rule.max_sentiment is not None and mood.score > rule.max_sentiment:
        score = short_of(mood.score, rule.max_sentiment)
        return f"the sentiment {towards} scores {score}, the rule asks for at most {rule.max_sentiment:g}"
    return ""


def _facts(rule: RuleLike, tags: Tags) -> str:
    for name, tests in rule.fact_tests.items():
        if not fact_holds(name, tests, tags.facts):
            stated = tags.facts.get(name)
            said = "not stated" if stated is None else f"{stated}"
            return f"{name} is {said}, the rule asks for something else"
    return ""


def reason_of(rule: RuleLike, tags: Tags, placement: Placement, company: Company | None, keyword: str) -> str:
    """Say in one line why a rule fires."""
    sure = [e for e in events_of(rule, tags, company) if e.confidence >= rule.min_confidence]
    parts = [" and ".join(e.type for e in sure)]
    if company is not None:
        parts[0] = f"{parts[0]} for {company.name}" if sure else f"about {company.name}"
    mood = sentiment_of(tags, company)
    if mood is not None:
        parts.append(f"{mood.label} {getattr(mood, mood.label):.2f}")
    if company is not None:
        role = "" if company.role == "subject" else f" as {company.role}"
        parts.append(f"relevance {company.relevance:.1f}{role}")
    if keyword:
        parts.append(f'keyword "{keyword}"')
    parts += [f"{name} {tags.facts[name]}" for name in rule.fact_tests if name != "amounts"]
    if rule.min_sources:
        parts.append(f"carried by {len(placement.story.sources)} outlets")
    if rule.min_novelty > 0:
        parts.append(f"novelty {placement.novelty:.1f}")
    return ", ".join(part for part in parts if part)


def short_of(value: float, bound: float) -> str:
    """Write a number that misses a bound with two decimals, and with more where it would look as if it met it."""
    texts = (f"{value:.{digits}f}" for digits in range(2, _MOST_DIGITS))
    return next((text for text in texts if (float(text) - bound) * (value - bound) > 0), str(value))


def either(names: Sequence[str]) -> str:
    """Join names by "or"; of many, only the first."""
    if len(names) > 5:
        return f"{', '.join(names[:4])} or {len(names) - 4} others"
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
