from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Alert, loads
from alertd.errors import FencedError
from alertd.stages.context import Context, holding
from alertd.stages.decide import DecideStage
from alertd.stages.deciding import Decider
from alertd.stages.shelf import Shelved
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.streams import Delivery, lag
from alertd.watchlist.silences import Silence
from tests.stages.world import at_work, context, decided, entry, stream, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"
RULES = fakes.Rules(role={"Jefferies": fakes.SOURCE}, events={"operations": 0.9})


async def through(ctx: Context, redis: Redis, ids: list[str]) -> list[dict[str, Any]]:
    """Tag and decide; returns the decisions."""
    decide = DecideStage(ctx)
    async with at_work(TagStage(ctx).work, lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)):
        await until(lambda: _all_decided(redis, ids), f"{len(ids)} decisions")
    return [json.loads(text) for text in await decided(redis, ids)]


async def _all_decided(redis: Redis, ids: list[str]) -> bool:
    return len(await decided(redis, ids)) == len(ids)


async def alerts(redis: Redis) -> list[Alert]:
    return [loads(Alert, fields["alert"]) for fields in await stream(redis, keys.ALERTS)]


async def test_an_article_opens_a_story_and_fires_its_rule_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE))
        (decision,) = await through(ctx, redis, ids)
        assert (decision["story"], decision["relation"], decision["outcome"]) == (ids[0], "first", "alerted")
        assert decision["generation"] == ctx.now.configuration.generation
        assert decision["versions"]["encoder"] == "fake"
        (alert,) = await alerts(redis)
        assert (alert.kind, alert.rule, alert.destination) == ("post", "xiaomi", "#alerts")
        assert alert.company is not None
        assert (alert.company.symbol, "XIACF" in alert.company.symbols) == ("1810.HK", True)
        assert await lag(ctx.store, keys.TAGGED) == 0


async def test_while_articles_are_decided_the_next_ones_are_read(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = asyncio.Event(), asyncio.Event()
    deciding = Decider.decide

    async def held_up(decider: Decider, *parts: Sequence[Delivery]) -> int:
        entered.set()
        await go.wait()
        return await deciding(decider, *parts)

    monkeypatch.setattr(Decider, "decide", held_up)
    async with context(redis, tmp_path, RULES) as ctx:
        decide = DecideStage(ctx)
        work = (TagStage(ctx).work, lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop))
        async with at_work(*work):
            try:
                ids = await taken(ctx, entry(TITLE))
                await asyncio.wait_for(entered.wait(), 20)
                ids += await taken(ctx, entry("Visa opens a data centre in Oslo this spring"))
                await until(lambda: _delivered(redis, 2))
            finally:
                go.set()
            await until(lambda: _all_decided(redis, ids))
        assert [json.loads(text)["story"] for text in await decided(redis, ids)] == ids


async def _delivered(redis: Redis, count: int) -> bool:
    return int((await cast(Any, redis).xpending(keys.TAGGED, "decide"))["pending"]) == count


async def test_copies_join_the_story_of_their_original_and_answer_in_its_thread(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, *(entry(TITLE, feed=feed) for feed in ("wire", "post", "third")))
        found = await through(ctx, redis, ids)
        assert {d["story"] for d in found} == {ids[0]}
        assert [d["relation"] for d in found] == ["first", "copy", "copy"]
        assert [a.kind for a in await alerts(redis)] == ["post", "reply", "reply"]
        shelved = Shelved.read(await cast(Any, redis).get(keys.story(ids[0])))
        assert shelved.candidate.story.articles == 3
        assert shelved.candidate.embedding, "the vector of the first article stays the story's"
        assert await cast(Any, redis).exists(keys.parked(ids[0])) == 0


async def test_what_contradicts_a_later_report_of_a_story_in_nearly_its_words_is_another_event(
    redis: Redis, tmp_path: Path
) -> None:
    said = "Xiaomi gets leave to raise output of cars at its plant near Beijing to {} a month"
    async with context(redis, tmp_path, RULES) as ctx:
        # the two that contradict each other are accepted apart, and together
        ids = await taken(ctx, entry("Xiaomi shares rise as buyers queue for its new car"))
        ids += await taken(ctx, entry(said.format("42,000"), feed="post"))
        ids += await taken(ctx, entry(said.format("47,000"), feed="third"), entry(said.format("51,000"), feed="fourth"))
        stories = [d["story"] for d in await through(ctx, redis, ids)]
        assert stories == [ids[0], ids[0], ids[2], ids[3]]


async def test_a_broker_that_only_speaks_fires_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry("Jefferies says Xiaomi will build a second car plant near Beijing"))
        await through(ctx, redis, ids)
        assert [alert.rule for alert in await alerts(redis)] == ["xiaomi"]


async def test_an_article_that_may_not_alert_is_placed_and_held(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE, age=86400.0))
        (decision,) = await through(ctx, redis, ids)
        assert (decision["outcome"], decision["relation"]) == ("held", "first")
        assert decision["why"].startswith("too old (24.0 h")
        assert await alerts(redis) == []
        counts = await cast(Any, redis).hgetall(keys.COUNTS)
        assert (counts["held:too old"], counts["stories"]) == ("1", "1")


async def test_an_old_story_with_a_new_date_does_not_alert(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE, age=86400.0), entry(TITLE, feed="post", age=30.0))
        found = await through(ctx, redis, ids)
        assert [d["relation"] for d in found] == ["first", "copy"]
        assert [alert.kind for alert in await alerts(redis)] == ["reply"], "and a reply to nothing is dropped"


