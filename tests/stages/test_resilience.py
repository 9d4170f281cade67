"""What a stage does when something around it breaks: each of these once lost, doubled or stopped something."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from alertd.articles import Alert, dumps, loads
from alertd.errors import PostError
from alertd.slack.compose import compose
from alertd.slack.message import Message
from alertd.slack.posting import SlackSink
from alertd.stages.accepter import Accepter
from alertd.stages.claims import Claim
from alertd.stages.context import Context, holding, persist
from alertd.stages.decide import DecideStage
from alertd.stages.notify import NotifyStage
from alertd.stages.tag import TagStage
from alertd.store import keys, streams
from alertd.stories.bands import bands
from alertd.stories.fingerprints import fingerprint
from tests.fakes.slack import FakeSlack
from tests.slack.world import alert
from tests.stages.world import at_work, context, decided, entry, judged, stream, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"
RULES = fakes.Rules(events={"operations": 0.9})
Work = Callable[[asyncio.Event], Awaitable[None]]


def deciding(ctx: Context) -> Work:
    decide = DecideStage(ctx)
    return lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)


def notifying(ctx: Context, sink: Any) -> Work:
    notify = NotifyStage(ctx, sink)
    return lambda stop: persist(ctx, "notify", lambda: notify.work(stop), stop)


async def all_decided(redis: Redis, ids: list[str]) -> bool:
    return len(await decided(redis, ids)) == len(ids)


async def exists(redis: Redis, name: str) -> bool:
    return bool(await cast(Any, redis).exists(name))


class Paper:
    """A sink without history that counts what it is asked."""

    def readable_in(self, _: str) -> bool:
        return False

    def __init__(self) -> None:
        self.posted: list[str] = []
        self.looked = 0

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        self.posted.append(message.key)
        return f"{len(self.posted)}.0 {channel} {thread}"

    async def find(self, *_: object, **__: object) -> dict[str, str]:
        self.looked += 1
        return {}

    async def link(self, *_: object) -> str:
        return ""


class Lost(Paper):
    """A sink whose answers are always lost, to look-ups too."""

    def readable_in(self, _: str) -> bool:
        return True

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        await super().post(channel, message, thread)
        raise PostError("lost", kind="doubt")

    async def find(self, *_: object, **__: object) -> dict[str, str]:
        self.looked += 1
        if self.posted:
            raise PostError("lost", kind="doubt")
        return {}


async def test_a_failing_revive_does_not_end_a_stage(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        calls = 0

        async def revive() -> None:
            raise OSError(24, "Too many open files")

        async def work() -> None:
            nonlocal calls
            calls += 1
            raise RedisConnectionError("gone")

        async def often() -> bool:
            return calls > 2

        ctx.revive = revive
        async with at_work(lambda stop: persist(ctx, "tag", work, stop)):
            await until(often)
        assert ctx.ready["tag"][0] is False


async def test_an_error_in_a_group_of_tasks_is_known_for_what_it_is(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        revived = asyncio.Event()

        async def revive() -> None:
            revived.set()

        async def fail() -> None:
            raise RedisConnectionError("gone")

        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())

        ctx.revive = revive
        async with at_work(lambda stop: persist(ctx, "notify", work, stop)):
            await asyncio.wait_for(revived.wait(), 20)
        assert "the store is away" in ctx.ready["notify"][1]


async def test_a_copy_whose_original_is_remembered_no_more_is_tagged_itself(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        (first,) = await taken(ctx, entry(TITLE))
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [first]))
        (second,) = await taken(ctx, entry(TITLE, feed="post"))
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [second]))
        # days later the copy's fingerprint still points to an original of which nothing else is left
        await cast(Any, redis).delete(keys.decision(first), keys.tags(first), keys.fingerprint(first))
        (third,) = await taken(ctx, entry(TITLE, feed="third"))
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [third]))
        assert not await exists(redis, keys.parked(first))
        assert not await exists(redis, keys.opened(third))


async def test_a_parked_copy_waits_as_long_as_it_takes(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        first, _ = await taken(ctx, entry(TITLE), entry(TITLE, feed="post"))
        async with at_work(TagStage(ctx).work):
            await until(lambda: exists(redis, keys.parked(first)))
        assert await cast(Any, redis).ttl(keys.parked(first)) == -1
        assert await cast(Any, redis).ttl(keys.opened(first)) == -1


async def test_more_than_one_look_takes_is_all_found_at_a_start(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        for place in range(1200):
            await cast(Any, redis).xadd(keys.TAGGED, {"seq": place + 1, "gap": "1"})
        await cast(Any, redis).xreadgroup("decide", "dead", {keys.TAGGED: ">"}, count=1200)
        async with at_work(deciding(ctx)):
            await until(lambda: _nothing_pending(redis, keys.TAGGED, "decide"))


async def _nothing_pending(redis: Redis, name: str, group: str) -> bool:
    return int((await cast(Any, redis).xpending(name, group))["pending"]) == 0


async def test_what_a_lost_reply_left_pending_is_found_without_a_restart(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        paper = Paper()
        async with at_work(notifying(ctx, paper)):
            await until(lambda: _at_work(ctx, "notify"))
            one = alert(key="k", created=ctx.clock())
            # added and delivered to this very consumer in one go, as when the answer to its read was lost
            script = (
                "redis.call('XADD', KEYS[1], '*', 'key', 'k', 'alert', ARGV[1]) "
                "redis.call('XREADGROUP', 'GROUP', 'notify', 'here', 'STREAMS', KEYS[1], '>')"
            )
            await cast(Any, redis).eval(script, 1, keys.ALERTS, dumps(one))
            await until(lambda: exists(redis, keys.sent("k")))
        assert paper.posted == ["k"]


async def _at_work(ctx: Context, stage: str) -> bool:
    return ctx.ready.get(stage) == (True, "at work")


async def test_what_is_no_alert_is_set_aside_and_the_others_go_on(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        newer = dumps(alert(key="bad", created=ctx.clock())).replace('"v":1', '"v":2')
        await cast(Any, redis).xadd(keys.ALERTS, {"key": "bad", "alert": newer})
        await cast(Any, redis).xadd(keys.ALERTS, {"key": "k", "alert": dumps(alert(key="k", created=ctx.clock()))})
        await cast(Any, redis).set(keys.alert("worse"), newer)
        await cast(Any, redis).rpush(keys.outbox("#deals"), "worse")
        await cast(Any, redis).sadd(keys.CHANNELS, "#deals")
        async with at_work(notifying(ctx, Paper())):
            await until(lambda: exists(redis, keys.sent("k")))
        (dead,) = await stream(redis, keys.DEAD)
        assert dead["stage"] == "notify"
        assert '"bad"' in dead["payload"]
        assert not await exists(redis, keys.outbox("#deals"))


async def test_an_alert_that_cannot_be_told_is_set_aside(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        monkeypatch.setattr("alertd.stages.sender._FIRST_PAUSE", 0.01)

        def failing(one: Alert, now: float, **more: Any) -> Message:
            if one.key == "bad":
                raise ZeroDivisionError("poison")
            return compose(one, now, **more)

        monkeypatch.setattr("alertd.stages.sender.compose", failing)
        for key in ("bad", "good"):
            await cast(Any, redis).xadd(keys.ALERTS, {"key": key, "alert": dumps(alert(key=key, created=ctx.clock()))})
        paper = Paper()
        async with at_work(notifying(ctx, paper)):
            await until(lambda: exists(redis, keys.sent("good")))
            await until(lambda: exists(redis, keys.sent("bad")))
        assert "good" in paper.posted
        assert "bad" not in paper.posted
        (dead,) = await stream(redis, keys.DEAD)
        assert "ZeroDivisionError: poison" in dead["error"]


async def test_a_doubt_whose_look_up_fails_does_not_spin(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lost = Lost()
        await cast(Any, redis).xadd(keys.ALERTS, {"key": "k", "alert": dumps(alert(key="k", created=ctx.clock()))})
        async with at_work(notifying(ctx, lost)):
            await until(lambda: _looked(lost, 2))
            await asyncio.sleep(1.0)
        assert lost.looked < 10
        assert lost.posted == ["k"]
        assert await exists(redis, keys.sending("#alerts")), "the claim stays until it is known"


async def _looked(paper: Paper, times: int) -> bool:
    return paper.looked >= times


async def test_a_record_of_the_stream_that_is_no_article_blocks_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        ctx.store.exclusive = True
        await cast(Any, redis).xadd(keys.ARTICLES, {"seq": "1", "again": '{"v":2}', "fp": "{}", "copy": ""})
        await cast(Any, redis).xadd(keys.TAGGED, {"seq": "x", "article": "{", "fp": "{}", "tags": ""})
        ids = await taken(ctx, entry(TITLE))
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, ids))
            await until(lambda: _dead(redis, 2))
        assert {row["stage"] for row in await stream(redis, keys.DEAD)} == {"tag", "decide"}


async def _dead(redis: Redis, count: int) -> bool:
    return len(await stream(redis, keys.DEAD)) == count


async def test_a_busy_band_does_not_hide_the_original(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        url = "https://a.example/story-1"
        (first,) = await taken(ctx, entry(TITLE, url=url))
        fp = fingerprint(entry(TITLE, feed="post", url=url))
        band = bands(fp)[-1]
        busy = f"{keys.BANDS}{int(ctx.clock() // ctx.window)}:{keys.band_table(band)}"
        (other,) = await taken(ctx, entry("Quite another headline about the price of wheat in Kansas"))
        text = await cast(Any, redis).get(keys.fingerprint(2))
        assert text.startswith(other)
        await cast(Any, redis).hset(busy, band, " ".join(str(number) for number in range(100, 400)))
        for number in range(100, 400):
            await cast(Any, redis).set(keys.fingerprint(number), text)
        await cast(Any, redis).set(keys.SEQUENCE, 400)
        await taken(ctx, entry(TITLE, feed="post", url=url))
        assert (await stream(redis, keys.ARTICLES))[-1]["copy"] == first


async def test_a_band_keeps_its_latest_articles_only(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        first = entry("Mill burns down in Oulu", url="https://a.example/0")
        others = [entry(f"Mill number {n} burns down in Oulu", url=f"https://a.example/{n}") for n in range(1, 40)]
        ids = await taken(ctx, first, *others)
        assert len(set(ids)) == 40
        assert {row["copy"] for row in await stream(redis, keys.ARTICLES)} == {""}
        longest = [
            max(map(len, (await cast(Any, redis).hgetall(name)).values()))
            for name in await cast(Any, redis).keys(keys.BANDS + "*")
        ]
        assert 40 < max(longest) <= 64, "what is longer would make Redis keep the whole table in its large form"


async def test_trimming_survives_an_acknowledgement_between_its_questions(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        ident = await cast(Any, redis).xadd(keys.ARTICLES, {"a": "1"})
        await cast(Any, redis).xreadgroup("tag", "x", {keys.ARTICLES: ">"})
        real = ctx.store.redis.xinfo_groups

        async def then_acknowledged(name: str) -> Any:
            found = await cast(Any, real(name))
            await cast(Any, redis).xack(keys.ARTICLES, "tag", ident)
            return found

        monkeypatch.setattr(ctx.store.redis, "xinfo_groups", then_acknowledged)
        assert await streams.trim(ctx.store, keys.ARTICLES) == 0


async def test_a_dated_copy_tells_what_was_held_for_want_of_a_date(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        undated = replace(entry(TITLE), published=ctx.clock(), date_source="fetched")
        items = await judged(ctx, undated, first_fetch=True)
        ids = [ident for _, ident in await Accepter(ctx, lease).accept(items)]
        await lease.release()
        ids += await taken(ctx, entry(TITLE, feed="post", age=30))
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, ids))
        raised = [loads(Alert, row["alert"]) for row in await stream(redis, keys.ALERTS)]
        assert [(one.kind, one.article.id if one.article else "") for one in raised] == [("post", ids[1])]


async def test_cancelling_a_task_that_only_asks_redis_ends_it(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:

        async def ask() -> None:
            while True:
                await ctx.store.run("lag", [keys.ALERTS], ["notify"])

        for _ in range(20):
            task = asyncio.create_task(ask())
            await asyncio.sleep(0.005)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=5)
            assert done


async def test_a_token_that_is_refused_for_a_moment_leaves_the_doubt(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        one = alert(key="k", created=ctx.clock())
        await cast(Any, redis).xadd(keys.ALERTS, {"key": "k", "alert": dumps(one)})
        sink = SlackSink(slack.token, base_url=slack.base_url, timeout=5)
        async with at_work(notifying(ctx, sink)):
            await until(lambda: exists(redis, keys.sent("k")))
        # as after a crash between Slack's answer and its record, with a token that is refused at first
        await cast(Any, redis).delete(keys.sent("k"))
        await cast(Any, redis).set(keys.alert("k"), dumps(one))
        await cast(Any, redis).rpush(keys.outbox("#alerts"), "k")
        await cast(Any, redis).set(keys.sending("#alerts"), Claim("k", (("k", "1-0"),), "", ctx.clock()).dump())
        slack.token, good = "xoxb-another", slack.token
        async with at_work(notifying(ctx, sink)):
            await until(lambda: _refused(ctx))
            slack.token = good
            await until(lambda: exists(redis, keys.sent("k")))
        await sink.close()
        assert slack.keys("alerts") == ["k"]


async def _refused(ctx: Context) -> bool:
    return "invalid_auth" in ctx.ready.get("channel #alerts", (True, ""))[1]


@pytest.mark.parametrize("steps", range(8))
async def test_a_stage_ends_with_its_part_that_fails_whatever_it_waits_for(
    redis: Redis, tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that did not hear of it went on without that part: alerts came, and nobody sorted them any more."""
    async with context(redis, tmp_path) as ctx:
        asking = asyncio.Event()
        members: Any = ctx.store.redis.smembers

        async def asked(*names: Any) -> Any:
            asking.set()
            # what fails is heard of some steps later
            for _ in range(8):
                await asyncio.sleep(0)
            return await members(*names)

        async def fails(*__: object, **___: object) -> None:
            asking.clear()
            await asking.wait()
            for _ in range(steps):
                await asyncio.sleep(0)
            raise RedisConnectionError("away")

        monkeypatch.setattr(ctx.store.redis, "smembers", asked)
        monkeypatch.setattr(ctx.store.blocking, "xreadgroup", fails)
        work = asyncio.create_task(NotifyStage(ctx, cast(Any, Paper())).work(asyncio.Event()))
        done, _ = await asyncio.wait({work}, timeout=10)
        work.cancel()
        assert done, "it goes on without the part that failed"
        with pytest.raises(ExceptionGroup):
            await work
