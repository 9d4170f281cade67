"""The rules that feed fetchers are scored on, one test each, with a whole poll against a real server on loopback.

The fetcher alone has more tests in tests/feeds/test_fetch.py.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from alertd.feeds.schedule import LONGEST_WAIT, FeedState
from alertd.stages.context import Context, holding
from tests.stages.test_poll import document, state, titles
from tests.stages.world import at_work, context, polling, until

ONE, TWO, THREE = document("one"), document("two", "one"), document("three", "two", "one")
WEEK = "".join(
    f"<day>{day}</day>" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
)
MODIFIED = "Mon, 2 Mar 2026  10:00:00 +0000"
PAGE = "<!doctype html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"


@dataclass
class Site:
    """A server whose answers are scripted: each request takes the next one, and the last one for ever."""

    answers: list[Callable[[], web.Response]] = field(default_factory=list)
    seen: list[web.Request] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])()

    def sent(self, name: str) -> list[str | None]:
        """A header of all requests, byte for byte as it came."""
        return [
            next((value.decode() for key, value in r.raw_headers if key.decode().lower() == name.lower()), None)
            for r in self.seen
        ]

    def paths(self) -> list[str]:
        return [request.raw_path for request in self.seen]


def given(body: str | bytes = ONE, status: int = 200, /, **headers: str) -> Callable[[], web.Response]:
    """An answer; underscores in the names of headers stand for dashes."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: web.Response(body=content, status=status, headers=named)


@asynccontextmanager
async def site(*answers: Callable[[], web.Response]) -> AsyncIterator[Site]:
    made = Site(list(answers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/feed.xml"))
        yield made


def settings(*feeds: str) -> str:
    rows = "".join(f"  - {{{feed}}}\n" for feed in feeds)
    return f"allow_private_addresses: true\nfeeds:\n{rows}web: {{port: 0}}\n"


def saying(hint: str) -> str:
    """The document with something about itself before its first item."""
    return ONE.replace("<item>", f"{hint}<item>", 1)


@asynccontextmanager
async def daemon(
    redis: Redis, folder: Path, url: str, *, process: str = "here", more: str = ""
) -> AsyncIterator[Context]:
    text = settings(f"name: wire, url: '{url}', interval: 10s{more}")
    work = folder / process
    work.mkdir()
    async with context(redis, work, settings=text, process=process) as ctx:
        yield ctx


async def polls(ctx: Context, times: int, *, due: bool = True) -> None:
    """Poll the feed so many times, whether it is due or (by default) as if it were."""
    (feed,) = ctx.now.configuration.settings.feeds
    async with polling(ctx) as poller:
        assert await poller.shares.acquire()
        for _ in range(times):
            await poller.poll(feed, due=due)
        await poller.settle()
        await poller.shares.release()


async def after(redis: Redis, folder: Path, *answers: Callable[[], web.Response], times: int) -> tuple[Site, FeedState]:
    """What was asked and what is remembered after so many polls, each by a daemon that was started for it."""
    async with site(*answers) as world:
        for number in range(times):
            async with daemon(redis, folder, world.url, process=f"start{number}") as ctx:
                await polls(ctx, 1)
        return world, await state(redis)


async def test_rule_1_only_the_first_fetch_is_unconditional(redis: Redis, tmp_path: Path) -> None:
    new = given(ETag='"1"', Last_Modified=MODIFIED)
    world, _ = await after(redis, tmp_path, new, given("", 304), given(PAGE), given("", 500), new, times=6)
    assert world.sent("If-None-Match") == [None, *['"1"'] * 5]
    assert world.sent("If-Modified-Since") == [None, *[MODIFIED] * 5]


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "abc", '"a,b"', "W/abc", '""'])
async def test_rule_2_an_etag_is_replayed_byte_for_byte(etag: str, redis: Redis, tmp_path: Path) -> None:
    world, _ = await after(redis, tmp_path, given(ETag=etag), times=2)
    assert world.sent("If-None-Match") == [None, etag]
    assert world.sent("If-Modified-Since") == [None, None]


