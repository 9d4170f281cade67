"""What redis-py's connections do wrong is done right, against real sockets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from alertd.store import connection
from alertd.store.connection import TROUBLE, Store, open_store

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _several(store: Store) -> Any:
    async with cast(Any, store.redis).pipeline(transaction=False) as pipe:
        return await pipe.get("a").get("b").execute()


@pytest.mark.parametrize("asked", [lambda store: store.redis.get("a"), _several, lambda store: store.time()])
@pytest.mark.parametrize("connected", [True, False])
async def test_whoever_asks_hears_of_a_cancellation_at_every_step(
    redis: Redis, asked: Callable[[Store], Coroutine[Any, Any, Any]], connected: bool
) -> None:
    """One that is lost has a loop go on for ever, whose group of tasks has ended."""
    path = redis.connection_pool.connection_kwargs["path"]
    for steps in range(60):
        async with open_store(socket=path) as store:
            if connected:
                await store.time()
            task = asyncio.ensure_future(asked(store))
            for _ in range(steps):
                await asyncio.sleep(0)
            if not task.cancel():
                break
            await asyncio.wait({task})
            assert task.cancelled(), f"after {steps} steps"
            assert await store.time() > 0, "and the next one gets its own answer"


@asynccontextmanager
async def serving(folder: Path, over: str, handle: Handler) -> AsyncIterator[Store]:
    """A store whose server is a function, behind a unix socket or a port."""
    if over == "unix":
        path = str(folder / "server.sock")
        async with await asyncio.start_unix_server(handle, path), open_store(socket=path) as store:
            yield store
    else:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with open_store(f"redis://127.0.0.1:{port}") as store:
                yield store


@pytest.mark.parametrize("over", ["unix", "tcp"])
@pytest.mark.parametrize("of", ["redis", "blocking"])
async def test_a_silent_server_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: str, of: str) -> None:
    for limit in ("_ANSWER", "_BLOCKED"):
        monkeypatch.setattr(connection, limit, 0.05)
    made = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal made
        made += 1
        await reader.read()
        writer.close()

    async with asyncio.timeout(15), serving(tmp_path, over, silent) as store:
        with pytest.raises(TROUBLE):
            await getattr(store, of).ping()
        assert made <= 4, "one try and three more"


async def test_what_the_server_does_not_take_is_given_up(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def welcoming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b"begun"
        while said and b"$4\r\nINFO" not in said:
            said = await reader.read(1000)
            writer.write(b"+OK\r\n" * len(re.findall(rb"\*\d", said)))
        await over.wait()
        writer.close()

    async with serving(tmp_path, "unix", welcoming) as store:
        lent: Any = await cast(Any, store.redis.connection_pool).get_connection()
        lent.socket_timeout = 0.2
        with pytest.raises(RedisTimeoutError, match="does not take"):
            await lent.send_command("SET", "a", bytes(10_000_000))
        assert not lent.is_connected
        await cast(Any, store.redis.connection_pool).release(lent)
        over.set()
