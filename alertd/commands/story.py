"""`alertd story`: one story as a timeline."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, command, write
from alertd.errors import StoreError

if TYPE_CHECKING:
    from alertd.config import Configuration


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "story", "alertd story 1772445600123-0")(story)


def story(
    ident: Annotated[str, typer.Argument(metavar="ID", help="Id of a story, or of any article in it.")],
    config: ConfigFolder = DEFAULT_FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how a story grew.

    Its first report, who followed, and what was new. Ids are in `alertd status --json`, in the log and on the page.
    Works also when no daemon runs. Exit code 1 when the story is not remembered.
    """
    from alertd.commands.place import locate

    found = asyncio.run(_asked(locate(config).configuration, ident))
    if found is None:
        raise StoreError(
            "no such story is remembered", where=ident, hint="stories are kept for stories.window; see alertd status"
        )
    write([json.dumps(found, ensure_ascii=False)] if as_json else lines(found, now=time.time()))


async def _asked(configuration: Configuration, ident: str) -> dict[str, Any] | None:
    from alertd import report
    from alertd.state import open_state

    async with await open_state(configuration) as store:
        return await report.story(store, ident)


def lines(found: Mapping[str, Any], *, now: float) -> Iterator[str]:
    """A story in lines, see `report.story`.

    Args:
        now: Unix seconds; what is from another day gets its date.
    """
    state = "open" if found["open"] else "closed"
    count = f"{found['articles']} article{'s' * (found['articles'] != 1)}"
    yield _plain(found["title"])
    yield f"story {found['id']}, {state}, revision {found['revision']}, {count} from {len(found['sources'])} outlets"
    for name, values in (("companies", found["issuers"]), ("events", found["events"]), ("figures", found["figures"])):
        if values:
            yield f"{name:<10} {_plain(', '.join(values))}"
    yield ""
    for row in found["timeline"]:
        at = time.localtime(row["at"])
        format_ = "%H:%M:%S" if now - row["at"] < 43_200 else "%Y-%m-%d %H:%M:%S"
        said = f"  {row['title']}" if row["title"] else ""
        yield _plain(f"{time.strftime(format_, at)}  {row['relation']:<10} {row['novelty']:.2f}  {row['source']}{said}")
        if row["reason"]:
            yield _plain(f"          {row['reason']}")
    if (more := found["articles"] - len(found["timeline"])) > 0:
        yield f"and {more} more"


def _plain(text: str) -> str:
    """A line without control characters, for titles come from outside."""
    return "".join(c if c.isprintable() else " " for c in text)
