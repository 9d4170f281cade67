from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Article, Tags, loads
from alertd.stages import tag as tag_module
from alertd.stages.context import Context, persist
from alertd.stages.tag import TagStage, Waiting
from alertd.store import keys
from alertd.store.streams import MAX_TRIES, Delivery, Reader, lag
from alertd.tagging.tagger import Tagger, TagInput
from tests.stages.world import PATIENCE, SETTINGS, at_work, context, entry, stream, taken, until
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


class Holding(Tagger):
    """A tagger that keeps each batch until it is let go, and notes how many are with it at a time."""

    def __init__(self) -> None:
        good = fakes.tagger()
        self.__dict__.update(good.__dict__)
        self.free = threading.Semaphore(0)
        self.titles: list[str] = []
        self.inside = self.most = 0

    def tag(self, texts: Sequence[TagInput]) -> list[Tags]:
        self.titles += [text.title for text in texts]
        self.inside += 1
        self.most = max(self.most, self.inside)
        assert self.free.acquire(timeout=PATIENCE)
        self.inside -= 1
        return super().tag(texts)


ONE_BY_ONE = SETTINGS + "tagging: {batch: 1}\n"
PATIENT = ONE_BY_ONE + "stories: {reorder_ms: 10000}\n"
NVIDIA, VISA = "Nvidia opens an office in Taipei this week", "Visa names a new head of its business in Peru"


