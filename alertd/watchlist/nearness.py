"""How near the rules come to an article that they do not fire on, and what stops them. Pure.

This is the plain reading of rules, one after the other, that `alertd.watchlist.index` spares; it explains and checks.
"""

from __future__ import annotations

from collections.abc import Sequence

from alertd.articles import Article, Placement, Tags
from alertd.watchlist.conditions import Sight, stops
from alertd.watchlist.index import bits
from alertd.watchlist.rules import RuleBook, Stopped, companies_of, said_in
from alertd.watchlist.settings import RuleLike


def near_rules(book: RuleBook, tags: Tags, present: set[str]) -> int:
    """The rules, as bits, that come near an article: company, keyword or event of theirs is in it."""
    index = book.index
    near = index.worded(present) & ~index.about
    for issuer in companies_of(tags):
        near |= index.near(issuer, *book.profile_of(issuer))
    plain = index.everything & ~index.about & ~index.asks_keyword
    for event in tags.events:
        near |= index.asks_event.named(event.type) & plain
    return near | (plain & ~index.asks_event.asking)


def sights(
    book: RuleBook,
    number: int,
    article: Article,
    tags: Tags,
    placement: Placement,
    present: set[str],
) -> list[Sight]:
    """What a rule looks at in an article: the article, or each company that it is about; none when it is about none."""
    rule = book.rules[number]
    keyword, bad = book.index.said(number, present)
    if not book.index.about >> number & 1:
        return [Sight(article, tags, placement, keyword, bad)]
    found = []
    for issuer, company in companies_of(tags).items():
        if rule.companies and issuer not in book.watched[number]:
            continue
        sector, country = book.profile_of(issuer)
        out = issuer in book.excluded[number]
        found.append(Sight(article, tags, placement, keyword, bad, company, sector, country, out))
    return found


def why_not(rule: RuleLike, looks: Sequence[Sight]) -> str:
    """Why a rule does not fire; "" when it does for one of the companies.

    The condition that failed last is the nearest miss when several companies are watched.
    """
    whys = [stops(rule, sight) for sight in looks]
    failed = [why for why in whys if why is not None]
    return max(failed)[1] if whys and len(failed) == len(whys) else ""


def near_miss(book: RuleBook, article: Article, tags: Tags, placement: Placement) -> tuple[Stopped, ...]:
    """The first rule that came near an article on which none fires, with what stopped it; at most one."""
    present = said_in(book, article)
    index = book.index
    near = index.worded(present) & ~index.about
    for issuer in companies_of(tags):
        near |= index.companies.named(issuer)
    for number in bits(near or near_rules(book, tags, present)):
        if why := why_not(book.rules[number], sights(book, number, article, tags, placement, present)):
            return (Stopped(book.rules[number].name, why),)
    return ()
