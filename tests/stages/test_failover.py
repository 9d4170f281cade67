"""A server takes over that lacks the last writes of the one before it: what is lost there is not told from memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import dumps
from alertd.errors import FencedError
from alertd.stages.claims import Claim
from alertd.stages.decide import DecideStage
from alertd.stages.memory import FeedMemory
from alertd.stages.outbox import Outbox
from alertd.stages.tag import TagStage, article_of
from alertd.store import keys
from alertd.store.streams import Delivery, Reader
from tests.fakes.slack import FakeSlack
from tests.stages.test_notify import posts, raised, sent, working
from tests.stages.world import at_work, context, decided, entry, stream, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"
RULES = fakes.Rules(events={"operations": 0.9})


async def forgotten(redis: Redis, name: str, *deliveries: Delivery) -> None:
    """Have the server never have heard of entries that a process holds."""
    ids = [delivery.id for delivery in deliveries]
    await cast(Any, redis).xack(name, keys.GROUPS[name], *ids)
    await cast(Any, redis).xdel(name, *ids)


async def tagged(redis: Redis, count: int) -> bool:
    return int(await cast(Any, redis).xlen(keys.TAGGED)) == count


async def test_a_copy_that_the_server_does_not_know_is_not_passed_on(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        await taken(ctx, *(entry(TITLE, feed=feed) for feed in ("wire", "post", "third")))
        held = await Reader(ctx.store, keys.ARTICLES, "tagger", idle=0).fresh(3, 0)
        tag = TagStage(ctx)
        lost, kept = (tag._copy(article_of(delivery)) for delivery in held[1:])
        await forgotten(redis, keys.ARTICLES, held[1])
        outcomes = [(await ctx.store.run("copied", *call))[0] for call in (lost, kept)]
        assert outcomes == ["done", "parked"]
        assert [row["gap"] for row in await stream(redis, keys.TAGGED)] == [held[0].id]


async def test_what_the_server_does_not_know_is_not_decided_and_the_others_are(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        titles = (
            TITLE,
            "Xiaomi opens a school for its engineers in Chengdu",
            "Xiaomi sells its stake in a drone maker",
        )
        ids = await taken(ctx, *map(entry, titles))
        async with at_work(TagStage(ctx).work):
            await until(lambda: tagged(redis, 3))
        decide = DecideStage(ctx)
        assert await decide.lease.acquire()
        held = await Reader(ctx.store, keys.TAGGED, ctx.process, idle=0).fresh(3, 0)
        await forgotten(redis, keys.TAGGED, held[0])
        await decide.decide(held)
        assert len(await decided(redis, ids)) == 2
        assert not await cast(Any, redis).exists(keys.decision(ids[0]))
        # given anew, as by the feed after the failover
        again = await cast(Any, redis).xadd(keys.TAGGED, cast(Any, held[0].fields))
        await decide.decide(await Reader(ctx.store, keys.TAGGED, ctx.process, idle=0).fresh(3, 0))
        assert len(await decided(redis, ids)) == 3
        # known, and decided before: nothing happens
        await decide.decide([Delivery(again, held[0].fields)])
        assert len(await stream(redis, keys.ALERTS)) == 3


async def test_stories_are_read_anew_where_another_server_answers(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        titles = "Xiaomi recalls its pad over a fault", "Xiaomi calls its pad back over a fault"
        first, second = await taken(ctx, *map(entry, titles))
        async with at_work(TagStage(ctx).work):
            await until(lambda: tagged(redis, 2))
        decide = DecideStage(ctx)
        assert await decide.lease.acquire()
        held = await Reader(ctx.store, keys.TAGGED, ctx.process, idle=0).fresh(3, 0)
        await decide.decide(held[:1])
        # a failover: the decision and its story are lost
        for name in await cast(Any, redis).keys(keys.PREFIX + "*"):
            if first in name or ":listed:" in name:
                await cast(Any, redis).delete(name)

        async def another() -> str:
            return "another"

        monkeypatch.setattr(ctx.store, "run_id", another)
        await decide.decide(held[1:])
        (found,) = await decided(redis, [second])
        assert f'"story":"{second}"' in found.replace(" ", ""), "it joins no story that is nowhere"


async def test_an_alert_whose_decision_was_lost_reaches_no_outbox(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lost, kept = posts(ctx, 2)
        await raised(redis, [lost, kept])
        held = await Reader(ctx.store, keys.ALERTS, ctx.process, idle=0).fresh(2, 0)
        await forgotten(redis, keys.ALERTS, held[0])
        for one, delivery in zip((lost, kept), held, strict=True):
            await ctx.store.run(
                "enqueue",
                [
                    keys.ALERTS, keys.alert(one.key), keys.sent(one.key), keys.outbox("#alerts"), keys.CHANNELS,
                    keys.COUNTS,
                ],
                [delivery.id, one.key, dumps(one), "#alerts", "post"],
            )  # fmt: skip
        assert await cast(Any, redis).lrange(keys.outbox("#alerts"), 0, -1) == [kept.key]


async def test_what_waits_no_more_is_not_claimed(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.lease("channel #alerts")
        assert await lease.acquire()
        outbox = Outbox(ctx, lease, "#alerts")
        (one,) = posts(ctx, 1)
        claim = Claim(one.key, ((one.key, ""),), "", ctx.clock())
        assert await outbox.claim(claim) is None
        assert await outbox.claimed() is None
        await cast(Any, redis).set(keys.alert(one.key), dumps(one))
        assert await outbox.claim(claim) == 0.0


async def test_what_no_replica_took_note_of_is_not_posted(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the server be lost in this moment, the one that takes over would have it posted again."""
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        replicas, asked = False, 0
        run = ctx.store.run

        async def noted(name: str, names: Sequence[str], arguments: Sequence[Any]) -> tuple[Any, bool]:
            nonlocal asked
            asked += 1
            return await run(name, names, arguments), replicas

        async def often() -> bool:
            return asked > 1

        monkeypatch.setattr(ctx.store, "run_safe", noted)
        monkeypatch.setattr("alertd.stages.outbox._UNSAFE", 0.01)
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(often)
            assert slack.messages("alerts") == []
            replicas = True
            await until(lambda: sent(redis, [one.key]))
        assert slack.keys("alerts") == [one.key]


