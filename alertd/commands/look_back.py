"""`alertd explain`, `backtest` and `archive`: what the rules say of an article, and of the past."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, draw, group_of, say, write
from alertd.commands.export import export
from alertd.errors import AlertdError

if TYPE_CHECKING:
    from alertd.store.connection import Store
    from alertd.tagging.gazetteer import Gazetteer
    from alertd.watchlist.archive import Filed
    from alertd.watchlist.rules import RuleBook

_ID: Final = re.compile(r"\d{10,}-\d+")
_FAR: Final = 5
"""Rules that did not come near and are listed by name."""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    command(
        app, "explain", 'alertd explain "Xiaomi recalls 30,000 cars over a brake fault"',
        "alertd explain https://example.com/news/1", "alertd explain 1772445600000-0",
    )(explain)  # fmt: skip
    command(
        app, "backtest", "alertd backtest --since 14d", "alertd backtest --since 14d --rules new-watchlist.yaml"
    )(backtest)  # fmt: skip
    group = group_of("The decided articles that are kept.", "alertd archive export --since 7d > week.jsonl")
    command(
        group, "export", "alertd archive export --since 7d > week.jsonl",
        "alertd archive export --since 30d --format parquet --output month.parquet",
    )(export)  # fmt: skip
    app.add_typer(group, name="archive")


def explain(
    what: Annotated[str, typer.Argument(metavar="URL|ID|TEXT", help="An article of the archive, or a headline.")],
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Say why each rule fires on an article, or not.

    First how it was tagged and which story it is; then, for every rule, why it fires or the condition that stopped it.
    An address or id is looked up in the archive; any other text is tagged here, as a first report that arrives now.
    """
    from alertd.configured import compiled, read_with_companies

    configuration, gazetteer = read_with_companies(config)
    book = compiled(configuration, gazetteer)
    if "://" in what or _ID.fullmatch(what):
        filed, more = asyncio.run(_archived(configuration, book, what))
        if filed is None:
            say(f"the archive has no article {what}", "it keeps them for archive.retention; pass the headline instead")
            raise typer.Exit(FAILED)
    else:
        filed = _tagged(configuration, gazetteer, what)
        more = asyncio.run(_remembered(configuration, book, filed))
    write(explained(book, filed, more))


def _tagged(configuration: Any, gazetteer: Gazetteer, text: str) -> Filed:
    from alertd.configured import retagged
    from alertd.stages.explaining import filed_text
    from alertd.tagging.tagger import Tagger

    return filed_text(
        retagged(Tagger.load(configuration.settings.tagging), configuration, gazetteer), text, time.time()
    )


async def _remembered(configuration: Any, book: RuleBook, filed: Filed) -> dict[str, Any]:
    """What the rules remember; nothing where no daemon has a state."""
    from alertd.errors import StoreError
    from alertd.state import open_state
    from alertd.watchlist.progress import wanted

    try:
        async with await open_state(configuration) as store:
            return await _rules_now(store, configuration, book, filed)
    except StoreError as error:
        if wanted(book, filed.tags):
            say(f"what rules remember is not known: {error}")
        return {}


async def _rules_now(store: Store, configuration: Any, book: RuleBook, filed: Filed) -> dict[str, Any]:
    from alertd.stages.recall import recall
    from alertd.stages.watched import with_watched
    from alertd.store import keys

    redis = cast(Any, store.redis)
    if watched := await redis.hgetall(keys.WATCHED):
        book = with_watched(book, configuration.watchlist.rules, watched)
    return {"book": book, "past": await recall(redis, book, filed.tags, time.time())}


async def _archived(configuration: Any, book: RuleBook, what: str) -> tuple[Filed | None, dict[str, Any]]:
    from alertd.stages.archive import find
    from alertd.stages.explaining import remembered
    from alertd.state import open_state

    async with await open_state(configuration) as store:
        filed = await find(store, what)
        if filed is None:
            return None, {}
        known = await remembered(store, filed)
        fates = await _fates(cast(Any, store.redis), known["decision"].get("alerts", ()))
        return filed, {**await _rules_now(store, configuration, book, filed), **known, "alerts": fates}


