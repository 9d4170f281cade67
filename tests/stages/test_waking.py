"""Rules that remember, filled from the archive; silence that polls prove; alerts that wait for their hour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Alert, loads
from alertd.feeds.schedule import FeedState, of_address
from alertd.reload import agree, insist
from alertd.report import later
from alertd.slack.compose import compose
from alertd.slack.outbox import next_step
from alertd.stages.backfill import fill
from alertd.stages.context import Context, holding
from alertd.stages.decide import DecideStage
from alertd.stages.standing import stand
from alertd.stages.telling import Teller
from alertd.stages.waking import Waker
from alertd.store import keys
from alertd.watchlist.archive import Filed, row_of
from alertd.watchlist.kinds import kind_key
from alertd.watchlist.spikes import Counted
from tests.stages.test_decide import RULES, TITLE, alerts, through
from tests.stages.world import Clock, at_work, context, entry, in_force, taken, until
from tests.tagging import fakes
from tests.watchlist import fortnight

HOUR, DAY = 3600.0, 86400.0
NEW = """
rules:
  - {name: new, companies: [1810.HK], events: [operations], new_event: 30d}
"""
QUIET = """
rules:
  - {name: hush, companies: [1810.HK, AAPL], feeds: [wire], quiet: 6h, mentions: [here], severity: high}