@pytest.mark.parametrize("modified", [MODIFIED, "yesterday", "2026-03-02T10:00:00Z"])
async def test_rule_3_last_modified_is_replayed_byte_for_byte(modified: str, redis: Redis, tmp_path: Path) -> None:
    world, _ = await after(redis, tmp_path, given(Last_Modified=modified), times=2)
    assert world.sent("If-Modified-Since") == [None, modified]
    assert world.sent("If-None-Match") == [None, None]


async def test_rule_3_none_is_made_up_from_dates_or_the_clock(redis: Redis, tmp_path: Path) -> None:
    dated = ONE.replace("<item>", f"<pubDate>{formatdate(0)}</pubDate><item><pubDate>{formatdate(0)}</pubDate>")
    world, _ = await after(redis, tmp_path, given(dated, Date=formatdate(usegmt=True)), times=2)
    assert world.sent("If-Modified-Since") == world.sent("If-None-Match") == [None, None]


async def test_rule_4_each_document_replaces_the_validators_and_nothing_else_does(redis: Redis, tmp_path: Path) -> None:
    cut = TWO[:-40]
    world, known = await after(
        redis, tmp_path,
        given(ETag='"1"'), given(PAGE, ETag='"page"'), given("{}", ETag='"json"'), given("gone", 404, ETag='"404"'),
        given(cut, ETag='"cut"'), given(TWO, ETag='"2"'), given(THREE, Last_Modified=MODIFIED), given(THREE), times=8,
    )  # fmt: skip
    assert world.sent("If-None-Match") == [None, *['"1"'] * 5, '"2"', None]
    assert world.sent("If-Modified-Since") == [*[None] * 7, MODIFIED]
    assert (known.etag, known.last_modified) == ("", "")


async def test_rule_5_304_is_a_success_that_changes_nothing(redis: Redis, tmp_path: Path) -> None:
    async with site(given(ETag='"1"'), given(b"", 304)) as world, daemon(redis, tmp_path, world.url) as ctx:
        await polls(ctx, 1)
        before, known = await titles(redis), await state(redis)
        await polls(ctx, 2)
        later = await state(redis)
        assert await titles(redis) == before
        assert (later.etag, later.body, later.failures, later.polls) == ('"1"', known.body, 0, 3)
        assert later.last_success > known.last_success


async def test_rule_6_validators_belong_to_the_address_that_gave_them(redis: Redis, tmp_path: Path) -> None:
    async with site(given(ETag='"there"')) as there:
        leads = given(b"", 302, Location=there.url)
        here, _ = await after(redis, tmp_path, given(ETag='"here"'), leads, leads, given(ETag='"here"'), times=4)
        assert here.sent("If-None-Match") == [None, '"here"', None, None]
        assert there.sent("If-None-Match") == [None, '"there"']


@pytest.mark.parametrize(
    ("body", "headers", "wait", "why"),
    [
        (ONE, {"Cache_Control": "public, max-age=600"}, 600, "its Cache-Control or Expires"),
        (ONE, {"Cache_Control": "max-age=600", "Age": "100"}, 500, "its Cache-Control or Expires"),
        (ONE, {"Expires": formatdate(1_900_000_600, usegmt=True), "Date": formatdate(1_900_000_000, usegmt=True)}, 600,
         "its Cache-Control or Expires"),
        (saying("<ttl>20</ttl>"), {}, 1200, "its ttl"),
        (saying("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"), {}, 1800,
         "its ttl"),
        (ONE, {"Cache_Control": "max-age=864000"}, 3600, "its Cache-Control or Expires"),
        (saying(f"<skipDays>{WEEK}</skipDays>"), {}, 3600, "its skipHours or skipDays"),
        (ONE, {"Cache_Control": "no-cache"}, 10, "its habit is not known yet"),
    ],
)  # fmt: skip
async def test_rule_7_the_publishers_hints_count_within_the_users_bounds(
    body: str, headers: Mapping[str, str], wait: float, why: str, redis: Redis, tmp_path: Path
) -> None:
    async with site(given(body, **headers)) as world:
        async with daemon(redis, tmp_path, world.url, more=", max_interval: 1h") as ctx:
            await polls(ctx, 1)
            known = await state(redis)
            assert known.why == why
            assert abs(known.wait - wait) <= 1
            await polls(ctx, 3, due=False)
            assert len(world.seen) == 1, "it is not asked before"
        async with daemon(redis, tmp_path, world.url, process="fixed") as ctx:
            await polls(ctx, 1)
            assert (await state(redis)).wait == 10, "where the user leaves no room, the interval is as configured"


