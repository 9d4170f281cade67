"""`alertd symbols search`, `show` and `update`: the companies that a watchlist can name, and keeping them current."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, draw, group_of, say, write
from alertd.errors import AlertdError, ConfigError

if TYPE_CHECKING:
    from alertd.config import Configuration
    from alertd.tagging.gazetteer import Gazetteer, Issuer
    from alertd.tagging.registrants import Changes

SEC_LIST: Final = "https://www.sec.gov/files/company_tickers.json"
"""The SEC's public list of tickers."""
_PATIENCE: Final = 60.0
_SHOWN: Final = 20

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = group_of("The companies that are known.", "alertd symbols search xiaomi")
    command(group, "search", "alertd symbols search xiaomi", "alertd symbols search 'tata motors' --json")(search)
    command(group, "show", "alertd symbols show 1810.HK", "alertd symbols show LSE:VOD")(show)
    command(
        group, "update", "alertd symbols update", "alertd symbols update --contact desk@example.com",
        "alertd symbols update --from company_tickers.json",
    )(update)  # fmt: skip
    app.add_typer(group, name="symbols")


def search(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name, the beginning of one, or a symbol.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, metavar="N", help="Most companies to show.")] = 10,
    as_json: AsJson = False,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Find companies by name, the largest first.

    Exit code 1 when none is found.
    """
    from alertd.tagging.search import find

    gazetteer = _companies(config)
    found = find(gazetteer, name, limit)
    if as_json:
        write([json.dumps([_plain(gazetteer, issuer) for issuer in found], ensure_ascii=False)])
    if not found:
        say(f"no company is called anything like {name}", "watch one without a listing by its name: {name: …}")
        raise typer.Exit(FAILED)
    if not as_json:
        _draw_found(found)


def _draw_found(found: list[Issuer]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in ("symbol", "name", "country", "sector", "other listings"):
        table.add_column(column, overflow="fold", no_wrap=column == "symbol")
    for issuer in found:
        others = issuer.symbols[1:4]
        more = f" and {len(issuer.symbols) - 4} more" if len(issuer.symbols) > 4 else ""
        cells = (issuer.symbols[0], issuer.name, issuer.country, issuer.sector, " ".join(others) + more)
        table.add_row(*map(Text, cells))
    draw(table)


def show(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL|NAME", help="A symbol as a watchlist has it, or a name.")],
    as_json: AsJson = False,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Show all that is known of a company.

    Its listings, country and sector, and the names by which articles may mean it. Names marked with ? are ordinary
    words too: whether the company is meant is decided in context.
    """
    from alertd.tagging.gazetteer import AMBIGUOUS
    from alertd.tagging.suggest import outdated, suggest

    gazetteer = _companies(config)
    issuer = gazetteer.resolve(symbol)
    if issuer is None:
        like = " or ".join(suggest(gazetteer, symbol))
        hint = f"did you mean {like}?" if like else "alertd symbols search finds companies by name"
        raise AlertdError(f"no company has the symbol or name {symbol}", hint=hint)
    plain = _plain(gazetteer, issuer) | {"names": [], "context_names": []}
    for name, flags in gazetteer.names_of(issuer):
        plain["context_names" if flags & AMBIGUOUS else "names"].append(name)
    if as_json:
        write([json.dumps(plain, ensure_ascii=False)])
    else:
        names = [*plain["names"], *(f"{name}?" for name in plain["context_names"])]
        rows = {
            "name": issuer.name, "symbols": " ".join(issuer.symbols), "country": issuer.country,
            "sector": issuer.sector, "SEC number": str(plain["cik"] or ""), "called": ", ".join(names),
            "watch it by": f"companies: [{_written(issuer.symbols[0])}]",
        }  # fmt: skip
        write(f"{label:<12} {value}" for label, value in rows.items() if value)
    if advice := outdated(gazetteer, symbol):
        say(advice)


def _written(symbol: str) -> str:
    """A symbol as YAML reads it back."""
    import yaml

    return str(yaml.safe_dump([symbol], default_flow_style=True)).strip().strip("[]")


def _plain(gazetteer: Gazetteer, issuer: Issuer) -> dict[str, Any]:
    return {
        "symbol": issuer.symbols[0], "symbols": list(issuer.symbols), "name": issuer.name, "country": issuer.country,
        "sector": issuer.sector, "cik": gazetteer.cik(issuer),
    }  # fmt: skip


def _companies(folder: Path) -> Gazetteer:
    """The companies as of the last update of a configuration; those of the package where there is none."""
    from alertd.commands.place import locate
    from alertd.tagging.updated import open_companies

    try:
        state = locate(folder).configuration.settings.store.folder
    except ConfigError:
        if folder != DEFAULT_FOLDER:
            raise
        return open_companies(None)
    return open_companies(state)


