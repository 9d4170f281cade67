"""Which processes of the daemon work in a state folder: each leaves word there, and others find and end them.

Imports nothing heavy.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from alertd.config import Configuration
from alertd.errors import AlertdError
from alertd.store.named import state_of
from alertd.store.raw import birth

RUNNING_FILE: Final = "daemon.json"
"""In the state folder: who runs, and where its pages are; of those that came beside it `daemon-PID.json`."""
_STEM: Final = "daemon"


@dataclass(frozen=True)
class Running:
    """A process of the daemon that runs.

    Attributes:
        pid: its process.
        started: since when, Unix seconds.
        url: address of its pages.
        born: when the process began, in the kernel's own count; tells it from a later one with its number.
        stages: what it does.
    """

    pid: int
    started: float
    url: str
    born: str
    stages: Sequence[str] = ()


def processes(configuration: Configuration) -> list[Running]:
    """The processes of the daemon that work in the state folder of a configuration, the first first."""
    folder = configuration.settings.store.folder
    found = [_read(path) for path in folder.glob(f"{_STEM}*.json")]
    return sorted((one for one in found if one is not None and _alive(one)), key=lambda one: (one.started, one.pid))


def running(configuration: Configuration) -> Running | None:
    """The process that works longest in the state folder of a configuration, if one does."""
    return next(iter(processes(configuration)), None)


async def stop(found: Sequence[Running], timeout: float = 30.0) -> bool:
    """Tell processes to end, and wait until all of them have; False when none was there any more.

    Raises:
        AlertdError: one has not ended within `timeout` seconds.
    """
    told = [one for one in found if _alive(one)]
    for one in told:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while late := [one for one in told if _alive(one)]:
        if time.monotonic() > deadline:
            named = ", ".join(str(one.pid) for one in late)
            what = f"process {named} has" if len(late) == 1 else f"processes {named} have"
            raise AlertdError(f"{what} not ended within {timeout:g} s", hint="look into its log")
        await asyncio.sleep(0.05)
    return bool(told)


def port_beside(wanted: int, others: Sequence[Running]) -> int:
    """The port to take: the wanted one, or any (0) where another process of the same daemon has it. Pure."""
    return 0 if wanted in {urlsplit(one.url).port for one in others} else wanted


def _read(path: Path) -> Running | None:
    try:
        return Running(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _alive(found: Running) -> bool:
    """Whether the process is there and no later one has taken its number."""
    state, born = state_of(found.pid)
    return state not in ("", "Z") and born == found.born


@contextlib.contextmanager
def announced(folder: Path, url: str, stages: Sequence[str]) -> Iterator[None]:
    """Leave word of who runs in the state folder, while it runs; beside those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    mine = json.dumps(asdict(Running(os.getpid(), time.time(), url, birth(os.getpid()), tuple(stages))))
    with _alone(folder):
        first = folder / RUNNING_FILE
        other = _read(first)
        path = first if other is None or not _alive(other) else folder / f"{_STEM}-{os.getpid()}.json"
        for left in folder.glob(f"{_STEM}-*.json"):
            if (gone := _read(left)) is None or not _alive(gone):
                left.unlink(missing_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(mine, encoding="utf-8")
        fresh.replace(path)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if path.read_text(encoding="utf-8") == mine:
                path.unlink()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process leave its word at the same time."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