"""


def clock_of(ctx: Context) -> Clock:
    return cast(Clock, ctx.clock)


async def archived(redis: Redis, articles: Sequence[Filed], shift: float) -> None:
    """Put articles into the archive, moved in time by so many seconds."""
    rows = []
    for one in articles:
        mine = replace(one.article, arrived=one.article.arrived + shift)
        known = tuple(replace(c, issuer=f"i:{c.symbol}") for c in one.tags.companies)
        rows.append(row_of(mine, replace(one.tags, companies=known), one.placement))
    await cast(Any, redis).rpush(keys.ARCHIVE_OPEN, *rows)


async def member_of(redis: Redis, start: str) -> dict[str, float]:
    found = await cast(Any, redis).zrange(keys.DUE, 0, -1, withscores=True)
    return {member: at for member, at in found if member.startswith(start)}


async def outbox(redis: Redis, channel: str) -> list[Alert]:
    names = await cast(Any, redis).lrange(keys.outbox(channel), 0, -1)
    return [loads(Alert, await cast(Any, redis).get(keys.alert(name))) for name in names]


async def test_an_event_is_new_once_also_after_a_restart(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=NEW) as ctx:
        (first,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert first["outcome"] == "alerted"
        # another decider goes on with what the first one remembered
        (second,) = await through(ctx, redis, await taken(ctx, entry("Xiaomi opens a chip laboratory in Shanghai")))
        assert second["outcome"] == "waiting"
        assert second["why"] == "rule new: not the first operations in 30 days, the last was 0.0 days ago"
        (alert,) = await alerts(redis)
        assert alert.reason.startswith("the first operations in 30 days: operations for Xiaomi")


async def test_a_new_rule_knows_what_the_archive_knows(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=NEW) as ctx:
        shift = ctx.clock() - fortnight.MONDAY - 14 * DAY
        await archived(redis, [fortnight.filed(9 * DAY, events=("operations",))], shift)
        (first,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert first["why"] == "rule new: not the first operations in 30 days, the last was 5.0 days ago"


async def test_a_new_rule_counts_the_stories_of_the_archive(redis: Redis, tmp_path: Path) -> None:
    rule = "rules:\n  - {name: many, companies: [1810.HK], stories: 3, within: 3d}\n"
    async with context(redis, tmp_path, RULES, watchlist=rule) as ctx:
        shift = ctx.clock() - fortnight.MONDAY - 14 * DAY
        before = (9, 9.5, 10, 12, 13)  # the first three would have been told together
        await archived(redis, [fortnight.filed(day * DAY) for day in before], shift)
        (decision,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert decision["outcome"] == "alerted"


async def test_a_part_of_the_archive_that_cannot_be_read_stops_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=NEW) as ctx:
        now = ctx.clock()
        await cast(Any, redis).set(keys.archive_chunk("20260101:1"), "no chunk")
        await cast(Any, redis).zadd(keys.ARCHIVE_CHUNKS, {"20260101:1": now - 60})
        shift = now - fortnight.MONDAY - 14 * DAY
        await archived(redis, [fortnight.filed(9 * DAY, events=("operations",))], shift)
        (first,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert first["why"].endswith("the last was 5.0 days ago")


async def test_a_rule_is_filled_once_and_anew_when_it_asks_for_something_else(redis: Redis, tmp_path: Path) -> None:
    plain = "rules:\n  - {name: many, companies: [1810.HK], spike: {}%s}\n"
    async with context(redis, tmp_path, watchlist=plain % "") as ctx:
        shift = ctx.clock() - fortnight.MONDAY - 14 * DAY
        await archived(redis, fortnight.busy(), shift)
        lease = ctx.lease("decide")
        assert await lease.acquire()
        since = await fill(ctx, lease, ctx.now.book)
        assert since["many"] == pytest.approx(fortnight.MONDAY + shift, abs=DAY)
        key = keys.rule_state(kind_key(ctx.now.book.rules[0], "i:1810.HK"))
        state = Counted.load(await cast(Any, redis).get(key), 0.0)
        assert sum(state.hours.values()) == len(fortnight.busy())
        await cast(Any, redis).delete(key)
        assert await fill(ctx, lease, ctx.now.book) == since
        assert not await cast(Any, redis).exists(key), "it was filled before"
        for number, (more, again) in enumerate(
            ((", severity: high, cooldown: 1h", False), (", sentiment: neutral", True))
        ):
            (tmp_path / str(number)).mkdir()
            changed = in_force(tmp_path / str(number), fakes.Rules(), watchlist=plain % more).book
            await fill(ctx, lease, changed)
            other = keys.rule_state(kind_key(changed.rules[0], "i:1810.HK"))
            assert bool(await cast(Any, redis).exists(other)) == again
        await fill(ctx, lease, replace(ctx.now.book, rules=()))
        assert await cast(Any, redis).hgetall(keys.RULES) == {}


async def polled(ctx: Context, since: float, *names: str) -> None:
    """Say of feeds that they were polled without a gap since a time."""
    for feed in ctx.now.configuration.settings.feeds:
        if feed.name in names:
            state = of_address(FeedState(), feed.url)
            state = replace(state, unbroken=since, last_success=ctx.clock(), first_at=since)
            await cast(Any, ctx.store.redis).hset(keys.feed(feed.name), mapping=state.to_fields())


async def wakened(ctx: Context, decided_to: float = 0.0) -> int:
    lease = ctx.lease("decide")
    assert await lease.acquire()
    try:
        return await Waker(ctx, lease, Teller(ctx)).wake(decided_to)
    finally:
        await lease.release()


async def filled(ctx: Context) -> None:
    lease = ctx.lease("decide")
    assert await lease.acquire()
    await fill(ctx, lease, ctx.now.book)
    await lease.release()


async def test_silence_is_told_when_the_polls_prove_it(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=QUIET) as ctx:
        start = ctx.clock()
        await filled(ctx)
        assert len(await member_of(redis, "quiet")) == 2
        assert await wakened(ctx) == 0
        clock_of(ctx).ahead = 5 * HOUR
        ids = await taken(ctx, entry(TITLE))
        decide = DecideStage(ctx)
        async with at_work(lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)):
            pass
        clock_of(ctx).ahead = 6 * HOUR + 60
        await polled(ctx, start - HOUR, "wire")
        assert await wakened(ctx) == 2
        assert await outbox(redis, "#alerts") == [], "articles wait, which may be about it"
        await cast(Any, redis).set(keys.DECIDED_UP_TO, len(ids))
        assert await wakened(ctx) == 2
        told = await outbox(redis, "#alerts")
        assert sorted(alert.text.partition(" for ")[0] for alert in told) == [
            "No news about Apple", "No news about Xiaomi"
        ]  # fmt: skip
        assert told[0].text.endswith("for 6 hours, though its feed was polled throughout (rule hush).")
        assert (told[0].kind, told[0].severity, told[0].mentions) == ("post", "high", ("here",))
        said, mention = compose(told[0], ctx.clock()).blocks
        assert said["text"]["text"].startswith("‼ No news about ")
        assert '"range": "here"' in json.dumps(mention)
        assert await wakened(ctx) == 0, "once, until there is news again"


@pytest.mark.parametrize(
    ("since", "last", "gap"),
    [(-HOUR, 0.0, False), (2 * HOUR, 0.0, True), (-HOUR, -2 * HOUR, True), (0.0, 0.0, False)],
)
async def test_a_gap_in_the_polls_proves_nothing(
    redis: Redis, tmp_path: Path, since: float, last: float, gap: bool
) -> None:
    async with context(redis, tmp_path, watchlist=QUIET.replace(", AAPL", "")) as ctx:
        start = ctx.clock()
        await filled(ctx)
        clock_of(ctx).ahead = 6 * HOUR + 60
        await polled(ctx, start + since, "wire")
        await cast(Any, redis).hset(keys.feed("wire"), "last_success", str(ctx.clock() + last))
        await wakened(ctx)
        assert bool(await outbox(redis, "#alerts")) != gap
        (due,) = (await member_of(redis, "quiet")).values() or (None,) if gap else (None,)
        assert due is None or ctx.clock() < due <= ctx.clock() + 6 * HOUR


async def test_news_puts_silence_off_and_a_rule_that_is_gone_is_not_told(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=QUIET.replace(", AAPL", "")) as ctx:
        await filled(ctx)
        before = await member_of(redis, "quiet")
        clock_of(ctx).ahead = 1.0
        (decision,) = await through(ctx, redis, await taken(ctx, entry(TITLE)))
        assert decision["outcome"] == "waiting"
        after = await member_of(redis, "quiet")
        assert after.keys() == before.keys()
        assert list(after.values()) > list(before.values())
        ctx.now = replace(ctx.now, book=replace(ctx.now.book, by_name={}))
        clock_of(ctx).ahead = 7 * HOUR
        await wakened(ctx)
        assert (await member_of(redis, "quiet"), await outbox(redis, "#alerts")) == ({}, [])


def hours_of(ctx: Context, first: int, last: int) -> str:
    """Hours that begin so many hours from now."""
    now = int(datetime.fromtimestamp(ctx.clock(), UTC).hour)
    return f'{{open: "{(now + first) % 24}:00", close: "{(now + last) % 24}:00"}}'


@pytest.mark.parametrize(("outside", "together"), [("hold", False), ("digest", True), ("drop", False)])
async def test_what_comes_outside_the_hours(redis: Redis, tmp_path: Path, outside: str, together: bool) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        rule = f"rules:\n  - {{name: x, companies: [1810.HK, V], hours: {hours_of(ctx, 3, 5)}, outside: {outside}}}\n"
        (tmp_path / "hours").mkdir()
        ctx.now = in_force(tmp_path / "hours", RULES, watchlist=rule)
        titles = (TITLE, "Visa opens a data centre")
        found = await through(ctx, redis, await taken(ctx, *(entry(title) for title in titles)))
        assert await alerts(redis) == []
        if outside == "drop":
            assert {d["outcome"] for d in found} == {"paced"}
            assert found[0]["why"] == "rule x speaks only within its hours"
            return
        assert found[0]["why"].startswith("x in #alerts, at 20")
        assert len(found[0]["alerts"]) == 1
        ((member, at),) = (await member_of(redis, "held")).items()
        assert await later(ctx.store) == {f"{at:.0f}": 2}
        clock_of(ctx).ahead = 3 * HOUR
        assert await wakened(ctx) == 1
        told = await outbox(redis, "#alerts")
        assert [a.article.entry.title for a in told if a.article] == list(titles)
        assert all(ctx.clock() - a.created < 60 for a in told)
        step = next_step(told, {}, ctx.clock())
        assert step is not None
        assert (step.kind, len(step.alerts)) == (("digest", 2) if together else ("post", 1))
        assert not await cast(Any, redis).exists(keys.held(member))
        assert await wakened(ctx) == 0


async def test_a_digest_holds_what_several_rules_say_in_a_channel(redis: Redis, tmp_path: Path) -> None:
    watchlist = """
