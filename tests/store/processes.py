"""Helpers for tests with real servers: conditions with a deadline, keepers, servers that misbehave."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from redis.asyncio import Redis

from alertd.store import binary, embedded


async def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Wait for a condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {what}"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def client(server: embedded.Server) -> AsyncIterator[Redis]:
    """Open a client of a server."""
    async with Redis(unix_socket_path=server.socket, decode_responses=True) as redis:
        yield redis


async def put(server: embedded.Server, value: str) -> None:
    async with client(server) as redis:
        await redis.set("kept", value)


async def got(server: embedded.Server) -> object:
    async with client(server) as redis:
        return await redis.get("kept")


def keeper(folder: Path) -> int:
    """Give the process id of a folder's keeper."""
    return int(json.loads((folder / "redis" / "keeper.json").read_text())["keeper"])


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def script(path: Path, body: str, *, says: str = "Redis server v=6.2.14 sha=0:0 malloc=libc bits=64") -> str:
    """Write a program that answers --version like a server and otherwise does what `body` says."""
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{says}"; exit; fi\n{body}\n')
    path.chmod(0o755)
    return str(path)


def real() -> str:
    """Give the path of the real server."""
    return binary.locate()
