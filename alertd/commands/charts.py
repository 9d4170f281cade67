"""What a backtest found, drawn for a terminal or as plain data."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from alertd.watchlist.backtest import Sample, Tally, difference

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR: Final = 40
_MOST: Final = 15
_SAMPLES: Final = 10


def plain(tallies: Sequence[Tally]) -> dict[str, Any]:
    """What was found as JSON-ready data: of the watchlist in force and, when two were replayed, of the other one."""
    found: dict[str, Any] = {"in_force": _plain(tallies[0])}
    if len(tallies) > 1:
        come, go = difference(*tallies)
        found |= {"new": _plain(tallies[1]), "come": [asdict(s) for s in come], "go": [asdict(s) for s in go]}
    return found


def _plain(tally: Tally) -> dict[str, Any]:
    return {
        "articles": tally.articles, "may_alert": tally.may_alert, "alerts": tally.alerts, "held": tally.held,
        "waiting": tally.waiting,
        "by_day": dict(sorted(tally.by_day.items())), "by_rule": dict(tally.by_rule.most_common()),
        "by_company": dict(tally.by_company.most_common()), "versions": dict(tally.versions),
    }  # fmt: skip


def mixture(versions: Counter[str]) -> str:
    """The components of which articles were tagged by several versions, in words; "" for none.

    Args:
        versions: "component version" → articles.
    """
    counts = Counter(name.partition(" ")[0] for name in versions)
    return ", ".join(f"{many} versions of {component}" for component, many in sorted(counts.items()) if many > 1)


def charts(tallies: Sequence[Tally]) -> Iterator[RenderableType]:
    """Draw what was found; arguments as for `plain`."""
    from rich.text import Text

    first, last = tallies[0], tallies[-1]
    both = len(tallies) > 1
    yield Text(f"{first.articles:,} articles, {first.may_alert:,} of them may alert")
    versions = ", ".join(f"{name} ({count:,})" for name, count in sorted(last.versions.items()))
    yield Text(f"tagged by {versions or 'unknown versions'}")
    if mixed := mixture(last.versions):
        yield Text(f"the archive mixes {mixed}: what one version found another may not have found", style="yellow")
    for name, tally in zip(("in force", "new rules") if both else ("",), tallies, strict=True):
        days = max(1, len(tally.by_day))
        held = f", {tally.held:,} held back by pace or hours" if tally.held else ""
        held += f", {tally.waiting:,} matches only counted by rules that remember" if tally.waiting else ""
        yield Text(f"{name + ': ' if name else ''}{tally.alerts:,} alerts, {tally.alerts / days:.1f} a day{held}")
    yield Text()
    yield from _bars("alerts a day", sorted(set(first.by_day) | set(last.by_day)), first.by_day, last.by_day, both)
    for title, of in (("by rule", "by_rule"), ("by company", "by_company")):
        before, after = getattr(first, of), getattr(last, of)
        names = [name for name, _ in (after + before).most_common(_MOST)]
        yield Text()
        yield from _bars(title, names, before, after, both)
    yield Text()
    if both:
        come, go = difference(first, last)
        for words, changed in (("would come", come), ("would go", go)):
            yield from _listed(f"{words}: {len(changed):,}", [(sample, str) for sample in changed])
    else:
        yield from _listed("samples", [pair for pairs in last.samples.values() for pair in pairs])


def _bars(
    title: str, names: Sequence[str], before: Counter[str], after: Counter[str], both: bool
) -> Iterator[RenderableType]:  # fmt: skip
    from rich.text import Text

    from alertd.logs import escape

    yield Text(title, style="bold")
    most = max([1, *(max(before[name], after[name]) for name in names)])
    width = max([0, *(len(name) for name in names)])
    for name in names:
        bar = "█" * round(_BAR * after[name] / most) or "▏"
        change = f" ({after[name] - before[name]:+,})" if both and after[name] != before[name] else ""
        yield Text(f"  {escape(name):<{width}}  {bar} {after[name]:,}{change}")


def _listed(title: str, samples: Sequence[tuple[Sample, Callable[[], str]]]) -> Iterator[RenderableType]:
    from rich.text import Text

    from alertd.logs import escape

    yield Text(title, style="bold")
    for sample, why in sorted(samples, key=lambda pair: -pair[0].at)[:_SAMPLES]:
        reason = f" ({worded})" if (worded := why()) else ""
        at = time.strftime("%m-%d %H:%M", time.localtime(sample.at))
        yield Text(escape(f"  {at}  {sample.rule}: {sample.title[:90]}{reason}"))
