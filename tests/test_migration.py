"""A store that alertd wrote in schema 1 goes on where it was: nothing is lost, and nothing said twice.

`schema-1.json` holds what commit 2b261b8 left in Redis after it had told a story with two articles, tagged an article
and parked a copy of it, and accepted another one with its copy.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.errors import StoreError
from alertd.migration import migrate
from alertd.slack.posting import SlackSink
from alertd.stages.context import Context, holding
from alertd.stages.decide import DecideStage
from alertd.stages.notify import NotifyStage
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.connection import SCHEMA
from alertd.watchlist.alerts import post_key
from tests.fakes.slack import FakeSlack
from tests.stages.world import at_work, context, decided, entry, judged, taken, until
from tests.store.test_connection import store
from tests.tagging import fakes

WRITTEN = Path(__file__).parent / "schema-1.json"
RULES = fakes.Rules(events={"product": 0.9})


async def restore(redis: Redis) -> Mapping[str, str]:
    """Fill a Redis with what was written then, as if it were half an hour old; returns the articles by their roles."""
    text = WRITTEN.read_text(encoding="utf-8")
    then, now = "1795741", str(int(time.time() - 2_000))[:7]
    story = json.loads(text)["articles"]["told"]
    for rule, issuer, revision in (("xiaomi", "i:1810.HK", 1), ("xiaomi", "i:1810.HK", 2), ("broker", "i:JEF", 2)):
        # a key is made of the story's id: the same alert of the story as it is called here
        key = post_key(rule, story, issuer, revision, "#alerts")
        assert key in text, "alerts are known by the same keys as then"
        text = text.replace(key, post_key(rule, story.replace(then, now), issuer, revision, "#alerts"))
    made = json.loads(text.replace(then, now))
    plain = cast(Any, redis)
    for key, kind, life, value in made["keys"]:
        if kind == "string":
            await plain.set(key, value)
        elif kind == "hash":
            await plain.hset(key, mapping=value)
        elif kind == "list":
            await plain.rpush(key, *value)
        elif kind == "set":
            await plain.sadd(key, *value)
        elif kind == "zset":
            await plain.zadd(key, dict(value))
        else:
            for ident, fields in value["entries"]:
                await plain.xadd(key, fields, id=ident)
            await plain.xgroup_create(key, value["group"], id=value["delivered"], mkstream=True)
            assert value["pending"] == []
        if life > 0:
            await plain.expire(key, life)
    articles: Mapping[str, str] = made["articles"]
    return articles


async def left(redis: Redis) -> list[str]:
    """What is still in its old form."""
    names = [n async for n in redis.scan_iter(match=f"{keys.PREFIX}*", count=1_000)]
    old = [n for n in names if ":issuer:" in n or (":fp:" in n and n.endswith("-0"))]
    for stream in (keys.ARTICLES, keys.TAGGED):
        group = (await cast(Any, redis).xinfo_groups(stream))[0]
        after = f"({group['last-delivered-id']}"
        rows = await cast(Any, redis).xrange(stream, after)
        old += [ident for ident, fields in rows if fields.get("fp", "").startswith("{")]
    return old


async def test_what_was_under_way_goes_on_and_what_was_told_is_not_told_again(redis: Redis, tmp_path: Path) -> None:
    before = await restore(redis)
    await store(redis).prepare(migrate)
    assert (await cast(Any, redis).hgetall(keys.META))["schema"] == str(SCHEMA)
    assert await left(redis) == []
    async with context(redis, tmp_path, RULES) as ctx, FakeSlack() as slack:
        ids = list(before.values())
        async with working(ctx, slack):
            await until(lambda: all_decided(redis, ids), "every article of then")
            await until(lambda: told(slack, "2 alerts about 2 companies"), "what waited for Slack then")
            again = entry(
                "Xiaomi shares rise as buyers queue for its new car", summary="The maker took 20,000 orders on Monday."
            )
            assert [item for item in await judged(ctx, again) if item.keep] == [], "it is known that it was seen"
            (late,) = await taken(ctx, entry("Xiaomi shares rise as buyers queue for its new car", feed="third"))
            await until(lambda: all_decided(redis, [late]), "a late report")
        assert await cast(Any, redis).xlen(keys.DEAD) == 0
        (text,) = await decided(redis, [late])
        assert json.loads(text)["story"] == before["told"], "the story of then goes on"
        assert len(slack.messages("alerts")) == 1, "what was told then is not told anew"
        outcomes = {json.loads(text)["outcome"] for text in await decided(redis, [*ids[2:], late])}
        assert outcomes == {"threaded"}
        relations = {role: json.loads((await decided(redis, [before[role]]))[0])["relation"] for role in before}
        assert relations["parked"] == relations["copy"] == "copy"


def working(ctx: Context, slack: FakeSlack) -> Any:
    sink = SlackSink(slack.token, base_url=slack.base_url, timeout=5)
    decide, notify = DecideStage(ctx), NotifyStage(ctx, sink)

    async def deciding(stop: asyncio.Event) -> None:
        await holding(ctx, decide.lease, lambda: decide.work(stop), stop)

    async def notifying(stop: asyncio.Event) -> None:
        try:
            await notify.work(stop)
        finally:
            await sink.close()

    return at_work(TagStage(ctx).work, deciding, notifying)


async def all_decided(redis: Redis, ids: list[str]) -> bool:
    return len(await decided(redis, ids)) == len(ids)


async def told(slack: FakeSlack, words: str) -> bool:
    return any(words in json.dumps(message) for message in slack.messages("alerts"))


async def test_several_processes_migrate_once(redis: Redis) -> None:
    await restore(redis)
    await asyncio.gather(*(store(redis).prepare(migrate) for _ in range(3)))
    assert await left(redis) == []
    rows = await cast(Any, redis).xrange(keys.ARTICLES)
    again = [fields["seq"] for _, fields in rows if "again" in fields]
    assert sorted(again) == sorted(set(again)), "no article twice"
    assert len(again) == 2


async def test_one_that_was_interrupted_is_begun_again(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    await restore(redis)

    async def breaks(_: Any) -> None:
        raise ConnectionError("away")

    with monkeypatch.context() as patch:
        patch.setattr("alertd.migration._stories", breaks)
        with pytest.raises(ConnectionError):
            await store(redis).prepare(migrate)
    assert (await cast(Any, redis).hgetall(keys.META))["schema"] == "1"
    await cast(Any, redis).delete(keys.lease("migration"))  # ten seconds later
    await store(redis).prepare(migrate)
    assert await left(redis) == []
    rows = await cast(Any, redis).xrange(keys.ARTICLES)
    assert len([1 for _, fields in rows if "again" in fields]) == 2


async def test_it_waits_for_the_old_ones_to_be_stopped(redis: Redis) -> None:
    await restore(redis)
    await cast(Any, redis).zadd(keys.PROCESSES, {"old": time.time()})
    with pytest.raises(StoreError, match="an older alertd") as refused:
        await store(redis).prepare(migrate)
    assert "stop all of them" in str(refused.value)
    assert (await cast(Any, redis).hgetall(keys.META))["schema"] == "1"


async def test_what_does_not_migrate_leaves_an_older_store_alone(redis: Redis) -> None:
    await restore(redis)
    with pytest.raises(StoreError, match="older schema 1"):
        await store(redis).prepare()
