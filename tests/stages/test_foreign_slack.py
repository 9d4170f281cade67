"""Delivery against a fake of Slack that others wrote: npm's emulate, through a proxy that breaks connections.

Skipped where it is not installed: `npm install --prefix ~/emulate emulate@0.11.2`, with ~/emulate/node_modules/.bin on
PATH.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from alertd.articles import Alert, dumps
from alertd.slack.posting import SlackSink
from alertd.stages.notify import NotifyStage
from alertd.store import keys
from alertd.web.listening import port_of, serve
from tests.slack.world import alert
from tests.stages.world import at_work, context, until

EMULATE = shutil.which("emulate")
LOOPBACK = Path(__file__).parents[1] / "fakes" / "loopback.cjs"
TOKEN = "xoxb-foreign"
MOST_CALLS = 2_000
SEED = {
    "slack": {
        "team": {"name": "Desk", "domain": "desk"},
        "users": [{"name": "ann", "real_name": "Ann", "email": "ann@example.com"}],
        "channels": [{"name": "alerts", "topic": "t"}, {"name": "deals", "topic": "t"}],
        "bots": [{"name": "alertd"}],
        "tokens": [{"token": TOKEN, "user": "ann", "scopes": ["chat:write", "channels:read", "channels:history"]}],
        "strict_scopes": True,
    }
}


class Breaking:
    """A proxy that breaks some connections to `chat.postMessage`, before or after the request went through.

    Args:
        target: what is behind it.
    """

    def __init__(self, target: str) -> None:
        self.calls = 0
        self.broken: Counter[str] = Counter()
        self._target = target
        self._posts = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        method = request.match_info["method"]
        self._posts += method == "chat.postMessage"
        fault = {3: "before", 6: "after", 11: "after", 14: "before"}.get(self._posts % 17) if "post" in method else None
        if fault == "before":
            return self._break(request, fault)
        kept = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        body = await request.read()
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._target}{method}", data=body, headers=kept) as a,
        ):
            answer = web.Response(body=await a.read(), status=a.status, content_type=a.content_type)
        return self._break(request, fault) if fault else answer

    def _break(self, request: web.Request, fault: str) -> web.Response:
        self.broken[fault] += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@asynccontextmanager
async def emulated(folder: Path) -> AsyncIterator[str]:
    assert EMULATE is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "seed.json").write_text(json.dumps(SEED))
    process = await asyncio.create_subprocess_exec(
        "node", "-r", str(LOOPBACK), EMULATE, "start", "--service", "slack", "--port", str(port), "--seed",
        str(folder / "seed.json"), stdout=asyncio.subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}/api/"
    try:
        await until(lambda: asked(base))
        yield base
    finally:
        process.terminate()
        await process.wait()


async def asked(base: str) -> dict[str, Any] | None:
    try:
        return await call(base, "auth.test")
    except aiohttp.ClientError:
        return None


async def call(base: str, method: str, **arguments: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as s, s.post(f"{base}{method}", data=arguments, headers=headers) as answer:
        found: dict[str, Any] = await answer.json()
    assert found["ok"], found
    return found


async def keys_in(base: str, channel: str) -> list[str]:
    """Keys of all messages of a channel in order, those of threads after their first message."""
    found = await call(base, "conversations.history", channel=channel, limit="999", include_all_metadata="true")
    said = []
    for message in reversed(found["messages"]):
        said.append(message["metadata"]["event_payload"]["key"])
        asked = {"channel": channel, "ts": message["ts"], "include_all_metadata": "true"}
        replies = (await call(base, "conversations.replies", **asked))["messages"]
        said += [r["metadata"]["event_payload"]["key"] for r in replies if r["ts"] != message["ts"]]
    return said


def made(channel: str, count: int, now: float) -> list[Alert]:
    """Posts about stories of their own, each followed by two later reports and a correction of every third."""
    alerts = []
    for n in range(count):
        story = f"{channel}-{n}"
        rows = [("post", "first", 1), ("reply", "same_event", 2), ("reply", "copy", 3)]
        rows += [("post", "correction", 3)] if n % 3 == 0 else []
        for number, (kind, relation, outlets) in enumerate(rows):
            names = tuple(f"Outlet {k}" for k in range(outlets))
            one = alert(key=f"{story}-{number}", kind=kind, relation=relation, outlets=names, created=now)  # type: ignore[arg-type]
            assert one.placement is not None
            placement = replace(one.placement, story=replace(one.placement.story, id=story))
            alerts.append(replace(one, destination=channel, placement=placement))
    return alerts


@pytest.mark.skipif(EMULATE is None, reason="npm's emulate is not installed")
async def test_each_alert_arrives_once_at_a_slack_that_others_wrote(redis: Redis, tmp_path: Path) -> None:
    async with emulated(tmp_path) as behind, context(redis, tmp_path) as ctx:
        proxy = Breaking(behind)
        app = web.Application()
        app.router.add_post("/api/{method}", proxy.handle)
        runner = await serve(app)
        listed = (await call(behind, "conversations.list"))["channels"]
        channels = [row["id"] for row in listed if row["name"] in ("alerts", "deals")]
        assert len(channels) == 2
        sink = SlackSink(TOKEN, base_url=f"http://127.0.0.1:{port_of(runner)}/api/", timeout=5)
        alerts = [one for channel in channels for one in made(channel, 9, ctx.clock())]
        notify = NotifyStage(ctx, sink)
        try:
            async with at_work(notify.work):
                for batch in range(0, len(alerts), 6):  # a few at a time, for a backlog would be a digest
                    part = alerts[batch : batch + 6]
                    for one in part:
                        await cast(Any, redis).xadd(keys.ALERTS, {"key": one.key, "alert": dumps(one)})
                    await until(lambda part=part: delivered(redis, part))  # type: ignore[misc]
                await until(lambda: counted(redis, channels))
            told = {channel: await keys_in(behind, channel) for channel in channels}
        finally:
            await sink.close()
            await runner.cleanup()
        for channel, found in told.items():
            assert sorted(found) == sorted(one.key for one in alerts if one.destination == channel)
        history = await call(behind, "conversations.history", channel=channels[0], limit="999")
        firsts = [message for message in history["messages"] if "3 sources" in json.dumps(message["blocks"])]
        assert len(firsts) >= 9, "the first message of each story counts its sources"
        assert set(proxy.broken) == {"before", "after"}
        assert proxy.calls < MOST_CALLS


async def delivered(redis: Redis, alerts: list[Alert]) -> bool:
    return int(await cast(Any, redis).exists(*(keys.sent(one.key) for one in alerts))) == len(alerts)


async def counted(redis: Redis, channels: list[str]) -> bool:
    return not await cast(Any, redis).exists(*(keys.recount(channel) for channel in channels))
