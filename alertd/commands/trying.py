"""`alertd feeds fetch`: what would be made of a feed, entry by entry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, command, configuration, draw, nearest, say, write
from alertd.commands.finding import Contact, Private, format_name, made, moment, on_the_command_line, read, row, table
from alertd.errors import ConfigError, FeedError

if TYPE_CHECKING:
    from alertd.articles import Entry
    from alertd.config import FeedSettings
    from alertd.feeds import Fetched, Fetcher, ParsedFeed

PAGES: Final = 5
"""Pages that are fetched to show what `full_text` brings."""


def add(group: typer.Typer) -> None:
    """Add the command to the group `feeds`."""
    command(group, "fetch", "alertd feeds fetch https://www.example.com/rss.xml", "alertd feeds fetch wire --json")(
        fetch
    )


def fetch(
    feed: Annotated[str, typer.Argument(metavar="URL|NAME", help="An address, or the name of a configured feed.")],
    config: ConfigFolder = DEFAULT_FOLDER,
    allow_private: Private = False,
    contact: Contact = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each entry.")] = False,
) -> None:
    """Fetch a feed once and show what would be made of it, entry by entry. Nothing is kept, nothing alerts.

    `alert` says whether an entry could alert on the first sight of the feed, and why not; `text` how many signs it has.
    For a feed with `full_text`, the pages of its first five entries are fetched too.
    """
    settings, contact, allow_private = _settings(feed, config, contact, allow_private)
    try:
        got, document, outcomes = asyncio.run(_fetch(settings, contact, allow_private))
    except FeedError as error:
        raise on_the_command_line(error) from error
    _say(got, document, outcomes)
    if as_json:
        from alertd.articles import dumps

        write(dumps(entry) for entry in document.entries)
        return
    shown = table("date (UTC)", "date from", "title", "outlet", "text", "alert")
    now = time.time()
    for entry in document.entries:
        signs = len(entry.text) or len(entry.summary)
        row(
            shown, moment(entry.published), entry.date_source, entry.title, entry.source, f"{signs:,}",
            _verdict(entry, settings, now),
        )  # fmt: skip
    draw(shown)


def _settings(feed: str, config: ConfigFolder, contact: str, private: bool) -> tuple[FeedSettings, str, bool]:
    if "://" in feed or ("." in feed and "/" in feed):
        return made(feed), contact, private
    whole = configuration(config).settings
    known = {one.name: one for one in whole.feeds}
    if feed not in known:
        raise ConfigError(f"no feed has the name {feed}", hint=nearest(feed, known))
    return known[feed], contact or whole.contact, private or whole.allow_private_addresses


def _say(got: Fetched, document: ParsedFeed, outcomes: Sequence[str]) -> None:
    size = f"{len(got.body):,} bytes"
    say(f"{len(document.entries)} entries, {format_name(document.kind)}, {got.seconds:.1f} s, {size}")
    if document.damaged:
        say(document.damaged)
    if got.moved:
        say("it moved for good: use the address that `alertd feeds discover` shows")
    if outcomes:
        counts = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
        say(f"pages of the first {len(outcomes)}: {', '.join(f'{n} {outcome}' for outcome, n in counts.items())}")


def _verdict(entry: Entry, settings: FeedSettings, now: float) -> str:
    from alertd.feeds import judge

    verdict = judge(entry, known=None, first_fetch=True, now=now, max_age=settings.max_age)
    return "yes" if verdict.may_alert else f"no: {verdict.held}"


async def _fetch(feed: FeedSettings, contact: str, private: bool) -> tuple[Fetched, ParsedFeed, list[str]]:
    from alertd.feeds import Fetcher, Validators

    async with Fetcher(contact=contact, allow_private=private) as fetcher:
        got = await fetcher.fetch(feed, Validators())
        document = await read(feed, got)
        outcomes: list[str] = []
        if feed.full_text:
            document, outcomes = await _with_pages(feed, document, fetcher)
        return got, document, outcomes


async def _with_pages(feed: FeedSettings, document: ParsedFeed, fetcher: Fetcher) -> tuple[ParsedFeed, list[str]]:
    from alertd.feeds.extraction import Extractor
    from alertd.feeds.fulltext import FullText

    async with Extractor() as extractor:
        texts = FullText(fetcher, extractor, _Nothing())
        first = document.entries[:PAGES]
        # nothing waits for them here
        pages = await texts.pages(first, user_agent=feed.user_agent, wait=max(30.0, feed.full_text_wait))
    filled = [replace(entry, text=page.text) if page.text else entry for entry, page in zip(first, pages, strict=True)]
    return replace(document, entries=(*filled, *document.entries[PAGES:])), [page.outcome for page in pages]


class _Nothing:
    """A cache that keeps nothing: one look is all there is."""

    async def get(self, _name: str) -> str | None:
        return None

    async def put(self, _name: str, _text: str, _seconds: float) -> None:
        return
