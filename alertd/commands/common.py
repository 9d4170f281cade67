"""What all commands share: their registration, the option that names the configuration, output, and how they fail."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TypeVar

import typer

from alertd.errors import AlertdError, ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from alertd.config import Configuration

FAILED: Final = 1
"""Exit code: the work failed."""
WRONG_INPUT: Final = 2
"""Exit code: what the user gave is wrong."""
PIPED_WIDTH: Final = 120
"""Columns of tables that do not go to a terminal."""

debugging: ContextVar[bool] = ContextVar("debugging", default=False)
"""Whether an unexpected error shows its traceback."""

ConfigFolder = Annotated[
    Path,
    typer.Option("--config", metavar="DIR", envvar="ALERTD_CONFIG", help="Folder of alertd.yaml and watchlist.yaml."),
]
"""The option that names the folder of the configuration."""
DEFAULT_FOLDER: Final = Path("config")

F = TypeVar("F", bound=Callable[..., None])


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[F], F]:
    """Register a function as a command.

    Args:
        app: the application or group that gets it.
        name: its name.
        examples: command lines that its help shows.
    """

    def register(function: F) -> F:
        app.command(name, epilog=_shown(examples))(_reporting(function))
        return function

    return register


def group_of(what: str, *examples: str) -> typer.Typer:
    """Make a group of commands.

    Args:
        what: what they are for, in a sentence.
        examples: command lines that its help shows.
    """
    return typer.Typer(help=what, epilog=_shown(examples), no_args_is_help=True, rich_markup_mode=None)


def _shown(examples: Sequence[str]) -> str:
    # \b keeps the lines as they are
    return "\n  ".join(["\b\nExample:" if len(examples) == 1 else "\b\nExamples:", *examples])


def _reporting(function: Callable[..., None]) -> Callable[..., None]:
    """Turn what a command raises into words on stderr and an exit code; Ctrl-C is typer's, which gives 130."""

    @functools.wraps(function)
    def wrapped(*args: object, **kwargs: object) -> None:
        try:
            function(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except AlertdError as error:
            say(*described(error))
            if debugging.get():
                _show_traceback(error)
            raise typer.Exit(WRONG_INPUT if isinstance(error, ConfigError) else FAILED) from error
        except Exception as error:
            _unexpected(error)

    return wrapped


def _unexpected(error: Exception) -> NoReturn:
    # the text of a foreign error may hold an address with a key in it
    from alertd.logs import Redactor

    text = " ".join(Redactor().redact(str(error)).split())
    step = "" if debugging.get() else " (alertd --debug shows where; please report it)"
    say(f"unexpected error: {type(error).__name__}{f': {text}' if text else ''}{step}")
    if debugging.get():
        _show_traceback(error)
    raise typer.Exit(FAILED) from error


def _show_traceback(error: Exception) -> None:
    from alertd.logs import Redactor

    say(*Redactor().redact("".join(traceback.format_exception(error))).splitlines())


def described(error: AlertdError) -> list[str]:
    """Put an error into lines: every problem of a configuration, then their count; else the error's own text."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    if not problems:
        return str(error).splitlines()
    return [*problems, "1 problem" if len(problems) == 1 else f"{len(problems)} problems"]


def say(*lines: str) -> None:
    """Write lines for a person to stderr; control characters are escaped, for a text from outside may hold some."""
    from alertd.logs import escape

    for line in lines:
        typer.echo(escape(line), err=True)


def write(lines: Iterable[str]) -> None:
    """Write lines of a command's result to stdout in UTF-8, each at once, so that what reads them need not wait.

    Raises:
        typer.Exit: nobody reads stdout any more.
    """
    out = sys.stdout.buffer
    sys.stdout.flush()
    for line in lines:
        try:
            out.write(line.encode("utf-8", "backslashreplace") + b"\n")
            out.flush()
        except BrokenPipeError as error:
            raise unread() from error


def unread() -> typer.Exit:
    """What to raise when nobody reads stdout any more: a quiet end."""
    # what is still buffered would fail again, with a message, when Python ends
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return typer.Exit(FAILED)


def draw(*parts: RenderableType) -> None:
    """Draw tables and texts on stdout: in colour on a terminal, plain and wide elsewhere."""
    from rich.console import Console
    from rich.text import Text

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    console = Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        for part in parts:
            # the terminal breaks lines of text by itself, and a pipe wants them whole
            console.print(part, soft_wrap=isinstance(part, Text))
    write(line.rstrip() for line in captured.get().rstrip().split("\n"))


def configuration(folder: Path) -> Configuration:
    """Read a configuration without looking up its symbols.

    Raises:
        ConfigError: with every mistake in it.
    """
    from alertd.config import load
    from alertd.configured import Companies

    by = Companies()
    return load(folder, os.environ, listed=by.listed, at_state=by.at_state)


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which of the known words may have been meant: ``did you mean …?``, or that all of them are there."""
    import difflib

    choice = list(known)
    like = difflib.get_close_matches(word, choice, n=1)
    return f"did you mean {like[0]}?" if like else f"there are {', '.join(choice)}"
