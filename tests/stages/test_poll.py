from __future__ import annotations

import asyncio
import threading
import time
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, cast

import pytest
from apscheduler.schedulers import base
from pytest_httpserver import HTTPServer
from redis.asyncio import Redis
from werkzeug import Request, Response

from alertd.articles import Entry, loads
from alertd.feeds.schedule import FeedState
from alertd.stages.context import Context, holding
from alertd.stages.poll import Poller
from alertd.stages.pressure import LOW
from alertd.store import keys
from tests.stages.world import WATCHLIST, at_work, context, polling, stream, until


def settings(server: HTTPServer, *names: str) -> str:
    rows = "".join(
        f"  - {{name: {n}, url: '{server.url_for('/' + n)}', interval: 200ms}}\n" for n in names or ("wire",)
    )
    return f"allow_private_addresses: true\nfeeds:\n{rows}operator: {{channel: '#alertd'}}\nweb: {{port: 0}}\n"


def document(*titles: str) -> str:
    items = "".join(f"<item><title>{t}</title><guid>{t}</guid></item>" for t in titles)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'


class Feed:
    """A feed that a test can change, with an ETag."""

    def __init__(self, server: HTTPServer, name: str = "wire") -> None:
        self.body = document("first")
        self.status = 200
        self.asked: list[Request] = []
        server.expect_request(f"/{name}").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.asked.append(request)
        tag = f'"{hash(self.body)}"'
        if self.status != 200:
            return Response("no", status=self.status)
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return Response(self.body, headers={"ETag": tag}, content_type="application/rss+xml")


async def once(ctx: Context, *, times: int = 1) -> None:
    async with polling(ctx) as poller:
        assert await poller.shares.acquire()
        for _ in range(times):
            await poller.once()
        await poller.shares.release()


async def state(redis: Redis, name: str = "wire") -> FeedState:
    return FeedState.from_fields(await cast(Any, redis).hgetall(keys.feed(name)))


async def titles(redis: Redis) -> list[tuple[str, str]]:
    rows = await stream(redis, keys.ARTICLES)
    return [(loads(Entry, row["entry"]).title, row["may"]) for row in rows]


async def test_the_first_sight_is_silent_and_what_comes_later_is_not(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver), watchlist=WATCHLIST) as ctx:
        await once(ctx)
        feed.body = document("second", "first")
        await once(ctx, times=2)
        assert await titles(redis) == [("first", "0"), ("second", "1")]
        known = await state(redis)
        assert (known.polls, known.failures, bool(known.first_at)) == (3, 0, True)
        assert [r.headers.get("If-None-Match") is not None for r in feed.asked] == [False, True, True]


async def test_a_restart_asks_with_the_kept_validators(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx)
        async with context(redis, tmp_path, process="later", now=ctx.now) as later:
            await once(later)
        assert feed.asked[1].headers["If-None-Match"] == (await state(redis)).etag


async def test_a_feed_that_fails_is_reported_retried_and_reported_back(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx)
        feed.status = 404
        await once(ctx, times=3)
        known = await state(redis)
        assert (known.failing, known.kind, known.error.startswith("HTTP 404")) == (3, "http_404", True)
        assert known.next_at > ctx.clock()
        assert known.etag, "validators survive an error"
        feed.status = 200
        await once(ctx)
        said = [await cast(Any, redis).get(k) for k in await cast(Any, redis).keys(keys.alert("*"))]
        assert len(said) == 2
        assert any("Feed wire fails: HTTP 404" in text for text in said)
        assert any("Feed wire works again" in text for text in said)


async def test_nonsense_is_no_feed_and_takes_nothing_down(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    feeds = {name: Feed(httpserver, name) for name in ("wire", "post")}
    feeds["wire"].body = "<html><head><title>Please log in</title></head><input type=password></html>"
    async with context(redis, tmp_path, settings=settings(httpserver, "wire", "post")) as ctx:
        await once(ctx)
        assert (await state(redis)).kind == "login"
        assert (await state(redis, "post")).kind == ""
        assert [title for title, _ in await titles(redis)] == ["first"]


async def test_feeds_are_polled_at_their_interval_until_the_stop(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx, polling(ctx) as poller:
        async with at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)):
            await until(lambda: _asked(feed, 3))
            feed.body = document("new", "first")
            await until(lambda: _taken(redis, 2))
        count = len(feed.asked)
        assert ctx.ready["poll"] == (True, "at work")
        await asyncio.sleep(0.5)
        assert len(feed.asked) == count, "nothing is asked after the stop"


