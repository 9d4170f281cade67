"""Three Redis servers and three Sentinels that watch them, on loopback; the master can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from alertd.store.binary import locate

MASTER: Final = "news"
SERVERS: Final = 3
SENTINELS: Final = 3
_PATIENCE: Final = 180.0
"""Seconds; a Sentinel that a busy machine held up does nothing for half a minute (its TILT mode)."""


class Sentineled:
    """Servers and Sentinels; use it as an async context manager.

    Args:
        folder: of their files.
        environment: what theirs has besides ours.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._ports = _free_ports(SERVERS + SENTINELS)
        self._servers: dict[int, asyncio.subprocess.Process] = {}
        self._sentinels: list[asyncio.subprocess.Process] = []

    @property
    def url(self) -> str:
        """The address as alertd takes it."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self._ports[SERVERS:])}/{MASTER}"

    async def __aenter__(self) -> Sentineled:
        first, *others = self._ports[:SERVERS]
        await self._serve(first, 0)
        for port in others:
            await self._serve(port, first)
        for port in self._ports[SERVERS:]:
            place = self._folder / f"{port}"
            place.mkdir()
            (place / "sentinel.conf").write_text(
                f"port {port}\nbind 127.0.0.1\ndir {place}\nsentinel monitor {MASTER} 127.0.0.1 {first} 2\n"
                f"sentinel down-after-milliseconds {MASTER} 1000\nsentinel failover-timeout {MASTER} 6000\n",
                encoding="ascii",
            )
            self._sentinels.append(await self._run(str(place / "sentinel.conf"), "--sentinel"))
        await self._settled()
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in (*self._sentinels, *self._servers.values()):
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def fail_over(self) -> float:
        """Kill the master, wait for another one, and start the dead one again as a replica; returns the seconds."""
        began, before = time.monotonic(), await self._master()
        self._servers[before].kill()
        await self._servers[before].wait()
        while (now := await self._master()) == before:
            await _in_time(began, "no other master")
        took = time.monotonic() - began
        await self._serve(before, now)
        await self._settled()
        return took

    @asynccontextmanager
    async def deaf_replicas(self) -> AsyncIterator[None]:
        """Have the replicas stand still for as long as the block lasts, though they stay connected."""
        master = await self._master()
        replicas = [server for port, server in self._servers.items() if port != master]
        for server in replicas:
            server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for server in replicas:
                server.send_signal(signal.SIGCONT)
        await self._settled()

    async def _settled(self) -> None:
        """Wait until every Sentinel knows all others, and all servers as they should be."""
        began = time.monotonic()
        for port in self._ports[SERVERS:]:
            while not await _agreed(port):
                await _in_time(began, "the Sentinels do not agree")
        # on a busy machine the Sentinels may choose another one meanwhile
        while not await _replicated(await self._master()):
            await _in_time(began, "the replicas do not follow")

    async def _master(self) -> int:
        """The port of the master, as the first Sentinel sees it."""
        async with Redis(port=self._ports[SERVERS], decode_responses=True, protocol=2) as sentinel:
            return int((await cast(Any, sentinel).sentinel_get_master_addr_by_name(MASTER))[1])

    async def _serve(self, port: int, master: int) -> None:
        place = self._folder / f"{port}"
        place.mkdir(exist_ok=True)
        follows = ("--replicaof", "127.0.0.1", f"{master}") if master else ()
        self._servers[port] = await self._run(
            "--port", f"{port}", "--bind", "127.0.0.1", "--dir", str(place), "--appendonly", "yes", "--save", "",
            "--repl-diskless-sync-delay", "0", *follows,
        )  # fmt: skip

    async def _run(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            locate(), *arguments, env=self._environment, stdout=subprocess.DEVNULL
        )


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


async def _in_time(began: float, what: str) -> None:
    if time.monotonic() - began > _PATIENCE:
        raise TimeoutError(what)
    await asyncio.sleep(0.1)


async def _agreed(port: int) -> bool:
    """Whether a Sentinel knows all servers and all other Sentinels, and takes none of them for dead."""
    try:
        async with Redis(port=port, decode_responses=True, protocol=2) as sentinel:
            row = await cast(Any, sentinel).execute_command("SENTINEL", "MASTER", MASTER)
    except RedisError:
        return False  # it is not there yet
    found = row if isinstance(row, dict) else dict(zip(row[::2], row[1::2], strict=True))
    counts = {int(found["num-slaves"]), int(found["num-other-sentinels"]) + SERVERS - SENTINELS}
    return counts == {SERVERS - 1} and "down" not in str(found["flags"])


async def _replicated(port: int) -> bool:
    try:
        async with Redis(port=port, decode_responses=True, protocol=2) as server:
            info = await cast(Any, server).info("replication")
    except RedisError:
        return False  # it starts
    replicas = [info[f"slave{n}"]["state"] for n in range(int(info.get("connected_slaves", 0)))]
    return bool(info["role"] == "master" and replicas == ["online"] * (SERVERS - 1))
