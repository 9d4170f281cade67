"""`alertd feeds discover`, `import`, `export` and `status`: finding feeds, and what becomes of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, command, configuration, draw, say, write
from alertd.errors import AlertdError, ConfigError, FeedError

if TYPE_CHECKING:
    from rich.table import Table

    from alertd.config import FeedSettings
    from alertd.feeds import Fetched, ParsedFeed

_AT_ONCE: Final = 6
_BIGGEST_LIST: Final = 50_000_000

_FORMATS: Final = {
    "rss090": "RSS 0.90", "rss091n": "RSS 0.91", "rss091u": "RSS 0.91", "rss092": "RSS 0.92", "rss093": "RSS 0.93",
    "rss094": "RSS 0.94", "rss10": "RSS 1.0", "rss20": "RSS 2.0", "rss": "RSS", "atom01": "Atom 0.1",
    "atom02": "Atom 0.2", "atom03": "Atom 0.3", "atom10": "Atom 1.0", "atom": "Atom", "cdf": "CDF",
    "json": "JSON Feed",
}  # fmt: skip

Private = Annotated[bool, typer.Option("--allow-private", help="Also ask this machine and private networks.")]
Contact = Annotated[str, typer.Option("--contact", help="Address of yours for the User-Agent.")]


def add(group: typer.Typer) -> None:
    """Add the commands to the group `feeds`."""
    command(group, "discover", "alertd feeds discover https://www.example.com/news")(discover)
    command(group, "import", "alertd feeds import subscriptions.opml >> config/alertd.yaml")(import_list)
    command(group, "export", "alertd feeds export > subscriptions.opml")(export_list)
    command(group, "status", "alertd feeds status", "alertd feeds status --json | jq .[0]")(status)


def discover(
    url: Annotated[str, typer.Argument(metavar="URL", help="A page, or a whole site.")],
    allow_private: Private = False,
    contact: Contact = "",
) -> None:
    """Find the feeds of a page.

    Tries those that the page names, then the usual places on its host. Exit code 1 when none is found.
    """
    try:
        found = asyncio.run(_discover(url, contact, allow_private))
    except FeedError as error:
        raise on_the_command_line(error) from error
    if not found:
        raise AlertdError("no feed was found", where=url, hint="look on the page for a link that says RSS or feeds")
    shown = table("address", "title", "format", "entries", "newest (UTC)")
    for got, document in found:
        row(shown, got.url, document.title, format_name(document.kind), len(document.entries), _newest(document))
    draw(shown)
    say("Put one under `feeds:` in alertd.yaml: `- {name: …, url: …}`; `alertd feeds fetch` shows its entries.")


async def _discover(url: str, contact: str, allow_private: bool) -> list[tuple[Fetched, ParsedFeed]]:
    from alertd.feeds import Fetcher, Validators
    from alertd.feeds.discovery import named_feeds, usual_places

    async with Fetcher(contact=contact, allow_private=allow_private) as fetcher:
        page = await fetcher.fetch(made(url), Validators())
        try:
            return [(page, await read(made(url), page))]
        except FeedError:
            named = named_feeds(page.body, page.url, page.headers.get("content-type", ""))
        slots = asyncio.Semaphore(_AT_ONCE)

        async def tried(address: str) -> tuple[Fetched, ParsedFeed] | None:
            async with slots:
                try:
                    got = await fetcher.fetch(made(address), Validators())
                    return got, await read(made(address), got)
                except FeedError:
                    return None  # a place where a feed might have been

        found: list[tuple[Fetched, ParsedFeed]] = []
        for places in (named, usual_places(page.url)):
            if not found:
                found = [one for one in await asyncio.gather(*map(tried, places)) if one is not None]
    return list({got.url: (got, read) for got, read in found}.values())


async def read(feed: FeedSettings, got: Fetched) -> ParsedFeed:
    """Read what was fetched, away from the event loop."""
    from alertd.feeds import parse

    return await asyncio.to_thread(parse, got.body, feed=feed, headers=got.headers, url=got.url, now=time.time())


def import_list(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.opml", exists=True, dir_okay=False, readable=True, help="The list.")
    ],
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Print the feeds of a subscription list as lines for `feeds:` in alertd.yaml.

    Those that the configuration has already are left out. Exit code 1 when the list holds no feed.
    """
    from alertd.feeds.opml import names_for, read_opml

    if file.stat().st_size > _BIGGEST_LIST:
        raise AlertdError("too large for a subscription list", where=str(file), hint="split it")
    listed = read_opml(file.read_bytes())
    if not listed:
        raise AlertdError("no feed in it", where=str(file), hint="it should hold outlines with an xmlUrl")
    feeds = configuration(config).settings.feeds if (config / "alertd.yaml").exists() else ()
    known = {feed.url for feed in feeds}
    new = [one for one in listed if one.url not in known]
    names = names_for(new, [feed.name for feed in feeds])
    # a JSON text is a YAML text, as long as no sign is written as two
    quoted = partial(json.dumps, ensure_ascii=False)
    write(f"  - {{name: {quoted(n)}, url: {quoted(one.url)}}}" for n, one in zip(names, new, strict=True))
    say(f"{len(new)} feeds; {len(listed) - len(new)} were there already. Put them under `feeds:`, then `alertd check`.")


