"""Shards that any number of processes share: fair, moved when one dies, fenced."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import FencedError
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.leases import PATIENCE
from alertd.store.shares import SHARDS, Shares
from tests.store.test_leases import Monotonic, store

ALL = frozenset(range(SHARDS))


def sharing(redis: Redis, *names: str, clock: Monotonic | None = None) -> list[Shares]:
    clock = clock or Monotonic()
    return [Shares(store(redis), "poll", name, clock=clock) for name in names]


async def beat(*members: Shares, times: int = 1) -> None:
    """Let all of them beat in turn; what one should give back it gives back at once."""
    for _ in range(times):
        for member in members:
            await member.acquire()
            member.give(member.leaving)


async def tokens(redis: Redis) -> dict[int, str]:
    found = await cast(Any, redis).hgetall(keys.shards("poll"))
    return {int(shard): token for shard, token in found.items() if shard}


async def test_one_alone_has_everything_after_its_first_beat(redis: Redis) -> None:
    (only,) = sharing(redis, "a")
    assert await only.acquire()
    assert only.held == ALL
    assert not only.leaving


@pytest.mark.parametrize("count", [2, 3, 5, 8])
async def test_who_comes_gets_a_fair_share_and_no_shard_has_two_holders(redis: Redis, count: int) -> None:
    members: list[Shares] = []
    for number in range(count):
        members += sharing(redis, f"p{number}")
        await beat(*members, times=3)
        assert sorted(shard for member in members for shard in member.held) == sorted(ALL)
        sizes = [len(member.held) for member in members]
        assert max(sizes) == -(-SHARDS // len(members))
        assert not any(member.leaving for member in members)


async def test_only_what_is_too_much_moves(redis: Redis) -> None:
    members = sharing(redis, "a", "b")
    await beat(*members, times=3)
    before = await tokens(redis)
    members += sharing(redis, "c")
    await beat(*members, times=3)
    after = await tokens(redis)
    moved = [shard for shard in ALL if before[shard] != after[shard]]
    assert len(moved) == len(members[2].held)


async def test_what_is_under_way_is_waited_for(redis: Redis) -> None:
    first, second = sharing(redis, "a", "b")
    await first.acquire()
    assert not await second.acquire(), "nothing is free yet"
    await first.acquire()
    assert len(first.leaving) == len(first.held) == SHARDS // 2
    assert all(first.token(shard) for shard in ALL), "what is under way may still be written"
    assert not await second.acquire()
    some = frozenset(sorted(first.leaving)[:10])
    first.give(some)
    await first.acquire()
    assert await second.acquire()
    assert second.held == some
    assert [first.token(shard) for shard in some] == [""] * 10


async def test_only_what_is_leaving_can_be_given(redis: Redis) -> None:
    (only,) = sharing(redis, "a")
    await only.acquire()
    only.give(only.held)
    await only.acquire()
    assert only.held == ALL
    assert set((await tokens(redis)).values()) == {f"a {n}" for n in range(1, SHARDS + 1)}


async def test_one_that_shows_no_life_loses_all_and_is_fenced(redis: Redis) -> None:
    clock = Monotonic()
    first, second = sharing(redis, "a", "b", clock=clock)
    await beat(first, second, times=3)
    clock.now += PATIENCE - 0.1
    await second.acquire()
    assert len(second.held) == SHARDS // 2, "it may only be slow"
    clock.now += 0.2
    await second.acquire()
    assert second.held == ALL
    assert not any(first.holds(shard) or first.token(shard) for shard in ALL), "it cannot know any more"
    now = await tokens(redis)
    assert {token.rpartition(" ")[0] for token in now.values()} == {"b"}
    # it was only slow: it takes part again, with what the other gives back, under new tokens
    await beat(first, second, times=3)
    assert len(first.held) == SHARDS // 2
    later = await tokens(redis)
    assert all(first.token(shard) == later[shard] != now[shard] for shard in first.held)


async def test_a_beat_just_in_time_is_no_death(redis: Redis) -> None:
    clock = Monotonic()
    first, second = sharing(redis, "a", "b", clock=clock)
    await beat(first, second, times=3)
    for _ in range(5):
        clock.now += PATIENCE - 0.5
        await beat(first, second)
    assert len(first.held) == len(second.held) == SHARDS // 2


async def test_who_ends_leaves_everything_at_once(redis: Redis) -> None:
    first, second = sharing(redis, "a", "b")
    await beat(first, second, times=3)
    await first.release()
    assert not first.held
    await second.acquire()
    assert second.held == ALL
    assert await cast(Any, redis).hkeys(keys.members("poll")) == ["b"]


async def test_no_wall_clock_plays_a_part(redis: Redis) -> None:
    (only,) = sharing(redis, "a")
    await only.acquire()
    assert [await cast(Any, redis).ttl(name) for name in (only.key, keys.members("poll"))] == [-1, -1]


async def test_an_exclusive_store_waits_for_nobody_who_died(redis: Redis) -> None:
    dead = sharing(redis, "dead-1", "dead-2")
    await beat(*dead, times=3)
    own = Shares(Store(redis, redis, exclusive=True, where="test"), "poll", "new")
    assert await own.acquire()
    assert own.held == ALL


async def test_a_store_that_came_back_empty_is_shared_anew(redis: Redis) -> None:
    members = sharing(redis, "a", "b")
    await beat(*members, times=3)
    await cast(Any, redis).flushdb()
    await beat(*members, times=3)
    assert sorted(shard for member in members for shard in member.held) == sorted(ALL)


async def test_what_a_commit_found_to_be_gone_is_not_worked_on(redis: Redis) -> None:
    (only,) = sharing(redis, "a")
    await only.acquire()
    with pytest.raises(FencedError, match="'poll'"):
        raise only.fenced([3, 4])
    assert only.held == ALL - {3, 4}
    assert (only.token(3), bool(only.token(5))) == ("", True)


async def test_whatever_comes_and_goes_no_shard_has_two_holders_and_all_have_one_in_the_end(redis: Redis) -> None:
    chance, clock = random.Random(11), Monotonic()
    living: list[Shares] = []
    taken: Counter[int] = Counter()
    numbers: list[int] = []
    for step in range(120):
        if not living or (chance.random() < 0.15 and len(living) < 6):
            living += sharing(redis, f"p{step}", clock=clock)
        elif chance.random() < 0.1:
            gone = living.pop(chance.randrange(len(living)))
            if chance.random() < 0.5:
                await gone.release()  # else it was killed
        clock.now += chance.uniform(0.5, 3.0)
        for member in chance.sample(living, len(living)):
            await member.acquire()
            member.give([shard for shard in member.leaving if chance.random() < 0.7])
        held = await tokens(redis)
        numbers.append(max(int(token.rpartition(" ")[2]) for token in held.values()))
        for member in living:
            assert all(held[shard] == member.token(shard) for shard in member.held | member.leaving)
        taken.update(held.keys())
    assert all(before <= after for before, after in pairwise(numbers)), "no token is given twice"
    for _ in range(int(PATIENCE) + 4):
        clock.now += 1.0
        await beat(*living)
    assert sorted(shard for member in living for shard in member.held) == sorted(ALL)
    assert taken.keys() == ALL


async def test_nobody_waits_for_a_member_that_died_on_this_machine(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, alive, new = sharing(redis, "dead", "alive", "new")
    await beat(dead, alive, times=2)
    monkeypatch.setattr("alertd.store.shares.is_dead", lambda name: name == "dead")
    await beat(alive, new, times=3)
    assert sorted(alive.held | new.held) == sorted(ALL), "and who lives keeps its own"
    assert len(alive.held) == len(new.held)
