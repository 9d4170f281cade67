"""What all tests share: a real Redis for each worker, and the proof that no server outlives the tests."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis.asyncio import Redis

from alertd.store import binary, embedded
from alertd.store.raw import Connection

PATIENCE = 20.0
"""Seconds that servers get after the last test: those whose parent was killed end by their linger."""
SERVER = os.environ.get("ALERTD_TEST_SERVER", "")
"""Another server for the tests to start where they name none, such as /usr/bin/valkey-server."""


def servers_in(folder: Path) -> list[psutil.Process]:
    """Find the redis-servers and keepers that work in a folder or below, which may be gone already."""
    found = []
    for process in psutil.process_iter():
        try:
            cwd = Path(process.cwd())
            named = process.name() + " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        if cwd.is_relative_to(folder) and any(
            name in named for name in ("redis-server", "valkey-server", "alertd.store.keeper")
        ):
            found.append(process)
    return found


def apart(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine in a loop and thread of its own, for fixtures that outlive a test's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the run when a server or keeper that a test started is alive after the last test, or left a socket.

    Temporary folders of the tests and of what they start lie below pytest's own, so that its processes are known.
    """
    base = tmp_path_factory.getbasetemp()
    runtime = Path(tempfile.mkdtemp(prefix="alertd-"))  # short, for the path of a socket
    scratch = base / "scratch"
    scratch.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        patch.setenv("TMPDIR", str(scratch))
        patch.setattr(tempfile, "tempdir", None)
        if SERVER:
            locate = binary.locate
            patch.setattr(binary, "locate", lambda named="": locate(named or SERVER))
        yield
    deadline = time.monotonic() + PATIENCE
    while (left := servers_in(base)) and time.monotonic() < deadline:
        time.sleep(0.1)
    told = [f"{process.pid} {process.name()} in {process.cwd()}" for process in left]
    for process in left:
        process.kill()
    sockets = [str(path) for path in runtime.rglob("*") if path.is_socket() and not left]
    shutil.rmtree(runtime)
    assert not told, f"left behind by a test: {told}"
    assert not sockets, f"sockets left behind: {sockets}"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """A server for the tests of this worker; ended before `nothing_left_behind` looks, which is set up first."""
    folder = tmp_path_factory.mktemp("redis")
    server: embedded.Server = apart(lambda: embedded.start(folder, linger=2.0))
    # held open, for tests without Redis may take longer than the linger; it breaks when the worker is killed
    held = Connection(server.socket, 5.0)
    yield server
    held.close()
    assert apart(lambda: embedded.stop(folder))


@pytest.fixture
async def redis(redis_server: embedded.Server) -> AsyncIterator[Redis]:
    """An empty Redis, over a client of its own."""
    async with Redis(unix_socket_path=redis_server.socket, decode_responses=True) as client:
        await client.flushall()
        await client.script_flush()
        yield client