def export_list(config: ConfigFolder = DEFAULT_FOLDER) -> None:
    """Write the configured feeds as a subscription list in OPML.

    The addresses are written as they are, with the keys that some of them hold.
    """
    from alertd.feeds.opml import Subscription, write_opml

    feeds = configuration(config).settings.feeds
    write(write_opml(Subscription(feed.name, feed.url) for feed in feeds).splitlines())


def status(
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Show how each feed does.

    Last success, next poll, its interval and why, latency (how long it takes to answer, and how old its news is by
    then), entries a day, and in words what is wrong. Those that fail come first. Exit code 1 when there is no state.
    """
    from alertd import daemon

    found = asyncio.run(daemon.status(configuration(config)))["feeds"]
    found.sort(key=lambda feed: (feed["state"] == "fine", feed["name"]))
    if as_json:
        write([json.dumps(found, ensure_ascii=False)])
        return
    now = time.time()
    shown = table("feed", "state", "last success", "next", "interval", "why", "latency", "entries a day")
    for feed in found:
        row(shown, *_status_cells(feed, now), style="" if feed["state"] == "fine" else "red")
    draw(shown)
    if failing := sum(feed["state"] != "fine" for feed in found):
        say(f"{failing} of {len(found)} fail")


def _status_cells(feed: Mapping[str, Any], now: float) -> Sequence[object]:
    from alertd.feeds.schedule import span

    last = f"{span(now - feed['last_success'])} ago" if feed["last_success"] else "never"
    due = feed["next"] or (feed["last_success"] + feed["interval"] if feed["last_success"] else 0.0)
    coming = "never" if feed["stopped"] else f"in {span(due - now)}" if due > now else "due"
    missed = f"; outran its polls {feed['outruns']} times" if feed["outruns"] else ""
    interval = span(feed["interval"]) if feed["interval"] else ""
    latency = f"{feed['latency']:.1f} s" if feed["latency"] else ""
    latency += f", news {span(feed['delay'])} old" if feed["delay"] else ""
    return (
        feed["name"], f"{feed['state']}{missed}", last, coming, interval, feed["why"], latency,
        f"{feed['per_day']:.0f}",
    )  # fmt: skip


def on_the_command_line(error: FeedError) -> FeedError:
    """The same error with a next step that suits a command."""
    if error.kind != "private_address":
        # here nothing is asked again
        hint = error.hint.removeprefix("it is asked again; ")
        return FeedError(error.what, where=error.where, hint=hint, kind=error.kind)
    hint = "add --allow-private, or for a configured feed allow_private_addresses: true"
    return FeedError(error.what, where=error.where, hint=hint, kind=error.kind)


def format_name(kind: str) -> str:
    """What a person calls a format."""
    return _FORMATS.get(kind, kind)


def with_scheme(text: str) -> str:
    """An address with `https://` before it where somebody left that out."""
    return text if "://" in text or "." not in text else f"https://{text}"


def made(url: str) -> FeedSettings:
    """A feed of an address that somebody typed; `https://` is put before one that has no scheme.

    Raises:
        ConfigError: it is no address.
    """
    from alertd.config import FeedSettings
    from alertd.config.values import split

    url = with_scheme(url)
    if split(url) is None:
        raise ConfigError("no web address", where=url, hint="write one that starts with https:// or http://")
    return FeedSettings(name=url.partition("?")[0][:100], url=url)


def _newest(read: ParsedFeed) -> str:
    dates = [entry.published for entry in read.entries if entry.date_source != "fetched"]
    return moment(max(dates)) if dates else ""


def moment(seconds: float) -> str:
    """Write a time as tables show it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def table(*columns: str) -> Table:
    """Make an empty table."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def row(table: Table, *cells: object, style: str = "") -> None:
    """Add a row; nothing in it can command the terminal."""
    from rich.text import Text

    from alertd.logs import escape

    table.add_row(*(Text(escape(str(cell))) for cell in cells), style=style)
