"""Buttons and commands over a real websocket that speaks Socket Mode, with a real store behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.slack.buttons import actions
from alertd.stages.context import Context
from alertd.stages.outbox import row_of
from alertd.stages.socket import Socket
from alertd.stages.watched import Watched, watch_rules
from alertd.store import keys
from alertd.watchlist.silences import Silence
from tests.fakes.socket_mode import APP_TOKEN, SocketMode
from tests.slack.world import alert
from tests.stages.world import SETTINGS, at_work, context, stream, until

USERS = SETTINGS.replace("slack: {", "slack: {users: [U00000001], editors: [U0000BOSS], ")


@asynccontextmanager
async def line(
    redis: Redis, folder: Path, settings: str = SETTINGS, token: str = APP_TOKEN
) -> AsyncIterator[tuple[Context, SocketMode]]:
    async with context(redis, folder, settings=settings) as ctx, SocketMode() as slack:
        one = alert(key="k", created=ctx.clock())
        row = row_of(one, "#alerts", "1.000100", ctx.clock(), "posted")
        await cast(Any, redis).set(keys.sent("k"), json.dumps(row))
        await cast(Any, redis).xadd(keys.DELIVERED, {"row": json.dumps(row)})
        async with at_work(Socket(ctx, token, slack.base_url).work):
            if token == APP_TOKEN:
                await until(lambda: linked(slack))
            yield ctx, slack


async def linked(slack: SocketMode) -> bool:
    return slack.linked


async def answered(slack: SocketMode, count: int) -> bool:
    return len(slack.answers) >= count


def pressed(slack: SocketMode, action: str, value: str = "", *, user: str = "U00000001", at: str = "1.5") -> Any:
    block = actions(alert(key="k"))
    assert action in [element["action_id"] for element in block["elements"]], "the button is there"
    chosen = {"selected_option": {"value": value}} if value else {"value": action}
    return {
        "type": "block_actions", "user": {"id": user, "username": "ann"}, "channel": {"id": "C1", "name": "alerts"},
        "message": {"ts": "1.000100"}, "response_url": slack.response_url, "trigger_id": "13.7",
        "actions": [{"action_id": action, "block_id": block["block_id"], "action_ts": at, **chosen}],
    }  # fmt: skip


def typed(slack: SocketMode, text: str, *, user: str = "U00000001", trigger: str = "") -> dict[str, Any]:
    return {
        "command": "/alertd", "text": text, "user_id": user, "user_name": "ann", "channel_id": "C00000001",
        "channel_name": "alerts", "response_url": slack.response_url, "trigger_id": trigger or f"t {user} {text}",
    }  # fmt: skip


async def audit(redis: Redis) -> list[tuple[str, str, str]]:
    rows = [json.loads(fields["row"]) for fields in await stream(redis, keys.AUDIT)]
    return [(row["user"], row["verb"], row["outcome"]) for row in rows]


@pytest.mark.parametrize(
    ("value", "rules", "matcher", "length"),
    [
        ("company:1h", (), {"companies": ["1810.HK"]}, 3600),
        ("rule:1d", ("phones",), {}, 86400),
    ],
)
async def test_a_silence_is_made_once_however_often_slack_repeats_it(
    redis: Redis, tmp_path: Path, value: str, rules: tuple[str, ...], matcher: dict[str, Any], length: int
) -> None:
    async with line(redis, tmp_path) as (_, slack):
        for attempt in range(3):
            envelope = await slack.send("interactive", pressed(slack, "silence", value), attempt=attempt)
            assert await slack.until_acknowledged(envelope) < 3
        await until(lambda: answered(slack, 1))
        (text,) = (await cast(Any, redis).hgetall(keys.SILENCES)).values()
        silence = Silence.load(text)
        assert (silence.rules, silence.matcher, round(silence.until - silence.since)) == (rules, matcher, length)
        assert silence.by == "ann"
        assert await audit(redis) == [("U00000001", "silence", "silenced")]
        (said,) = slack.answers
        assert (said["response_type"], said["thread_ts"], said["replace_original"]) == ("in_channel", "1.000100", False)
        assert "<@U00000001> silenced" in said["text"]
        # pressed again later it is another request
        await slack.send("interactive", pressed(slack, "silence", value, at="2.5"))
        await until(lambda: answered(slack, 2))
        assert await cast(Any, redis).hlen(keys.SILENCES) == 2


async def test_labels_are_kept_as_examples_and_the_last_word_counts(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path) as (_, slack):
        for number, action in enumerate(("acknowledge", "not_relevant", "wrong_company")):
            await slack.send("interactive", pressed(slack, action, at=f"{number}.1"))
            await until(lambda number=number: answered(slack, number + 1))  # type: ignore[misc]
        (text,) = (await cast(Any, redis).hgetall(keys.FEEDBACK)).values()
        found = json.loads(text)
        assert (found["label"], found["by"], found["rule"], found["symbol"]) == (
            "wrong_company", "U00000001", "phones", "1810.HK",
        )  # fmt: skip
        assert found["title"] == "Broker sees more to come from Xiaomi"
        assert (found["relevance"], found["events"]["analyst_rating"]) == (0.9, 0.97)
        assert [a["response_type"] for a in slack.answers] == ["in_channel", "ephemeral", "ephemeral"]


async def test_who_may_not_is_told_so_politely_and_nothing_is_done(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path, USERS) as (_, slack):
        await slack.send("interactive", pressed(slack, "silence", "rule:1d", user="U0STRANGER"))
        await until(lambda: answered(slack, 1))
        await slack.send("slash_commands", typed(slack, "watch 1810.HK"))
        await until(lambda: answered(slack, 2))
        await slack.send("slash_commands", typed(slack, "status", user="U0STRANGER"))
        await until(lambda: answered(slack, 3))
        assert [a["text"].startswith("Sorry") for a in slack.answers] == [True, True, False]
        assert {a["response_type"] for a in slack.answers} == {"ephemeral"}
        assert await cast(Any, redis).exists(keys.SILENCES, keys.WATCHED) == 0
        assert await audit(redis) == [
            ("U0STRANGER", "silence", "refused"), ("U00000001", "watch", "refused"), ("U0STRANGER", "status", "told"),
        ]  # fmt: skip


async def test_an_editor_watches_and_unwatches_and_the_rules_follow(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path, USERS) as (ctx, slack):
        before = ctx.now.book
        for number, text in enumerate(
            ("watch nosuchname", "watch AAPL", "watch Microsoft", "unwatch AAPL", "unwatch X")
        ):
            await slack.send("slash_commands", typed(slack, text, user="U0000BOSS"))
            await until(lambda number=number: answered(slack, number + 1))  # type: ignore[misc]
        said = [a["text"] for a in slack.answers]
        assert "watchlist.yaml" in said[0]
        assert "Apple" in said[1]
        assert await cast(Any, redis).hkeys(keys.WATCHED) == ["C00000001 MSFT"]
        await Watched(ctx).refresh()
        added = [rule for rule in ctx.now.book.rules if rule not in before.rules]
        assert [(rule.name, rule.destinations) for rule in added] == [("MSFT watched in C00000001", ("C00000001",))]
        assert "i:MSFT" in ctx.now.book.watched[-1]


async def test_what_is_watched_stays_in_force_over_a_reload(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path) as (ctx, _):
        files = ctx.now
        await cast(Any, redis).hset(keys.WATCHED, "C00000001 MSFT", "{}")
        watched = Watched(ctx)
        await watched.refresh()
        ctx.now = files  # as a reload does
        await watched.refresh()
        assert len(ctx.now.book.rules) == len(files.book.rules) + 1
        await cast(Any, redis).delete(keys.WATCHED)
        await until(lambda: back(watched, ctx, files.book.rules))


async def back(watched: Watched, ctx: Context, rules: Any) -> bool:
    await watched.refresh()
    return bool(ctx.now.book.rules == rules)


def test_watches_that_cannot_be_read_do_not_hold() -> None:
    assert watch_rules({"not a channel": "{}"}) == ()
    rules = watch_rules({"C1 AAPL": "{}", "C1 MSFT": "{}"})
    assert [[company.symbol for company in rule.companies] for rule in rules] == [["AAPL"], ["MSFT"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("last 1810.HK", "<https://news.example/xiaomi?id=1&amp;x=2|Broker sees more to come from Xiaomi>"),
        ("last AAPL", "Nothing was told about AAPL"),
        ("status", "0 articles"),
        ("silences", "No silence holds."),
        ("explain https://nowhere.example/1", "no article with this address"),
        ("", "`/alertd status`"),
        ("dance <!channel>", "`/alertd status`"),
    ],
)
async def test_commands(redis: Redis, tmp_path: Path, text: str, said: str) -> None:
    async with line(redis, tmp_path) as (_, slack):
        envelope = await slack.send("slash_commands", typed(slack, text))
        assert await slack.until_acknowledged(envelope) < 3
        await until(lambda: answered(slack, 1))
        assert said in slack.answers[0]["text"]
        assert slack.answers[0]["response_type"] == "ephemeral"
        await slack.send("slash_commands", typed(slack, text), attempt=1)
        await slack.send("slash_commands", typed(slack, text, trigger="another"))
        await until(lambda: answered(slack, 2))
        assert len(slack.answers) == 2, "a repeat is not answered again"


async def test_a_slow_store_holds_up_no_acknowledgement(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertd.stages.socket.ACKNOWLEDGED_WITHIN", 0.2)
    async with line(redis, tmp_path) as (ctx, slack):
        real, gate = ctx.store.run, asyncio.Event()

        async def slow(name: str, *more: Any) -> Any:
            if name == "answer":
                await gate.wait()
            return await real(name, *more)

        monkeypatch.setattr(ctx.store, "run", slow)
        envelope = await slack.send("interactive", pressed(slack, "acknowledge"))
        assert await slack.until_acknowledged(envelope) < 3
        assert slack.answers == []
        gate.set()
        await until(lambda: answered(slack, 1))
        assert "has seen this" in slack.answers[0]["text"]


async def test_a_connection_that_slack_renews_goes_on(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path) as (_, slack):
        await slack.disconnect()
        await until(lambda: opened(slack, 2))
        await until(lambda: linked(slack))
        envelope = await slack.send("interactive", pressed(slack, "acknowledge"))
        await slack.until_acknowledged(envelope)


async def opened(slack: SocketMode, count: int) -> bool:
    return slack.opened >= count


async def test_a_token_that_is_refused_is_said(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path, token="xapp-other") as (ctx, _):
        await until(lambda: not_ready(ctx))
        assert "invalid_auth" in ctx.ready["answers"][1]


async def not_ready(ctx: Context) -> bool:
    return ctx.ready.get("answers", (True, ""))[0] is False


@pytest.mark.parametrize(
    "payload",
    [
        {}, {"type": "view_submission"}, {"type": "block_actions", "user": {}, "actions": []},
        {"type": "block_actions"},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"block_id": "x", "action_id": "y"}]},
    ],
)  # fmt: skip
async def test_what_is_not_for_us_is_acknowledged_and_left_alone(
    redis: Redis, tmp_path: Path, payload: dict[str, Any]
) -> None:
    async with line(redis, tmp_path) as (_, slack):
        envelope = await slack.send("interactive", payload)
        await slack.until_acknowledged(envelope)
        assert await audit(redis) == []


async def test_an_alert_that_is_forgotten_is_said_so(redis: Redis, tmp_path: Path) -> None:
    async with line(redis, tmp_path) as (_, slack):
        await cast(Any, redis).delete(keys.sent("k"))
        await slack.send("interactive", pressed(slack, "silence", "rule:1d"))
        await until(lambda: answered(slack, 1))
        assert "no longer remembers" in slack.answers[0]["text"]
        assert await cast(Any, redis).exists(keys.SILENCES) == 0