async def _asked(feed: Feed, count: int) -> bool:
    return len(feed.asked) >= count


async def _taken(redis: Redis, count: int) -> bool:
    return len(await titles(redis)) == count


async def test_polling_waits_while_the_store_is_full(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver)
    text = settings(httpserver) + "store: {max_mb: 16}\n"
    async with context(redis, tmp_path, settings=text) as ctx:
        await cast(Any, redis).set("ballast", "x" * 15_000_000)
        await once(ctx)
        assert feed.asked == []
        assert len(await cast(Any, redis).keys(keys.alert("*"))) == 1
        await cast(Any, redis).delete("ballast")
        # the server keeps the buffer of the client that sent it for a moment
        await until(lambda: _has_room(ctx))
        await once(ctx)
        assert len(feed.asked) == 1


async def _has_room(ctx: Context) -> bool:
    return await ctx.store.used_mb() < 10


async def test_a_feed_that_has_ended_is_asked_no_more_after_a_restart_either(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    feed.status = 410
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx, times=2)
        async with context(redis, tmp_path, process="later", now=ctx.now) as later:
            await once(later)
        assert len(feed.asked) == 1
        said = [await cast(Any, redis).get(k) for k in await cast(Any, redis).keys(keys.alert("*"))]
        assert ["Feed wire has ended: HTTP 410" in text for text in said] == [True]


async def test_a_move_for_good_is_followed_at_once_and_taken_after_it_repeats(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver, "new")
    old: list[Request] = []

    def moved(request: Request) -> Response:
        old.append(request)
        return Response(status=308, headers={"Location": httpserver.url_for("/new")})

    httpserver.expect_request("/wire").respond_with_handler(moved)
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx, times=5)
        assert (len(old), len(feed.asked)) == (3, 5)
        assert ["If-None-Match" in request.headers for request in feed.asked] == [False, True, True, True, True]
        assert all("If-None-Match" not in request.headers for request in old)
        feed.status = 404
        await once(ctx)
        feed.status = 200
        await once(ctx)
        assert len(old) == 4, "a new address that fails is given up"


async def test_a_window_that_was_outrun_is_reported(redis: Redis, tmp_path: Path, httpserver: HTTPServer) -> None:
    feed = Feed(httpserver)
    feed.body = document("one", "two", "three")
    async with context(redis, tmp_path, settings=settings(httpserver)) as ctx:
        await once(ctx)
        feed.body = document("four", "three", "two")
        await once(ctx)
        assert (await state(redis)).outruns == 0
        feed.body = document("nine", "eight", "seven")
        await once(ctx)
        assert (await state(redis)).outruns == 1
        said = [await cast(Any, redis).get(k) for k in await cast(Any, redis).keys(keys.alert("*"))]
        assert ["some may have been missed" in text for text in said] == [True]


async def test_what_a_publisher_asks_for_counts_within_the_bounds(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return Response(document("one"), headers={"Cache-Control": "max-age=1"})

    httpserver.expect_request("/wire").respond_with_handler(answer)
    text = settings(httpserver).replace("interval: 200ms", "interval: 200ms, max_interval: 1h")
    async with context(redis, tmp_path, settings=text) as ctx, polling(ctx) as poller:
        async with at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)):
            await until(lambda: _often(asked, 3))
        known = await state(redis)
        assert (known.wait, known.why) == (1.0, "its Cache-Control or Expires")
        assert known.next_at - known.last_success == 1.0


async def _often(asked: list[Request], count: int) -> bool:
    return len(asked) >= count


async def test_feeds_of_low_priority_are_not_asked_while_tagging_lags(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feeds = {name: Feed(httpserver, name) for name in ("wire", "post")}
    text = settings(httpserver, *feeds).replace("name: post,", "name: post, priority: low,")
    async with context(redis, tmp_path, settings=text) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        wire, post = ctx.now.configuration.settings.feeds
        for _ in range(LOW):
            await cast(Any, redis).xadd(keys.ARTICLES, {"entry": "{}"})
        for feed in (wire, post):
            await poller.poll(feed)
        assert [len(feed.asked) for feed in feeds.values()] == [1, 0]
        assert ctx.metrics.polls.labels(outcome="shed")._value.get() == 1
        await cast(Any, redis).delete(keys.ARTICLES)
        await ctx.store.prepare()
        cast(Any, ctx.clock).ahead = 2.0
        await poller.poll(post)
        assert len(feeds["post"].asked) == 1


async def test_a_poll_that_lasts_is_not_started_twice_and_that_is_counted(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    go_on, asked = threading.Event(), []

    def slow(request: Request) -> Response:
        asked.append(request)
        go_on.wait(20)
        return Response(document("one"))

    httpserver.expect_request("/wire").respond_with_handler(slow)
    async with (
        context(redis, tmp_path, settings=settings(httpserver)) as ctx,
        polling(ctx) as poller,
        at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)),
    ):
        overrun = ctx.metrics.polls.labels(outcome="overrun")
        try:
            await until(lambda: _counted(overrun, 3), "overruns")
            assert len(asked) == 1, "one at a time"
        finally:
            go_on.set()
        await until(lambda: _often(asked, 3))


