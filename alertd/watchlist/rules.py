"""Rules against articles: compiled once into an index, matched without looking at rules that cannot fire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alertd.articles import Article, Company, Event, Placement, Sentiment, Tags
from alertd.watchlist.keywords import Keywords, fold
from alertd.watchlist.settings import RuleLike, WatchedLike, WatchlistLike

_ROLES = {"subject": "the subject", "source": "only the source", "passing": "only mentioned in passing"}


@dataclass(frozen=True, slots=True)
class ResolvedCompany:
    """A watched company as the gazetteer knows it: the issuer's key, its primary symbol, all symbols, its name."""

    issuer: str
    symbol: str | None
    symbols: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fires.

    Attributes:
        rule: the rule's name.
        company: the company that it fires for, or None for a rule about articles.
        reason: why, in one line.
        channel: destination, "" for the default.
        severity: as the rule says.
        by_outlet: the rule asks for certain outlets or feeds, so that a copy may fire it where its original did not.
    """

    rule: str
    company: Company | None
    reason: str
    channel: str
    severity: str
    by_outlet: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """A rule that came near (its company or keyword is in the article), and the first condition that failed."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Matches:
    """What the watchlist says about an article, in the order of the rules."""

    fired: tuple[Match, ...] = ()
    stopped: tuple[Stopped, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleBook:
    """A compiled watchlist.

    Attributes:
        rules: the rules in the user's order; the other fields refer to them by position.
        by_issuer: issuer key → rules that watch it.
        keywords: keywords of rules that have any.
        plain: rules with neither companies nor keywords, tried on every article with one of their events.
        watched: for each rule the issuers that it watches.
        unknown: (rule's name, company as written) pairs that the gazetteer does not know; they match nothing.
    """

    rules: tuple[RuleLike, ...]
    by_issuer: Mapping[str, tuple[int, ...]]
    keywords: Keywords
    plain: tuple[int, ...]
    watched: tuple[frozenset[str], ...]
    unknown: tuple[tuple[str, str], ...]


def compile_rules(watchlist: WatchlistLike, resolve: Callable[[str], ResolvedCompany | None]) -> RuleBook:
    """Build the index of a watchlist.

    Args:
        watchlist: the rules, defaults taken over.
        resolve: finds an issuer by any of its symbols or names; None when it is not known.
    """
    rules = tuple(watchlist.rules)
    by_issuer: dict[str, list[int]] = defaultdict(list)
    watched = []
    unknown = []
    for number, rule in enumerate(rules):
        issuers = set()
        for company in rule.companies:
            found = next((r for name in _spellings(company) if (r := resolve(name)) is not None), None)
            if found is None:
                unknown.append((rule.name, company.symbol or company.name))
            else:
                issuers.add(found.issuer)
        watched.append(frozenset(issuers))
        for issuer in sorted(issuers):
            by_issuer[issuer].append(number)
    return RuleBook(
        rules=rules,
        by_issuer={issuer: tuple(numbers) for issuer, numbers in by_issuer.items()},
        keywords=Keywords((n, k) for n, rule in enumerate(rules) for k in rule.keywords),
        plain=tuple(n for n, rule in enumerate(rules) if not rule.companies and not rule.keywords),
        watched=tuple(watched),
        unknown=tuple(unknown),
    )


def match(book: RuleBook, article: Article, tags: Tags, placement: Placement) -> Matches:
    """Match an article against all rules.

    Sentiment and role are the company's own; a rule without companies goes by the article's sentiment. An event counts
    for a company when it names that company or none.
    """
    entry = article.entry
    said = book.keywords.find(fold(f"{entry.title}\n{entry.summary}\n{entry.text}")) if book.keywords else {}
    issuers = {_issuer(c): c for c in reversed(tags.companies)}
    near = {n for issuer in issuers for n in book.by_issuer.get(issuer, ())}
    near.update(n for n in said if not book.rules[n].companies)
    types = {e.type for e in tags.events}
    near.update(n for n in book.plain if not book.rules[n].event_types or types.intersection(book.rules[n].event_types))
    fired: list[Match] = []
    stopped: list[Stopped] = []
    for number in sorted(near):
        rule = book.rules[number]
        mine: Sequence[Company | None] = (None,)
        if rule.companies:
            watched = [c for issuer, c in issuers.items() if issuer in book.watched[number]]
            mine = sorted(watched, key=tags.companies.index)
        keyword = said.get(number, "")
        matches = []
        whys = []
        for company in mine:
            why = _stops(rule, article, tags, placement, company, keyword)
            if why:
                whys.append(why)
            else:
                matches.append(_match(rule, tags, placement, company, keyword))
        fired += matches
        if whys and not matches:
            # The condition that failed last is the nearest miss when several companies are watched.
            stopped.append(Stopped(rule.name, max(whys)[1]))
    return Matches(tuple(fired), tuple(stopped))


def _spellings(company: WatchedLike) -> tuple[str, ...]:
    return tuple(name for name in (company.symbol, company.name, *company.aliases) if name)


def _issuer(company: Company) -> str:
    return company.issuer or company.symbol or company.name


def _stops(
    rule: RuleLike, article: Article, tags: Tags, placement: Placement, company: Company | None, keyword: str
) -> tuple[int, str] | None:
    """The first condition that fails, with its place in the order of conditions; None when all hold."""
    for number, why in enumerate(_conditions(rule, article, tags, placement, company, keyword)):
        if why:
            return number, why
    return None


def _conditions(
    rule: RuleLike, article: Article, tags: Tags, placement: Placement, company: Company | None, keyword: str
) -> Iterator[str]:
    """For each condition in order "" when it holds, else why it does not."""
    yield _outlet(rule, article)
    if company is not None:
        wrong = company.role not in rule.roles
        yield f"{company.name} is {_ROLES[company.role]}, the rule asks for {_or(rule.roles)}" if wrong else ""
        low = company.relevance < rule.min_relevance
        yield (
            f"the article's relevance for {company.name} is {company.relevance:.2f}, "
            f"the rule asks for {rule.min_relevance:g}" if low else ""
        )  # fmt: skip
    yield f"none of its keywords is in the article ({_or(rule.keywords)})" if rule.keywords and not keyword else ""
    yield _event(rule, tags, company)
    yield _mood(rule, tags, company)
    stale = placement.novelty < rule.min_novelty
    yield f"novelty is {placement.novelty:.2f}, the rule asks for {rule.min_novelty:g}" if stale else ""


def _outlet(rule: RuleLike, article: Article) -> str:
    entry = article.entry
    source = fold(entry.source)
    if rule.feeds and entry.feed not in rule.feeds:
        return f"it came by the feed {entry.feed}, the rule asks for {_or(rule.feeds)}"
    if rule.sources and source not in map(fold, rule.sources):
        return f"its source is {entry.source or 'unknown'}, the rule asks for {_or(rule.sources)}"
    if source and source in map(fold, rule.not_sources):
        return f"its source is {entry.source}, which the rule leaves out"
    return ""


def _events(rule: RuleLike, tags: Tags, company: Company | None) -> list[Event]:
    """The events that the rule asks for and that concern the company, surest first."""
    names = {company.symbol, company.name, *company.symbols} if company else set()
    mine = [
        e
        for e in tags.events
        if e.type in rule.event_types and (company is None or not e.companies or names.intersection(e.companies))
    ]
    return sorted(mine, key=lambda e: -e.confidence)


def _event(rule: RuleLike, tags: Tags, company: Company | None) -> str:
    if not rule.event_types:
        return ""
    mine = _events(rule, tags, company)
    if not mine:
        found = ", ".join(e.type for e in tags.events) or "none"
        return f"its events are {found}, the rule asks for {_or(rule.event_types)}"
    if mine[0].confidence < rule.min_confidence:
        return f"{mine[0].type} is sure by {mine[0].confidence:.2f}, the rule asks for {rule.min_confidence:g}"
    return ""


def _sentiment(tags: Tags, company: Company | None) -> Sentiment | None:
    return company.sentiment if company is not None else tags.sentiment


def _mood(rule: RuleLike, tags: Tags, company: Company | None) -> str:
    if not rule.sentiment:
        return ""
    mood = _sentiment(tags, company)
    towards = f"towards {company.name}" if company else "of the article"
    if mood is None:
        return f"the sentiment {towards} is not known, the rule asks for {_or(rule.sentiment)}"
    if mood.label not in rule.sentiment:
        return f"the sentiment {towards} is {mood.label}, the rule asks for {_or(rule.sentiment)}"
    return ""


def _match(rule: RuleLike, tags: Tags, placement: Placement, company: Company | None, keyword: str) -> Match:
    sure = [e for e in _events(rule, tags, company) if e.confidence >= rule.min_confidence]
    parts = [" and ".join(e.type for e in sure)]
    if company is not None:
        parts[0] = f"{parts[0]} for {company.name}" if sure else f"about {company.name}"
    mood = _sentiment(tags, company)
    if mood is not None:
        parts.append(f"{mood.label} {getattr(mood, mood.label):.2f}")
    if company is not None:
        role = "" if company.role == "subject" else f" as {company.role}"
        parts.append(f"relevance {company.relevance:.1f}{role}")
    if keyword:
        parts.append(f'keyword "{keyword}"')
    if rule.min_novelty > 0:
        parts.append(f"novelty {placement.novelty:.1f}")
    outlet = bool(rule.sources or rule.not_sources or rule.feeds)
    return Match(rule.name, company, ", ".join(p for p in parts if p), rule.channel, rule.severity, outlet)


def _or(names: Sequence[str]) -> str:
    if len(names) > 5:
        return f"{', '.join(names[:4])} or {len(names) - 4} others"
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
