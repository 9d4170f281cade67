from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.articles import Article, Tags, loads
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.streams import MAX_TRIES, lag
from alertd.tagging.tagger import Tagger, TagInput
from tests.stages.world import at_work, context, entry, stream, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"


class Poisoned(Tagger):
    """A tagger that fails on some titles, as one would whose code has a fault."""

    def __init__(self, bad: str, times: int = 1000) -> None:
        good = fakes.tagger()
        self.__dict__.update(good.__dict__)
        self.bad = bad
        self.times = times
        self.batches: list[int] = []

    def tag(self, texts: Sequence[TagInput]) -> list[Tags]:
        self.batches.append(len(texts))
        if self.times and any(self.bad in t.title for t in texts):
            self.times -= 1
            raise ZeroDivisionError("poison")
        return super().tag(texts)


async def test_articles_are_tagged_in_order_and_acknowledged(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, fakes.Rules(events={"operations": 0.9})) as ctx:
        ids = await taken(ctx, entry(TITLE), entry("Nvidia opens an office in Taipei this week"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.TAGGED, 2))
        rows = await stream(redis, keys.TAGGED)
        assert [loads(Article, row["article"]).id for row in rows] == ids
        assert [row["seq"] for row in rows] == ["1", "2"]
        tags = loads(Tags, rows[0]["tags"])
        assert [c.symbol for c in tags.companies] == ["1810.HK"]
        assert [e.type for e in tags.events] == ["operations"]
        assert tags.embedding
        assert await lag(ctx.store, keys.ARTICLES) == 0
        kept = loads(Tags, await cast(Any, redis).get(keys.tags(ids[0])))
        assert kept.companies == tags.companies
        assert kept.embedding == ""


async def test_a_copy_costs_no_inference_and_waits_for_its_original(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        counting = Poisoned("nothing")
        ctx.now = type(ctx.now)(ctx.now.configuration, ctx.now.book, counting)
        first, copy = await taken(ctx, entry(TITLE), entry(TITLE, feed="post"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.parked(first), 1, listed=True))
            await until(lambda: _length(redis, keys.TAGGED, 2))
        assert sum(counting.batches) == 1
        rows = await stream(redis, keys.TAGGED)
        assert sorted(row.get("gap", "") for row in rows) == ["", first], "the parked copy leaves word of its place"
        await cast(Any, redis).set(keys.decision(first), "{}")
        (late,) = await taken(ctx, entry(TITLE, feed="third"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.TAGGED, 3))
        passed = loads(Article, (await stream(redis, keys.TAGGED))[-1]["article"])
        assert (passed.id, passed.copy_of) == (late, first)
        assert copy != late


async def test_a_poison_article_is_set_aside_and_the_others_go_on(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        ctx.now = type(ctx.now)(ctx.now.configuration, ctx.now.book, Poisoned("poison"))
        ids = await taken(
            ctx, entry(TITLE), entry("A poison pill for Acme's board is under review"), entry("Visa opens")
        )
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.DEAD, 1))
            await until(lambda: _length(redis, keys.TAGGED, 3))
        (dead,) = await stream(redis, keys.DEAD)
        assert (dead["stage"], dead["article"]) == ("tag", ids[1])
        assert "ZeroDivisionError: poison" in dead["error"]
        assert "poison pill" in dead["payload"]
        rows = await stream(redis, keys.TAGGED)
        assert {loads(Article, r["article"]).id for r in rows if "article" in r} == {ids[0], ids[2]}
        assert await lag(ctx.store, keys.ARTICLES) == 0
        assert await cast(Any, redis).hgetall(keys.tries("tag")) == {}


async def test_what_killed_its_worker_five_times_is_set_aside(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        ids = await taken(ctx, entry(TITLE))
        await cast(Any, redis).xreadgroup("tag", "dead", {keys.ARTICLES: ">"})
        await cast(Any, redis).hset(keys.tries("tag"), ids[0], 5)
        ctx.store.exclusive = True
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.DEAD, 1))
        assert (await stream(redis, keys.DEAD))[0]["article"] == ids[0]


async def test_a_batch_whose_worker_died_is_taken_over_at_a_start(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await taken(ctx, entry(TITLE), entry("Nvidia opens an office in Taipei this week"))
        await cast(Any, redis).xreadgroup("tag", "dead", {keys.ARTICLES: ">"})
        ctx.store.exclusive = True
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.TAGGED, 2))
        assert await cast(Any, redis).hgetall(keys.tries("tag")) == {}, "what went through has no tries left"


async def test_the_oldest_copy_takes_the_place_of_a_dead_original(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        ids = await taken(ctx, *(entry(TITLE, feed=feed) for feed in ("a", "b", "c")))
        fails = Poisoned("Xiaomi", times=MAX_TRIES)
        ctx.now = type(ctx.now)(ctx.now.configuration, ctx.now.book, fails)
        # the copies are parked first, then their original fails
        await cast(Any, redis).xreadgroup("tag", "dead", {keys.ARTICLES: ">"}, count=1)
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.parked(ids[0]), 2, listed=True))
        ctx.store.exclusive = True
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.DEAD, 1))
            await until(lambda: _tagged(redis, ids[1]))
            await until(lambda: _length(redis, keys.parked(ids[1]), 1, listed=True))
        (late,) = await taken(ctx, entry(TITLE, feed="d"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, keys.parked(ids[1]), 2, listed=True))
        assert await cast(Any, redis).get(keys.root(ids[0])) == ids[1]
        assert late


async def test_two_taggers_share_the_work_and_repeat_none(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as one, context(redis, tmp_path, process="there", now=one.now) as two:
        titles = [f"Xiaomi opens shop number {n} in town {n * 7} of province {n * 13}" for n in range(30)]
        ids = await taken(one, *(entry(title) for title in titles))
        async with at_work(TagStage(one).work, TagStage(two).work):
            await until(lambda: _length(redis, keys.TAGGED, len(ids)))
            await asyncio.sleep(0)
        rows = await stream(redis, keys.TAGGED)
        found = [loads(Article, row["article"]).id for row in rows if "article" in row]
        assert len(found) == len(set(found))


async def _length(redis: Redis, name: str, wanted: int, *, listed: bool = False) -> bool:
    asked = cast(Any, redis).llen if listed else cast(Any, redis).xlen
    return int(await asked(name)) >= wanted


async def _tagged(redis: Redis, ident: str) -> bool:
    return str(await cast(Any, redis).get(keys.tags(ident)) or "").startswith("{")
