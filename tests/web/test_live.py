"""The live stream: what passes reaches every browser once, slow ones are let go, and nobody misses what was kept."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from redis.asyncio import Redis

from alertd.stages.context import Context
from alertd.store import keys
from alertd.web import live
from alertd.web.live import QUEUE, Client, position_of
from alertd.web.server import WebServer
from tests.stages.world import entry, until
from tests.web.world import news, page, passed, posted

ROW_FIELDS = {"at": 1.0, "outcome": "quiet", "why": "no rule is about it"}


class Listener:
    """A browser that listens."""

    def __init__(self, session: aiohttp.ClientSession, server: WebServer, last: str = "") -> None:
        self.events: list[tuple[str, str, Any]] = []
        self._task = asyncio.create_task(self._listen(session, server, last))

    async def _listen(self, session: aiohttp.ClientSession, server: WebServer, last: str) -> None:
        headers = {"Last-Event-ID": last} if last else {}
        async with session.get(f"{server.url}/api/live", headers=headers) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            fields: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    self.events.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
                    fields = {}

    def titles(self) -> list[str]:
        return [data["title"] for _, name, data in self.events if name == "article"]

    async def __aenter__(self) -> Listener:
        await until(self._greeted, "the stream begins")
        return self

    async def _greeted(self) -> bool:
        if self._task.done():
            self._task.result()
        return any(name == "hello" for _, name, _ in self.events)

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def test_what_passes_reaches_all_and_is_resumed(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), aiohttp.ClientSession() as session:
        async with Listener(session, server) as one, Listener(session, server) as other:
            await passed(ctx, *news())
            await posted(ctx, 2)
            for listener in (one, other):
                await until(partial(_told, listener, 5, 2), "all events")
            assert one.events[1:] == other.events[1:]
            assert sorted(one.titles())[0].startswith("Nvidia opens")
            article = next(data for _, name, data in one.events if name == "article" and data["outcome"] == "alerted")
            assert article["companies"][0]["symbol"] == "1810.HK"
            third = [ident for ident, name, _ in one.events if name == "article"][2]
            last = one.events[-1][0]
        async with Listener(session, server, third) as again:
            await until(lambda: _told(again, 2, 2), "what was missed")
            assert again.titles() == one.titles()[3:]
        async with Listener(session, server, last) as again:
            await passed(ctx, entry("Intel hires 300 people in Dublin for its design centre"))
            await until(lambda: _told(again, 1, 0), "what is new")
            assert again.titles() == ["Intel hires 300 people in Dublin for its design centre"]
            await until(lambda: _listening(ctx, 1), "those that went away are forgotten when something comes")


async def _listening(ctx: Context, count: int) -> bool:
    return ctx.metrics.registry.get_sample_value("alertd_page_clients") == count


async def _told(listener: Listener, articles: int, alerts: int) -> bool:
    names = [name for _, name, _ in listener.events]
    return names.count("article") >= articles and names.count("alert") >= alerts


async def test_more_than_is_kept_is_a_gap(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MISSED", 3)
    async with page(redis, tmp_path) as (ctx, server), aiohttp.ClientSession() as session:
        await passed(ctx, *news())
        async with Listener(session, server, "0-0_0-0") as listener:
            await until(lambda: _has(listener, "gap"), "a gap")
            assert listener.titles() == []


async def _has(listener: Listener, name: str) -> bool:
    return any(event == name for _, event, _ in listener.events)


def test_a_client_that_does_not_keep_up_gets_no_more() -> None:
    client = Client(("0-0", "0-0"))
    for number in range(QUEUE):
        client.offer(b"%d" % number)
    client.offer(b"x")
    assert (client.slow, client.take()) == (True, b"")


async def test_a_browser_that_reads_nothing_is_let_go_and_holds_up_nobody(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE", 0.3)
    async with page(redis, tmp_path) as (ctx, server), aiohttp.ClientSession() as session:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"hello")
        async with Listener(session, server) as listener:
            [ident] = await passed(ctx, entry("Intel hires 300 people in Dublin for its design centre"))
            row = json.loads((await cast(Any, redis).lrange(keys.ARCHIVE_OPEN, 0, 0))[0])
            row[5] = "x" * 60_000
            fields = {"row": json.dumps(row), "recent": json.dumps(ROW_FIELDS)}

            async def dropped() -> bool:
                await cast(Any, redis).xadd(keys.PASSED, fields, maxlen=50)
                return ctx.metrics.registry.get_sample_value("alertd_page_dropped_total") == 1

            await until(dropped, "the one that reads nothing is let go")
            assert ctx.metrics.registry.get_sample_value("alertd_page_clients") == 1
            assert listener.events[-1][2]["id"] == ident, "the other one goes on"
        writer.close()


async def test_too_many_are_refused(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST", 1)
    async with (
        page(redis, tmp_path) as (_, server),
        aiohttp.ClientSession() as session,
        Listener(session, server),
        session.get(f"{server.url}/api/live") as answer,
    ):
        assert answer.status == 503
        assert "too many" in (await answer.json())["error"]


async def test_it_outlives_a_store_that_is_away(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_AGAIN", 0.05)
    async with (
        page(redis, tmp_path) as (ctx, server),
        aiohttp.ClientSession() as session,
        Listener(session, server) as listener,
    ):
        real = ctx.store.blocking.xread

        async def away(*_: Any, **__: Any) -> Any:
            raise ConnectionError("away")

        monkeypatch.setattr(ctx.store.blocking, "xread", away)
        await until(lambda: _has(listener, "away"), "it says so")
        monkeypatch.setattr(ctx.store.blocking, "xread", real)
        await until(lambda: _has(listener, "back"), "and that it is back")
        await passed(ctx, entry("Intel hires 300 people in Dublin for its design centre"))
        await until(lambda: _told(listener, 1, 0), "and goes on")


async def test_the_end_of_the_server_ends_it(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), aiohttp.ClientSession() as session:
        async with Listener(session, server):
            await asyncio.wait_for(server.stop(), 10)
        assert ctx.metrics.registry.get_sample_value("alertd_page_clients") == 0


@pytest.mark.parametrize("text", ["", "x", "1-1", "1-1_x", "1-1_2-2_3-3", "1" * 200 + "_1"])
def test_what_is_no_position_is_none(text: str) -> None:
    assert position_of(text) is None