async def test_an_edited_headline_with_new_figures_alerts_again_and_says_so(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry("Xiaomi plans to spend $4 billion on plants", guid="g"))
        ids += await taken(ctx, entry("Xiaomi plans to spend $6 billion on plants", guid="g"))
        found = await through(ctx, redis, ids)
        assert [d["relation"] for d in found] == ["first", "update"]
        assert {d["story"] for d in found} == {ids[0]}
        first, second = await alerts(redis)
        assert [first.kind, second.kind] == ["post", "post"]
        assert first.key != second.key


async def test_a_decision_is_made_once_however_often_it_is_delivered(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE))
        await through(ctx, redis, ids)
        (row,) = await stream(redis, keys.TAGGED)
        await cast(Any, redis).xadd(keys.TAGGED, dict(row))
        decide = DecideStage(ctx)
        async with at_work(lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)):
            await until(lambda: _worked_off(ctx))
        assert len(await alerts(redis)) == 1
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["relation:first"] == "1"


async def _worked_off(ctx: Context) -> bool:
    return await lag(ctx.store, keys.TAGGED) == 0


async def test_a_decider_that_lost_its_lease_commits_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _tagged(redis))
        decide = DecideStage(ctx)
        assert await decide.lease.acquire()
        await cast(Any, redis).hincrby(decide.lease.key, "token", 1)
        with pytest.raises(FencedError):
            await asyncio.wait_for(decide.work(asyncio.Event()), 20)
        assert await decided(redis, ids) == []
        assert await alerts(redis) == []
        (decision,) = await through(ctx, redis, ids)
        assert decision["relation"] == "first"


async def _tagged(redis: Redis) -> bool:
    return bool(await cast(Any, redis).xlen(keys.TAGGED))


async def test_an_article_that_cannot_be_decided_is_set_aside(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, entry(TITLE), entry("Jefferies names a new head of trading in Europe"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _tagged(redis))
        ((ident, row), *_) = await cast(Any, redis).xrange(keys.TAGGED)
        await cast(Any, redis).xdel(keys.TAGGED, ident)
        await cast(Any, redis).xadd(keys.TAGGED, {**row, "tags": '{"v":1,"companies":7}'})
        (decision,) = await through(ctx, redis, ids[1:])
        assert decision["relation"] == "first"
        await until(lambda: _dead(redis))
        (dead,) = await stream(redis, keys.DEAD)
        assert (dead["stage"], dead["article"]) == ("decide", ids[0])
        assert await lag(ctx.store, keys.TAGGED) == 0


async def _dead(redis: Redis) -> bool:
    return bool(await cast(Any, redis).xlen(keys.DEAD))


async def test_order_is_that_of_arrival_whatever_the_taggers_did(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        titles = ["Xiaomi to build a plant in Wuhan", "Jefferies hires a chief economist", "Visa opens a data centre"]
        ids = await taken(ctx, *(entry(title) for title in titles))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _length(redis, 3))
        rows = await cast(Any, redis).xrange(keys.TAGGED)
        await cast(Any, redis).xdel(keys.TAGGED, *(ident for ident, _ in rows))
        for _, row in reversed(rows):
            await cast(Any, redis).xadd(keys.TAGGED, row)
        await through(ctx, redis, ids)
        recent = [json.loads(row)["id"] for row in await cast(Any, redis).lrange(keys.RECENT, 0, -1)]
        assert recent[::-1] == ids
        assert await cast(Any, redis).get(keys.DECIDED_UP_TO) == "3"


async def _length(redis: Redis, wanted: int) -> bool:
    return int(await cast(Any, redis).xlen(keys.TAGGED)) >= wanted


async def test_a_silence_holds_back_from_the_next_article_on(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        now = ctx.clock()
        silence = Silence("s1", now - 5, now + 600, "known", matcher={"companies": ["XIACF"]})
        await cast(Any, redis).hset(keys.SILENCES, "s1", silence.dump())
        ids = await taken(ctx, entry(TITLE))
        (decision,) = await through(ctx, redis, ids)
        assert (decision["outcome"], decision["alerts"]) == ("silenced", [])
        assert decision["why"] == "rule xiaomi is silenced by s1 (XIACF): known"
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["held:silenced"] == "1"
        await cast(Any, redis).delete(keys.SILENCES)
        (decision,) = await through(ctx, redis, await taken(ctx, entry("Xiaomi opens a chip laboratory in Shanghai")))
        assert decision["outcome"] == "alerted"


PACED = """
rules:
  - {name: works, events: [operations], cooldown: 1h, per_hour: 5}
"""


async def test_a_cooldown_is_remembered_with_the_decision(redis: Redis, tmp_path: Path) -> None:
    titles = ("Jefferies hires a chief economist", "Visa opens a data centre")
    async with context(redis, tmp_path, RULES, watchlist=PACED) as ctx:
        (first,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert first["outcome"] == "alerted"
        # another process goes on with what the first one remembered
        for title in titles:
            (decision,) = await through(ctx, redis, await taken(ctx, entry(title)))
            assert decision["outcome"] == "paced"
            assert decision["why"].startswith("rule works spoke already; its cooldown ends in ")
        assert len(await alerts(redis)) == 1
        found = [key async for key in cast(Any, redis).scan_iter(keys.rule_state("*"))]
        assert len(found) == 2
        assert all([3500 < await cast(Any, redis).ttl(key) <= 7201 for key in found])
