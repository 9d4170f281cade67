"""Thresholds from what people said of alerts: which bound of a rule would have spared them the unwanted. Pure.

A bound is only raised as far as every alert of the rule that somebody acknowledged would still have come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

GOOD: Final = frozenset(["acknowledge"])
BAD: Final = frozenset(["not_relevant", "wrong_company"])
BOUNDS: Final = ("min_relevance", "min_confidence", "min_novelty")
"""Keys of a rule that are proposed for, in the order in which they are preferred."""


@dataclass(frozen=True, slots=True)
class Example:
    """What somebody said of an alert.

    Attributes:
        rule: the rule that raised it.
        key: the alert's key.
        good: whether it was wanted.
        values: bound → the alert's own value: it still comes while the bound is at most that.
    """

    rule: str
    key: str
    good: bool
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A bound for a rule.

    Attributes:
        rule: its name.
        bound: one of `BOUNDS`.
        before, after: its value now, and the one proposed.
        spared, unwanted: how many alerts that nobody wanted would not have come, of how many.
        kept: how many acknowledged ones all still come.
    """

    rule: str
    bound: str
    before: float
    after: float
    spared: int
    unwanted: int
    kept: int


def examples(stored: Iterable[Mapping[str, Any]], events: Mapping[str, Sequence[str]]) -> list[Example]:
    """Read what was labelled; the last word of each person counts, and one bad word about an alert outweighs good ones.

    Args:
        stored: labels as they are kept.
        events: rule → the types of event that it asks for; none for all.
    """
    found: dict[str, Example] = {}
    for row in stored:
        label = row.get("label")
        if label not in GOOD | BAD or not row.get("rule"):
            continue
        wanted = events.get(row["rule"], ())
        sure = [p for name, p in (row.get("events") or {}).items() if not wanted or name in wanted]
        values = {"min_relevance": row.get("relevance"), "min_novelty": row.get("novelty")}
        values["min_confidence"] = max(sure) if sure and wanted else None
        known = {name: float(value) for name, value in values.items() if value is not None}
        key, good = str(row.get("key")), label in GOOD
        if key not in found or not good:
            found[key] = Example(row["rule"], key, good, known)
    return list(found.values())


def propose(found: Sequence[Example], now: Mapping[str, Mapping[str, float]]) -> list[Proposal]:
    """The best bound for each rule that spares anything.

    Args:
        found: the examples.
        now: rule → bound → its value in force; examples of other rules are left out.
    """
    proposals = []
    for rule in sorted({example.rule for example in found} & now.keys()):
        mine = [example for example in found if example.rule == rule]
        options = [option for bound in BOUNDS if (option := _raised(mine, bound, now[rule][bound]))]
        if options:
            proposals.append(max(options, key=lambda option: (option.spared, -BOUNDS.index(option.bound))))
    return proposals


def _raised(mine: Sequence[Example], bound: str, before: float) -> Proposal | None:
    wanted = [e.values[bound] for e in mine if e.good and bound in e.values]
    unwanted = [e.values[bound] for e in mine if not e.good and bound in e.values]
    highest = min(wanted, default=1.0)
    # two decimals, as people write them: just above what is to be spared, at most what is to be kept
    steps = {math.floor(value * 100 + 1e-9) / 100 + 0.01 for value in unwanted}
    allowed = [round(step, 2) for step in steps if before < step <= highest + 1e-9 and step <= 1.0]
    if not allowed:
        return None
    after = max(allowed)
    spared = sum(value < after for value in unwanted)
    return Proposal(mine[0].rule, bound, before, after, spared, sum(not e.good for e in mine), len(wanted))
