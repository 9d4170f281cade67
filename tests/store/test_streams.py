from __future__ import annotations

from typing import Any, cast

from redis.asyncio import Redis

from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.streams import Reader, lag, trim


async def prepared(redis: Redis) -> Store:
    store = Store(redis, redis, exclusive=False, where="test")
    await store.prepare()
    return store


async def filled(redis: Redis, count: int) -> list[str]:
    return [await cast(Any, redis).xadd(keys.ALERTS, {"n": str(n)}) for n in range(count)]


async def test_what_one_reader_left_is_found_by_another(redis: Redis) -> None:
    store = await prepared(redis)
    ids = await filled(redis, 3)
    dead, heir = (Reader(store, keys.ALERTS, name, idle=0) for name in ("dead", "heir"))
    assert [d.id for d in await dead.fresh(2, 0)] == ids[:2]
    left = await heir.left(10)
    assert [(d.id, d.again) for d in left] == [(ids[0], True), (ids[1], True)]
    assert [(d.id, d.again) for d in await heir.fresh(10, 0)] == [(ids[2], False)]


async def test_what_another_reader_is_at_is_not_taken_early(redis: Redis) -> None:
    store = await prepared(redis)
    await filled(redis, 1)
    await Reader(store, keys.ALERTS, "slow", idle=0).fresh(1, 0)
    heir = Reader(store, keys.ALERTS, "heir", idle=60)
    assert await heir.left(10) == []
    assert len(await heir.left(10, own=True)) == 1


async def test_the_lag_counts_what_waits_and_what_is_under_way(redis: Redis) -> None:
    store = await prepared(redis)
    await filled(redis, 5)
    reader = Reader(store, keys.ALERTS, "r", idle=0)
    taken = await reader.fresh(2, 0)
    assert await lag(store, keys.ALERTS) == 5
    await reader.acknowledge(taken[0])
    assert await lag(store, keys.ALERTS) == 4


async def test_nothing_undelivered_and_nothing_pending_is_trimmed(redis: Redis) -> None:
    store = await prepared(redis)
    ids = await filled(redis, 6)
    reader = Reader(store, keys.ALERTS, "r", idle=0)
    assert await trim(store, keys.ALERTS) == 0, "nothing was delivered yet"
    taken = await reader.fresh(4, 0)
    await reader.acknowledge(taken[0])
    await reader.acknowledge(taken[2])
    assert await trim(store, keys.ALERTS) == 1
    await reader.acknowledge(taken[1])
    await reader.acknowledge(taken[3])
    await trim(store, keys.ALERTS)
    assert [i for i, _ in await cast(Any, redis).xrange(keys.ALERTS)] == ids[4:]
    for delivery in await reader.fresh(10, 0):
        await reader.acknowledge(delivery)
    await trim(store, keys.ALERTS)
    assert [i for i, _ in await cast(Any, redis).xrange(keys.ALERTS)] == ids[5:]
    (last,) = await filled(redis, 1)
    assert [d.id for d in await reader.fresh(10, 0)] == [last]


async def test_entries_that_vanished_do_not_stay_pending(redis: Redis) -> None:
    store = await prepared(redis)
    ids = await filled(redis, 2)
    reader = Reader(store, keys.ALERTS, "r", idle=0)
    await reader.fresh(2, 0)
    await cast(Any, redis).xdel(keys.ALERTS, ids[0])
    assert [d.id for d in await reader.left(10)] == [ids[1]]
    await reader.sweep()
    assert await lag(store, keys.ALERTS) == 1


async def test_what_is_left_behind_is_found_though_the_servers_clock_was_put_back(redis: Redis) -> None:
    store = await prepared(redis)
    ids = await filled(redis, 1)
    now = 0.0
    await Reader(store, keys.ALERTS, "dead", idle=30).fresh(1, 0)
    # for the server it was delivered a moment ago
    first, second = (Reader(store, keys.ALERTS, name, idle=30, clock=lambda: now) for name in ("first", "second"))
    assert (await first.left(10), await second.left(10)) == ([], [])
    now = 31.0
    assert [d.id for d in await first.left(10)] == ids
    assert await second.left(10) == [], "it has a new holder, who has time too"
    now = 62.0
    assert [d.id for d in await second.left(10)] == ids


async def test_of_two_that_take_the_same_over_one_gets_it(redis: Redis) -> None:
    store = await prepared(redis)
    (ident,) = await filled(redis, 1)
    await Reader(store, keys.ALERTS, "dead", idle=0).fresh(1, 0)
    taken = [
        await store.run("inherit", [keys.ALERTS], ["notify", heir, ident, "dead", 1]) for heir in ("first", "second")
    ]
    assert [len(rows) for rows in taken] == [1, 0]


async def test_what_a_server_never_heard_of_is_not_passed_on(redis: Redis) -> None:
    store = await prepared(redis)
    fields: list[str | int] = [600, "{}", "1", "{}", "fp", "{}"]
    lost = await store.run("tagged", [keys.ARTICLES, keys.TAGGED, keys.tags("1-0")], ["1-0", *fields])
    known = await cast(Any, redis).xadd(keys.ARTICLES, {"n": "1"})
    await Reader(store, keys.ARTICLES, "r", idle=0).fresh(1, 0)
    passed = await store.run("tagged", [keys.ARTICLES, keys.TAGGED, keys.tags(known)], [known, *fields])
    assert (lost, passed, await cast(Any, redis).xlen(keys.TAGGED)) == ("done", "passed", 1)