async def test_rule_8_a_restart_asks_nobody_early_and_not_all_at_once(redis: Redis, tmp_path: Path) -> None:
    async with site(given()) as world:
        rows = "".join(
            f"  - {{name: f{n}, url: '{world.url}?{n}', interval: {'1h' if n else '1s'}}}\n" for n in range(30)
        )
        text = f"allow_private_addresses: true\nfeeds:\n{rows}web: {{port: 0}}\n"
        async with context(redis, tmp_path, settings=text) as ctx, polling(ctx) as poller:
            assert await poller.shares.acquire()
            await poller.once()
            await poller.shares.release()
            world.seen.clear()
            async with (
                context(redis, tmp_path, process="later", now=ctx.now) as later,
                polling(later) as again,
                at_work(lambda stop: holding(later, again.shares, lambda: again.work(stop), stop)),
            ):
                await until(lambda: _asked(world, 3))
        assert set(world.paths()) == {"/feed.xml?0"}, "those of an hour are not due"


async def _asked(world: Site, count: int) -> bool:
    return len(world.seen) >= count


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("1800", 1800, 1800), (formatdate(4_000_000_000, usegmt=True), 86400, 86400), ("", 10, 20), ("never", 10, 20)],
)
async def test_rule_9_retry_after_is_obeyed_in_both_forms(
    status: int, value: str, low: float, high: float, redis: Redis, tmp_path: Path
) -> None:
    headers = {"Retry_After": value} if value else {}
    async with site(given(b"", status, **headers)) as world, daemon(redis, tmp_path, world.url) as ctx:
        await polls(ctx, 3, due=False)
        known = await state(redis)
        assert low - 1 <= known.next_at - ctx.clock() <= high
        assert len(world.seen) == 1


@pytest.mark.parametrize(("status", "taken"), [(301, True), (308, True), (302, False), (303, False), (307, False)])
async def test_rule_10_a_move_is_taken_when_it_is_for_good_and_has_repeated(
    status: int, taken: bool, redis: Redis, tmp_path: Path
) -> None:
    async with site(given()) as there:
        here, _ = await after(redis, tmp_path, given(b"", status, Location=there.url), times=5)
        assert (len(here.seen), len(there.seen)) == (3 if taken else 5, 5)


async def test_rule_10_a_move_that_brings_no_feed_is_not_taken(redis: Redis, tmp_path: Path) -> None:
    async with site(given(PAGE)) as there:
        here, known = await after(redis, tmp_path, given(b"", 301, Location=there.url), times=4)
        assert (len(here.seen), known.moved_times, known.kind) == (4, 0, "login")


async def test_rule_10_loops_end(redis: Redis, tmp_path: Path) -> None:
    world, known = await after(redis, tmp_path, given(b"", 301, Location="/feed.xml"), times=1)
    assert (len(world.seen), known.kind) == (1, "redirect_loop")


@pytest.mark.parametrize(("status", "asked"), [(410, 1), (404, 3), (401, 3), (403, 3), (500, 3)])
async def test_rule_11_gone_is_gone_and_everything_else_is_asked_again(
    status: int, asked: int, redis: Redis, tmp_path: Path
) -> None:
    async with site(given(b"", status)) as world, daemon(redis, tmp_path, world.url) as ctx:
        await polls(ctx, 3)
        known = await state(redis)
        assert len(world.seen) == asked
        assert known.stopped == (status == 410)
        assert known.kind == f"http_{status}"
        if not known.stopped:
            assert 10 <= known.wait <= min(LONGEST_WAIT, 10 * 2**3)


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (PAGE, "login"),
        ("<html><head><title>Just a moment...</title></head><body>challenge-platform</body></html>", "challenge"),
        ("<html><title>Not here</title><h1>404</h1></html>", "html_page"),
        ('{"error": "no such key"}', "json_error"),
        ("", "empty"),
        ("ok", "garbage"),
    ],
)
async def test_rule_12_what_is_no_feed_is_named_and_costs_nothing(
    page: str, kind: str, redis: Redis, tmp_path: Path
) -> None:
    answers = given(TWO, ETag='"1"'), given(page, ETag='"x"'), given(THREE)
    async with site(*answers) as world, daemon(redis, tmp_path, world.url) as ctx:
        await polls(ctx, 2)
        known = await state(redis)
        assert (known.kind, known.etag, known.failing) == (kind, '"1"', 1)
        assert known.error and known.next_at > ctx.clock()
        await polls(ctx, 1)
        assert [title for title, _ in await titles(redis)] == ["one", "two", "three"]


