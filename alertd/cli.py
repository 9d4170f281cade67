"""The command line. Results go to stdout, everything else to stderr; 0 is fine, 1 failed, 2 is wrong input."""

from __future__ import annotations

from typing import Annotated

import typer

import alertd
from alertd.commands import (
    articles,
    configure,
    dead,
    feedback,
    feeds,
    look_back,
    serve,
    silence,
    slack,
    status,
    story,
    symbols,
)
from alertd.commands.common import debugging

app = typer.Typer(
    name="alertd",
    help="Watch the news for the companies you care about and tell it in Slack: once, within seconds, and why.",
    epilog="\b\nExample:\n  alertd init && alertd check && alertd run",
    no_args_is_help=True,
    # plain help is there in half the time and reads well in a log
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alertd {alertd.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="ALERTD_DEBUG", help="Show the traceback of an error.")
    ] = False,
) -> None:
    debugging.set(debug)


for subject in (configure, serve, status, dead, story, silence, slack, look_back, articles, feeds, feedback, symbols):
    subject.register(app)


def main() -> None:
    """Run the command that the process was started with, and end the process with its exit code."""
    app(prog_name="alertd")
