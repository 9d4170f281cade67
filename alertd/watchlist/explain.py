"""Why each rule fires on an article, or what stopped it: the plain reading of all rules, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alertd.articles import Article, Placement, Tags
from alertd.watchlist.conditions import reason_of, stops
from alertd.watchlist.index import bits
from alertd.watchlist.kinds import remembers
from alertd.watchlist.nearness import near_rules, sights
from alertd.watchlist.rules import RuleBook, match, said_in


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of an article.

    Attributes:
        rule: its name.
        fires: it does, for one company at least.
        why: why it fires, or the first condition that failed.
        near: its company, keyword or event is in the article.
        failed: number of the condition that failed, in the order of conditions; -1 when it fires.
    """

    rule: str
    fires: bool
    why: str
    near: bool
    failed: int = -1


def verdicts(book: RuleBook, article: Article, tags: Tags, placement: Placement) -> list[Verdict]:
    """What every rule says of an article: those that fire, then those that came near, by how far they came."""
    present = said_in(book, article)
    near = set(bits(near_rules(book, tags, present)))
    overruled = {found.rule for found in match(book, article, tags, placement).fired}
    found = []
    for number, rule in enumerate(book.rules):
        looks = sights(book, number, article, tags, placement, present)
        results = [(look, stops(rule, look)) for look in looks]
        firing = [look for look, failed in results if failed is None]
        if firing:
            why = "; ".join(reason_of(rule, tags, placement, look.company, look.keyword) for look in firing)
            if remembers(rule):
                why = f"it matches ({why}) and remembers; what came before decides whether it fires"
                found.append(Verdict(rule.name, False, why, True, 100))
            elif rule.name in overruled:
                found.append(Verdict(rule.name, True, why, True))
            else:
                found.append(Verdict(rule.name, False, "an earlier rule of its group fired", True, 100))
        elif results:
            failed, why = max(failed for _, failed in results if failed is not None)
            found.append(Verdict(rule.name, False, why, number in near, failed))
        else:
            found.append(Verdict(rule.name, False, "none of its companies is in the article", False, -2))
    return sorted(found, key=lambda one: (not one.fires, not one.near, -one.failed))


def tag_lines(tags: Tags) -> Iterator[str]:
    """Say in lines how an article was tagged."""
    for company in tags.companies:
        mood = f"{company.sentiment.label} {company.sentiment.score:+.2f}" if company.sentiment else "not known"
        symbol = f" {company.symbol}" if company.symbol else ""
        yield f"company    {company.name}{symbol}, {company.role}, relevance {company.relevance:.2f}, sentiment {mood}"
    for event in tags.events:
        about = f" ({', '.join(event.companies)})" if event.companies else ""
        yield f"event      {event.type} {event.confidence:.2f}{about}"
    if tags.sentiment:
        yield f"sentiment  {tags.sentiment.label} {tags.sentiment.score:+.2f}"
    for name, value in tags.facts.items():
        yield f"fact       {name} {value}"
    if not tags.companies and not tags.events:
        yield "tags       no company and no event"
    if tags.language:
        yield f"language   {tags.language}"
    if tags.versions:
        yield f"versions   {', '.join(f'{name} {version}' for name, version in sorted(tags.versions.items()))}"
