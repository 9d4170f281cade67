from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from alertd.store import pool
from alertd.store.connection import Store, open_store
from alertd.store.pool import MOST, Bounded


@pytest.fixture
def path(redis: Redis) -> str:
    return str(redis.connection_pool.connection_kwargs["path"])


def lent(store: Store) -> Bounded:
    assert isinstance(store.redis.connection_pool, Bounded)
    return store.redis.connection_pool


async def open_there(store: Store) -> int:
    """How many connections of a store the server has, with the one that asks it."""
    own = lent(store).connection_kwargs["client_name"]
    return [client["name"] for client in await store.blocking.client_list()].count(own)


async def test_what_is_asked_at_once_shares_a_bounded_number_of_connections(path: str) -> None:
    async with open_store(socket=path) as store:
        times = await asyncio.gather(*(store.time() for _ in range(10 * MOST)))
        assert len(times) == 10 * MOST
        assert await open_there(store) == MOST + 1
        assert store.servers == 1, "all of them lead to the same one"


async def test_one_that_waits_too_long_is_told_so(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_FREE", 0.05)
    async with open_store(socket=path) as store:
        held = [await lent(store).get_connection() for _ in range(MOST)]
        with pytest.raises(RedisConnectionError, match=r"given back within 0\.05 seconds"):
            await store.time()
        await lent(store).release(held.pop())
        assert await store.time() > 0
        for connection in held:
            await lent(store).release(connection)


async def test_a_server_that_is_away_takes_no_connection_for_good(tmp_path: Path) -> None:
    async with open_store(socket=tmp_path / "none.sock") as away:
        away.redis.connection_pool.connection_kwargs["retry"] = None
        for _ in range(2 * MOST):
            with pytest.raises(RedisConnectionError, match="connecting to"):
                await away.time()


async def test_those_that_are_cancelled_take_no_connection_for_good(path: str) -> None:
    """Each is cancelled at another step of its way, and once more while it gives its connection back."""
    async with open_store(socket=path) as store:
        for steps in range(40):
            for again in range(3):
                asked = [asyncio.create_task(cast(Any, store.redis).ping()) for _ in range(2 * MOST)]
                for _ in range(steps):
                    await asyncio.sleep(0)
                for _ in range(again + 1):
                    for one in asked:
                        one.cancel()
                    await asyncio.sleep(0)
                await asyncio.gather(*asked, return_exceptions=True)
        held = [await lent(store).get_connection() for _ in range(MOST)]
        for connection in held:
            await lent(store).release(connection)
        async with asyncio.timeout(20):
            # the server may not have heard yet of those that were closed last
            while await open_there(store) != MOST + 1:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)


async def test_a_return_waits_for_nothing_that_could_be_cancelled(path: str) -> None:
    async with open_store(socket=path) as store:
        held = [await lent(store).get_connection() for _ in range(MOST)]
        async with lent(store)._lock:
            returned = asyncio.create_task(lent(store).release(held.pop()))
            await asyncio.sleep(0)
            assert not returned.cancel(), "it has ended"
        assert await store.time() > 0
        for connection in held:
            await lent(store).release(connection)
