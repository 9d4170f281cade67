"""`alertd dead`: what could not be processed, and the ways back onto its way or out of the state."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, draw, group_of, say, write
from alertd.errors import StoreError
from alertd.troubles import span

if TYPE_CHECKING:
    from alertd.stages.dead_letters import Letter
    from alertd.store.connection import Store

Ident = Annotated[str, typer.Argument(metavar="ID", help="Id that `dead list` shows, or that of the article.")]
Idents = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="Ids that `dead list` shows, or those of articles.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = group_of("See what could not be processed, and put it back on its way.", "alertd dead list")
    command(group, "list", "alertd dead list", "alertd dead list --json | jq -r '.[].title'")(show_all)
    command(group, "show", "alertd dead show 1790000000000-0")(show)
    command(group, "replay", "alertd dead replay 1790000000000-0", "alertd dead replay --all")(replay)
    command(group, "drop", "alertd dead drop 1790000000000-0", "alertd dead drop --all --yes")(drop)
    app.add_typer(group, name="dead")


def show_all(
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List what was set aside, the latest first.

    An article or alert that failed, or killed its process, five times on its own; the others went on without it. It is
    kept until it is replayed or dropped.
    """
    found = asyncio.run(_named((), config))[::-1]
    if as_json:
        write([json.dumps([letter.to_plain() for letter in found], ensure_ascii=False)])
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from alertd.logs import escape

    if not found:
        draw(Text("no dead letters"))
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("id", no_wrap=True)
    for name in ("set aside", "stage", "title", "error"):
        table.add_column(name, overflow="fold")
    now = time.time()
    for letter in found:
        title = letter.title or "(no title can be read)"
        cells = (letter.id, f"{span(now - letter.at)} ago", letter.stage, title, letter.error)
        table.add_row(*(Text(escape(cell)) for cell in cells))
    draw(table, Text(), Text("once the cause is gone: alertd dead replay ID…, or --all"))


def show(
    ident: Ident,
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show all that is kept of one dead letter."""
    (letter,) = asyncio.run(_named([ident], config))
    if as_json:
        write([json.dumps({**letter.to_plain(), "payload": letter.payload}, ensure_ascii=False)])
        return
    from rich.text import Text

    from alertd.logs import escape

    when = datetime.fromtimestamp(letter.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    facts = (
        ("id", letter.id), ("set aside", f"{when}, {span(time.time() - letter.at)} ago"), ("stage", letter.stage),
        ("article", letter.article or "none"), ("title", letter.title or "none that can be read"),
        ("error", letter.error), ("kept", letter.payload or "nothing"),
    )  # fmt: skip
    draw(*(Text.assemble((f"{name:<10}", "bold"), escape(words)) for name, words in facts))


def replay(
    idents: Idents = None,
    config: ConfigFolder = DEFAULT_FOLDER,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Put dead letters back on their way, once the cause of their death is gone.

    An article is tagged and decided anew, with five tries before it; where a copy took its place meanwhile, it joins
    that one's story as its copy. An alert goes back into its channel's outbox. Nothing is told twice by it. Exit code
    1 when one of them could not go back; the others have.
    """
    _insist(idents, every=every)
    if asyncio.run(_replay(idents or (), config)):
        raise typer.Exit(FAILED)


def drop(
    idents: Idents = None,
    config: ConfigFolder = DEFAULT_FOLDER,
    every: Annotated[bool, typer.Option("--all", help="All of them; needs --yes.")] = False,
    sure: Annotated[bool, typer.Option("--yes", help="Yes, all of them.")] = False,
) -> None:
    """Remove dead letters for good: they are never told."""
    _insist(idents, every=every)
    if every and not sure:
        raise typer.BadParameter("removes all dead letters for good; say --yes as well", param_hint="--all")
    say(f"{asyncio.run(_drop(idents or (), config)):,} dropped")


def _insist(idents: Sequence[str] | None, *, every: bool) -> None:
    if bool(idents) == every:
        raise typer.BadParameter("name an id that `alertd dead list` shows, or say --all instead", param_hint="ID")


async def _open(config: Path) -> tuple[Store, int]:
    from alertd.commands.place import locate
    from alertd.state import open_state

    configuration = locate(config).configuration
    return await open_state(configuration), int(configuration.settings.stories.window)


async def _named(idents: Sequence[str], config: Path) -> list[Letter]:
    store, _ = await _open(config)
    async with store:
        return await _found(store, idents)


async def _found(store: Store, idents: Sequence[str]) -> list[Letter]:
    """The letters with these ids; all of them when none is given.

    Raises:
        typer.BadParameter: there is none with one of these ids.
    """
    from alertd.stages import dead_letters

    if not idents:
        return [letter async for letter in dead_letters.letters(store)]
    found = []
    for ident in dict.fromkeys(idents):
        letter = await dead_letters.find(store, ident)
        if letter is None:
            raise typer.BadParameter(
                f"no dead letter has the id {ident}; `alertd dead list` shows those that are there", param_hint="ID"
            )
        found.append(letter)
    return found


async def _replay(idents: Sequence[str], config: Path) -> int:
    """Replay letters; returns how many could not go back."""
    from alertd.stages import dead_letters

    store, window = await _open(config)
    stuck = 0
    async with store:
        for letter in await _found(store, idents):
            try:
                outcome, joined = await dead_letters.replay(store, letter, window)
            except StoreError as error:
                say(str(error))
                stuck += 1
                continue
            words = dead_letters.WORDS[outcome] + (f", as a copy of {joined}" if joined else "")
            say(f"{letter.id}: {words}{f': {letter.title}' if letter.title else ''}")
            stuck += outcome == "waits"
    return stuck


async def _drop(idents: Sequence[str], config: Path) -> int:
    from alertd.stages import dead_letters

    store, _ = await _open(config)
    async with store:
        return await dead_letters.drop(store, await _found(store, idents))
