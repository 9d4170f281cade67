"""Why an embedded server did not come up, read from its log, and what the user can do."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

from alertd.errors import StoreError
from alertd.store.raw import LOG

_BROKEN: Final = re.compile(r"append[ -]only|\bAOF\b|\bRDB\b|short read", re.IGNORECASE)
_FULL: Final = "No space left on device"


def size(path: Path) -> int:
    """Give a file's bytes, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def failure(word: str, data: Path, before: int, program: str) -> StoreError:
    """Say why a server did not come up.

    Args:
        word: what the keeper said.
        data: folder of the server's files, with its log.
        before: bytes that the log had before the start.
        program: the server.
    """
    with (data / LOG).open("rb") as log:
        log.seek(before if before <= size(data / LOG) else 0)
        said = log.read()[-4000:].decode(errors="replace")
    if _FULL in said or _FULL in word:
        return StoreError("the disk is full", where=str(data), hint="free some space and start again")
    lines = [line for line in said.splitlines() if " # " in line and "WARNING" not in line]
    last = lines[-1].partition(" # ")[2] if lines else word.removeprefix("failed: ")
    if _BROKEN.search(last):
        return _broken(last, data, program)
    return StoreError(f"the server did not start: {last}", where=str(data), hint=f"see {data / LOG}")


def _broken(last: str, data: Path, program: str) -> StoreError:
    named = [path for path in sorted(data.glob("appendonly*/*")) if path.name in last]
    file = next(iter(named), data / "appendonly.aof")
    if not file.exists():
        file = next(iter(sorted(data.glob("appendonlydir/*.manifest"))), data)
    # The server is its own checker when it is called by that name. One on the path may be of another version, which
    # does not find the files of this one.
    command = f"exec -a redis-check-aof {shlex.quote(program)} --fix {shlex.quote(str(file))}"
    return StoreError(
        f"the server cannot read its append-only file: {last}",
        where=str(file),
        hint=f"copy {data} to a safe place, then repair the file, which cuts it at the damage, in bash: ({command})",
    )
