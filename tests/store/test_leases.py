from __future__ import annotations

import time
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import FencedError
from alertd.store.connection import Store
from alertd.store.leases import Lease


def store(redis: Redis, *, exclusive: bool = False) -> Store:
    return Store(redis, redis, exclusive=exclusive, where="test")


class Monotonic:
    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


async def test_one_holds_it_and_the_other_stands_by(redis: Redis) -> None:
    first, second = (Lease(store(redis), "decide", owner) for owner in ("a", "b"))
    assert await first.acquire()
    assert not await second.acquire()
    assert (first.held, second.held) == (True, False)
    await first.release()
    assert await second.acquire()
    assert second.token != first.token


async def test_a_holder_that_shows_no_life_loses_it_and_is_fenced(redis: Redis) -> None:
    clock = Monotonic()
    first = Lease(store(redis), "decide", "a")
    second = Lease(store(redis), "decide", "b", patience=10, clock=clock)
    assert await first.acquire()
    assert not await second.acquire()
    clock.now += 9.9
    assert not await second.acquire()
    clock.now += 0.2
    assert await second.acquire()
    with pytest.raises(FencedError):
        await first.beat()
    assert not first.held


async def test_a_beat_resets_the_standbys_patience(redis: Redis) -> None:
    clock = Monotonic()
    first = Lease(store(redis), "decide", "a")
    second = Lease(store(redis), "decide", "b", patience=10, clock=clock)
    assert await first.acquire()
    for _ in range(5):
        assert not await second.acquire()
        clock.now += 9
        await first.beat()
    assert not await second.acquire()


async def test_the_wall_clock_plays_no_part(redis: Redis) -> None:
    first = Lease(store(redis), "decide", "a")
    assert await first.acquire()
    assert await cast(Any, redis).ttl(first.key) == -1


async def test_a_holder_that_could_not_beat_knows_it(redis: Redis) -> None:
    clock = Monotonic()
    lease = Lease(store(redis), "decide", "a", patience=10, clock=clock)
    assert await lease.acquire()
    clock.now += 10.1
    assert not lease.held


async def test_an_exclusive_store_waits_for_no_dead_holder(redis: Redis) -> None:
    dead = Lease(store(redis), "decide", "dead")
    assert await dead.acquire()
    lease = Lease(store(redis, exclusive=True), "decide", "new")
    assert await lease.acquire()
    assert lease.token > dead.token


async def test_nobody_waits_for_a_holder_that_died_on_this_machine(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await Lease(store(redis), "decide", "dead").acquire()
    second = Lease(store(redis), "decide", "new")
    assert not await second.acquire()
    monkeypatch.setattr("alertd.store.leases.is_dead", lambda name: name == "dead")
    assert await second.acquire()
    assert not await Lease(store(redis), "decide", "third").acquire(), "who lives keeps it"
