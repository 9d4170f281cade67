"""The daemon under the demo: its configuration in a temporary folder, its process, its end without remains."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from alertd.config import SETTINGS_FILE, WATCHLIST_FILE
from alertd.demo.day import Day
from alertd.demo.slack import TOKEN
from alertd.store import embedded

CHANNELS = ("alerts", "macro", "alertd")
"""Channels of the demo's workspace; the last is the operator's."""

STATE = "state"
"""Folder of the daemon's state, beside `config/`."""

COMMAND = (sys.executable, "-m", "alertd")
"""How alertd is called: the one that runs the demo, whatever the PATH says."""

_GRACE = 12.0
_ASKING = 15.0
_SHOWN_LINES = 8


def write_configuration(folder: Path, day: Day, addresses: Mapping[str, str], slack: str) -> None:
    """Write the two files that a user would write.

    Args:
        folder: gets them; made if it is not there.
        day: the feeds and the watchlist.
        addresses: feed's name → its address.
        slack: address of Slack's interface.
    """
    settings = {
        "allow_private_addresses": True,
        "feed_defaults": {"interval": "1s"},
        "feeds": [{"name": feed.name, "url": addresses[feed.name], "source": feed.title} for feed in day.feeds],
        "slack": {"token": TOKEN, "base_url": slack, "channel": f"#{CHANNELS[0]}"},
        "operator": {"channel": f"#{CHANNELS[-1]}"},
        "store": {"folder": STATE, "linger": "5s"},
        "web": {"port": 0},
        "log": {"format": "json"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS_FILE).write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    (folder / WATCHLIST_FILE).write_text(day.watchlist, encoding="utf-8")


class Daemon:
    """`alertd run` as a process of its own. Made by `running`.

    Args:
        process: the process.
        command: how alertd is called.
        folder: the folder of its configuration.
        log: the file that it writes to.
    """

    def __init__(self, process: asyncio.subprocess.Process, command: Sequence[str], folder: Path, log: Path) -> None:
        self._process = process
        self._command = command
        self._folder = folder
        self._log = log

    async def died(self) -> int:
        """Wait for its end; gives its exit code."""
        return await self._process.wait()

    async def status(self) -> dict[str, Any]:
        """What `alertd status --json` says; {"error": why} when it says nothing that can be read."""
        asking = await asyncio.create_subprocess_exec(
            *self._command, "status", "--config", str(self._folder), "--json",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_ASKING):
                said, errors = await asking.communicate()
        except TimeoutError:
            return {"error": f"alertd status did not answer within {_ASKING:g} s"}
        finally:
            if asking.returncode is None:
                asking.kill()
                await asking.wait()
        try:
            return dict(json.loads(said))
        except (ValueError, TypeError):
            lines = errors.decode(errors="replace").split("\n")
            return {"error": next((line for line in reversed(lines) if line.strip()), "alertd status said nothing")}

    async def end(self) -> int | None:
        """Ask it to end, and give its exit code; None when it had to be killed."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_GRACE):
                    return await self._process.wait()
            except TimeoutError:
                await self._kill()
                return None
        return self._process.returncode

    async def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def last_words(self) -> list[str]:
        """The last lines of its log, without what only a machine reads."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        return [_plain(line) for line in lines]


@asynccontextmanager
async def running(folder: Path, command: Sequence[str] = COMMAND) -> AsyncIterator[Daemon]:
    """Start the daemon; at the end neither it nor its Redis is left.

    Args:
        folder: a folder of its own, which holds `config/`; state and log come beside it.
        command: how alertd is called.

    Raises:
        StoreError: its Redis did not end in time.
    """
    log = folder / "alertd.log"
    # Nothing of the user's own set-up may reach the demo: neither his workspace nor his Redis.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ALERTD_", "SLACK_", "REDIS_"))}
    # Where the system has no folder for sockets, the socket too goes with the temporary folder.
    sockets = folder / "run"
    sockets.mkdir(mode=0o700)
    environment.setdefault("XDG_RUNTIME_DIR", str(sockets))
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *command, "run", "--config", str(folder / "config"),
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, env=environment,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends the daemon in order
        )  # fmt: skip
    daemon = Daemon(process, command, folder / "config", log)
    try:
        yield daemon
    finally:
        await daemon.end()
        await embedded.stop(folder / STATE)


def _plain(line: str) -> str:
    try:
        record = json.loads(line)
        return f"{record['level']}: {record['message']}"
    except (ValueError, KeyError, TypeError):
        return line
