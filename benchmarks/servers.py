"""A Redis for benchmarks, with the settings of the embedded one, and the clock that its process sees."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from alertd.store.binary import locate
from alertd.store.keeper import options

_PATIENCE: Final = 20.0
_LIBRARIES: Final = Path("/usr/lib")
_CLOCK: Final = Path(__file__).parent / "clock"
"""What a Python that goes by a clock of ours loads first."""


@asynccontextmanager
async def redis_server(
    folder: Path, environment: Mapping[str, str] | None = None, program: str = ""
) -> AsyncIterator[str]:
    """Run a server with its files in a folder; gives the path of its socket.

    Args:
        environment: what its environment has besides ours.
        program: the server; "" for the one that alertd starts by itself.
    """
    data, socket = folder / "redis", folder / "s"
    data.mkdir()
    server = await start_redis(data, socket, environment or {}, program)
    try:
        yield str(socket)
    finally:
        await end_redis(server)


async def start_redis(
    data: Path, socket: Path, environment: Mapping[str, str], program: str = ""
) -> asyncio.subprocess.Process:
    """Start a server and wait until it listens; one that does not come up ends the benchmark.

    Args:
        data: the folder of its append-only file.
        socket: where it listens.
        environment: what its environment has besides ours.
        program: the server; "" for the one that alertd starts by itself.
    """
    server = await asyncio.create_subprocess_exec(
        locate(program), "--dir", str(data), *options(str(socket)), env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE
        while not socket.exists():  # noqa: ASYNC240 - one look at memory
            if server.returncode is not None or time.monotonic() > deadline:
                sys.exit("the redis-server did not come up")
            await asyncio.sleep(0.05)
    except BaseException:
        await end_redis(server)
        raise
    return server


async def end_redis(server: asyncio.subprocess.Process) -> None:
    """End a server as an operator does."""
    if server.returncode is None:
        server.terminate()
    await server.wait()


def faketime(*, threads: bool) -> str:
    """The library that moves the clock of a process (https://github.com/wolfcw/libfaketime), "" where there is none.

    Args:
        threads: the one for processes with threads.
    """
    name = "libfaketimeMT.so.1" if threads else "libfaketime.so.1"
    return next((str(path) for path in sorted(_LIBRARIES.glob(f"*/faketime/{name}"))), "")


def faked(library: str, clock: Path) -> dict[str, str]:
    """Write a clock that goes right, and give the environment of a process that goes by it; {} without a library.

    Args:
        library: as `faketime` gives it.
        clock: a file, which says by how many seconds the clock is ahead, with its sign.
    """
    clock.write_text("+0", encoding="ascii")
    if not library:
        return {}
    mended = os.pathsep.join(filter(None, (str(_CLOCK), os.environ.get("PYTHONPATH", ""))))
    return {
        "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "PYTHONPATH": mended,
    }  # fmt: skip
