"""`alertd run`, `stop`, `health` and `demo`: the daemon itself."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from alertd.commands.common import DEFAULT_FOLDER, FAILED, ConfigFolder, command, nearest, say, unread, write
from alertd.errors import AlertdError

PATIENCE: Final = 2.0
"""Seconds that `health` waits for an answer."""
ALL_STAGES: Final = "poll,tag,decide,notify"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    examples = ["alertd run", "alertd run --config /srv/alertd/config --stages tag", "alertd run --once --dry-run"]
    command(app, "run", *examples)(run)
    command(app, "stop", "alertd stop --timeout 60")(stop)
    command(app, "health", "alertd health || systemctl restart alertd")(health)
    command(app, "demo", "alertd demo")(demo)


def run(
    config: ConfigFolder = DEFAULT_FOLDER,
    stages: Annotated[
        str, typer.Option(metavar="LIST", help="Stages of this process; others may run the rest.")
    ] = ALL_STAGES,
    once: Annotated[
        bool, typer.Option("--once", help="Poll every feed once, finish what came of it, and end.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print alerts instead of posting them, and keep nothing.")
    ] = False,
) -> None:
    """Serve until stopped: poll the feeds, tag, decide, and alert.

    SIGTERM and Ctrl-C end it after what is in flight. A saved edit of the configuration is taken up at once.
    """
    from alertd.signals import ending_early, leaving

    with ending_early(), leaving() as leave:
        from alertd import daemon

        options = daemon.RunOptions(stages=chosen(stages, daemon.STAGES), once=once, dry_run=dry_run)
        code = daemon.run(config, options)
        leave(code)
    raise typer.Exit(code)


def chosen(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Read a list of stages, parted by commas; they are given in the order in which articles pass them.

    Raises:
        typer.BadParameter: a stage that is none, or no stage.
    """
    named = {part.strip() for part in text.split(",") if part.strip()}
    for name in sorted(named - set(known)):
        raise typer.BadParameter(f"no stage is called {name!r}; {nearest(name, known)}", param_hint="--stages")
    if not named:
        raise typer.BadParameter(f"names no stage; there are {', '.join(known)}", param_hint="--stages")
    return tuple(stage for stage in known if stage in named)


def stop(
    config: ConfigFolder = DEFAULT_FOLDER,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for its end.")] = 30.0,
) -> None:
    """Stop the daemon of this configuration.

    All processes of it on this machine end after what is in flight; the command waits for them. Exit code 1 when none
    runs.
    """
    from alertd import running
    from alertd.commands.place import found, locate

    daemons = found(locate(config))
    say(*(f"stopping process {daemon.pid}" for daemon in daemons))
    if asyncio.run(running.stop(daemons, timeout)):
        say("stopped")
    else:
        say("it had ended by itself")


def health(config: ConfigFolder = DEFAULT_FOLDER) -> None:
    """Ask the running daemon whether it can do its work.

    Prints `ready`, or each part that cannot, of all its processes on this machine. Exit code 1 when one is not ready,
    none is there, or one is silent for 2 seconds.
    """
    from alertd.commands.place import found, locate

    daemons = found(locate(config))
    wrong = []
    for daemon in daemons:
        of = f"process {daemon.pid}: " if len(daemons) > 1 else ""
        wrong += [of + line for line in unready(ask(daemon.url))]
    write(wrong or ["ready"])
    if wrong:
        raise typer.Exit(FAILED)


def ask(url: str, patience: float = PATIENCE) -> dict[str, Any]:
    """Get the daemon's own report from `/readyz`.

    Args:
        url: address of its pages.
        patience: seconds to wait.

    Raises:
        AlertdError: it gives none.
    """
    import http.client

    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port or 80, timeout=patience)
    try:
        connection.request("GET", "/readyz")
        report = json.loads(connection.getresponse().read())
    except TimeoutError:
        what = f"no answer within {patience:g} s"
    except OSError as error:
        what = f"cannot be reached: {error.strerror or type(error).__name__}"
    except (http.client.HTTPException, ValueError):
        what = "answers something else than its health"
    else:
        if isinstance(report, dict) and isinstance(report.get("parts"), dict):
            return report
        what = "answers something else than its health"
    finally:
        connection.close()
    raise AlertdError(what, where=f"{url}/readyz", hint="look into the daemon's log")


def unready(report: dict[str, Any]) -> list[str]:
    """Name every part that does not work, with the reason; nothing when the daemon is ready."""
    if report.get("ready"):
        return []
    wrong = {name: part.get("detail") for name, part in report["parts"].items() if not part.get("ok")}
    return [f"{name}: {detail or 'does not work'}" for name, detail in wrong.items()] or ["starting"]


def demo() -> None:
    """Run the real daemon against a recorded news day.

    All of it happens on this machine and ends by itself in two minutes. Needs no configuration, no network and no
    Slack.
    """
    from alertd.demo import run_demo

    try:
        code = run_demo()
    except BrokenPipeError as error:
        raise unread() from error
    raise typer.Exit(code)