async def _fates(redis: Any, names: Sequence[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Of each alert its rule, its channel, and the record of what became of it, empty while it waits."""
    from alertd.articles import Alert, loads
    from alertd.store import keys

    found = []
    for name in names:
        sent, body = await redis.mget([keys.sent(name), keys.alert(name)])
        record = json.loads(sent) if sent else {}
        alert = loads(Alert, body) if body else None
        rule = record.get("rule") or (alert.rule if alert else "")
        channel = record.get("channel") or (alert.destination if alert else "")
        found.append((rule, channel, record))
    return found


def explained(book: RuleBook, filed: Filed, more: Mapping[str, Any]) -> Iterator[str]:
    """Put all that is known of an article into lines.

    Args:
        book: the watchlist, as its files are now.
        filed: the article.
        more: what the store remembers of it: `decision`, `alerts`, `story` and the `silences` that held; and of rules:
            `past`, and `book` with those that were made in Slack.
    """
    from alertd.watchlist.explain import tag_lines, verdicts

    article, placement = filed.article, filed.placement
    entry = article.entry
    yield f"article    {entry.title}"
    if article.id:
        arrived = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(article.arrived))
        yield f"           {article.id}, {entry.source or entry.feed} by the feed {entry.feed}, arrived {arrived}"
        if not article.may_alert:
            yield f"           it may not alert: {article.held}"
    yield from tag_lines(filed.tags)
    if article.id:
        decision, story = more.get("decision", {}), more.get("story", {})
        reason = f": {decision['reason']}" if decision.get("reason") else ""
        yield f"story      {placement.story.id}, {placement.relation}, novelty {placement.novelty:.2f}{reason}"
        if story:
            yield f"           {story['articles']} articles so far, from {', '.join(story['sources'])}"
        if decision:
            yield f"decided    {decision['outcome']}: {decision['why']} (configuration {decision['generation']})"
    for rule, channel, record in more.get("alerts", ()):
        yield f"alert      {_fate(rule, channel, record)}"
    for silence in more.get("silences", ()):
        yield f"silence    {silence.id} held when it arrived: {silence.why}"
    found = verdicts(more.get("book", book), article, filed.tags, placement, more.get("past"))
    for verdict in found:
        if verdict.fires or verdict.near:
            yield f"{'FIRES' if verdict.fires else 'stopped':<10} {verdict.rule}: {verdict.why}"
    far = [verdict for verdict in found if not (verdict.fires or verdict.near)]
    if len(far) <= _FAR:
        yield from (f"far        {verdict.rule}: {verdict.why}" for verdict in far)
    else:
        yield f"far        {len(far)} other rules: none of their companies, keywords or events is in the article"


def _fate(rule: str, channel: str, record: Mapping[str, Any]) -> str:
    what = " ".join(part for part in (f"of rule {rule}" if rule else "", f"for {channel}" if channel else "") if part)
    if not record:
        return f"{what or 'held'}: not told yet, it waits for its turn or its hour"
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record["at"]))
    if record["how"] in ("posted", "found"):
        return f"{what}: told at {at}"
    return f"{what}: not told ({record.get('why') or record['how']}), {at}"


def backtest(
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far to look back.")] = "14d",
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="A watchlist to compare with the one in force.")
    ] = None,
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what the rules would have told.

    Replays the archive through the watchlist, with its pace and without inference. Shows alerts a day, by rule and by
    company, and samples; with --rules also what would come and what would go. Silences are not replayed, keywords
    see only the title and the start of the summary, and for rules that wait for silence all polls count as successful.
    """
    from alertd.commands.charts import charts, plain
    from alertd.config.units import seconds
    from alertd.configured import compiled, read, read_with_companies

    try:
        length = seconds(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    configuration, gazetteer = read_with_companies(config)
    books = [compiled(configuration, gazetteer)]
    if rules is not None:
        books.append(compiled(read(config, gazetteer, rules), gazetteer))
    tallies = asyncio.run(_replayed(configuration, books, time.time() - length))
    if not tallies[0].articles:
        raise AlertdError(f"the archive holds no article of the last {since}", hint="it fills while alertd runs")
    if as_json:
        write([json.dumps(plain(tallies), ensure_ascii=False)])
    else:
        draw(*charts(tallies))


async def _replayed(configuration: Any, books: list[RuleBook], start: float) -> list[Any]:
    from rich.console import Console
    from rich.progress import Progress

    from alertd.exchanges import Sessions
    from alertd.stages.archive import chunk, chunk_names, unsealed
    from alertd.state import open_state
    from alertd.watchlist.backtest import Replay

    replays = [Replay(book, Sessions()) for book in books]

    def take(articles: list[Filed]) -> None:
        wanted = [filed for filed in articles if filed.article.arrived >= start]
        for replay in replays:
            replay.take(wanted)

    async with await open_state(configuration) as store:
        names = await chunk_names(store, since=start)
        console = Console(file=sys.stderr)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
            for name in progress.track(names, description="replaying"):
                take(await chunk(store, name))
            take(await unsealed(store))
    return [replay.tally for replay in replays]
