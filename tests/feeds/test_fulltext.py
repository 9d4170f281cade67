"""Full text from real servers on loopback: politely, bounded, never at the cost of an article."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import brotli
import pytest
import pytest_asyncio
from aiohttp import web
from yarl import URL

from alertd import __version__
from alertd.articles import Entry
from alertd.feeds import Fetcher
from alertd.feeds.extraction import Extractor
from alertd.feeds.fulltext import ENOUGH, FullText, Page, belongs
from alertd.feeds.pace import Pace

from .test_fetch import World, hanging, serving
from .world import entry

TITLE = "Harbour group buys a second crane"
SENTENCE = "The harbour group said on Monday that it buys a second crane for 12 million euros, to be paid in cash. "
ARTICLE = "".join(f"<p>{SENTENCE}Part {number} of the order follows.</p>" for number in range(8))
HTML = f"<html><head><title>{TITLE}</title></head><body><nav><a href=/>Home</a> <a href=/all>All news</a></nav>"
PAGE = f"{HTML}<article><h1>{TITLE}</h1>{ARTICLE}</article><footer>All rights reserved by the harbour.</footer></body>"
WAIT = 15.0
COOKIES = "We and our 812 partners value your privacy. Accept all to go on reading. "

# one process reads the pages of all tests: starting it takes longer than any of them
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Kept(dict[str, str]):
    """A cache that forgets nothing, and knows for how long it should have."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    async def get(self, name: str) -> str | None:  # type: ignore[override]
        return dict.get(self, name)

    async def put(self, name: str, text: str, seconds: float) -> None:
        self[name], self.seconds[name] = text, seconds


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def extractor() -> AsyncIterator[Extractor]:
    async with Extractor() as opened:
        yield opened