async def test_rule_13_nothing_is_sent_that_nobody_asked_for(redis: Redis, tmp_path: Path) -> None:
    async with (
        site(given(Set_Cookie="id=1; Path=/")) as world,
        daemon(redis, tmp_path, f"{world.url}?b=%2C&a#top") as ctx,
    ):
        await polls(ctx, 2)
    assert world.paths() == ["/feed.xml?b=%2C&a"] * 2
    wanted = {"host", "user-agent", "accept", "accept-encoding"}
    assert all({name.lower() for name in request.headers} == wanted for request in world.seen)


async def test_rule_14_the_user_agent_says_who_and_how_to_reach_them(redis: Redis, tmp_path: Path) -> None:
    """The rate at the SEC has its test in tests/feeds/test_pace.py, the contact in the configuration's."""
    world, _ = await after(redis, tmp_path, given(), times=1)
    (agent,) = world.sent("User-Agent")
    assert agent is not None and agent.startswith("alertd/")


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", lambda data: brotli.compress(data, quality=1))],
)
async def test_rule_15_compressed_answers_are_read_and_bounded(
    encoding: str, encoded: Callable[[bytes], bytes], redis: Redis, tmp_path: Path
) -> None:
    bomb = encoded(ONE.encode() + b" " * 20_000_000)
    answers = given(encoded(ONE.encode()), Content_Encoding=encoding), given(bomb, Content_Encoding=encoding)
    world, known = await after(redis, tmp_path, *answers, times=2)
    assert all(encoding in (sent or "").split(", ") for sent in world.sent("Accept-Encoding"))
    assert [title for title, _ in await titles(redis)] == ["one"]
    assert known.kind == "too_large"


async def test_rule_16_accept_lists_the_types_of_feeds(redis: Redis, tmp_path: Path) -> None:
    world, _ = await after(redis, tmp_path, given(), times=1)
    (accept,) = world.sent("Accept")
    for kind in (
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/xml;q=",
        "*/*;q=",
    ):
        assert kind in (accept or "")


async def test_rule_17_one_request_a_poll(redis: Redis, tmp_path: Path) -> None:
    world, _ = await after(redis, tmp_path, given(), given(PAGE), given(b"", 500), given(b"", 429), times=4)
    assert world.paths() == ["/feed.xml"] * 4


async def test_rule_18_feeds_of_one_host_are_spread(redis: Redis, tmp_path: Path) -> None:
    at: list[float] = []

    def answer() -> web.Response:
        at.append(asyncio.get_running_loop().time())
        return web.Response(body=ONE.encode())

    async with site(answer) as world:
        text = settings(*(f"name: f{n}, url: '{world.url}?{n}', interval: 2s" for n in range(20)))
        async with (
            context(redis, tmp_path, settings=text) as ctx,
            polling(ctx) as poller,
            at_work(lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)),
        ):
            await until(lambda: _asked(world, 20))
    assert sorted(world.paths()[:20]) == sorted(f"/feed.xml?{n}" for n in range(20))
    assert max(at) - min(at) > 0.5, "not all at once"


async def test_a_document_that_breaks_off_is_read_again_for_the_rest(redis: Redis, tmp_path: Path) -> None:
    half = THREE[: THREE.index("<item><title>one")]
    answers = given(half, ETag='"3"'), given(THREE, ETag='"3"')
    async with site(*answers) as world, daemon(redis, tmp_path, world.url) as ctx:
        await polls(ctx, 2)
        assert sorted(title for title, _ in await titles(redis)) == ["one", "three", "two"]
        assert (await state(redis)).etag == '"3"'
    assert world.sent("If-None-Match") == [None, None]
