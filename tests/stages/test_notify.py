from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd import report
from alertd.articles import Alert, dumps
from alertd.slack.posting import SlackSink
from alertd.stages.claims import Claim
from alertd.stages.context import Context
from alertd.stages.notify import NotifyStage
from alertd.stages.operator import tell
from alertd.store import keys
from tests.fakes.slack import SCOPES, FakeSlack, Fault
from tests.slack.world import alert
from tests.stages.world import SETTINGS, at_work, context, stream, until


def posts(ctx: Context, count: int) -> list[Alert]:
    made = [alert(key=f"key-{n}", title=f"Xiaomi news number {n}", created=ctx.clock()) for n in range(count)]
    return [_of_story(one, f"{n}-0") for n, one in enumerate(made)]


def _of_story(one: Alert, story: str) -> Alert:
    assert one.placement is not None
    return replace(one, placement=replace(one.placement, story=replace(one.placement.story, id=story)))


async def raised(redis: Redis, made: Sequence[Alert]) -> None:
    for one in made:
        await cast(Any, redis).xadd(keys.ALERTS, {"key": one.key, "alert": dumps(one)})


def working(ctx: Context, slack: FakeSlack) -> Callable[[asyncio.Event], Awaitable[None]]:
    async def work(stop: asyncio.Event) -> None:
        sink = SlackSink(slack.token, base_url=slack.base_url, timeout=5)
        notify = NotifyStage(ctx, sink)
        try:
            await notify.work(stop)
        finally:
            await sink.close()

    return work


async def sent(redis: Redis, keys_wanted: Sequence[str]) -> bool:
    return int(await cast(Any, redis).exists(*(keys.sent(k) for k in keys_wanted))) == len(keys_wanted)


async def test_alerts_are_posted_in_order_and_recorded(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        made = posts(ctx, 5)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]
        assert await cast(Any, redis).llen(keys.outbox("#alerts")) == 0
        assert await cast(Any, redis).exists(keys.sending("#alerts"), *(keys.alert(a.key) for a in made)) == 0
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["posted"] == "5"


async def test_an_alert_that_is_raised_again_is_not_posted_again(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        await raised(redis, [one, one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
            await raised(redis, [one])
            (last,) = [replace(one, key="last")]
            await raised(redis, [last])
            await until(lambda: sent(redis, ["last"]))
        assert slack.keys("alerts") == [one.key, "last"]


async def test_a_reply_goes_to_the_thread_of_its_story(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        answer = replace(_of_story(alert(key="answer", kind="reply", relation="copy"), "0-0"), created=ctx.clock())
        stray = _of_story(alert(key="stray", kind="reply", relation="copy"), "none")
        await raised(redis, [one, answer, stray])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key, "answer", "stray"]))
        first, second = slack.messages("alerts")
        assert second["thread_ts"] == first["ts"]
        assert slack.keys("alerts") == [one.key, "answer"], "a reply to nothing is not posted"


async def test_a_message_that_arrived_though_its_answer_was_lost_is_not_posted_twice(
    redis: Redis, tmp_path: Path
) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack([Fault("chat.postMessage", 2, "drop_after")]) as slack:
        made = posts(ctx, 4)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["found"] == "1"


async def test_a_message_that_did_not_arrive_is_posted_after_a_second_look(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack([Fault("chat.postMessage", 1, "drop_before")]) as slack:
        made = posts(ctx, 2)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]
        methods = [method for method, _ in slack.received]
        first, second = [i for i, method in enumerate(methods) if method == "chat.postMessage"][:2]
        assert methods[first:second].count("conversations.history") >= 2


async def test_where_history_cannot_be_read_twice_is_chosen_over_never(redis: Redis, tmp_path: Path) -> None:
    faults = [Fault("chat.postMessage", 1, "drop_after")]
    scopes = SCOPES - {"channels:history", "channels:read"}
    async with context(redis, tmp_path) as ctx, FakeSlack(faults, scopes=scopes) as slack:
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
        assert slack.keys("alerts") == [one.key, one.key]


async def test_what_a_dead_sender_left_in_doubt_is_looked_up(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        made = posts(ctx, 2)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        # as if it had died between Slack's answer and the record of it
        claim = Claim(made[1].key, ((made[1].key, "1-0"),), "", ctx.clock())
        await cast(Any, redis).delete(keys.sent(made[1].key))
        await cast(Any, redis).set(keys.alert(made[1].key), dumps(made[1]))
        await cast(Any, redis).rpush(keys.outbox("#alerts"), made[1].key)
        await cast(Any, redis).set(keys.sending("#alerts"), claim.dump())
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [made[1].key]))
        assert slack.keys("alerts") == [a.key for a in made]


