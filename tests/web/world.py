"""What the tests of the page share: articles that really passed, alerts that were really posted, and the server."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
from redis.asyncio import Redis

from alertd.articles import Entry
from alertd.feeds.schedule import FeedState
from alertd.slack.sinks import sink_of
from alertd.stages.context import Context, holding
from alertd.stages.decide import DecideStage
from alertd.stages.notify import NotifyStage
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.web.access import Access
from alertd.web.api import Api
from alertd.web.health import Health, Part
from alertd.web.server import WebServer
from tests.fakes.slack import FakeSlack
from tests.stages.world import GAZETTEER, at_work, context, decided, entry, taken, until
from tests.tagging import fakes

RULES = fakes.Rules(events={"earnings": 0.9}, sentiment={"Xiaomi": fakes.POSITIVE})
WATCHLIST = """
rules:
  - name: xiaomi
    companies: [1810.HK]
  - name: nvidia
    companies: [NVDA]
  - name: from-a-dead-feed
    companies: [TSLA]
    feeds: [dead]
  - name: nobody
    companies: [{name: Quite Unheard Of Holdings}]
"""


def settings(slack: FakeSlack, more: str = "") -> str:
    return f"""
allow_private_addresses: true
feeds:
  - {{name: wire, url: "http://127.0.0.1:1/wire?key=s3cret"}}
  - {{name: post, url: "http://user:pass@127.0.0.1:1/post"}}
  - {{name: dead, url: "http://127.0.0.1:1/dead"}}
slack: {{token: {slack.token}, base_url: '{slack.base_url}', pace: 0s, doubt_grace: 200ms}}
web: {{port: 0}}
{more}"""


async def health() -> Health:
    return Health((Part("redis", True), Part("poll", True, "at work")))


@asynccontextmanager
async def served(ctx: Context, *, host: str = "127.0.0.1", token: str = "") -> AsyncIterator[WebServer]:
    """The page of a context."""
    access = Access(host, token)
    api = Api(ctx, GAZETTEER, health, access)
    async with WebServer(host, 0, health, registry=ctx.metrics.registry, access=access, adds=api.add_to) as server:
        yield server


@asynccontextmanager
async def page(
    redis: Redis, folder: Path, *, token: str = "", host: str = "127.0.0.1"
) -> AsyncIterator[tuple[Context, WebServer]]:
    """A context with an empty store, and its page."""
    async with (
        FakeSlack() as slack,
        context(redis, folder, RULES, settings=settings(slack), watchlist=WATCHLIST) as ctx,
        served(ctx, token=token, host=host) as server,
    ):
        yield ctx, server


async def passed(ctx: Context, *entries: Entry) -> list[str]:
    """Let entries pass all stages up to the outbox."""
    redis = ctx.store.redis
    ids = await taken(ctx, *entries)
    decide = DecideStage(ctx)

    async def done() -> bool:
        return len(await decided(redis, ids)) == len(ids)

    async with at_work(TagStage(ctx).work, lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)):
        await until(done, "all are decided")
    return ids


async def posted(ctx: Context, count: int) -> None:
    """Deliver what waits."""
    sink = sink_of(ctx.now.configuration.settings, dry_run=False, out=io.StringIO())

    async def done() -> bool:
        return int(await cast(Any, ctx.store.redis).xlen(keys.DELIVERED)) >= count

    try:
        async with at_work(NotifyStage(ctx, sink).work):
            await until(done, "all are posted")
    finally:
        await sink.close()


def news() -> list[Entry]:
    """A few articles: a story in two outlets, one that nobody watches, one that is too old."""
    title = "Xiaomi to build a second car plant near Beijing in two years"
    return [
        entry(title, summary="The company said so on Monday."),
        entry(title, feed="post"),
        entry("Nvidia opens a research centre in Oslo with 200 people"),
        entry("Visa <b>opens</b> a data centre & hires 40 people in Vilnius", feed="post"),
        entry("Tesla was said to be thinking about a shop in Bergen", age=90_000),
    ]


async def polled(ctx: Context) -> None:
    """Leave states of feeds: one that is fine, one that fails; the third was never polled."""
    now = time.time()
    habit = ",".join(["0.5"] * 12 + ["2"] * 12)
    fine = FeedState(polls=40, last_success=now - 30, wait=120, why="its habit", habit=habit, seconds=0.21, delay=31.0,
                     next_at=now + 90)  # fmt: skip
    failing = FeedState(polls=9, failures=4, failing=4, kind="timeout", error="no complete answer within 20 s",
                        next_at=now + 300, wait=300, why="it fails")  # fmt: skip
    redis = cast(Any, ctx.store.redis)
    for name, state in (("wire", fine), ("dead", failing)):
        await redis.hset(keys.feed(name), mapping=state.to_fields())
        await redis.sadd(keys.FEEDS, name)


class Browser:
    """Asks as a page does."""

    def __init__(self, server: WebServer, **headers: str) -> None:
        self.url = f"http://127.0.0.1:{server.port}"
        self.headers = headers
        self.session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.session.get(self.url + path, headers=self.headers) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def send(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin", **self.headers, **headers}
        async with self.session.request(method, self.url + path, json=body, headers=own) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()


def ids_of(found: Sequence[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in found]
