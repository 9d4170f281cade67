"""`alertd init`, `check` and `schema`: writing a configuration, and what is wrong with it."""

from __future__ import annotations

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
    command(app, "init", "alertd init", "alertd init /srv/alertd/config")(init)
    command(app, "check", "alertd check --config /srv/alertd/config && systemctl restart alertd")(check)
    command(app, "schema", "alertd schema watchlist > watchlist.schema.json")(schema)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", envvar="ALERTD_CONFIG", help="Folder to write to.")] = (
        DEFAULT_FOLDER
    ),
) -> None:
    """Write a configuration with comments in it.

    Nothing that is there is overwritten. The names of the files go to stdout.
    """
    from alertd.config import write_default

    settings, watchlist = write_default(folder)
    write([str(settings), str(watchlist)])
    named = "" if folder == DEFAULT_FOLDER else f" --config {folder}"
    say(
        "Next:",
        f"  edit {watchlist}: the companies and events that you want to hear about",
        f"  alertd check{named}",
        f"  alertd run{named}    prints alerts here until SLACK_BOT_TOKEN is set",
    )


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
