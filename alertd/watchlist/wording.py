"""A rule in one line of words, for lists of rules. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from alertd.config import RuleSettings
from alertd.config.units import duration_words

_FEW: Final = 4


def rule_words(rule: RuleSettings) -> str:
    """What a rule asks for: "Xiaomi, BYD and 3 more · events recall · negative"."""
    named = [company.symbol or company.name for company in rule.companies]
    parts = [
        _some("", named),
        _some("sectors ", rule.sectors),
        _some("countries ", rule.countries),
        _some("events ", rule.events),
        _some("", rule.sentiment),
        _some("words ", rule.keywords),
        _some("outlets ", rule.sources),
        _some("feeds ", rule.feeds),
        f"score from {rule.min_sentiment:+g}" if rule.min_sentiment is not None else "",
        f"score up to {rule.max_sentiment:+g}" if rule.max_sentiment is not None else "",
        _some("", [f"{name} {test}" for name, test in rule.facts.items()]),
        f"carried by {rule.min_sources} outlets" if rule.min_sources else "",
        f"{rule.stories} stories within {duration_words(rule.within)}" if rule.stories else "",
        "more news than usual" if rule.spike else "",
        "sentiment shifts" if rule.sentiment_shift else "",
        f"silence of {duration_words(rule.quiet)}" if rule.quiet else "",
        f"first such event within {duration_words(rule.new_event)}" if rule.new_event else "",
    ]
    return " · ".join(part for part in parts if part) or "any article"


def _some(label: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = len(names) - _FEW
    said = ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")
    return f"{label}{said}"
