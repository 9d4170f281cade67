"""Rules that another one always covers: what they would tell is told already or, where only the first counts, never."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from alertd.config.watchlist import RuleSettings

_BROAD: Final = ("event_types", "sentiment", "keywords", "languages", "sources", "feeds", "sectors", "countries")
_NARROW: Final = ("not_sources", "not_feeds", "not_keywords")
_LEAST: Final = ("min_novelty", "min_sources")


@dataclass(frozen=True, slots=True)
class Covered:
    """A rule that another one covers, by their numbers; `first`: only the first of them counts, so it never fires."""

    rule: int
    by: int
    first: bool


def covered(rules: Sequence[RuleSettings]) -> Iterator[Covered]:
    """Name the rules that another one always covers, each once.

    One covers another when it fires on all that the other fires on, about the same company and at once, and tells it in
    the same places, as severe, to the same people. Of two that say the same, the later one is named. A rule that
    comes after one of its group that fires on all it would fire on is named, too, where only the first counts.
    """
    wide = [n for n, rule in enumerate(rules) if not rule.companies]
    by_company = defaultdict(list)
    for number, rule in enumerate(rules):
        for company in rule.companies:
            by_company[company].append(number)
    companies = [frozenset(rule.companies) for rule in rules]

    def fires(one: int, other: int) -> bool:
        return _fires_on_all(rules[one], rules[other], companies[one], companies[other])

    for number, rule in enumerate(rules):
        near = wide + (by_company[rule.companies[0]] if rule.companies else [])
        for other in sorted(near):
            if other == number or not fires(other, number):
                continue
            together = set(rules[other].scopes) & set(rule.scopes)
            if together and other < number:
                yield Covered(number, other, first=True)
                break
            again = other > number and _tells_all(rule, rules[other]) and fires(number, other)
            if not together and not again and _tells_all(rules[other], rule):
                yield Covered(number, other, first=False)
                break


def _fires_on_all(
    wide: RuleSettings, narrow: RuleSettings, all_of: Collection[object], some: Collection[object]
) -> bool:
    """Whether a rule fires, about the same company, whenever another one does."""
    about = bool(wide.companies or wide.sectors or wide.countries)
    if wide.kinds or narrow.kinds or wide.stories > 1 or narrow.stories > 1:
        return False
    if about != bool(narrow.companies or narrow.sectors or narrow.countries):
        return False
    if all_of and not (some and set(some) <= set(all_of)):
        return False
    left_out = set(wide.not_companies) - set(narrow.not_companies)
    if left_out and not (some and left_out.isdisjoint(some)):
        return False
    return _conditions_of(wide, narrow) and (not about or _about(wide, narrow))


def _conditions_of(wide: RuleSettings, narrow: RuleSettings) -> bool:
    for name in _BROAD:
        asked, given = set(getattr(wide, name)), set(getattr(narrow, name))
        if asked and not (given and given <= asked):
            return False
    if any(set(getattr(wide, name)) - set(getattr(narrow, name)) for name in _NARROW):
        return False
    if any(getattr(wide, name) > getattr(narrow, name) for name in _LEAST + ("min_confidence",) * bool(wide.events)):
        return False
    if any(narrow.facts.get(name) != test for name, test in wide.facts.items()):
        return False
    return _moods_of(wide, narrow)


def _moods_of(wide: RuleSettings, narrow: RuleSettings) -> bool:
    low, high = wide.min_sentiment, wide.max_sentiment
    if low is not None and (narrow.min_sentiment is None or narrow.min_sentiment < low):
        return False
    return high is None or (narrow.max_sentiment is not None and narrow.max_sentiment <= high)


def _about(wide: RuleSettings, narrow: RuleSettings) -> bool:
    return set(narrow.roles) <= set(wide.roles) and wide.min_relevance <= narrow.min_relevance


def _tells_all(wide: RuleSettings, narrow: RuleSettings) -> bool:
    """Whether all that a rule tells is told by another one in the same places, as loud and as soon."""
    if wide.cooldown or wide.per_hour or (wide.once and not narrow.once) or narrow.min_sources:
        return False
    if (wide.hours, wide.digest) != (None, "") and (wide.hours, wide.outside, wide.digest) != (
        narrow.hours, narrow.outside, narrow.digest,
    ):  # fmt: skip
        return False
    # places are the same only when both name them, or neither does
    there, here = set(wide.destinations), set(narrow.destinations)
    same = here <= there if there and here else there == here
    return same and wide.severity == narrow.severity and set(narrow.mentions) <= set(wide.mentions)
