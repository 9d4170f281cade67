"""Where the embedded server listens: a short path in a folder that only this user can enter."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alertd.errors import StoreError

LONGEST: Final = 103
"""Bytes of a unix socket's path: Linux takes 107, the BSDs and macOS 103."""


def choose(data: Path) -> Path:
    """Make the folder for the server's socket and give the socket's path.

    Args:
        data: the server's folder, from which the name is derived.

    Raises:
        StoreError: no place is short enough and private.
    """
    name = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]
    for base in _bases():
        path = base / name / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST and _private(base) and _private(path.parent):
            return path
    beside = data.absolute() / "redis.sock"  # on a read-only system the state may be all there is
    if len(os.fsencode(beside)) <= LONGEST:
        return beside
    raise StoreError(
        f"no place for the server's socket: its path may have {LONGEST} bytes, in a folder of your own",
        where=str(data),
        hint="set XDG_RUNTIME_DIR to a short folder that is yours alone, or TMPDIR to a short writable one",
    )


def _bases() -> Iterator[Path]:
    user = os.getuid()
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    for parent in (runtime, f"/run/user/{user}"):
        if parent and Path(parent).is_absolute() and Path(parent).is_dir():
            yield Path(parent) / "alertd"
    try:
        yield Path(tempfile.gettempdir()).absolute() / f"alertd-{user}"
    except FileNotFoundError:
        return


def _private(folder: Path) -> bool:
    """Make the folder or see that it is ours and closed to others; a link or another user's folder is no place."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
