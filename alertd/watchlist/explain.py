"""Why each rule fires on an article, or what stopped it: the plain reading of all rules, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alertd.articles import Article, Placement, Tags
from alertd.watchlist.conditions import Sight, events_of, reason_of, stops
from alertd.watchlist.index import bits
from alertd.watchlist.kinds import remembers
from alertd.watchlist.nearness import near_rules, sights
from alertd.watchlist.progress import Past, progress, restraint
from alertd.watchlist.rules import RuleBook, issuer_of, match, said_in
from alertd.watchlist.settings import RuleLike


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


def verdicts(
    book: RuleBook, article: Article, tags: Tags, placement: Placement, past: Past | None = None
) -> list[Verdict]:  # fmt: skip
    """What every rule says of an article: those that fire, then those that came near, by how far they came.

    Args:
        past: what rules remember; without it, those that remember say no more than that they match.
    """
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
            if remembers(rule) or rule.stories > 1:
                found.append(Verdict(rule.name, False, f"it matches ({why}); {_so_far(rule, firing, past)}", True, 100))
            elif rule.name in overruled:
                held = [restraint(rule, issuer_of(look.company), past) for look in firing] if past else []
                why = "; ".join(dict.fromkeys([why, *(one for one in held if one)]))
                found.append(Verdict(rule.name, True, why, True))
            else:
                found.append(Verdict(rule.name, False, "an earlier rule of its group fired", True, 100))
        elif results:
            failed, why = max(failed for _, failed in results if failed is not None)
            found.append(Verdict(rule.name, False, why, number in near, failed))
        else:
            found.append(Verdict(rule.name, False, "none of its companies is in the article", False, -2))
    return sorted(found, key=lambda one: (not one.fires, not one.near, -one.failed))


def _so_far(rule: RuleLike, firing: Sequence[Sight], past: Past | None) -> str:
    if past is None:
        return "it remembers, and what came before decides whether it fires"
    said = []
    for look in firing:
        events = [event.type for event in events_of(rule, look.tags, look.company)]
        so_far = progress(rule, issuer_of(look.company), events, past)
        held = restraint(rule, issuer_of(look.company), past)
        about = f"{look.company.name}: " if look.company and len(firing) > 1 else ""
        said.append(f"{about}{so_far}{f'; {held}' if held else ''}")
    return "so far " + "; ".join(said)


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
