"""The fake itself: what other tests trust it for."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from alertd.slack.compose import compose
from alertd.slack.posting import SlackSink
from tests.fakes.slack import TOKEN, FakeSlack, Fault, parse_fault

from .world import NOW, alert

ROOT = Path(__file__).parents[2]


async def call(slack: FakeSlack, method: str, *, token: str = TOKEN, **arguments: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(slack.base_url + method, json=arguments, headers=headers) as answer,
    ):
        said: dict[str, Any] = await answer.json()
        return said


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("chat.postMessage", {"channel": "alerts", "text": ""}, "no_text"),
        ("chat.postMessage", {"channel": "alerts", "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "alerts", "text": "x", "blocks": [{"type": "nosuch"}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "nosuch", "text": "x"}, "channel_not_found"),
        ("chat.update", {"channel": "#alerts", "ts": "1", "text": "x"}, "channel_not_found"),
        ("conversations.history", {"channel": "#alerts"}, "channel_not_found"),
        ("chat.delete", {}, "unknown_method"),
        ("chat.postMessage", {"channel": "alerts", "text": "x", "thread_ts": "1"}, "thread_not_found"),
    ],
)
async def test_it_refuses_as_slack_does(method: str, arguments: dict[str, Any], code: str) -> None:
    async with FakeSlack() as slack:
        assert (await call(slack, method, **arguments))["error"] == code
        assert slack.accepted == []


async def test_it_asks_for_a_token() -> None:
    async with FakeSlack() as slack:
        assert (await call(slack, "auth.test", token=""))["error"] == "not_authed"
        assert (await call(slack, "auth.test", token="other"))["error"] == "invalid_auth"


async def test_timestamps_rise_even_when_the_clock_stands_still() -> None:
    async with FakeSlack(clock=lambda: NOW) as slack:
        stamps = [(await call(slack, "chat.postMessage", channel="#alerts", text=str(n)))["ts"] for n in range(3)]
        assert stamps == sorted(set(stamps))


async def test_history_hides_replies_and_metadata() -> None:
    async with FakeSlack() as slack:
        metadata = {"event_type": "alertd_alert", "event_payload": {"key": "k"}}
        first = await call(slack, "chat.postMessage", channel="alerts", text="a", metadata=metadata)
        await call(slack, "chat.postMessage", channel="alerts", text="b", thread_ts=first["ts"])
        plain = await call(slack, "conversations.history", channel=first["channel"])
        assert [(m["text"], "metadata" in m) for m in plain["messages"]] == [("a", False)]
        whole = await call(
            slack, "conversations.replies", channel=first["channel"], ts=first["ts"], include_all_metadata=True
        )
        assert [(m["text"], m["metadata"]) for m in whole["messages"]] == [("a", metadata), ("b", None)]


async def test_faults_hit_the_calls_that_were_named() -> None:
    async with FakeSlack([Fault("chat.postMessage", 2, "error", times=2, code="is_archived")]) as slack:
        said = [(await call(slack, "chat.postMessage", channel="alerts", text="x")) for _ in range(4)]
        assert [s["ok"] for s in said] == [True, False, False, True]
        assert slack.faulted == {"error": 2}
        assert slack.calls["chat.postMessage"] == 4


def test_faults_are_read_from_the_command_line() -> None:
    assert parse_fault("chat.postMessage:3:429:0.5") == Fault("chat.postMessage", 3, "429", seconds=0.5)
    assert parse_fault("chat.update:1:error:is_archived") == Fault("chat.update", 1, "error", code="is_archived")


async def test_as_a_process_it_logs_what_it_took_before_it_answers(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    arguments = [
        "-m",
        "tests.fakes.slack",
        "--log",
        str(log),
        "--channel",
        "desk",
        "--fault",
        "chat.postMessage:2:drop_after",
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        sink = SlackSink(TOKEN, base_url=base_url)
        ts = await sink.post("#desk", compose(alert(key="a"), NOW))
        with pytest.raises(Exception, match="lost"):
            await sink.post("#desk", compose(alert(key="b", kind="reply"), NOW), ts)
        await sink.close()
    finally:
        process.kill()
        await process.wait()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["channel"], entry["key"], entry["thread_ts"]) for entry in lines] == [
        ("desk", "a", ""),
        ("desk", "b", ts),
    ]
