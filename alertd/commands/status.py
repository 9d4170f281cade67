"""`alertd status`: what the daemon does now, for a person who was woken at night. What is wrong comes first."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, draw, write
from alertd.commands.serve import ask
from alertd.errors import AlertdError, StoreError
from alertd.troubles import many, span, troubles, worst_first

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_TROUBLES: Final = 12
"""Lines about what is wrong; with the rest of the report they fit one screen."""
MOST_FEEDS: Final = 12
"""Feeds that are listed, those in trouble first."""
STANDING_BY: Final = "standing by"
"""What a process says of a stage whose lease another one holds."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "status", "alertd status", "alertd status --json | jq .dead")(status)


def status(
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show in one screen what does not work, and then what does.

    Articles, alerts, what waits, and the feeds, the worst first. Works from the state also when no daemon runs. Exit
    code 1 when something does not work, or there is no state.
    """
    from alertd import daemon
    from alertd.commands.place import locate

    place = locate(config)
    try:
        found = asyncio.run(daemon.status(place.configuration))
    except StoreError as error:
        # files that are wrong may have hidden where the state is
        raise (place.refused or error) from error
    found |= _health(found)
    refused = len(place.refused.problems) if place.refused else 0
    now, on_disk = time.time(), place.configuration.generation
    wrong = troubles(found, now=now, on_disk=on_disk, refused=refused)
    if as_json:
        write([json.dumps({**found, "wrong": wrong}, ensure_ascii=False)])
    else:
        draw(*drawn(found, wrong, now=now))
    if wrong:
        raise typer.Exit(FAILED)


def _health(found: Mapping[str, Any]) -> dict[str, Any]:
    """Add what the running processes say of their parts: `ready` (all are) and `parts`.

    Where there are several, a part of one that does not work is named with its process; one that works is named once,
    as that process has it that is at work and does not stand by.
    """
    said = {one["pid"]: _asked(one["url"]) for one in found["processes"]}
    parts: dict[str, Any] = {}
    for pid, health in said.items():
        for name, part in health["parts"].items():
            of = f"{name} of process {pid}" if len(said) > 1 and not part["ok"] else name
            if parts.setdefault(of, part)["detail"] == STANDING_BY:
                parts[of] = part
    return {"ready": bool(said) and all(health["ready"] for health in said.values()), "parts": parts}


def _asked(url: str) -> dict[str, Any]:
    try:
        return ask(url)
    except AlertdError as error:
        return {"ready": False, "parts": {"pages": {"ok": False, "detail": str(error)}}}


def drawn(found: Mapping[str, Any], wrong: Sequence[str], *, now: float) -> Iterator[RenderableType]:
    """Draw the whole report.

    Args:
        found: as for `troubles`.
        wrong: what that says.
        now: Unix seconds.
    """
    from rich.text import Text

    from alertd.logs import escape

    if wrong:
        yield Text(many(len(wrong), "thing").upper() + " WRONG", style="bold red")
        for line in wrong[:MOST_TROUBLES]:
            yield Text(f"  {escape(line)}", style="red")
        if len(wrong) > MOST_TROUBLES:
            yield Text(f"  … and {len(wrong) - MOST_TROUBLES:,} more: alertd status --json", style="red")
    else:
        yield Text("ALL IS WELL", style="bold green")
    yield Text()
    for name, words in _facts(found, now):
        yield Text.assemble((f"{name:<10}", "bold"), escape(words))
    if feeds := worst_first(found["feeds"]):
        yield Text()
        yield _feeds(feeds[:MOST_FEEDS], now)
    if len(feeds) > MOST_FEEDS:
        failing = sum(feed["failing"] > 0 for feed in feeds[MOST_FEEDS:])
        state = f"{failing:,} of them failing" if failing else "all of them fine"
        yield Text(f"… and {many(len(feeds) - MOST_FEEDS, 'feed')}, {state}: alertd feeds status")


def _facts(found: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    for running in found["processes"]:
        began = datetime.fromtimestamp(running["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        since = f"for {span(now - running['started'])}, since {began}"
        where = f"process {running['pid']}, {running['url']}"
        stages = f", {'+'.join(running['stages'])}" if len(found["processes"]) > 1 else ""
        yield "running", f"{since}, {where}{stages}, configuration {found['generation']}"
    if fine := [f"{name} ({part['detail']})" if part["detail"] else name
                for name, part in found["parts"].items() if part["ok"]]:  # fmt: skip
        yield "works", ", ".join(fine)
    stories = f"{found['stories']:,} {'story' if found['stories'] == 1 else 'stories'}"
    yield "articles", f"{found['articles']:,}, {found['copies']:,} of them copies, in {stories}"
    alerts = ", ".join(f"{count:,} {kind}" for kind, count in found["alerts"].items())
    yield "alerts", f"{alerts or 'none'}; {many(found['posted'], 'message')} posted"
    yield "held back", ", ".join(f"{count:,} {reason}" for reason, count in found["held"].items()) or "nothing"
    waits = [f"{stage} {lag:,}" for stage, lag in found["streams"].items()]
    waits += [f"{channel} {count:,}" for channel, count in found["outbox"].items()]
    yield "waiting", ", ".join(waits) or "nothing"
    yield "store", f"{found['store']['used_mb']:,.0f} of {found['store']['limit_mb']:,.0f} MB"
    if found["later"]:
        when = ((count, datetime.fromtimestamp(int(at)).astimezone()) for at, count in found["later"].items())
        yield "for later", ", ".join(f"{many(count, 'alert')} at {at:%a %H:%M}" for count, at in when)
    failing = sum(feed["failing"] > 0 for feed in found["feeds"])
    yield "feeds", f"{len(found['feeds']) - failing} of {len(found['feeds'])} fine"


def _feeds(feeds: Sequence[Mapping[str, Any]], now: float) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from alertd.logs import escape

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("feed", "state"):
        table.add_column(name, overflow="fold")
    for name in ("polls", "failed", "last good", "next"):
        table.add_column(name, justify="right", no_wrap=True)
    for feed in feeds:
        last = f"{span(now - feed['last_success'])} ago" if feed["last_success"] else "never"
        due = ("now" if feed["next"] <= now else f"in {span(feed['next'] - now)}") if feed["next"] else ""
        cells = (feed["name"], str(feed["state"]), f"{feed['polls']:,}", f"{feed['failures']:,}", last, due)
        table.add_row(*(Text(escape(cell)) for cell in cells), style="red" if feed["failing"] else "")
    return table