async def test_validators_of_entries_that_were_lost_are_not_kept(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        memory, feed = FeedMemory(ctx, lease), ctx.now.configuration.settings.feeds[0]
        state = await memory.state(feed)
        await memory.commit(feed, replace(state, etag="first"), [("known", "c||0|0")], ["known"])
        await memory.commit(feed, replace(state, etag="second"), [], ["known", "lost"])
        assert await cast(Any, redis).hget(keys.feed(feed.name), "etag") == "first"
        assert (await memory.state(feed)).etag == "first", "so that the document is asked for again"
        await memory.commit(feed, replace(state, etag="second"), [("lost", "c||0|0")], ["known", "lost"])
        assert await cast(Any, redis).hget(keys.feed(feed.name), "etag") == "second"


async def test_what_was_told_before_is_in_no_digest_after(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        made = posts(ctx, 15)
        await raised(redis, made[:2])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key for one in made[:2]]))
        # the record of both is lost, and so much waits by now that it becomes a digest
        await cast(Any, redis).delete(*(keys.sent(one.key) for one in made[:2]))
        for one in made:
            await cast(Any, redis).set(keys.alert(one.key), dumps(one))
            await cast(Any, redis).rpush(keys.outbox("#alerts"), one.key)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key for one in made]))
        told = [message["metadata"]["event_payload"] for message in slack.messages("alerts")]
        keys_told = [key for payload in told for key in payload.get("keys", payload["key"]).split()]
        assert sorted(keys_told) == sorted(one.key for one in made)
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["found"] == "2"


async def test_a_token_that_was_lost_is_not_given_again(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        before = ctx.lease("decide")
        assert await before.acquire()
        await before.release()
        known = await cast(Any, redis).hgetall(before.key)
        lost = ctx.lease("decide")
        assert await lost.acquire()
        # a failover: the server that takes over never heard that the lease was taken
        await cast(Any, redis).hset(before.key, mapping=known)
        assert await ctx.lease("decide").acquire()
        with pytest.raises(FencedError):
            await lost.beat()