@asynccontextmanager
async def site(
    robots: str | int = 404, page: str | bytes | Callable[[web.Request], web.Response] = PAGE, **headers: str
) -> AsyncIterator[tuple[World, URL]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/robots.txt":
            return web.Response(status=robots) if isinstance(robots, int) else web.Response(text=robots)
        if callable(page):
            return page(request)
        body = page.encode() if isinstance(page, str) else page
        return web.Response(body=body, headers={"Content-Type": "text/html; charset=utf-8", **headers})

    async with serving(handler) as (world, url):
        yield world, url.with_path("/story")


@asynccontextmanager
async def full_text(extractor: Extractor, cache: Kept | None = None, gap: float = 0.0) -> AsyncIterator[FullText]:
    async with Fetcher(contact="desk@example.com", allow_private=True) as fetcher:
        yield FullText(fetcher, extractor, cache if cache is not None else Kept(), Pace(others=gap))


async def got(extractor: Extractor, url: URL | str, *, wait: float = WAIT, cache: Kept | None = None) -> Page:
    async with full_text(extractor, cache) as texts:
        (page,) = await texts.pages([entry(TITLE, url=str(url))], user_agent="", wait=wait)
    return page


def paths(world: World) -> list[str]:
    return [request.path for request in world.seen]


async def test_the_article_of_the_page_and_nothing_around_it(extractor: Extractor) -> None:
    async with site() as (world, url):
        page = await got(extractor, url.with_user("desk").with_password("pw").with_fragment("top"))
    assert page.outcome == "fetched"
    assert page.text.count(SENTENCE.strip()) == 8
    assert "All news" not in page.text and "All rights" not in page.text
    assert paths(world) == ["/robots.txt", "/story"]
    for request in world.seen:
        assert request.headers["User-Agent"] == f"alertd/{__version__} (+desk@example.com)"
        assert not {"Authorization", "Cookie", "Referer", "If-None-Match"} & set(request.headers)
    assert world.seen[1].headers["Accept"].startswith("text/html")


@pytest.mark.parametrize(
    ("robots", "outcome"),
    [
        ("User-agent: *\nDisallow: /story", "robots"),
        ("User-agent: *\nDisallow: /other", "fetched"),
        (404, "fetched"),
        (403, "fetched"),
        (503, "robots"),
        (429, "robots"),
    ],
)
async def test_robots_txt_is_obeyed(robots: str | int, outcome: str, extractor: Extractor) -> None:
    async with site(robots) as (world, url):
        assert (await got(extractor, url)).outcome == outcome
    assert ("/story" in paths(world)) == (outcome == "fetched")


async def test_the_site_that_a_page_leads_to_has_a_say(extractor: Extractor) -> None:
    async with site("User-agent: *\nDisallow: /") as (_, there):

        def leads(_request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": str(there.with_host("localhost"))})

        async with site(page=leads) as (_, here):
            assert (await got(extractor, here)).outcome == "robots"


@pytest.mark.parametrize(
    ("page", "headers"),
    [
        (PAGE, {"Content-Type": "application/pdf"}),
        (f"{HTML}<p>{COOKIES * 9}</p>", {}),
        (f"{HTML}<article><p>Harbour group buys</p></article>", {}),
        ("", {}),
        (b"\x00\xff" * 5_000, {}),
        ("<div>" * 50_000, {}),
    ],
    ids=["pdf", "cookies", "short", "empty", "binary", "deep"],
)  # fmt: skip
async def test_what_is_no_article_is_left(page: str | bytes, headers: dict[str, str], extractor: Extractor) -> None:
    async with site(page=page, **headers) as (_, url):
        assert await got(extractor, url) == Page("no_article")


async def test_pages_in_other_encodings_and_compressed(extractor: Extractor) -> None:
    title = "Hafengruppe kauft größeren Kran"
    body = PAGE.replace(TITLE, title).replace("The harbour group", "Die größeren Hafengruppe kauft Kran")
    for content, headers in (
        (body.encode("cp1252"), {"Content-Type": "text/html; charset=iso-8859-1"}),
        (body.replace("<head>", "<head><meta charset=windows-1252>").encode("cp1252"), {"Content-Type": "text/html"}),
        (brotli.compress(body.encode()), {"Content-Encoding": "br"}),
    ):
        async with site(page=content, **headers) as (_, url), full_text(extractor) as texts:
            (page,) = await texts.pages([entry(title, url=str(url))], user_agent="", wait=WAIT)
            assert "größeren" in page.text, headers


async def test_a_page_is_fetched_once_and_its_rules_too(extractor: Extractor) -> None:
    cache = Kept()
    async with site() as (world, url):
        assert (await got(extractor, url, cache=cache)).outcome == "fetched"
        again = await got(extractor, url, cache=cache)
        other = await got(extractor, url.with_path("/other"), cache=cache)
    assert (again.outcome, other.outcome) == ("cached", "fetched")
    assert again.text == other.text
    assert paths(world) == ["/robots.txt", "/story", "/other"]


async def test_that_there_is_nothing_is_remembered_for_a_shorter_time(extractor: Extractor) -> None:
    cache = Kept()
    async with site(page=lambda _: web.Response(status=500)) as (world, url):
        assert (await got(extractor, url, cache=cache)).outcome == "failed"
        assert (await got(extractor, url, cache=cache)).outcome == "no_article"
    assert paths(world).count("/story") == 1
    nothing = next(seconds for name, seconds in cache.seconds.items() if not cache[name] and name.startswith("page"))
    assert nothing < next(seconds for name, seconds in cache.seconds.items() if name.startswith("robots"))


@pytest.mark.parametrize("path", ["/robots.txt", "/story"])
async def test_a_page_that_hangs_is_late_and_the_others_are_not(path: str, extractor: Extractor) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == path:
            return await hanging(request)
        return web.Response(status=404) if request.path == "/robots.txt" else web.Response(text=PAGE)

    began = time.monotonic()
    async with serving(handler) as (_, slow), site() as (_, quick), full_text(extractor) as texts:
        entries = [entry(TITLE, url=str(slow.with_path("/story"))), entry(TITLE, url=str(quick.with_host("localhost")))]
        found = await texts.pages(entries, user_agent="", wait=2.0)
    assert [page.outcome for page in found] == ["late", "fetched"]
    assert time.monotonic() - began < WAIT


async def test_pages_of_one_host_keep_its_pace(extractor: Extractor) -> None:
    at: list[float] = []

    def page(_request: web.Request) -> web.Response:
        at.append(time.monotonic())
        return web.Response(text=PAGE, content_type="text/html")

    async with site("User-agent: *\nCrawl-delay: 0.2", page) as (_, url), full_text(extractor, gap=0.1) as texts:
        entries = [entry(TITLE, url=str(url.with_path(f"/{number}"))) for number in range(4)]
        assert {p.outcome for p in await texts.pages(entries, user_agent="", wait=WAIT)} == {"fetched"}
    # the library reads whole seconds of a delay only, so that the pace is ours here
    assert all(later - sooner > 0.08 for sooner, later in itertools.pairwise(at))


async def test_private_addresses_are_refused_here_too(extractor: Extractor) -> None:
    async with site() as (world, url), Fetcher() as fetcher:
        texts = FullText(fetcher, extractor, Kept(), Pace())
        (page,) = await texts.pages([entry(TITLE, url=str(url))], user_agent="", wait=WAIT)
    assert page.outcome in ("failed", "robots")
    assert world.seen == []


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (entry(TITLE), "no_link"),
        (entry(TITLE, url="http://[::1"), "no_link"),
        (replace(entry(TITLE, url="http://127.0.0.1:1/"), text="x" * ENOUGH), "enough"),
    ],
)
async def test_what_needs_no_page_or_has_none(given: Entry, outcome: str, extractor: Extractor) -> None:
    async with full_text(extractor) as texts:
        assert await texts.pages([given], user_agent="", wait=WAIT) == [Page(outcome)]  # type: ignore[arg-type]


async def test_a_cache_that_fails_costs_the_page_alone(extractor: Extractor) -> None:
    class Broken(Kept):
        async def get(self, name: str) -> str | None:  # type: ignore[override]
            raise OSError(name)

    async with full_text(extractor, Broken()) as texts:
        assert await texts.pages([entry(TITLE, url="http://127.0.0.1:1/")], user_agent="", wait=WAIT) == [
            Page("failed")
        ]


async def test_a_process_that_was_killed_is_started_again() -> None:
    async with Extractor() as own:
        assert SENTENCE.strip() in await own.article(PAGE.encode(), "text/html", "http://example.com/")
        worker = await own._started()
        worker.kill()
        await worker.wait()
        assert await own.article(PAGE.encode(), "text/html", "http://example.com/") == ""
        assert SENTENCE.strip() in await own.article(PAGE.encode(), "text/html", "http://example.com/")


async def test_who_stops_waiting_does_not_stop_the_start() -> None:
    async with Extractor() as own:
        first = asyncio.create_task(own.article(PAGE.encode(), "text/html", "http://example.com/"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        started = own._starting
        assert await own.article(PAGE.encode(), "text/html", "http://example.com/")
        assert own._starting is started


@pytest.mark.parametrize(
    ("title", "text", "want"),
    [
        (TITLE, SENTENCE * 3, True),
        (TITLE, "Please accept our cookies to go on. " * 10, False),
        ("Up 3 %", "It rose by three per cent and more than that.", True),
        ("港口集團購買第二台起重機", "集團星期一表示" * 10, True),
    ],
)
async def test_a_text_belongs_to_its_title(title: str, text: str, want: bool) -> None:
    assert belongs(entry(title), text) is want
