"""`alertd feedback`: what people said of alerts in Slack, as examples, and what follows from it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, command, group_of, write

if TYPE_CHECKING:
    from alertd.config import Configuration
    from alertd.store.connection import Store
    from alertd.watchlist.backtest import Tally
    from alertd.watchlist.tuning import Proposal

_LOOK_BACK = 30 * 86_400.0


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = group_of("What people said of alerts.", "alertd feedback tune")
    command(group, "export", "alertd feedback export > labelled.jsonl")(export)
    command(group, "tune", "alertd feedback tune", "alertd feedback tune --json")(tune)
    app.add_typer(group, name="feedback")


def export(config: ConfigFolder = DEFAULT_FOLDER) -> None:
    """Write the labelled examples as JSON Lines.

    Oldest first: the label (acknowledge, not_relevant, wrong_company), who gave it, the alert's title, company and
    rule, and the numbers by which it came.
    """
    from alertd.commands.place import locate

    found = sorted(asyncio.run(_stored(locate(config).configuration)), key=lambda row: row["at"])
    write(json.dumps(row, ensure_ascii=False) for row in found)


def tune(
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """Propose thresholds per rule from the labels.

    For each rule the one bound that would have spared most of what was marked, while all that was acknowledged still
    comes; with what it would have changed in the last 30 days, by a replay of the archive. Nothing is changed.
    """
    from alertd.configured import read_with_companies

    configuration, gazetteer = read_with_companies(config)
    found, proposals = asyncio.run(_proposed(configuration, gazetteer))
    if as_json:
        write([json.dumps([_plain(proposal, *tallies) for proposal, tallies in proposals], ensure_ascii=False)])
        return
    write(_lines(found, proposals))


def _plain(proposal: Proposal, before: Tally, after: Tally) -> dict[str, Any]:
    from dataclasses import asdict

    told = {"alerts_before": before.by_rule[proposal.rule], "alerts_after": after.by_rule[proposal.rule]}
    return {**asdict(proposal), **told, "articles": before.articles}


def _lines(found: int, proposals: Sequence[tuple[Proposal, tuple[Tally, Tally]]]) -> Iterator[str]:
    if not found:
        yield "nobody has labelled an alert yet: the buttons under alerts do"
        return
    yield f"{found} labelled alert{'s' * (found != 1)}"
    for proposal, (before, after) in proposals:
        yield ""
        yield f"rule {proposal.rule}"
        yield f"  {proposal.bound}: {proposal.after:g}      # now {proposal.before:g}"
        yield f"  spares {proposal.spared} of {proposal.unwanted} unwanted; all {proposal.kept} acknowledged still come"
        past = before.by_rule[proposal.rule], after.by_rule[proposal.rule]
        if before.articles:
            yield f"  last 30 days: {past[0]} alerts would have been {past[1]}, of {before.articles:,} articles"
        else:
            yield "  last 30 days: the archive holds nothing to replay"
    if not proposals:
        yield "no bound spares what was marked without losing what was acknowledged"


async def _stored(configuration: Configuration) -> list[dict[str, Any]]:
    from alertd.state import open_state

    async with await open_state(configuration) as store:
        return await _labels(store)


async def _labels(store: Store) -> list[dict[str, Any]]:
    from alertd.store import keys

    return [json.loads(text) for text in (await cast(Any, store.redis).hgetall(keys.FEEDBACK)).values()]


async def _proposed(
    configuration: Configuration, gazetteer: Any
) -> tuple[int, list[tuple[Proposal, tuple[Tally, Tally]]]]:
    from alertd.configured import compiled
    from alertd.stages.archive import since
    from alertd.state import open_state
    from alertd.watchlist.backtest import Replay
    from alertd.watchlist.tuning import BOUNDS, examples, propose

    rules = {rule.name: rule for rule in configuration.watchlist.rules}
    bounds = {name: {bound: float(getattr(rule, bound)) for bound in BOUNDS} for name, rule in rules.items()}
    async with await open_state(configuration) as store:
        found = examples(await _labels(store), {name: rule.event_types for name, rule in rules.items()})
        proposals = propose(found, bounds)
        books = [compiled(configuration, gazetteer)]
        books += [compiled(_with(configuration, proposal), gazetteer) for proposal in proposals]
        replays = [Replay(book) for book in books]
        if proposals:
            async for articles in since(store, time.time() - _LOOK_BACK):
                for replay in replays:
                    replay.take(articles)
    before, *after = [replay.tally for replay in replays]
    return len(found), [(proposal, (before, tally)) for proposal, tally in zip(proposals, after, strict=True)]


def _with(configuration: Configuration, proposal: Proposal) -> Configuration:
    from dataclasses import replace

    rules = tuple(
        rule.model_copy(update={proposal.bound: proposal.after}) if rule.name == proposal.rule else rule
        for rule in configuration.watchlist.rules
    )
    return replace(configuration, watchlist=configuration.watchlist.model_copy(update={"rules": rules}))
