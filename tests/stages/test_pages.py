"""Full text on its way into articles: there before tagging, and never at an article's cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pytest_httpserver import HTTPServer
from redis.asyncio import Redis
from werkzeug import Request, Response

from alertd.articles import Entry, loads
from alertd.stages.context import Context
from alertd.stages.pressure import PAGES as SHED_FROM
from alertd.store import keys
from tests.stages.world import context, polling, stream

LINE = "The depot said on Friday that it would close its northern gate for good and move all staff to the south. "
PARTS = "".join(f"<p>{LINE}Step {number} begins in May.</p>" for number in range(9))
PAGE = f"<html><body><article><h1>Depot closes gate {{}}</h1>{PARTS}</article></body></html>"


class World:
    """A feed whose items have pages, on one server."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.items = 1
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        server.expect_request("/wire").respond_with_handler(self._feed)
        server.expect_request("/robots.txt").respond_with_data("User-agent: *\nDisallow: /closed")
        for number in range(9):
            server.expect_request(f"/page/{number}").respond_with_handler(self._page)

    @property
    def settings(self) -> str:
        feed = f"{{name: wire, url: '{self.server.url_for('/wire')}', full_text: true, full_text_wait: 60s}}"
        return f"allow_private_addresses: true\nfeeds:\n  - {feed}\nweb: {{port: 0}}\n"

    def _feed(self, _request: Request) -> Response:
        items = "".join(
            f"<item><title>Depot closes gate {n}</title><guid>{n}</guid>"
            f"<link>{self.server.url_for(f'/page/{n}')}</link><description>Gate {n} closes.</description></item>"
            for n in reversed(range(self.items))
        )
        return Response(f"<rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>")

    def _page(self, request: Request) -> Response:
        self.asked.append(request.path)
        self.go_on.wait(20)
        return Response(PAGE.format(request.path[-1]), content_type="text/html")


@contextmanager
def hanging(world: World) -> Iterator[None]:
    world.go_on.clear()
    try:
        yield
    finally:
        world.go_on.set()


async def entries(redis: Redis) -> list[Entry]:
    return [loads(Entry, row["entry"]) for row in await stream(redis, keys.ARTICLES)]


async def outcomes(ctx: Context) -> dict[str, float]:
    (family,) = [family for family in ctx.metrics.registry.collect() if family.name == "alertd_pages"]
    return {sample.labels["outcome"]: sample.value for sample in family.samples}


async def test_a_new_entry_carries_the_text_of_its_page(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    world = World(httpserver)
    async with context(redis, tmp_path, settings=world.settings) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        await poller.once()
        assert world.asked == [], "the baseline cannot alert, so its pages are left alone"
        world.items = 2
        await poller.once()
        await poller.once()
        first, second = await entries(redis)
        assert (first.text, second.summary) == ("", "Gate 1 closes.")
        assert second.text.count(LINE.strip()) == 9
        assert world.asked == ["/page/1"]
        assert await outcomes(ctx) == {"fetched": 1.0}
        (kept,) = await cast(Any, redis).keys(keys.kept("page:*"))
        assert 0 < await cast(Any, redis).ttl(kept) <= 6 * 3600


async def test_a_page_that_hangs_costs_the_article_nothing_but_a_moment(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    world = World(httpserver)
    settings = world.settings.replace("full_text_wait: 60s", "full_text_wait: 300ms")
    async with context(redis, tmp_path, settings=settings) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        await poller.once()
        world.items = 2
        with hanging(world):
            await poller.once()
            assert [entry.text for entry in await entries(redis)] == ["", ""]
        assert await outcomes(ctx) == {"late": 1.0}
        assert ctx.metrics.polls.labels(outcome="document")._value.get() == 2


async def test_full_text_is_shed_while_tagging_lags(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    world = World(httpserver)
    async with context(redis, tmp_path, settings=world.settings) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        await poller.once()
        for _ in range(SHED_FROM):
            await cast(Any, redis).xadd(keys.ARTICLES, {"entry": "{}"})
        world.items = 3
        await poller.once()
        assert world.asked == []
        assert await outcomes(ctx) == {"shed": 2.0}
        assert len(await stream(redis, keys.ARTICLES)) == SHED_FROM + 3, "no article is lost for it"
