from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import StoreError
from alertd.store import embedded, keys
from alertd.store.connection import SCHEMA, TROUBLE, Store, open_store
from tests.store.processes import alive, until


def store(redis: Redis) -> Store:
    return Store(redis, redis, exclusive=False, where="test")


async def test_it_marks_what_it_wrote_and_prepares_twice_without_harm(redis: Redis) -> None:
    await store(redis).prepare()
    await store(redis).prepare()
    assert (await cast(Any, redis).hgetall(keys.META))["schema"] == str(SCHEMA)


async def test_state_of_a_newer_version_is_refused(redis: Redis) -> None:
    await cast(Any, redis).hset(keys.META, mapping={"schema": SCHEMA + 1, "alertd": "9.9"})
    with pytest.raises(StoreError, match=rf"written by alertd 9\.9, in schema {SCHEMA + 1}"):
        await store(redis).prepare()
    assert not await cast(Any, redis).exists(keys.ARTICLES)


async def test_a_redis_that_evicts_is_refused(redis: Redis) -> None:
    await cast(Any, redis).config_set("maxmemory", "100mb")
    await cast(Any, redis).config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StoreError, match="evicts keys"):
            await store(redis).prepare()
    finally:
        await cast(Any, redis).config_set("maxmemory", "0")
        await cast(Any, redis).config_set("maxmemory-policy", "noeviction")


async def test_a_server_that_is_not_there_is_named_as_trouble(tmp_path: Path) -> None:
    async with open_store(socket=tmp_path / "none.sock") as away:
        with pytest.raises(TROUBLE):
            await away.time()


async def test_scripts_survive_a_server_that_forgot_them(redis: Redis) -> None:
    mine = store(redis)
    await mine.prepare()
    assert await mine.run("lag", [keys.ALERTS], ["notify"]) == 0
    await cast(Any, redis).script_flush()
    assert await mine.run("lag", [keys.ALERTS], ["notify"]) == 0


async def test_a_server_that_was_started_anew_is_another_one(state: Path) -> None:
    server = await embedded.start(state)
    async with open_store(socket=server.socket) as store:
        asked: Any = store.redis
        before = await store.run_id()
        await asyncio.gather(*(asked.ping() for _ in range(10)))
        await asked.connection_pool.disconnect()
        assert await store.run_id() == before
        assert store.servers == 1, "connections to the one that is known already"
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: not alive(server.pid), "the server's end")
        await embedded.start(state)
        await asked.ping()
        assert store.servers == 2
        assert await store.run_id() != before


async def test_a_server_that_took_another_ones_data_is_another_one(redis: Redis) -> None:
    asked: Any = redis
    path = redis.connection_pool.connection_kwargs["path"]
    async with open_store(socket=path) as store:
        before = await store.run_id()
        await asked.replicaof("127.0.0.1", 9)
        await asked.replicaof("NO", "ONE")
        await cast(Any, store.redis).connection_pool.disconnect()
        assert await store.time() > 0
        assert store.servers == 2
        assert await store.run_id() != before


async def test_those_that_stayed_with_the_server_before_are_noticed_and_made_anew(redis: Redis, state: Path) -> None:
    other = await embedded.start(state)
    async with open_store(socket=redis.connection_pool.connection_kwargs["path"]) as store:
        pool: Any = store.redis.connection_pool
        used, stays, idle = [await pool.get_connection() for _ in range(3)]
        await pool.release(idle)
        assert store.servers == 1
        pool.connection_kwargs["path"] = other.socket
        for connection in (used, stays, idle):
            connection.path = other.socket
        await used.disconnect()
        await used.connect()
        assert store.servers == 2
        assert [one.should_reconnect() for one in (used, stays, idle)] == [False, True, True]
        await stays.disconnect()
        await stays.connect()
        assert store.servers == 3, "it may have told what only the server before knew"
        assert await pool.get_connection() is idle
        assert idle.leads_to == used.leads_to == await store.run_id()
        for _ in range(5):
            await used.disconnect()
            await used.connect()
        assert store.servers == 4, "that of the idle one was the last"
        for connection in (used, stays, idle):
            await pool.release(connection)


async def test_an_address_of_two_servers_settles_on_what_is_connected(redis: Redis, state: Path) -> None:
    other = await embedded.start(state)
    async with open_store(socket=redis.connection_pool.connection_kwargs["path"]) as store:
        assert await store.time() > 0
        cast(Any, store.redis.connection_pool)._available_connections[0].path = other.socket
        cast(Any, store.redis.connection_pool)._available_connections[0].mark_for_reconnect()
        for _ in range(10):
            assert await store.time() > 0
        assert store.servers == 2


async def test_a_server_that_does_not_say_who_it_is_may_be_another_each_time(redis: Redis) -> None:
    asked: Any = redis
    await asked.acl_setuser("alertd", enabled=True, nopass=True, categories=["+@all"], commands=["-info"], keys=["*"])
    try:
        path = redis.connection_pool.connection_kwargs["path"]
        async with open_store(f"unix://alertd:x@{path}") as store:
            assert await store.time() > 0
            await cast(Any, store.redis).connection_pool.disconnect()
            assert await store.time() > 0
            assert store.servers == 2
            pool: Any = store.redis.connection_pool
            used = [await pool.get_connection() for _ in range(2)]
            assert not any(one.should_reconnect() for one in used), "else each would be made anew each time"
            for one in used:
                await pool.release(one)
    finally:
        await asked.acl_deluser("alertd")


def test_all_keys_share_one_slot() -> None:
    made = [
        keys.feed("x"),
        keys.seen("x"),
        keys.BANDS + keys.band_table("a{b}"),
        keys.story("1-0"),
        keys.outbox("#a"),
        *keys.GROUPS,
    ]
    assert all(key.startswith("alertd:{main}:") for key in made)