async def test_a_record_that_the_store_lost_does_not_post_again(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
        await cast(Any, redis).delete(keys.sent(one.key), keys.sending("#alerts"))
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
        assert slack.keys("alerts") == [one.key]


async def test_a_channel_that_is_asked_to_wait_holds_up_no_other(redis: Redis, tmp_path: Path) -> None:
    faults = [Fault("chat.postMessage", 1, "429", seconds=1.0)]
    async with context(redis, tmp_path) as ctx, FakeSlack(faults, channels=("alerts", "deals")) as slack:
        first, second = posts(ctx, 2)
        await raised(redis, [first])
        async with at_work(working(ctx, slack)):
            await until(lambda: _calls(slack, "chat.postMessage", 1))
            await raised(redis, [replace(second, destination="#deals")])
            await until(lambda: sent(redis, [second.key]))
            assert slack.keys("alerts") == []
            await until(lambda: sent(redis, [first.key]))
        assert slack.keys("alerts") == [first.key]


async def _calls(slack: FakeSlack, method: str, count: int) -> bool:
    return slack.calls[method] >= count


async def test_a_channel_that_refuses_is_reported_and_what_waits_is_kept(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        slack.channel("alerts").member = False
        made = posts(ctx, 2)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: _said(slack, "alertd", "not_in_channel"))
            assert ctx.ready["channel #alerts"][0] is False
            slack.channel("alerts").member = True
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]
        assert len(slack.messages("alertd")) == 1
        assert "channel #alerts" not in ctx.ready


async def _said(slack: FakeSlack, channel: str, text: str) -> bool:
    return any(text in message["text"] for message in slack.messages(channel))


async def test_a_backlog_becomes_one_digest(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        made = posts(ctx, 30)
        await raised(redis, made)
        for one in made:  # as after an outage: all wait before the first is sent
            await cast(Any, redis).set(keys.alert(one.key), dumps(one))
            await cast(Any, redis).rpush(keys.outbox("#alerts"), one.key)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        pages = [message["metadata"]["event_payload"]["keys"].split() for message in slack.messages("alerts")]
        assert len(pages) <= 3
        assert sorted(key for page in pages for key in page) == sorted(a.key for a in made)


async def test_a_message_that_slack_cannot_take_is_set_aside(redis: Redis, tmp_path: Path) -> None:
    faults = [Fault("chat.postMessage", 1, "error", code="invalid_blocks")]
    async with context(redis, tmp_path) as ctx, FakeSlack(faults) as slack:
        made = posts(ctx, 2)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
            await until(lambda: _said(slack, "alertd", "was set aside"))
        assert slack.keys("alerts") == [made[1].key]
        (dead,) = await stream(redis, keys.DEAD)
        assert (dead["stage"], "invalid_blocks" in dead["error"]) == ("notify", True)


async def test_what_the_daemon_says_reaches_the_operator_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        await tell(ctx, "feed wire 3", "Feed wire fails: <timeout> & more.")
        await tell(ctx, "feed wire 3", "Feed wire fails: <timeout> & more.")
        async with at_work(working(ctx, slack)):
            await until(lambda: _said(slack, "alertd", "Feed wire fails: &lt;timeout&gt; &amp; more."))
        assert len(slack.messages("alertd")) == 1


PACED = SETTINGS.replace("pace: 0s", "pace: 400ms, burst: 2")


async def test_a_channel_gets_a_burst_and_then_its_pace_over_a_restart_too(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, settings=PACED) as ctx, FakeSlack() as slack:
        made = posts(ctx, 6)
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: _calls(slack, "chat.postMessage", 3))
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]
        came = [line["time"] for line in slack.accepted]
        for first in range(len(came)):
            for last in range(first + 1, len(came)):
                allowed = 2 + (came[last] - came[first] + 0.15) / 0.4
                assert last - first + 1 <= allowed, f"{last - first + 1} messages in {came[last] - came[first]:.2f} s"
        assert came[1] - came[0] < 0.4, "a burst does not wait"


async def test_all_channels_together_keep_the_pace_of_the_workspace(redis: Redis, tmp_path: Path) -> None:
    settings = SETTINGS.replace("pace: 0s", "pace: 0s, workspace_rate: 5")
    names = tuple(f"c{n}" for n in range(12))
    async with context(redis, tmp_path, settings=settings) as ctx, FakeSlack(channels=names) as slack:
        made = [replace(one, destination=f"#{name}") for one, name in zip(posts(ctx, len(names)), names, strict=True)]
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        came = [line["time"] for line in slack.accepted]
        assert came[-1] - came[0] > (len(names) - 5) / 5 - 0.2


async def test_a_clock_that_was_set_back_does_not_stop_a_channel(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, settings=PACED) as ctx, FakeSlack() as slack:
        later = (ctx.clock() + 7200) * 1000
        await cast(Any, redis).hset(keys.pace("#alerts"), mapping={"tat": later, "until": later})
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))


