"""Rules against articles: compiled once into an index, matched without looking at rules that cannot fire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, cast

from alertd.articles import Article, Company, Event, Placement, Tags
from alertd.watchlist.conditions import reason_of
from alertd.watchlist.index import Index, bits, build
from alertd.watchlist.settings import RuleLike, WatchedLike, WatchlistLike

Profile = Callable[[str], tuple[str, str]]
"""Issuer's key → its sector and country, "" for what is not known."""
Says = tuple[str, tuple[Any, ...]]
"""What all matches of a rule share: its name, and the fields of `Match` from `channels` on."""


@dataclass(frozen=True, slots=True)
class ResolvedCompany:
    """A watched company as the gazetteer knows it: the issuer's key, its primary symbol, all symbols, its name."""

    issuer: str
    symbol: str | None
    symbols: tuple[str, ...]
    name: str


class Match(NamedTuple):
    """A rule that fires.

    Attributes:
        rule: the rule's name.
        company: the company that it fires for, or None for a rule about articles.
        why: gives the reason in one line; worded when an alert comes of it.
        channels: destinations, none for the default one.
        severity: as the rule says.
        by_outlet: the rule asks for certain outlets or feeds, so that a copy may fire it where its original did not.
        mentions: whom its alerts mention.
        once: only the first match in a story posts.
        occasion: id of the article by which a rule of another kind fires (see `alertd.watchlist.kinds`), "" for a rule
            that fires by matching: it posts once for each occasion, whatever its story said before.
    """

    rule: str
    company: Company | None
    why: Callable[[], str]
    channels: tuple[str, ...] = ()
    severity: str = "normal"
    by_outlet: bool = False
    mentions: tuple[str, ...] = ()
    once: bool = False
    occasion: str = ""

    @property
    def reason(self) -> str:
        """Why it fires, in one line."""
        return self.why()