def update(
    source: Annotated[
        str, typer.Option("--from", metavar="FILE|URL", help="Another place of the SEC's list.")
    ] = SEC_LIST,
    contact: Annotated[str, typer.Option("--contact", help="Address of yours for the User-Agent.")] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Also ask this machine and private networks.")
    ] = False,
    config: ConfigFolder = DEFAULT_FOLDER,
) -> None:
    """Bring the companies of the United States up to date from the SEC's public list.

    What is new is kept beside the state, never in the package; a running daemon takes it up at once. Symbols that were
    renamed go on being read. The SEC asks for an address of yours: `contact` of alertd.yaml, or --contact.
    """
    from alertd.commands.place import locate
    from alertd.tagging import overlay, registrants
    from alertd.tagging.gazetteer import Gazetteer

    configuration = locate(config).configuration
    settings = configuration.settings
    allow = allow_private or settings.allow_private_addresses
    data, where = _fetched(source, contact or settings.contact, allow)
    built = Gazetteer.open()
    listed = registrants.read_list(data, where)
    file = overlay.place(settings.store.folder)
    before = _before(file)
    standings = registrants.settle(built, {s.cik: s for s in before.standings} if before else {}, listed, where)
    overlay.write(file, overlay.Overlay(built.version, time.time(), where, standings))
    write(_report(len(listed), registrants.changes(built, standings)))
    say(f"kept in {file}")
    _warn(config, configuration)


def _fetched(source: str, contact: str, allow_private: bool) -> tuple[bytes, str]:
    """The list, and what to call it."""
    from alertd.config.values import redact
    from alertd.tagging.registrants import LARGEST

    if source.startswith(("http://", "https://")):
        host = (urlsplit(source).hostname or "").rstrip(".").lower()
        if not contact and (host == "sec.gov" or host.endswith(".sec.gov")):
            raise AlertdError(
                "the SEC answers only those who name a contact", where=redact(source),
                hint="set `contact:` in alertd.yaml to an e-mail address of yours, or give it by --contact",
            )  # fmt: skip
        return asyncio.run(_download(source, contact, allow_private)), redact(source)
    try:
        with Path(source).open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise AlertdError(
            f"cannot be read: {error.strerror}", where=source, hint="name a file or an address"
        ) from error
    if len(data) > LARGEST:
        raise AlertdError(f"is larger than {LARGEST // 10**6} MB", where=source, hint="that is no list of tickers")
    return data, source


async def _download(url: str, contact: str, allow_private: bool) -> bytes:
    from alertd.config import FeedSettings
    from alertd.config.values import redact
    from alertd.feeds import Fetcher, Validators
    from alertd.tagging.registrants import LARGEST

    place = FeedSettings(name=redact(url), url=url, timeout=_PATIENCE, max_bytes=LARGEST)
    async with Fetcher(contact=contact, allow_private=allow_private) as fetcher:
        return (await fetcher.fetch(place, Validators(), accept="application/json")).body


def _before(file: Path) -> Any:
    """What the last update brought; a damaged file is replaced."""
    from alertd.errors import GazetteerError
    from alertd.tagging import overlay

    try:
        return overlay.read(file)
    except GazetteerError as error:
        say(f"the last update is replaced: {error}")
        return None


def _report(count: int, found: Changes) -> list[str]:
    """What is new, for a person: counts, and the first of each kind."""
    kinds = {
        "new": [f"{s.current[0]} ({s.name})" for s in found.new],
        "more symbols": [f"{symbol} ({name})" for symbol, name in found.more],
        "renamed": [f"{old} to {new} ({name})" for old, new, name in found.renamed],
        "delisted": [f"{symbol} ({name})" for symbol, name in found.delisted],
    }
    counts = ", ".join(f"{len(lines)} {kind}" for kind, lines in kinds.items())
    told = [f"{count:,} companies in the list; besides what alertd {_version()} knows: {counts}"]
    for kind, lines in kinds.items():
        told += [f"  {kind}: {line}" for line in lines[:_SHOWN]]
        if len(lines) > _SHOWN:
            told.append(f"  {kind}: … and {len(lines) - _SHOWN} more")
    return told


def _version() -> str:
    from alertd import __version__

    return __version__


def _warn(config: Path, configuration: Configuration) -> None:
    """Say which watched symbols are of the past now; mistakes of the files are for `alertd check`."""
    from alertd.configured import read_with_companies

    if not configuration.generation:
        return
    try:
        say(*read_with_companies(config)[0].warnings)
    except ConfigError:
        say(f"the configuration holds mistakes: alertd check --config {config}")
