"""`alertd feeds check`: fetches every feed once and says what it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import typer

from alertd.commands import finding, trying
from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, configuration, draw, group_of, say
from alertd.errors import FeedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from alertd.config import FeedSettings
    from alertd.feeds import Fetched, Fetcher, ParsedFeed

AT_ONCE: Final = 8
"""Feeds that are fetched at the same time; the fetcher bounds those of one host."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How a feed answered.

    Attributes:
        name: of the feed.
        fine: whether it can be polled.
        outcome: in words, with what to do when it cannot.
        kind: format, or "".
        entries: number of entries, None when there is no feed.
        newest: Unix seconds of the newest entry that carries its own date, or None.
        seconds: how long fetching and reading took.
    """

    name: str
    fine: bool
    outcome: str
    kind: str = ""
    entries: int | None = None
    newest: float | None = None
    seconds: float = 0.0


def register(app: typer.Typer) -> None:
    """Add the group and its commands to the application."""
    group = group_of("Find feeds, try them, and see how they do.", "alertd feeds discover https://www.example.com/news")
    command(group, "check", "alertd feeds check --config /srv/alertd/config")(check)
    finding.add(group)
    trying.add(group)
    app.add_typer(group, name="feeds")


def check(config: ConfigFolder = DEFAULT_FOLDER) -> None:
    """Fetch every feed once and say how it answered.

    Shows its format, its entries and its newest date. Nothing is kept, nothing alerts. Exit code 1 when a feed fails.
    """
    settings = configuration(config).settings
    say(f"fetching {len(settings.feeds)} feed{'s' * (len(settings.feeds) != 1)}")
    found = asyncio.run(
        check_all(settings.feeds, contact=settings.contact, allow_private=settings.allow_private_addresses)
    )
    draw(_table(found))
    if failed := sum(not feed.fine for feed in found):
        say(f"{failed} of {len(found)} failed")
        raise typer.Exit(FAILED)


async def check_all(
    feeds: Sequence[FeedSettings], *, contact: str = "", allow_private: bool = False,
    clock: Callable[[], float] = time.time,
) -> list[Checked]:  # fmt: skip
    """Fetch and read feeds, several at a time, and give their outcomes in the same order.

    Args:
        feeds: the feeds.
        contact: for the User-Agent.
        allow_private: whether they may be on this machine or in a private network.
        clock: Unix seconds.
    """
    from alertd.feeds import Fetcher

    slots = asyncio.Semaphore(AT_ONCE)

    async def one(feed: FeedSettings, fetcher: Fetcher) -> Checked:
        async with slots:
            return await _check_one(feed, fetcher, clock)

    async with (
        Fetcher(contact=contact, allow_private=allow_private, clock=clock) as fetcher,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(one(feed, fetcher)) for feed in feeds]
    return [task.result() for task in tasks]


async def _check_one(feed: FeedSettings, fetcher: Fetcher, clock: Callable[[], float]) -> Checked:
    from alertd.feeds import Validators, parse

    began = time.monotonic()
    try:
        fetched = await fetcher.fetch(feed, Validators())
        now = clock()
        read = await asyncio.to_thread(
            parse, fetched.body, feed=feed, headers=fetched.headers, url=fetched.url, now=now
        )
    except FeedError as error:
        step = f"; {error.hint}" if error.hint else ""
        return Checked(feed.name, False, f"{error.what}{step}", seconds=time.monotonic() - began)
    dates = [entry.published for entry in read.entries if entry.date_source != "fetched"]
    return Checked(
        feed.name,
        True,
        _outcome(fetched, read),
        kind=finding.format_name(read.kind),
        entries=len(read.entries),
        newest=max(dates, default=None),
        seconds=time.monotonic() - began,
    )


def _outcome(fetched: Fetched, read: ParsedFeed) -> str:
    from alertd.config.values import redact

    notes = []
    if fetched.moved:
        notes.append(f"moved for good to {redact(fetched.moved)}")
    if read.damaged:
        notes.append(read.damaged)
    if not read.entries:
        notes.append("no entries")
    elif all(entry.date_source in ("fetched", "unsure") for entry in read.entries):
        notes.append("no entry has a date that can be trusted")
    return "; ".join(["fine", *notes])


def _table(found: Sequence[Checked]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from alertd.logs import escape

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("feed", "outcome"):
        table.add_column(name, overflow="fold")
    for name in ("format", "entries", "newest (UTC)", "time"):
        table.add_column(name, no_wrap=True, justify="left" if name == "format" else "right")
    for feed in found:
        newest = datetime.fromtimestamp(feed.newest, UTC).strftime("%Y-%m-%d %H:%M") if feed.newest is not None else ""
        entries = "" if feed.entries is None else f"{feed.entries:,}"
        cells = (feed.name, feed.outcome, feed.kind, entries, newest, f"{feed.seconds:.1f} s")
        table.add_row(*(Text(escape(cell)) for cell in cells), style="" if feed.fine else "red")
    return table
