"""What rules of other kinds remember, in memory while articles are replayed: for backtests, and to fill new rules."""

from __future__ import annotations

import math
from typing import NamedTuple

from alertd.articles import Article, Placement, Tags
from alertd.watchlist.kinds import Kinds, kind_key, kind_keys, remembers
from alertd.watchlist.quiet import due_at_first
from alertd.watchlist.rules import Matches, RuleBook, issuer_of
from alertd.watchlist.settings import RuleLike


class Silent(NamedTuple):
    """A `quiet` rule that fires: for which company ("" for articles), when, and when it was last heard of."""

    rule: RuleLike
    issuer: str
    at: float
    last: float | None


class Recall:
    """Takes in matches in the order of their articles.

    Args:
        book: the watchlist; rules that remember nothing pass through.
        since: Unix seconds of the first article that is replayed.
    """

    def __init__(self, book: RuleBook, since: float) -> None:
        self._book = book
        self.since = since
        """Unix seconds from which on articles are replayed."""
        self._since = {rule.name: since for rule in book.rules if remembers(rule)}
        self.states: dict[str, tuple[str, float]] = {}
        """By key what is remembered, and for how many seconds."""
        self.last: dict[str, float] = {}
        """By key of a `quiet` rule when something was last heard."""
        self.due: dict[str, float] = {}
        """By key of a `quiet` rule when it fires without further news."""
        self.waits: dict[str, tuple[RuleLike, str]] = {}
        """By key of a `quiet` rule that rule and the company's issuer."""
        self._next = math.inf
        for number, rule in enumerate(book.rules):
            if rule.quiet:
                for issuer in waited_for(book, number):
                    self._wait(rule, issuer, due_at_first(None, since, rule.quiet))

    def __bool__(self) -> bool:
        """Whether any rule remembers something."""
        return bool(self._since)

    def judge(self, matches: Matches, article: Article, tags: Tags, placement: Placement) -> tuple[Matches, list[str]]:
        """Leave out what does not fire; also says why, for each match."""
        wanted = [(self._book.by_name[found.rule], issuer_of(found.company)) for found in matches.fired]
        states = {key: self.states[key][0] for key in kind_keys(wanted, placement) if key in self.states}
        kinds = Kinds(self._book.by_name, states, self._since)
        found = kinds.judge(matches, article, tags, placement)
        self.states.update(kinds.changed)
        for rule, issuer in wanted:
            if rule.quiet:
                key = kind_key(rule, issuer)
                self.last[key] = article.arrived
                self._wait(rule, issuer, kinds.heard[key])
        return found, kinds.held

    def silent(self, now: float) -> list[Silent]:
        """The `quiet` rules that fire up to a time, as far as news says; each once until there is news again."""
        if now < self._next:
            return []
        fired = sorted((at, key) for key, at in self.due.items() if at <= now)
        for _, key in fired:
            del self.due[key]
        self._next = min(self.due.values(), default=math.inf)
        return [Silent(*self.waits[key], at, self.last.get(key)) for at, key in fired]

    def _wait(self, rule: RuleLike, issuer: str, at: float) -> None:
        key = kind_key(rule, issuer)
        self.waits[key] = (rule, issuer)
        self.due[key] = at
        self._next = min(self._next, at)


def waited_for(book: RuleBook, number: int) -> frozenset[str]:
    """The issuers whose silence a rule waits for from the beginning; "" for a rule about articles.

    Those of a sector or country are waited for once they were heard of.
    """
    if book.rules[number].companies:
        return book.watched[number] - book.excluded[number]
    return frozenset() if book.index.about >> number & 1 else frozenset([""])
