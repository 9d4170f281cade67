"""Silences: for a while, what they match is not told; they match as rules do. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from alertd.articles import Article, Placement, Tags
from alertd.watchlist.rules import Match, Matches, RuleBook, issuer_of, match


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence.

    Attributes:
        id: short name, unique.
        since, until: Unix seconds between which it holds.
        why: the reason, for others.
        by: who made it.
        rules: names of the rules that it silences; none for all.
        matcher: keys of a rule, as in watchlist.yaml; none matches everything.
    """

    id: str
    since: float
    until: float
    why: str
    by: str = ""
    rules: tuple[str, ...] = ()
    matcher: dict[str, Any] = field(default_factory=dict)

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Silence:
        """Read what `dump` wrote."""
        plain = json.loads(text)
        return cls(**{**plain, "rules": tuple(plain["rules"])})

    def holds(self, now: float) -> bool:
        """Whether it holds at a time."""
        return self.since <= now < self.until

    def words(self) -> str:
        """What it silences, in words."""
        parts = [f"rule {' or '.join(self.rules)}"] if self.rules else []
        for key, value in self.matcher.items():
            said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            parts.append(said if key == "companies" else f"{key.replace('_', ' ')} {said}")
        return "; ".join(parts) or "everything"


@dataclass(frozen=True, slots=True)
class Silences:
    """Silences ready to use.

    Attributes:
        all: by id.
        book: those with a matcher, compiled; each is a rule whose name is the silence's id.
    """

    all: Mapping[str, Silence] = field(default_factory=dict)
    book: RuleBook | None = None


def silenced(
    silences: Silences, matches: Matches, article: Article, tags: Tags, placement: Placement
) -> tuple[Matches, tuple[str, ...]]:
    """Leave out the matches that a silence holds back at the article's arrival.

    A silence about companies holds back what rules say about those; one about none, whatever they say of the article.

    Returns:
        The matches that are left, and for each that is not a line that says why.
    """
    now = article.arrived
    holding = [s for s in silences.all.values() if s.holds(now)]
    if not holding or not matches.fired:
        return matches, ()
    hits: dict[str, set[str]] = {s.id: {""} for s in holding if not s.matcher}
    if silences.book is not None:
        for found in match(silences.book, article, tags, placement).fired:
            hits.setdefault(found.rule, set()).add(issuer_of(found.company))
    kept, why = [], []
    for found in matches.fired:
        silence = next((s for s in holding if _covers(s, hits.get(s.id, ()), found)), None)
        if silence is None:
            kept.append(found)
        else:
            why.append(f"rule {found.rule} is silenced by {silence.id} ({silence.words()}): {silence.why}")
    return Matches(tuple(kept), matches.stopped), tuple(why)


def _covers(silence: Silence, hits: Sequence[str] | set[str], found: Match) -> bool:
    if silence.rules and found.rule not in silence.rules:
        return False
    return "" in hits or issuer_of(found.company) in hits