@dataclass(frozen=True, slots=True)
class Stopped:
    """A rule that came near (its company or keyword is in the article), and the first condition that failed."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Matches:
    """What the watchlist says about an article: rules that fire, in their order, and near misses when one looked."""

    fired: tuple[Match, ...] = ()
    stopped: tuple[Stopped, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class RuleBook:
    """A compiled watchlist.

    Attributes:
        rules: the rules in the user's order; the other fields refer to them by position.
        index: the rules as bits.
        watched: for each rule the issuers that it names.
        excluded: for each rule the issuers that it leaves out.
        unknown: (rule's name, company as written) pairs that the gazetteer does not know; they match nothing.
        scoped: the rules, as bits, of which in some group only the first that fires counts.
        profile: sector and country of an issuer.
        by_name: the rules by their names.
        companies: the companies that the rules name, by issuer.
        says: for each rule what its matches hold.
    """

    rules: tuple[RuleLike, ...]
    index: Index
    watched: tuple[frozenset[str], ...]
    excluded: tuple[frozenset[str], ...]
    unknown: tuple[tuple[str, str], ...]
    scoped: int
    resolve: Callable[[str], ResolvedCompany | None]
    profile: Profile
    says: tuple[Says, ...]
    by_name: Mapping[str, RuleLike]
    companies: Mapping[str, ResolvedCompany]
    _profiles: dict[str, tuple[str, str]] = field(default_factory=dict, compare=False, repr=False)
    _who: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    def __repr__(self) -> str:
        """Short: asyncio writes out what a task returns, and what refers to a whole watchlist would take minutes."""
        return f"<RuleBook of {len(self.rules)} rules>"

    def profile_of(self, issuer: str) -> tuple[str, str]:
        """Sector and country of an issuer, looked up once."""
        found = self._profiles.get(issuer)
        if found is None:
            found = self._profiles[issuer] = self.profile(issuer)
        return found

    def who(self, issuer: str) -> int:
        """The rules, as bits, that are about an issuer, whatever else they ask; worked out once."""
        found = self._who.get(issuer)
        if found is None:
            found = self._who[issuer] = self.index.who(issuer, *self.profile_of(issuer))
        return found


def compile_rules(
    watchlist: WatchlistLike,
    resolve: Callable[[str], ResolvedCompany | None],
    profile: Profile = lambda _: ("", ""),
) -> RuleBook:
    """Build the index of a watchlist.

    Args:
        watchlist: the rules, defaults taken over.
        resolve: finds an issuer by any of its symbols or names; None when it is not known.
        profile: gives sector and country of an issuer.
    """
    rules = tuple(watchlist.rules)
    unknown: list[tuple[str, str]] = []
    resolved_by: dict[str, ResolvedCompany] = {}
    known: dict[tuple[str, ...], str] = {}

    def issuers(rule: RuleLike, companies: Sequence[WatchedLike]) -> frozenset[str]:
        found = set()
        for company in companies:
            spellings = _spellings(company)
            if spellings not in known:
                resolved = next((r for name in spellings if (r := resolve(name)) is not None), None)
                known[spellings] = resolved.issuer if resolved else ""
                if resolved:
                    resolved_by[resolved.issuer] = resolved
            if known[spellings]:
                found.add(known[spellings])
            else:
                unknown.append((rule.name, company.symbol or company.name))
        return frozenset(found)

    watched = tuple(issuers(rule, rule.companies) for rule in rules)
    excluded = tuple(issuers(rule, rule.not_companies) for rule in rules)
    scoped = sum(1 << number for number, rule in enumerate(rules) if rule.scopes)
    says = tuple(_says(rule) for rule in rules)
    index = build(rules, watched, excluded)
    names = {rule.name: rule for rule in rules}
    return RuleBook(rules, index, watched, excluded, tuple(unknown), scoped, resolve, profile, says, names, resolved_by)


def match(book: RuleBook, article: Article, tags: Tags, placement: Placement) -> Matches:
    """Match an article against all rules.

    Sentiment and role are the company's own; a rule without companies goes by the article's sentiment. An event counts
    for a company when it names that company or none.
    """
    index = book.index
    present = said_in(book, article)
    base = index.article(article, tags, placement, present)
    found: list[tuple[int, int, Company | None]] = []
    fired = 0
    if mine := base & index.plain:
        fired = mine & index.asked(tags, None) & index.mood(tags.sentiment)
        found += [(number, -1, None) for number in bits(fired)]
    if base := base & index.about:
        shared = -1
        for place, (issuer, company) in enumerate(companies_of(tags).items()):
            mine = base & book.who(issuer)
            if not mine or not (mine := mine & index.company(company) & index.mood(company.sentiment)):
                continue
            if shared < 0:
                # events that name no company are the same for all
                shared = 0 if _parted(tags.events) else index.asked(tags, None)
            if mine := mine & (shared or index.asked(tags, company)):
                fired |= mine
                found += [(number, place, company) for number in bits(mine)]
    if tags.facts and fired & index.asks_fact.asking and (failing := index.facts_fail(tags, fired)):
        fired ^= failing
        found = [one for one in found if not failing >> one[0] & 1]
    if not fired:
        return NOTHING
    if len(found) > 1:
        found.sort(key=_order)
        if fired & book.scoped:
            found = _first_only(book, found)
    says = book.says
    word = partial(_worded, book, tags, placement, present)
    return Matches(tuple([_match(Match, (says[n][0], c, partial(word, c, n), *says[n][1])) for n, _, c in found]))


_match = cast(Callable[[type[Match], tuple[Any, ...]], Match], tuple.__new__)
"""Makes a match out of all its fields in their order, in half the time that its own class takes."""
_order = itemgetter(0, 1)
NOTHING = Matches()


def _parted(events: Sequence[Event]) -> bool:
    for event in events:  # noqa: SIM110 - a generator takes longer than the loop
        if event.companies:
            return True
    return False


def in_one_place(book: RuleBook) -> RuleBook:
    """The same rules, of which none names a channel."""
    return replace(book, says=tuple((name, ((), *rest)) for name, (_, *rest) in book.says))


def said_in(book: RuleBook, article: Article) -> set[str]:
    """The terms of the rules' keywords, wanted or not, that are in an article."""
    entry, keywords = article.entry, book.index.keywords
    return keywords.present(f"{entry.title}\n{entry.summary}\n{entry.text}") if keywords else set()


def companies_of(tags: Tags) -> dict[str, Company]:
    """The companies of an article by their issuer's key, in their order; of an issuer that stands twice, the first."""
    found: dict[str, Company] = {}
    for company in tags.companies:
        issuer = company.issuer or company.symbol or company.name
        if issuer not in found:
            found[issuer] = company
    return found


def issuer_of(company: Company | None) -> str:
    """The key of a company's issuer; "" for None."""
    return (company.issuer or company.symbol or company.name) if company is not None else ""


def _first_only(
    book: RuleBook, found: Sequence[tuple[int, int, Company | None]]
) -> list[tuple[int, int, Company | None]]:  # fmt: skip
    """Leave out what an earlier rule of the same group said about the same company."""
    taken: dict[tuple[str, int], int] = {}
    kept = []
    for number, place, company in found:
        keys = [(scope, place) for scope in book.rules[number].scopes]
        if all(taken.get(key, number) == number for key in keys):
            taken.update(dict.fromkeys(keys, number))
            kept.append((number, place, company))
    return kept


def _spellings(company: WatchedLike) -> tuple[str, ...]:
    return tuple(name for name in (company.symbol, company.name, *company.aliases) if name)


def _worded(
    book: RuleBook, tags: Tags, placement: Placement, present: set[str], company: Company | None, number: int
) -> str:  # fmt: skip
    return reason_of(book.rules[number], tags, placement, company, book.index.said(number, present)[0])


def _says(rule: RuleLike) -> Says:
    # the copy by one more outlet may be what a rule waits for
    outlet = bool(rule.sources or rule.not_sources or rule.feeds or rule.not_feeds or rule.min_sources)
    once = rule.once or rule.min_sources > 0
    return rule.name, (tuple(rule.destinations), rule.severity, outlet, tuple(rule.mentions), once, "")