async def test_later_articles_bring_the_first_messages_counter_up_to_date(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        outlets = ("Daily Wire", "Evening Post", "Morning Sun")
        later = alert(key="later", kind="reply", relation="same_event", outlets=outlets, created=ctx.clock())
        await raised(redis, [one, _of_story(later, "0-0")])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key, "later"]))
            await until(lambda: _nothing(redis, keys.recount("#alerts")))
        first, reply = slack.messages("alerts")
        assert "3 sources" in str(first["blocks"])
        assert first["metadata"]["event_payload"]["key"] == one.key, "it is still found by its key"
        assert reply["thread_ts"] == first["ts"]
        assert slack.calls["chat.update"] == 1


async def test_a_counter_that_an_earlier_process_left_is_brought_up_to_date(redis: Redis, tmp_path: Path) -> None:
    faults = [Fault("chat.update", 1, "429", seconds=0.2), Fault("chat.update", 2, "error", code="message_not_found")]
    async with context(redis, tmp_path) as ctx, FakeSlack(faults) as slack:
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
        await cast(Any, redis).hset(keys.recount("#alerts"), "0-0", '["a", "b", "c", "d"]')
        async with at_work(working(ctx, slack)):
            await until(lambda: _nothing(redis, keys.recount("#alerts")))
        assert slack.calls["chat.update"] == 2, "once told to wait, once told that it is gone, and not again"


async def _nothing(redis: Redis, name: str) -> bool:
    return not await cast(Any, redis).exists(name)


async def test_a_correction_posts_anew_and_links_back(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        (one,) = posts(ctx, 1)
        await raised(redis, [one])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [one.key]))
            corrects = alert(key="corrects", relation="correction", created=ctx.clock())
            await raised(redis, [_of_story(corrects, "0-0")])
            await until(lambda: sent(redis, ["corrects"]))
        first, second = slack.messages("alerts")
        assert "thread_ts" not in second
        link = f"/archives/{slack.channel('alerts').id}/p{first['ts'].replace('.', '')}"
        assert link in str(second["blocks"])
        assert "Corrects" in str(second["blocks"])


async def test_two_processes_share_the_channels_and_nothing_is_told_twice(redis: Redis, tmp_path: Path) -> None:
    async with (
        context(redis, tmp_path, process="one") as one,
        context(redis, tmp_path, process="two", now=one.now) as two,
        FakeSlack(channels=("alerts", "deals")) as slack,
    ):
        made = posts(one, 4)
        made = [replace(a, destination="#deals") if n % 2 else a for n, a in enumerate(made)]
        await raised(redis, made[:2])
        async with at_work(working(two, slack)):
            async with at_work(working(one, slack)):
                await until(lambda: sent(redis, [a.key for a in made[:2]]))
            await raised(redis, made[2:])
            await until(lambda: sent(redis, [a.key for a in made]))
        assert (slack.keys("alerts"), slack.keys("deals")) == ([made[0].key, made[2].key], [made[1].key, made[3].key])


async def test_a_direct_message_works_like_a_channel(redis: Redis, tmp_path: Path) -> None:
    faults = [Fault("chat.postMessage", 2, "drop_after")]
    async with context(redis, tmp_path) as ctx, FakeSlack(faults) as slack:
        made = [replace(one, destination="U0000DESK") for one in posts(ctx, 3)]
        await raised(redis, made)
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("D0000DESK") == [a.key for a in made]


async def test_what_a_channel_refuses_is_said_where_it_can_be_read(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        slack.channel("alertd").archived = True
        await tell(ctx, "feed wire 1", "Feed wire fails.")
        async with at_work(working(ctx, slack)):
            await until(lambda: _said(slack, "alerts", "is_archived"))
        assert (await report.overview(ctx.store))["refused"] == {"is_archived": 1}
        assert await cast(Any, redis).llen(keys.outbox("#alertd")) == 1, "it is kept"


async def test_a_counter_that_waits_for_its_turn_holds_up_no_alert(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, FakeSlack() as slack:
        first, second = posts(ctx, 2)
        await raised(redis, [first])
        async with at_work(working(ctx, slack)):
            await until(lambda: sent(redis, [first.key]))
            # as if many edits had just been made: within the bounds of a burst
            await cast(Any, redis).hset(keys.UPDATES, "tat", (ctx.clock() + 7.0) * 1000)
            later = alert(key="later", kind="reply", relation="copy", outlets=("a", "b", "c"), created=ctx.clock())
            await raised(redis, [_of_story(later, "0-0")])
            await until(lambda: sent(redis, ["later"]))
            await raised(redis, [second])
            await until(lambda: sent(redis, [second.key]))
            assert await cast(Any, redis).hlen(keys.recount("#alerts")) == 1
        assert slack.calls["chat.update"] == 0
