"""Several processes poll at once: each feed is one's alone, whoever comes, ends or dies, and nothing is taken twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from redis.asyncio import Redis

from alertd.articles import Entry, loads
from alertd.errors import FencedError
from alertd.feeds import Fetcher, Reader
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context, holding
from alertd.stages.poll import Poller
from alertd.stages.shards import shard_of
from alertd.store import keys
from alertd.store.shares import SHARDS, Shares
from alertd.web.listening import port_of, serve
from tests.stages.test_poll import document
from tests.stages.world import WATCHLIST, at_work, context, entry, judged, stream, until

FEEDS = 16


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.sec.gov/a", "https://data.sec.gov/b", True),  # one pace for all of them
        ("https://sec.gov/", "https://www.sec.gov./x?y=1", True),
        ("https://example.com/a", "http://user:key@EXAMPLE.com:8080/b", True),
        ("https://example.com/a", "https://notsec.gov/a", False),
        ("https://a.example.com/", "https://b.example.com/", False),
    ],
)
def test_feeds_of_a_site_belong_together(one: str, other: str, *, same: bool) -> None:
    assert (shard_of(one) == shard_of(other)) is same
    assert 0 <= shard_of(one) < SHARDS


def test_hosts_are_spread_over_all_shards() -> None:
    counts: dict[int, int] = defaultdict(int)
    for number in range(10_000):
        counts[shard_of(f"https://news{number}.example/rss")] += 1
    assert len(counts) == SHARDS
    assert max(counts.values()) < 2.5 * 10_000 / SHARDS


@dataclass
class Wires:
    """Feeds on hosts of their own, which note who asks."""

    port: int = 0
    items: list[str] = field(default_factory=lambda: ["first"])
    asked: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    hanging: asyncio.Event | None = None

    async def answer(self, request: web.Request) -> web.Response:
        name = request.host.partition(":")[0]
        self.asked[name].append(request.headers["User-Agent"])
        if self.hanging is not None:
            await self.hanging.wait()
        items = [f"{name} {item}" for item in self.items]
        return web.Response(text=document(*items), content_type="application/rss+xml")

    def settings(self) -> str:
        rows = "".join(
            f"  - {{name: f{n}, url: 'http://127.0.0.{n}:{self.port}/', interval: 200ms}}\n"
            for n in range(1, FEEDS + 1)
        )
        return f"allow_private_addresses: true\nfeeds:\n{rows}web: {{port: 0}}\n"

    def askers(self) -> dict[str, set[str]]:
        """Who asked for each feed since the last time."""
        found = {name: {agent.rpartition("; ")[2] for agent in agents} for name, agents in self.asked.items()}
        self.asked.clear()
        return found


@asynccontextmanager
async def wires() -> AsyncIterator[Wires]:
    found = Wires()
    application = web.Application()
    application.router.add_get("/", found.answer)
    runner = await serve(application, "0.0.0.0")
    found.port = port_of(runner)
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def process(redis: Redis, folder: Path, name: str, settings: str) -> AsyncIterator[tuple[Context, Poller]]:
    """A process that polls under a name that feeds see."""
    (folder / name).mkdir()
    async with (
        context(redis, folder / name, process=name, settings=settings, watchlist=WATCHLIST) as ctx,
        Fetcher(contact=f"{name}@example.com", allow_private=True) as fetcher,
        Reader() as reader,
    ):
        yield ctx, Poller(ctx, fetcher, reader)


def work(ctx: Context, poller: Poller) -> Any:
    return lambda stop: holding(ctx, poller.shares, lambda: poller.work(stop), stop)


async def _each_has_half(*pollers: Poller) -> bool:
    return all(len(poller.shares.held) == SHARDS // len(pollers) for poller in pollers)


async def _all_asked(found: Wires, times: int) -> bool:
    return len(found.asked) == FEEDS and all(len(agents) >= times for agents in found.asked.values())


async def test_two_share_the_feeds_and_when_one_dies_the_other_polls_all(redis: Redis, tmp_path: Path) -> None:
    async with (
        wires() as found,
        process(redis, tmp_path, "first", found.settings()) as (here, first),
        process(redis, tmp_path, "second", found.settings()) as (there, second),
    ):
        dying = asyncio.ensure_future(work(here, first)(asyncio.Event()))
        await until(lambda: _all_asked(found, 1), "all feeds polled by the first")
        second.shares._patience = 2.0
        async with at_work(work(there, second)):
            found.items.insert(0, "second")  # while shards change hands
            await until(lambda: _each_has_half(first, second), "fair shares")
            await asyncio.sleep(0.7)  # jobs follow within half a second
            found.askers()
            await until(lambda: _all_asked(found, 3), "all feeds polled by one of them")
            askers = found.askers()
            assert all(len(who) == 1 for who in askers.values()), "each feed is one's alone"
            assert len(set.union(*askers.values())) == 2, "both of them poll"
            dying.cancel()
            await asyncio.gather(dying, return_exceptions=True)
            found.items.insert(0, "third")
            await until(lambda: _taken(redis, 3 * FEEDS), "what came after the death")
            assert second.shares.held == frozenset(range(SHARDS))
        rows = await stream(redis, keys.ARTICLES)
        titles = [loads(Entry, row["entry"]).title for row in rows]
        assert sorted(titles) == sorted(set(titles)), "nothing is taken twice"
        assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))


async def _taken(redis: Redis, count: int) -> bool:
    return bool(await cast(Any, redis).xlen(keys.ARTICLES) == count)


async def test_who_ends_hands_its_feeds_over_at_once(redis: Redis, tmp_path: Path) -> None:
    async with (
        wires() as found,
        process(redis, tmp_path, "first", found.settings()) as (here, first),
        process(redis, tmp_path, "second", found.settings()) as (there, second),
        at_work(work(here, first)),
    ):
        async with at_work(work(there, second)):
            await until(lambda: _each_has_half(first, second), "fair shares")
        assert not second.shares.held
        await until(lambda: _all(first), "everything with the one that is left")
        found.asked.clear()
        await until(lambda: _all_asked(found, 2), "all feeds polled by the one that is left")


async def _all(poller: Poller) -> bool:
    return len(poller.shares.held) == SHARDS


async def test_polling_once_beside_another_asks_only_its_own(
    redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with wires() as found, process(redis, tmp_path, "first", found.settings()) as (here, first):
        theirs = Shares(here.store, "poll", "there")
        for shares in (theirs, first.shares) * 3:
            await shares.acquire()
            shares.give(shares.leaving)
        with caplog.at_level("INFO", "alertd.stages.poll"):
            await first.once()
        feeds = here.now.configuration.settings.feeds
        own = {feed.url.split("//")[1].partition(":")[0] for feed in feeds if first.shares.holds(shard_of(feed.url))}
        assert 0 < len(own) < FEEDS
        assert set(found.asked) == own
        assert f"{FEEDS - len(own)} feeds are not asked here" in caplog.text


async def test_a_poll_under_way_ends_before_its_feed_is_handed_over(redis: Redis, tmp_path: Path) -> None:
    async with (
        wires() as found,
        process(redis, tmp_path, "first", found.settings()) as (here, first),
        process(redis, tmp_path, "second", found.settings()) as (there, second),
    ):
        found.hanging = asyncio.Event()
        async with at_work(work(here, first)):
            await until(lambda: _all_asked(found, 1), "a poll of each feed")
            busy = {shard_of(feed.url) for feed in here.now.configuration.settings.feeds}
            async with at_work(work(there, second)):
                await until(lambda: _handed(first, second, SHARDS // 2 - len(busy)), "what is idle goes")
                assert not busy & second.shares.held
                found.hanging.set()
                await until(lambda: _each_has_half(first, second), "the rest goes when its polls have ended")
        assert await _taken(redis, FEEDS)


async def _handed(first: Poller, second: Poller, least: int) -> bool:
    return min(len(first.shares.held), len(second.shares.held)) >= least


async def test_entries_that_two_accept_at_once_are_each_one_article_and_copies_are_found_across(
    redis: Redis, tmp_path: Path
) -> None:
    towns = ("Bergen", "Turku", "Malmo", "Aarhus", "Narvik", "Vaasa")
    texts = [f"Mill number {n} in {towns[n % 6]} burns down after {n * 7} years" for n in range(120)]
    async with context(redis, tmp_path) as here, context(redis, tmp_path, process="there", now=here.now) as there:
        parts = [here.shares(), there.shares()]
        accepters = []
        for part in parts * 3:
            await part.acquire()
            part.give(part.leaving)
        for number, part in enumerate(parts):
            ctx, feeds = (here, there)[number], ("a", "b") if number == 0 else ("c", "d")
            items = [(await judged(ctx, entry(text, feed=feed)))[0] for text in texts for feed in feeds]
            accepters.append((Accepter(ctx, part), min(part.held), items))

        async def accept(accepter: Accepter, shard: int, items: list[Any]) -> list[tuple[str, str]]:
            taken = [accepter.accept(items[at : at + 7], shard) for at in range(0, len(items), 7)]
            return [outcome for outcomes in await asyncio.gather(*taken) for outcome in outcomes]

        beats = [asyncio.create_task(part.keep()) for part in parts]
        done = await asyncio.gather(*(accept(*one) for one in accepters))
        for task in beats:
            task.cancel()
        await asyncio.gather(*beats, return_exceptions=True)
        assert {outcome for outcomes in done for outcome, _ in outcomes} == {"accepted"}
        rows = await stream(redis, keys.ARTICLES)
        assert [int(row["seq"]) for row in rows] == list(range(1, 4 * len(texts) + 1))
        originals = [loads(Entry, row["entry"]).title for row in rows if not row["copy"]]
        assert sorted(originals) == sorted(texts), "of each text one is the original, whoever took it"


async def test_of_what_waits_together_only_what_is_held_is_accepted(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        shares = ctx.shares()
        await shares.acquire()
        await cast(Any, redis).hset(shares.key, "7", "another 9")
        accepter = Accepter(ctx, shares)
        kept, lost = (await judged(ctx, entry("Mill burns")))[0], (await judged(ctx, entry("Dam holds", feed="b")))[0]
        found = await asyncio.gather(accepter.accept([kept], 6), accepter.accept([lost], 7), return_exceptions=True)
        assert [type(one) for one in found] == [list, FencedError]
        assert len(await stream(redis, keys.ARTICLES)) == 1
        assert (shares.token(6) != "", shares.token(7)) == (True, "")