@pytest.fixture
def by_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles are fetched for one pass of the model at a time, however swift it is."""
    monkeypatch.setattr("alertd.stages.tag._PASSES", 1)


async def swift(ctx: Context, redis: Redis) -> tuple[TagStage, str]:
    """A stage that knows how long its model takes, and the article by which it does, which is decided."""
    stage = TagStage(ctx)
    (known,) = await taken(ctx, entry(TITLE))
    async with at_work(stage.work):
        await until(lambda: _length(redis, keys.TAGGED, 1))
    await cast(Any, redis).set(keys.decision(known), "{}")
    return stage, known


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


@pytest.mark.usefixtures("by_passes")
async def test_while_a_batch_is_with_the_model_the_copies_of_the_next_pass_and_it_waits(
    redis: Redis, tmp_path: Path
) -> None:
    async with context(redis, tmp_path, settings=PATIENT) as ctx:
        stage, known = await swift(ctx, redis)
        tagger = Holding()
        ctx.now = replace(ctx.now, tagger=tagger)
        ids = await taken(ctx, entry(NVIDIA), entry(TITLE, feed="post"), entry(VISA))
        async with at_work(stage.work):
            await until(lambda: _length(redis, keys.TAGGED, 2))
            await until(lambda: _pending(redis, 2))
            for _ in range(50):
                await cast(Any, redis).ping()
            tagger.free.release(2)
            await until(lambda: _length(redis, keys.TAGGED, 4))
        rows = [loads(Article, row["article"]) for row in await stream(redis, keys.TAGGED)]
        assert [row.id for row in rows] == [known, ids[1], ids[0], ids[2]]
        assert tagger.most == 1


@pytest.mark.usefixtures("by_passes")
async def test_batches_come_to_the_model_in_the_order_in_which_they_were_fetched(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.Event()
    copied = TagStage._copied

    async def delayed(stage: TagStage, items: Sequence[Waiting]) -> dict[str, Waiting]:
        if items:
            await slow.wait()
        return await copied(stage, items)

    monkeypatch.setattr(TagStage, "_copied", delayed)
    async with context(redis, tmp_path, settings=PATIENT.replace("batch: 1", "batch: 2")) as ctx:
        stage, _ = await swift(ctx, redis)
        tagger = Holding()
        ctx.now = replace(ctx.now, tagger=tagger)
        await taken(ctx, entry(NVIDIA), entry(TITLE, feed="post"), entry(VISA))
        async with at_work(stage.work):
            await until(lambda: _pending(redis, 2))
            for _ in range(50):
                await cast(Any, redis).ping()
            slow.set()
            tagger.free.release(2)
            await until(lambda: _length(redis, keys.TAGGED, 4))
        assert tagger.titles == [NVIDIA, VISA]


async def test_a_swift_model_is_given_articles_for_several_passes_at_once(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []
    fresh = Reader.fresh

    async def noted(reader: Reader, count: int, wait_ms: int = 500) -> list[Delivery]:
        found = await fresh(reader, count, wait_ms)
        fetched.extend([len(found)] if found else [])
        return found

    async with context(redis, tmp_path, settings=PATIENT.replace("batch: 1", "batch: 2")) as ctx:
        stage, _ = await swift(ctx, redis)
        tagger = Poisoned("nothing")
        ctx.now = replace(ctx.now, tagger=tagger)
        titles = [f"Xiaomi opens shop number {n} in town {n * 7} of province {n * 13}" for n in range(5)]
        await taken(ctx, *(entry(title) for title in titles), entry(TITLE, feed="post"))
        monkeypatch.setattr(Reader, "fresh", noted)
        async with at_work(stage.work):
            await until(lambda: _length(redis, keys.TAGGED, 7))
        assert fetched == [6]
        assert tagger.batches == [2, 2, 1], "no more in one pass than is allowed"


@pytest.mark.parametrize(
    ("took", "wanted", "second"),
    [
        ([], 16, False),
        ([(0.0, 16)], 128, True),
        ([(0.0016, 16)] * 3, 128, True),
        # a quarter of 100 ms
        ([(0.016, 16)] * 3, 25, True),
        ([(0.016, 16), (0.016, 16), (0.001, 1)], 25, True),
        ([(0.032, 16), (0.032, 16), (0.0001, 1)], 16, True),
        ([(0.004, 1)] * 40, 16, False),
        ([(1.0, 1), (0.0016, 16), (0.0016, 16)], 128, True),
    ],
    ids=["never", "at once", "swift", "fair", "with a rest", "one lucky one", "one by one", "a slow start"],
)
async def test_as_much_is_fetched_as_the_model_tags_in_time(
    redis: Redis, tmp_path: Path, took: list[tuple[float, int]], wanted: int, second: bool
) -> None:
    async with context(redis, tmp_path) as ctx:
        stage = TagStage(ctx)
        for one in took:
            stage._note(*one)
        assert (stage._wanted(), stage._swift()) == (wanted, second)


async def test_of_several_passes_those_before_the_one_that_fails_are_not_repeated(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_module, "_SOON", 0.0)
    async with context(redis, tmp_path, settings=PATIENT.replace("batch: 1", "batch: 2")) as ctx:
        stage, _ = await swift(ctx, redis)
        tagger = Poisoned("number 3", times=1)
        ctx.now = replace(ctx.now, tagger=tagger)
        titles = [f"Xiaomi opens shop number {n} in town {n * 7} of province {n * 13}" for n in range(5)]
        ids = await taken(ctx, *(entry(title) for title in titles))
        async with at_work(stage.work):
            await until(lambda: _length(redis, keys.TAGGED, 6))
        assert tagger.batches == [2, 2, 1, 1, 1], "two passes, of which the second fails, and the rest alone"
        rows = [loads(Article, row["article"]).id for row in await stream(redis, keys.TAGGED)]
        assert rows[1:] == ids
        assert await lag(ctx.store, keys.ARTICLES) == 0


async def test_with_a_model_that_takes_long_nothing_is_fetched_that_would_come_late(
    redis: Redis, tmp_path: Path
) -> None:
    async with context(redis, tmp_path, settings=ONE_BY_ONE + "stories: {reorder_ms: 0}\n") as ctx:
        stage, _ = await swift(ctx, redis)
        tagger = Holding()
        ctx.now = replace(ctx.now, tagger=tagger)
        await taken(ctx, entry(NVIDIA), entry(VISA))
        async with at_work(stage.work):
            await until(lambda: _told(tagger, NVIDIA))
            for _ in range(50):
                await cast(Any, redis).ping()
            assert await _pending(redis, 1)
            assert not await _pending(redis, 2)
            tagger.free.release(2)
            await until(lambda: _length(redis, keys.TAGGED, 3))


async def test_what_the_other_hand_has_is_not_left_behind(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    left, fresh = Reader.left, Reader.fresh

    async def noted(reader: Reader, count: int, *, own: bool = False) -> list[Delivery]:
        found = await left(reader, count, own=own)
        looks.append([one.id for one in found])
        return found

    async def by_the_second(reader: Reader, count: int, wait_ms: int = 500) -> list[Delivery]:
        if cast(Any, asyncio.current_task()).get_name() == "tagging, hand 1":
            await asyncio.sleep(0.001)
            return []
        return await fresh(reader, count, wait_ms)

    monkeypatch.setattr(tag_module, "LEFT_BEHIND", 0.0)
    async with context(redis, tmp_path, settings=PATIENT) as ctx:
        stage, _ = await swift(ctx, redis)
        monkeypatch.setattr(tag_module, "LOOK_BACK", 0.0)
        monkeypatch.setattr(Reader, "left", noted)
        monkeypatch.setattr(Reader, "fresh", by_the_second)
        tagger = Holding()
        ctx.now = replace(ctx.now, tagger=tagger)
        (ident,) = await taken(ctx, entry(NVIDIA))
        async with at_work(stage.work):
            await until(lambda: _told(tagger, NVIDIA))
            looks.clear()
            await until(lambda: _some(looks, ident))
            before = len(looks)
            await until(lambda: _more(looks, before + 2))
            assert await cast(Any, redis).hgetall(keys.tries("tag")) == {}
            tagger.free.release(5)
            await until(lambda: _length(redis, keys.TAGGED, 2))
        assert tagger.titles == [NVIDIA]


async def test_after_an_outage_the_stage_goes_on_with_what_it_had(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Reader.fresh
    times: list[int] = []

    async def cut_off(reader: Reader, count: int, wait_ms: int = 500) -> list[Delivery]:
        found = await fresh(reader, count, wait_ms)
        if found and not times:
            times.append(1)
            raise ConnectionError
        return found

    monkeypatch.setattr(Reader, "fresh", cut_off)
    monkeypatch.setattr(tag_module, "LEFT_BEHIND", 0.0)
    async with context(redis, tmp_path) as ctx:
        (ident,) = await taken(ctx, entry(NVIDIA))
        stage = TagStage(ctx)
        async with at_work(lambda stop: persist(ctx, "tag", lambda: stage.work(stop), stop)):
            await until(lambda: _length(redis, keys.TAGGED, 1))
        assert [loads(Article, row["article"]).id for row in await stream(redis, keys.TAGGED)] == [ident]
        assert times


async def _pending(redis: Redis, wanted: int) -> bool:
    return int((await cast(Any, redis).xpending(keys.ARTICLES, "tag"))["pending"]) >= wanted


async def _told(tagger: Holding, title: str) -> bool:
    return title in tagger.titles


async def _some(looks: list[list[str]], ident: str) -> bool:
    return any(ident in found for found in looks)


async def _more(looks: list[list[str]], count: int) -> bool:
    return len(looks) >= count


async def _length(redis: Redis, name: str, wanted: int, *, listed: bool = False) -> bool:
    asked = cast(Any, redis).llen if listed else cast(Any, redis).xlen
    return int(await asked(name)) >= wanted


async def _tagged(redis: Redis, ident: str) -> bool:
    return str(await cast(Any, redis).get(keys.tags(ident)) or "").startswith("{")
