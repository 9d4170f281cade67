"""Which daemon works in a state folder: it leaves word there, and others find and end it. Imports nothing heavy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from alertd.config import Configuration
from alertd.errors import AlertdError
from alertd.store.raw import birth

RUNNING_FILE: Final = "daemon.json"
"""In the state folder: who runs, and where its pages are."""


@dataclass(frozen=True)
class Running:
    """A daemon that runs.

    Attributes:
        pid: its process.
        started: since when, Unix seconds.
        url: address of its pages.
        born: when the process began, in the kernel's own count; tells it from a later one with its number.
    """

    pid: int
    started: float
    url: str
    born: str


def running(configuration: Configuration) -> Running | None:
    """The daemon that works in the state folder of a configuration, if one does."""
    path = configuration.settings.store.folder / RUNNING_FILE
    try:
        found = Running(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return found if _alive(found) else None


async def stop(configuration: Configuration, timeout: float = 30.0) -> bool:
    """Tell the daemon to end, and wait until it has; False when none ran.

    Raises:
        AlertdError: it has not ended within `timeout` seconds.
    """
    found = running(configuration)
    if found is None:
        return False
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while _alive(found):
        if time.monotonic() > deadline:
            raise AlertdError(f"process {found.pid} has not ended within {timeout:g} s", hint="look into its log")
        await asyncio.sleep(0.05)
    return True


def _alive(found: Running) -> bool:
    """Whether the process is there and no later one has taken its number."""
    try:
        fields = Path(f"/proc/{found.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] != "Z" and fields[19] == found.born


@contextlib.contextmanager
def announced(folder: Path, url: str) -> Iterator[None]:
    """Leave word of who runs in the state folder, while it runs."""
    path = folder / RUNNING_FILE
    folder.mkdir(parents=True, exist_ok=True)
    mine = json.dumps(asdict(Running(os.getpid(), time.time(), url, birth(os.getpid()))))
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(mine, encoding="utf-8")
    fresh.replace(path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if path.read_text(encoding="utf-8") == mine:
                path.unlink()
