"""The demo's Slack, by the sink that the daemon uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from alertd.demo.slack import TOKEN, Channel, SlackServer, Workspace
from alertd.errors import PostError
from alertd.slack.compose import compose
from alertd.slack.message import Message
from alertd.slack.posting import SlackSink
from tests.slack.world import NOW, alert, operator


@asynccontextmanager
async def line(token: str = TOKEN) -> AsyncIterator[tuple[SlackSink, list[tuple[str, Mapping[str, Any]]]]]:
    told: list[tuple[str, Mapping[str, Any]]] = []

    def tell(channel: Channel, message: Mapping[str, Any]) -> None:
        told.append((channel.name, message))

    workspace = Workspace(("alerts", "alertd"), clock=lambda: NOW, on_message=tell)
    async with SlackServer(workspace) as server:
        sink = SlackSink(token, base_url=server.base_url)
        try:
            yield sink, told
        finally:
            await sink.close()


async def test_posts_and_replies_are_handed_on_as_sent() -> None:
    async with line() as (sink, told):
        assert await sink.check() == "alertd in Demo Desk"
        post, reply = compose(alert(key="a"), NOW), compose(alert(key="b", kind="reply"), NOW)
        first = await sink.post("#alerts", post)
        second = await sink.post("#alerts", reply, first)
        await sink.post("#alertd", compose(operator("A feed fails."), NOW))
        assert [(name, m["ts"], m.get("thread_ts")) for name, m in told[:2]] == [
            ("alerts", first, first),
            ("alerts", second, first),
        ]
        assert second > first
        assert told[2][0] == "alertd"
        sent = told[1][1]
        assert Message(sent["text"], tuple(sent["blocks"]), sent["metadata"]) == reply


async def test_messages_are_found_again_by_their_key() -> None:
    async with line() as (sink, _):
        first = await sink.post("#alerts", compose(alert(key="a"), NOW))
        reply = await sink.post("#alerts", compose(alert(key="b", kind="reply"), NOW), first)
        assert await sink.find("#alerts", "a", since=NOW - 60) == {"a": first}
        assert await sink.find("#alerts", "a", "b", since=NOW - 60) == {"a": first}
        assert await sink.find("#alerts", "b", since=NOW - 60, thread=first) == {"b": reply}
        assert await sink.find("#alerts", "a", since=NOW + 600) == {}


async def test_a_message_can_be_replaced() -> None:
    async with line() as (sink, told):
        ts = await sink.post("#alerts", compose(alert(key="a"), NOW))
        await sink.update("#alerts", ts, compose(alert(key="c"), NOW))
        assert await sink.find("#alerts", "c", since=NOW - 60) == {"c": ts}
        assert len(told) == 1


@pytest.mark.parametrize(
    ("channel", "thread", "token", "code"),
    [
        ("#nosuch", "", TOKEN, "channel_not_found"),
        ("#alerts", "1.000000", TOKEN, "thread_not_found"),
        ("#alerts", "", "xoxb-other", "invalid_auth"),
    ],
)
async def test_it_refuses_as_slack_does(channel: str, thread: str, token: str, code: str) -> None:
    async with line(token) as (sink, told):
        with pytest.raises(PostError) as caught:
            await sink.post(channel, compose(alert(), NOW), thread)
        assert caught.value.code == code
        assert told == []


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("chat.delete", {}, "unknown_method"),
        ("chat.postMessage", {"channel": "alerts", "text": ""}, "no_text"),
        ("chat.update", {"channel": "C00000001", "ts": "1", "text": "x"}, "message_not_found"),
        ("conversations.history", {"channel": "#alerts"}, "channel_not_found"),
        ("conversations.replies", {"channel": "C00000001", "ts": "1"}, "thread_not_found"),
    ],
)
def test_what_it_does_not_take(method: str, arguments: dict[str, Any], code: str) -> None:
    assert Workspace(("alerts",)).answer(method, arguments)["error"] == code


def test_lists_come_in_pages() -> None:
    workspace = Workspace(("a", "b", "c"))
    first = workspace.answer("conversations.list", {"limit": "2"})
    rest = workspace.answer("conversations.list", {"limit": "2", "cursor": first["response_metadata"]["next_cursor"]})
    assert [c["name"] for c in first["channels"] + rest["channels"]] == ["a", "b", "c"]
    assert rest["response_metadata"]["next_cursor"] == ""
