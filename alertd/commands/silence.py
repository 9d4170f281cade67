"""`alertd silence`: what is not told for a while, kept in the state that all processes share."""

from __future__ import annotations

import asyncio
import getpass
import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, draw, group_of, say, write
from alertd.errors import ConfigError
from alertd.troubles import span

if TYPE_CHECKING:
    from alertd.watchlist.silences import Silence


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = group_of("Hold alerts back for a while.", "alertd silence add 1810.HK --for 2h --why known")
    command(
        group, "add", 'alertd silence add 1810.HK --for 2h --why "results are out, we know"',
        "alertd silence add --rule takeovers --match 'sources: [PR Wire]' --for 1d --why noisy",
    )(add)  # fmt: skip
    command(group, "list", "alertd silence list", "alertd silence list --json | jq -r '.[].id'")(show)
    command(group, "expire", "alertd silence expire s3")(expire)
    app.add_typer(group, name="silence")


def add(
    companies: Annotated[
        list[str] | None, typer.Argument(metavar="COMPANY", help="Symbols or names of companies.")
    ] = None,
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long: 30m, 2h, 3d.")] = "1h",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for others.")] = "",
    rule: Annotated[list[str] | None, typer.Option("--rule", metavar="NAME", help="Only alerts of this rule.")] = None,
    match: Annotated[
        list[str] | None,
        typer.Option("--match", metavar="'KEY: VALUE'", help="A condition as rules in watchlist.yaml have them."),
    ] = None,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Hold back what matches, on all rules and channels, from now on.

    What matches is written as in a rule: companies, and conditions by --match. The id goes to stdout. At the end of
    the silence what was held back is not told later; `alertd status` counts it.
    """
    from alertd.config.units import seconds
    from alertd.watchlist.silences import Silence

    if not (companies or rule or match):
        raise typer.BadParameter("name a company, a --rule or a --match", param_hint="COMPANY")
    if not why.strip():
        raise typer.BadParameter("say why, for those who wonder later", param_hint="--why")
    try:
        length = seconds(lasts)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from error
    now = time.time()
    made = Silence(
        "", now, now + length, why.strip(), _user(), tuple(rule or ()), _matcher(companies or (), match or ())
    )
    write([asyncio.run(_add(made, config))])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _matcher(companies: list[str] | tuple[str, ...], match: list[str] | tuple[str, ...]) -> dict[str, Any]:
    from pathlib import Path

    from pydantic import ValidationError

    from alertd.config import RuleSettings
    from alertd.config.document import read
    from alertd.config.problems import explain

    text = "\n".join([*match, *(["companies: [" + ", ".join(map(_quoted, companies)) + "]"] if companies else [])])
    document = read(Path("--match"), "--match", 0, {}, text.encode())
    found = document.value if isinstance(document.value, dict) else {}
    if not document.problems:
        try:
            RuleSettings.model_validate({**found, "name": "silence"})
        except ValidationError as error:
            explain(document, RuleSettings, error)
    if document.problems:
        problems = tuple(str(problem) for problem in sorted(document.problems))
        raise ConfigError(problems[0], problems=problems)
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def _add(made: Silence, config: Any) -> str:
    from alertd.configured import read_with_companies
    from alertd.stages import silences
    from alertd.state import open_state

    configuration, _ = read_with_companies(config)
    if wrong := silences.unknown_rule(made, configuration.watchlist.rules):
        raise ConfigError(wrong, hint="alertd check names the files; rules are in them")
    async with await open_state(configuration) as store:
        return await silences.add(store, made)


def show(
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also those that ended within a week.")] = False,
) -> None:
    """List the silences that hold."""
    import json
    from dataclasses import asdict

    from rich import box
    from rich.table import Table
    from rich.text import Text

    from alertd.logs import escape

    now = time.time()
    found = [s for s in asyncio.run(_stored(config, now)) if every or s.holds(now)]
    if as_json:
        write([json.dumps([asdict(silence) for silence in found], ensure_ascii=False)])
        return
    if not found:
        draw(Text("no silence holds"))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("id", "silences", "ends", "by", "why"):
        table.add_column(name, overflow="fold")
    for silence in found:
        ends = f"in {span(silence.until - now)}" if silence.holds(now) else f"{span(now - silence.until)} ago"
        cells = (silence.id, silence.words(), ends, silence.by, silence.why)
        table.add_row(*(Text(escape(cell)) for cell in cells))
    draw(table)


async def _stored(config: Any, now: float) -> list[Silence]:
    from alertd.commands.place import locate
    from alertd.stages import silences
    from alertd.state import open_state

    async with await open_state(locate(config).configuration) as store:
        return await silences.stored(store, now)


def expire(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids that `silence list` shows.")],
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """End silences now."""
    missing = asyncio.run(_expire(ids, config))
    if missing:
        say(*(f"no silence {name} holds" for name in missing))
        raise typer.Exit(FAILED)


async def _expire(ids: list[str], config: Any) -> list[str]:
    from alertd.commands.place import locate
    from alertd.stages import silences
    from alertd.state import open_state

    async with await open_state(locate(config).configuration) as store:
        return await silences.expire(store, ids, time.time())