rules:
  - {name: x, companies: [1810.HK], digest: hourly}
  - {name: y, events: [operations], digest: hourly, channel: ["#alerts", "#more"]}
"""
    async with context(redis, tmp_path, RULES, watchlist=watchlist) as ctx:
        await through(ctx, redis, await taken(ctx, entry(TITLE)))
        clock_of(ctx).ahead = HOUR
        async with at_work(lambda stop: _deciding(ctx, stop)):
            await until(lambda: outbox(redis, "#more"))
        found = {channel: await outbox(redis, channel) for channel in ("#alerts", "#more")}
        assert {c: [a.rule for a in told] for c, told in found.items()} == {"#alerts": ["x", "y"], "#more": ["y"]}
        assert len({a.digest for a in found["#alerts"]}) == 1
        assert found["#alerts"][0].digest != found["#more"][0].digest


async def _deciding(ctx: Context, stop: Any) -> None:
    decide = DecideStage(ctx)
    await holding(ctx, decide.lease, lambda: decide.work(stop), stop)


HELD = "rules:\n  - {name: x, companies: [1810.HK], digest: hourly}\n"


async def test_what_a_rule_held_is_not_told_when_the_rule_is_gone(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=HELD) as ctx:
        await insist(ctx.store, ctx.process, ctx.now.configuration)
        await through(ctx, redis, await taken(ctx, entry(TITLE)))
        (key,) = await _deleted(ctx, redis)
        clock_of(ctx).ahead = HOUR
        assert await wakened(ctx) == 1
        assert await outbox(redis, "#alerts") == []
        assert await member_of(redis, "held") == {}
        assert json.loads(await cast(Any, redis).get(key))["why"] == "its rule was deleted"


async def test_what_a_rule_held_goes_at_once_when_the_rule_is_deleted(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=HELD) as ctx:
        await insist(ctx.store, ctx.process, ctx.now.configuration)
        await through(ctx, redis, await taken(ctx, entry(TITLE)))
        async with at_work(lambda stop: _deciding(ctx, stop)):
            (key,) = await _deleted(ctx, redis)
            await until(lambda: cast(Any, redis).exists(key))
            assert [await cast(Any, redis).llen(keys.held(m)) for m in await member_of(redis, "held")] == [0]


async def _deleted(ctx: Context, redis: Redis) -> list[str]:
    """Delete the rule as a process elsewhere does; where the fate of what it held will be written."""
    held = [m for m in await cast(Any, redis).zrange(keys.DUE, 0, -1) if m.startswith("held")]
    texts = [text for member in held for text in await cast(Any, redis).lrange(keys.held(member), 0, -1)]
    edited = ctx.now.configuration.watchlist.model_copy(update={"rules": ()})
    other = replace(ctx.now.configuration, watchlist=edited, generation="edited")
    await agree(ctx.store, "another", "edited", force=True)
    await stand(ctx.store, other)
    return [keys.sent(loads(Alert, json.loads(text)[1]).key) for text in texts]
