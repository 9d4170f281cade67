"""Fetching from real servers on loopback: the rules that feed fetchers are scored on, and what hurts."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from alertd import __version__
from alertd.errors import FeedError
from alertd.feeds.failures import retry_after
from alertd.feeds.fetch import MAX_REDIRECTS, Fetched, Fetcher, Validators
from alertd.feeds.places import MOST, PER_HOST

from .world import NOW, FeedStub, Hidden, rss

BODY = rss("<title>t</title>")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class World:
    """A server whose answers a test scripts, and that remembers each request."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        return await self.handler(request)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[tuple[World, URL]]:
    world = World(handler)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", world.answer)
    async with TestServer(app) as server:
        yield world, server.make_url("/feed.xml")


def answering(response: Callable[[], web.Response]) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return response()

    return handler


async def get(url: URL | str, validators: Validators | None = None, **settings: object) -> Fetched:
    feed = replace(FeedStub(url=str(url)), **settings)  # type: ignore[arg-type]
    async with Fetcher(contact="desk@example.com", allow_private=True, clock=lambda: NOW) as fetcher:
        return await fetcher.fetch(feed, validators or Validators())


async def refused(url: URL | str, *, allow_private: bool = True, **settings: object) -> FeedError:
    feed = replace(FeedStub(url=str(url)), **settings)  # type: ignore[arg-type]
    async with Fetcher(allow_private=allow_private, clock=lambda: NOW) as fetcher:
        with pytest.raises(FeedError) as caught:
            await fetcher.fetch(feed, Validators())
    assert caught.value.where == "wire"
    assert caught.value.hint
    assert str(url) not in str(caught.value)
    return caught.value


async def test_validators_that_are_no_text_are_not_kept() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        length = f"Content-Length: {len(BODY)}".encode()
        transport.write(b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nLast-Modified: now\r\n' + length + b"\r\n\r\n" + BODY)
        transport.close()
        return web.Response()

    async with serving(answer) as (_, url), Fetcher(allow_private=True) as fetcher:
        fetched = await fetcher.fetch(FeedStub(url=str(url)), Validators())
    assert (fetched.body, fetched.validators) == (BODY, Validators("", "now"))


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "unquoted", '"a,b c"'])
async def test_validators_are_replayed_byte_for_byte(etag: str) -> None:
    modified = "Sat, 2 May 2026  10:00:00 +0000"

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == etag and request.headers.get("If-Modified-Since") == modified:
            return web.Response(status=304)
        return web.Response(body=BODY, headers={"ETag": etag, "Last-Modified": modified})

    async with serving(handler) as (world, url):
        first = await get(url)
        assert (first.status, first.body, first.validators) == ("document", BODY, Validators(etag, modified))
        second = await get(url, first.validators)
        assert (second.status, second.body, second.validators) == ("unchanged", b"", first.validators)
    assert "If-None-Match" not in world.seen[0].headers
    assert "If-Modified-Since" not in world.seen[0].headers
    assert len(world.seen) == 2


async def test_validators_are_replaced_or_dropped_with_each_document() -> None:
    async with serving(answering(lambda: web.Response(body=BODY))) as (_, url):
        fetched = await get(url, Validators('"old"', "Sat, 02 May 2026 10:00:00 GMT"))
    assert fetched.validators == Validators()


async def test_304_to_an_unconditional_request_is_an_error() -> None:
    async with serving(answering(lambda: web.Response(status=304))) as (_, url):
        assert (await refused(url)).kind == "http_304"


async def test_what_is_sent() -> None:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=BODY, headers={"Set-Cookie": "session=1; Path=/"})

    async with serving(handler) as (world, url):
        feed = FeedStub(url=f"{url}?a=%2C&b=x,y#part", headers={"X-Key": Hidden("secret")})
        async with Fetcher(contact="desk@example.com", allow_private=True) as fetcher:
            await fetcher.fetch(feed, Validators())
            await fetcher.fetch(feed, Validators())
    for request in world.seen:
        assert request.raw_path == "/feed.xml?a=%2C&b=x,y"
        assert request.headers["User-Agent"] == f"alertd/{__version__} (+desk@example.com)"
        assert request.headers["Accept"].startswith("application/rss+xml, application/atom+xml, application/feed+json")
        assert request.headers["Accept-Encoding"] == "gzip, deflate, br, zstd"
        assert request.headers["X-Key"] == "secret"
        assert not {"Cookie", "Referer"} & set(request.headers)


async def test_a_user_agent_of_the_feed() -> None:
    async with serving(answering(lambda: web.Response(body=BODY))) as (world, url):
        await get(url, user_agent="Desk 1.0 desk@example.com")
    assert world.seen[0].headers["User-Agent"] == "Desk 1.0 desk@example.com"


