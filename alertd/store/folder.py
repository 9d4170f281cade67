"""The state folder: made and checked, locked for one daemon, and the record of the server that wrote it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from alertd.errors import StoreError

LOCK: Final = "alertd.lock"
"""Held by the daemon, in the state folder."""

ROOM: Final = 16_000_000
"""Bytes that must be free on the disk before a server is started; less is a full disk a moment later."""

PATIENCE: Final = 0.2
"""Seconds: whoever looks whether the lock is held takes it for an instant, and its holder writes its name after it."""

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def prepare(folder: Path) -> None:
    """Make the folder (mode 0700) if it is not there.

    Raises:
        StoreError: it cannot be made or is no folder.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, folder) from error


def check_room(folder: Path) -> None:
    """See that the disk has room for a server to work.

    Raises:
        StoreError: it has not.
    """
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        raise StoreError(
            f"the disk is full: {free / 1e6:.1f} MB are free and {ROOM / 1e6:.0f} MB are needed",
            where=str(folder),
            hint="free some space, or set store.folder to a folder on another disk",
        )


def explain(error: OSError, path: Path) -> StoreError:
    """Say what an operating system's error at a path of the state means for the user."""
    if error.errno in _FULL:
        return StoreError("the disk is full", where=str(path), hint="free some space, or set store.folder elsewhere")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreError(
            f"cannot write here: {error.strerror}",
            where=str(path),
            hint=f"let user {os.getuid()} write there, or set store.folder elsewhere",
        )
    return StoreError(
        f"cannot be used for the state: {error.strerror or error}", where=str(path), hint="set store.folder elsewhere"
    )


def read_json(path: Path) -> Any:
    """Read a JSON file of ours; None when it is not there.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file so that after a crash or a power cut it holds the old value or the new one.

    Raises:
        StoreError: it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")  # two may write at the same time
    try:
        with fresh.open("w", encoding="utf-8") as out:
            json.dump(value, out)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise explain(error, path) from error


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a state folder locked.

    Attributes:
        pid: its process id.
        started: when it took the lock, Unix seconds.
    """

    pid: int
    started: float


class FolderLock:
    """Keeps a second daemon off a state folder.

    The kernel's lock goes with the process, however it ends, so a file that is left behind locks nothing. It is not
    inherited by programs that the process starts; a process that is forked without exec would share it.

    Args:
        folder: the state folder; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = -1

    def acquire(self) -> None:
        """Take the lock; waits 0.2 s at most.

        Raises:
            StoreError: another process has it (the message names it), or the folder cannot be used.
        """
        prepare(self.folder)
        path = self.folder / LOCK
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise explain(error, path) from error
        try:
            if not _taken_within(file, fcntl.LOCK_EX):
                raise self._refusal()
            content = json.dumps({"pid": os.getpid(), "started": time.time()}).encode()
            os.pwrite(file, content, 0)
            os.ftruncate(file, len(content))
        except OSError as error:
            os.close(file)
            raise explain(error, path) from error
        except StoreError:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        """Give the lock back; calling it again does nothing. The file stays: removing it would race."""
        if self._file >= 0:
            file, self._file = self._file, -1
            os.close(file)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _refusal(self) -> StoreError:
        other = holder(self.folder)
        since = f", since {datetime.fromtimestamp(other.started, UTC):%Y-%m-%d %H:%M:%S} UTC" if other else ""
        return StoreError(
            f"another alertd works in this folder: process {other.pid if other else 'unknown'}{since}",
            where=str(self.folder),
            hint="stop it with `alertd stop`, or give this one another store.folder",
        )


def holder(folder: Path) -> Holder | None:
    """Tell which process has the folder locked, None when none has; takes 0.2 s at most.

    Raises:
        StoreError: the lock is held but its file cannot be read, or names nobody.
    """
    path = folder / LOCK
    deadline = time.monotonic() + PATIENCE
    try:
        while locked(path):
            found = _named(path)
            if found is not None:
                return found
            if time.monotonic() >= deadline:  # longer than a holder needs to write its name
                raise StoreError("the lock is held by a process that left no name", where=str(path))
            time.sleep(0.01)
    except OSError as error:
        raise explain(error, path) from error
    return None


def locked(path: Path) -> bool:
    """Tell whether a process holds the lock on a file; a file that is not there is free.

    Raises:
        OSError: the file cannot be opened.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _taken(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def _named(path: Path) -> Holder | None:
    try:
        content = read_json(path)
        return Holder(int(content["pid"]), float(content["started"]))
    except (ValueError, TypeError, KeyError):
        return None


def _taken(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _taken_within(file: int, kind: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not _taken(file, kind):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True
