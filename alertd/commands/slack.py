"""`alertd slack test` and `alertd alerts`: is Slack set up, and what was sent."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, configuration, draw, group_of, write
from alertd.errors import ConfigError

if TYPE_CHECKING:
    from alertd.config import Configuration
    from alertd.slack.checkup import Finding

_MARKS = {"fine": "ok", "missing": "--", "wrong": "NO"}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = group_of("Look after the way to Slack.", "alertd slack test")
    command(group, "test", "alertd slack test", "alertd slack test --channel '#desk'")(test)
    app.add_typer(group, name="slack")
    command(app, "alerts", "alertd alerts --since 2h", "alertd alerts --since 1d --company 1810.HK --json")(alerts)


def test(
    channel: Annotated[
        str, typer.Option("--channel", metavar="CHANNEL", help="Where the message goes; slack.channel without it.")
    ] = "",
    quiet: Annotated[bool, typer.Option("--no-message", help="Post no message.")] = False,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Check token, scopes and channels, and post one message.

    A line for each: ok, -- for what works less well without it, NO for what has to be mended. Exit code 1 when
    something has.
    """
    found = configuration(config)
    if found.settings.slack.token is None:
        raise ConfigError("no Slack token is set", hint="set slack.token or slack.token_file; docs/slack-app.md")
    to = "" if quiet else channel or found.settings.slack.channel
    findings = asyncio.run(_examined(found, to, [channel] if channel else []))
    write(f"{_MARKS[one.state]}  {one.what}: {one.detail}" for one in findings)
    if any(one.state == "wrong" for one in findings):
        raise typer.Exit(FAILED)


async def _examined(found: Configuration, to: str, more: list[str]) -> list[Finding]:
    from alertd.slack.checkup import examine
    from alertd.slack.posting import SlackSink

    slack = found.settings.slack
    assert slack.token is not None  # noqa: S101 - the caller looked
    sink = SlackSink(slack.token.get_secret_value(), base_url=slack.base_url, timeout=slack.timeout)
    named = [*more, slack.channel, found.settings.operator.channel]
    named += [channel for rule in found.watchlist.rules for channel in rule.destinations]
    channels = [c for c in dict.fromkeys(named) if c and c != "terminal" and not c.startswith("webhook:")]
    try:
        app_token = slack.app_token.get_secret_value() if slack.app_token else ""
        return await examine(sink, channels, message_to=to, now=time.time(), app_token=app_token)
    finally:
        await sink.close()


def alerts(
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="How far to look back.")] = "1d",
    company: Annotated[str, typer.Option("--company", metavar="SYMBOL", help="Only those about it.")] = "",
    rule: Annotated[str, typer.Option("--rule", metavar="NAME", help="Only those of this rule.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Only those sent there.")] = "",
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List what was sent, oldest first.

    Alerts told in a digest are among them, and those that were not told because their rule was deleted while they
    waited. The latest 20,000 are kept.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from alertd.commands.place import locate
    from alertd.config.units import seconds
    from alertd.logs import escape

    try:
        start = time.time() - seconds(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    wanted = {"rule": rule, "channel": channel}
    rows = [
        row
        for row in asyncio.run(_delivered(locate(config).configuration, start))
        if all(not value or row[name] == value for name, value in wanted.items())
        and (not company or company.casefold() in (row["symbol"].casefold(), row["company"].casefold()))
    ]
    if as_json:
        write([json.dumps(rows, ensure_ascii=False)])
        return
    if not rows:
        draw(Text(f"nothing was sent in the last {since}"))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("sent", "channel", "rule", "company", "what"):
        table.add_column(name, overflow="fold")
    for row in rows:
        at = time.strftime("%m-%d %H:%M:%S", time.localtime(row["at"]))
        told = f"{'↳ ' * (row['kind'] == 'reply')}{row['title']}"
        if why := row.get("why"):
            told = f"not told, {why}: {told}"
        cells = (at, row["channel"], row["rule"], row["symbol"] or row["company"], told)
        table.add_row(*(Text(escape(cell)) for cell in cells))
    draw(table)


async def _delivered(found: Configuration, start: float) -> list[dict[str, Any]]:
    from alertd.stages.outbox import delivered
    from alertd.state import open_state

    async with await open_state(found) as store:
        return await delivered(cast(Any, store.redis), start, withdrawn=True)