@pytest.mark.parametrize(
    ("codes", "moved"), [((301,), True), ((308, 301), True), ((302,), False), ((301, 307), False), ((303,), False)]
)
async def test_redirects(codes: tuple[int, ...], moved: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        step = int(request.query.get("step", "0"))
        if step < len(codes):
            return web.Response(status=codes[step], headers={"Location": f"/feed.xml?step={step + 1}#x"})
        return web.Response(body=BODY)

    async with serving(handler) as (world, url):
        feed = FeedStub(url=str(url))
        async with Fetcher(allow_private=True) as fetcher:
            fetched = await fetcher.fetch(feed, Validators())
    assert fetched.body == BODY
    assert fetched.url == f"{url}?step={len(codes)}"
    assert fetched.moved == (fetched.url if moved else "")
    assert not any("Referer" in request.headers for request in world.seen)


async def test_validators_and_secrets_stay_with_their_address() -> None:
    async def there(request: web.Request) -> web.StreamResponse:
        known = request.headers.get("If-None-Match")
        return web.Response(status=304) if known == '"there"' else web.Response(body=BODY, headers={"ETag": '"there"'})

    async with serving(there) as (target, target_url):

        async def here(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": str(target_url)})

        async with serving(here) as (start, start_url):
            feed = FeedStub(
                url=str(start_url.with_user("desk").with_password("pw")), headers={"X-Key": Hidden("secret")}
            )
            async with Fetcher(allow_private=True) as fetcher:
                own = Validators('"here"', "")
                first = await fetcher.fetch(feed, own)
                second = await fetcher.fetch(feed, first.validators)
    assert [r.headers.get("If-None-Match") for r in start.seen] == ['"here"', None]
    assert [r.headers.get("If-None-Match") for r in target.seen] == [None, '"there"']
    assert (first.status, second.status) == ("document", "unchanged")
    assert all(r.headers["X-Key"] == "secret" and "Authorization" in r.headers for r in start.seen)
    assert not any("X-Key" in r.headers or "Authorization" in r.headers for r in target.seen)
    assert "desk" not in first.url


@pytest.mark.parametrize(
    ("location", "kind", "requests"),
    [
        (lambda _step: "/feed.xml", "redirect_loop", 1),
        (lambda step: f"/feed.xml?n={(step + 1) % 2}", "redirect_loop", 3),
        (lambda step: f"/feed.xml?n={step + 1}", "redirects", MAX_REDIRECTS + 1),
        (lambda _step: "ftp://example.com/x", "bad_url", 1),
        (lambda _step: "", "bad_url", 1),
    ],
)
async def test_redirects_that_lead_nowhere(location: Callable[[int], str], kind: str, requests: int) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location(int(request.query.get("n", "0")))})

    async with serving(handler) as (world, url):
        assert (await refused(url)).kind == kind
    assert len(world.seen) == requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]"])
async def test_private_addresses_are_refused(host: str) -> None:
    async with serving(answering(lambda: web.Response(body=BODY))) as (world, url):
        error = await refused(f"http://{host}:{url.port}/feed.xml", allow_private=False)
    assert error.kind == "private_address"
    assert world.seen == []


async def test_a_redirect_to_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first server counts as public, as one on the internet would; what it leads to does not.
    monkeypatch.setattr("alertd.feeds.network.is_public", lambda address: address == "127.0.0.1")
    async with serving(answering(lambda: web.Response(body=BODY))) as (inside, inside_url):
        target = f"http://127.0.0.2:{inside_url.port}/latest/meta-data"
        handler = answering(lambda: web.Response(status=302, headers={"Location": target}))
        async with serving(handler) as (outside, url):
            assert (await refused(url.with_host("127.0.0.1"), allow_private=False)).kind == "private_address"
    assert len(outside.seen) == 1
    assert inside.seen == []


@pytest.mark.parametrize(
    ("status", "headers", "kind", "wait"),
    [
        (429, {"Retry-After": "120"}, "http_429", 120.0),
        (429, {"Retry-After": formatdate(NOW + 300, usegmt=True)}, "http_429", 300.0),
        (429, {}, "http_429", None),
        (503, {"Retry-After": "7"}, "http_503", 7.0),
        (500, {}, "http_500", None),
        (401, {}, "http_401", None),
        (403, {}, "http_403", None),
        (403, {"cf-mitigated": "challenge"}, "challenge", None),
        (404, {}, "http_404", None),
        (410, {}, "http_410", None),
        (204, {}, "empty", None),
    ],
)
async def test_refusals(status: int, headers: dict[str, str], kind: str, wait: float | None) -> None:
    async with serving(answering(lambda: web.Response(status=status, headers=headers))) as (_, url):
        error = await refused(url)
    assert (error.kind, error.retry_after) == (kind, wait)


