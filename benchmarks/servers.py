"""A Redis for benchmarks, with the settings of the embedded one."""

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

_PATIENCE: Final = 20.0


@asynccontextmanager
async def redis_server(folder: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Run a server with its files in a folder; gives the path of its socket.

    Args:
        environment: what its environment has besides ours.
    """
    data, socket = folder / "redis", folder / "s"
    data.mkdir()
    server = await asyncio.create_subprocess_exec(
        locate(), "--port", "0", "--unixsocket", str(socket), "--dir", str(data), "--appendonly", "yes",
        "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction", "--loglevel", "warning",
        env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE
        while not socket.exists():
            if server.returncode is not None or time.monotonic() > deadline:
                sys.exit("the redis-server did not come up")
            await asyncio.sleep(0.05)
        yield str(socket)
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()
