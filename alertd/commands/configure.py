"""`alertd init`, `check` and `schema`: writing a configuration, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertd.commands.common import DEFAULT_FOLDER, ConfigFolder, command, say, write

if TYPE_CHECKING:
    from alertd.config import Configuration


class SchemaName(StrEnum):
    """The files that have a schema."""

    ALERTD = "alertd"
    WATCHLIST = "watchlist"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    command(
        app, "init", "alertd init", "alertd init --company NVDA --company Xiaomi --feed https://www.example.com/rss.xml",
        "alertd init /srv/alertd/config --ask",
    )(init)  # fmt: skip
    command(app, "check", "alertd check --config /srv/alertd/config && systemctl restart alertd")(check)
    command(app, "schema", "alertd schema watchlist > watchlist.schema.json")(schema)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", envvar="ALERTD_CONFIG", help="Folder to write to.")] = (
        DEFAULT_FOLDER
    ),
    company: Annotated[
        list[str] | None,
        typer.Option("--company", metavar="SYMBOL|NAME", help="Watch it; may be repeated. Without one, examples."),
    ] = None,
    feed: Annotated[
        list[str] | None,
        typer.Option(
            "--feed", metavar="URL|PRESET", help="Read it; may be repeated. Without one, a dozen public ones."
        ),
    ] = None,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Slack channel for alerts.")] = "",
    contact: Annotated[str, typer.Option("--contact", help="Address of yours for the User-Agent.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Ask for companies, feeds and channel.")] = False,
) -> None:
    """Write a configuration with comments in it.

    Nothing that is there is overwritten. The names of the files go to stdout.
    """
    from alertd.config import write_default

    own = ask or bool(company or feed or channel or contact)
    if ask and (company or feed or channel):
        raise typer.BadParameter("it asks for companies, feeds and channel; leave them out", param_hint="--ask")
    settings, watchlist = write_default(
        folder, _wished(company or (), feed or (), channel, contact, ask) if own else None
    )
    write([str(settings), str(watchlist)])
    named = "" if folder == DEFAULT_FOLDER else f" --config {folder}"
    say(
        "Next:",
        *([] if company or ask else [f"  edit {watchlist}: the companies and events that you want to hear about"]),
        f"  alertd check{named}          says what is wrong with it, if anything",
        f"  alertd feeds check{named}    fetches each feed once",
        f"  alertd run{named}            prints alerts here until SLACK_BOT_TOKEN is set",
    )


def _wished(
    companies: Sequence[str], feeds: Sequence[str], channel: str, contact: str, ask: bool
) -> dict[str, str]:  # fmt: skip
    """The files for what a user wishes.

    Raises:
        ConfigError: a company, feed or channel is none.
    """
    from alertd.commands import starting
    from alertd.tagging.gazetteer import Gazetteer

    gazetteer = Gazetteer.open()
    if ask:
        wishes = starting.asked(_question, lambda error: say(str(error)), gazetteer)
    else:
        read = [starting.company(text, gazetteer) for text in companies]
        say(*(told for _, told in read if told))
        wishes = starting.Wishes(
            tuple(line for line, _ in read),
            tuple(map(starting.feed, feeds)),
            starting.channel(channel) if channel else "",
        )
    return starting.texts(replace(wishes, contact=starting.readable(contact, "--contact")))


def _question(text: str) -> str:
    return str(typer.prompt(text, default="", show_default=False, err=True))


def check(config: ConfigFolder = DEFAULT_FOLDER) -> None:
    """Say what is wrong with the configuration.

    Every mistake at once, with its place and what would be right. Exit code 2 when there is one. Symbols that were
    renamed or delisted are named on stderr, and are no mistake.
    """
    from alertd.configured import read_with_companies

    found, _ = read_with_companies(config)
    say(*found.warnings)
    write([f"{config} is fine: {summary(found)}"])


def summary(found: Configuration) -> str:
    """Say in one line what a valid configuration comes to; never holds a secret."""
    settings = found.settings
    feeds, rules = len(settings.feeds), len(found.watchlist.rules)
    return ", ".join(
        [
            f"{feeds} feed{'s' * (feeds != 1)}",
            f"{rules} rule{'s' * (rules != 1)}",
            f"generation {found.generation}",
            f"state in {'the Redis of redis.url' if settings.redis.url else settings.store.folder}",
            "alerts to Slack" if settings.slack.token else "alerts to the terminal (slack.token is not set)",
        ]
    )


def schema(
    name: Annotated[SchemaName, typer.Argument(help="The file that it describes.")] = SchemaName.ALERTD,
) -> None:
    """Print the JSON Schema of a file of the configuration.

    Editors complete and check alertd.yaml and watchlist.yaml by it.
    """
    from alertd.config import json_schemas
    from alertd.config.schema import schema_text

    write(schema_text(json_schemas()[name]).rstrip("\n").split("\n"))