@pytest.mark.parametrize(
    ("value", "want"),
    [("", None), ("soon", None), ("-5", None), ("0", 0.0), (" 30 ", 30.0), ("9" * 50, None),
     (formatdate(NOW - 60, usegmt=True), 0.0)],
)  # fmt: skip
def test_retry_after(value: str, want: float | None) -> None:
    assert retry_after(value, NOW) == want


async def test_compressed_documents() -> None:
    headers = {"Content-Encoding": "gzip", "ETag": '"1"'}
    async with serving(answering(lambda: web.Response(body=gzip.compress(BODY), headers=headers))) as (_, url):
        fetched = await get(url)
        assert (fetched.body, fetched.validators) == (BODY, Validators('"1"'))
    cut = gzip.compress(BODY)[:-8]
    async with serving(answering(lambda: web.Response(body=cut, headers=headers))) as (_, url):
        assert (await get(url)).validators == Validators()
    async with serving(answering(lambda: web.Response(body=b"x", headers={"Content-Encoding": "exi"}))) as (_, url):
        assert (await refused(url)).kind == "encoding"


@pytest.mark.parametrize("size", [1_000_000, 700_000_000])
async def test_a_gzip_bomb_ends_at_the_limit(size: int) -> None:
    bomb = gzip.compress(bytes(min(size, 100_000_000)))
    response = {"Content-Encoding": "gzip"}
    async with serving(answering(lambda: web.Response(body=bomb, headers=response))) as (_, url):
        assert (await refused(url, max_bytes=500_000)).kind == "too_large"


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"<item></item>" * 1000)


async def hanging(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def hanging_after_headers(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    return await hanging(request)


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"<")
        await asyncio.sleep(0.02)


async def breaking(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"<rss>")
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (endless, "too_large"),
        (hanging, "timeout"),
        (hanging_after_headers, "timeout"),
        (dripping, "timeout"),
        (breaking, "truncated"),
    ],
)
async def test_servers_that_misbehave(handler: Handler, kind: str) -> None:
    async with serving(handler) as (_, url):
        assert (await refused(url, timeout=0.3, max_bytes=50_000)).kind == kind


async def test_a_hanging_feed_does_not_hold_another() -> None:
    full = asyncio.Event()
    arrived = 0

    async def stuck(request: web.Request) -> web.StreamResponse:
        nonlocal arrived
        arrived += 1
        if arrived == PER_HOST:
            full.set()
        return await hanging(request)

    async with (
        serving(stuck) as (_, slow_url),
        serving(answering(lambda: web.Response(body=BODY))) as (_, url),
        Fetcher(allow_private=True) as fetcher,
    ):
        slow = [FeedStub(url=f"{slow_url.with_host('localhost')}?{i}") for i in range(20)]
        tasks = [asyncio.create_task(fetcher.fetch(feed, Validators())) for feed in slow]
        await full.wait()
        fetched = await fetcher.fetch(FeedStub(url=str(url.with_host("127.0.0.1")), timeout=3), Validators())
        assert fetched.body == BODY
        assert PER_HOST <= arrived <= MOST
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_waiting_for_the_hosts_turn_is_not_the_feeds_timeout() -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.1)
        return web.Response(body=BODY)

    async with serving(slow) as (_, url), Fetcher(allow_private=True) as fetcher:
        feeds = [FeedStub(url=f"{url}?{i}", timeout=1) for i in range(15 * PER_HOST)]
        fetched = await asyncio.gather(*(fetcher.fetch(feed, Validators()) for feed in feeds))
    assert all(f.body == BODY for f in fetched)


@pytest.mark.parametrize("headers", [{"X-Key": Hidden("sec\nret")}, {"X Key": Hidden("secret")}])
async def test_headers_that_cannot_be_sent_are_not_shown(headers: dict[str, Hidden]) -> None:
    async with serving(answering(lambda: web.Response(body=BODY))) as (world, url):
        error = await refused(url, headers=headers)
    assert error.kind in {"bad_url", "http_400"}
    assert "ret" not in str(error)
    assert world.seen == []


@pytest.mark.parametrize("host", ["a" * 70 + ".com", "a..b"])
async def test_hosts_that_cannot_be_asked(host: str) -> None:
    assert (await refused(f"http://{host}/")).kind == "bad_url"


async def test_no_server_and_no_name(unused_tcp_port: int) -> None:
    assert (await refused(f"http://127.0.0.1:{unused_tcp_port}/")).kind == "unreachable"
    assert (await refused("http://name.invalid/feed")).kind == "dns"


@pytest.mark.parametrize("url", ["https://www.sec.gov/news/pressreleases.rss", "https://data.sec.gov./x"])
async def test_the_sec_needs_a_contact(url: str) -> None:
    assert (await refused(url)).kind == "contact"


async def test_outside_of_its_context_it_refuses() -> None:
    with pytest.raises(RuntimeError):
        await Fetcher().fetch(FeedStub(), Validators())