async def _counted(counter: Any, least: int) -> bool:
    return bool(counter._value.get() >= least)


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
async def test_polling_goes_on_when_the_clock_is_put_elsewhere(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    feed = Feed(httpserver)
    step = 0.0

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stepped:
            return cls.fromtimestamp(time.time() + step, tz)

    monkeypatch.setattr(base, "datetime", Stepped)
    async with (
        context(redis, tmp_path, settings=settings(httpserver), watchlist=WATCHLIST) as ctx,
        polling(ctx) as poller,
    ):
        ctx.clock = lambda: time.time() + step
        async with at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)):
            for step in (seconds, 0.0):
                before = len(feed.asked)
                await until(lambda n=before: enough(feed, n + 3), f"polls after a step to {step:+.0f} s")  # type: ignore[misc]


async def enough(feed: Feed, polls: int) -> bool:
    return len(feed.asked) >= polls


def at_three_hosts(port: int) -> str:
    rows = "".join(
        f"  - {{name: {name}, url: 'http://127.0.0.{number}:{port}/{name}', interval: 10m}}\n"
        for number, name in enumerate("abc", 1)
    )
    return f"allow_private_addresses: true\nfeeds:\n{rows}web: {{port: 0}}\n"


async def test_after_an_outage_all_are_asked_with_the_first_that_answers(
    redis: Redis, tmp_path: Path, unused_tcp_port: int
) -> None:
    given = at_three_hosts(unused_tcp_port)
    async with (
        context(redis, tmp_path, settings=given) as ctx,
        polling(ctx) as poller,
        at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)),
    ):
        unreachable = ctx.metrics.polls.labels(outcome="unreachable")
        await until(lambda: _counted(unreachable, 3), "all cut off")
        with HTTPServer("0.0.0.0", unused_tcp_port) as server:
            feeds = [Feed(server, name) for name in "abc"]
            feeds[2].status = 503
            poller.poll_soon("b")
            for feed in feeds:
                await until(lambda feed=feed: _asked(feed, 1), "all are asked")  # type: ignore[misc]
            poller.poll_soon("b")
            await until(lambda: _asked(feeds[1], 2), "it is asked once more")
            assert [len(feed.asked) for feed in feeds] == [1, 2, 1], "who fails otherwise keeps its pause"


async def test_who_was_cut_off_before_a_restart_comes_back_with_the_others(
    redis: Redis, tmp_path: Path, unused_tcp_port: int
) -> None:
    given = at_three_hosts(unused_tcp_port)
    async with context(redis, tmp_path, settings=given) as ctx:
        await once(ctx, times=2)
        async with (
            polling(ctx) as poller,
            at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)),
        ):
            with HTTPServer("0.0.0.0", unused_tcp_port) as server:
                feeds = [Feed(server, name) for name in "abc"]
                await until(lambda: _polls(poller, "c"), "it polls")
                poller.poll_soon("c")
                for feed in feeds:
                    await until(lambda feed=feed: _asked(feed, 1), "all are asked")  # type: ignore[misc]


async def _polls(poller: Poller, name: str) -> bool:
    return poller.polls(name)


async def test_polling_ends_though_its_subscriptions_do_not_hear_of_it(redis: Redis, tmp_path: Path) -> None:
    """Up to Python 3.11 a group of tasks that is failing says so, and drops the cancellation that comes meanwhile."""

    class Failing:
        begun = asyncio.Event()

        async def work(self, *_: object) -> None:
            self.begun.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                raise RuntimeError("one of its parts had failed") from None

    async with context(redis, tmp_path) as ctx, polling(ctx) as poller:
        poller._hubs = cast(Any, Failing())
        work = asyncio.create_task(poller.work(asyncio.Event()))
        await Failing.begun.wait()
        work.cancel()
        done, _ = await asyncio.wait({work}, timeout=20)
        assert done
