"""What the tests of this room share: a context over a real Redis, a configuration, articles on their way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Entry
from alertd.configured import compiled, read
from alertd.feeds import Fetcher, Reader, entry_keys
from alertd.stages.accept import Judged, judge_document, read_marks
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context, InForce
from alertd.stages.pages import open_pages
from alertd.stages.poll import Poller
from alertd.store import keys
from alertd.store.connection import Store, open_store
from alertd.tagging.gazetteer import Gazetteer
from alertd.web.metrics import Metrics
from tests.config import folders
from tests.tagging import fakes

GAZETTEER = Gazetteer.open()
WATCHLIST = """
rules:
  - name: xiaomi
    companies: [1810.HK]
  - name: broker
    companies: [JEF]
  - name: deals
    events: [merger_acquisition]
    channel: "#deals"
"""
SETTINGS = """
allow_private_addresses: true
feeds:
  - {name: wire, url: "http://127.0.0.1:1/wire"}
  - {name: post, url: "http://127.0.0.1:1/post"}
slack: {pace: 0s, doubt_grace: 200ms, channel: "#alerts"}
operator: {channel: "#alertd"}
web: {port: 0}
"""
PATIENCE = 20.0


class Clock:
    """Seconds that pass when they are told to, on top of those that really do."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def in_force(folder: Path, rules: fakes.Rules, settings: str = SETTINGS, watchlist: str = WATCHLIST) -> InForce:
    configuration = read(folders.write(folder, settings, watchlist), GAZETTEER)
    return InForce(configuration, compiled(configuration, GAZETTEER), fakes.tagger(rules))


@asynccontextmanager
async def context(
    redis: Redis,
    folder: Path,
    rules: fakes.Rules | None = None,
    *,
    process: str = "here",
    now: InForce | None = None,
    settings: str = SETTINGS,
    watchlist: str = WATCHLIST,
) -> AsyncIterator[Context]:
    """A context with connections of its own to the same server, prepared."""
    store = open_store(socket=redis.connection_pool.connection_kwargs["path"])
    clock = Clock()

    async def revive() -> None:
        return

    async with store:
        await store.prepare()
        force = now or in_force(folder, rules or fakes.Rules(), settings, watchlist)
        yield Context(store, Metrics(clock), process, force, clock, clock.monotonic, revive)


def entry(
    title: str = "Xiaomi shares rise as buyers queue for its new car",
    *,
    feed: str = "wire",
    guid: str = "",
    url: str = "",
    summary: str = "",
    source: str = "",
    age: float = 60.0,
) -> Entry:
    return Entry(
        feed, guid or title, url or f"https://{feed}.example/{abs(hash(title))}", title, summary=summary,
        source=source or feed.title(), published=time.time() - age, date_source="published",
    )  # fmt: skip


async def judged(ctx: Context, *entries: Entry, first_fetch: bool = False) -> list[Judged]:
    found = entry_keys(entries)
    marks, _ = await read_marks(ctx, entries[0].feed, found)
    return judge_document(
        entries, found, marks, first_fetch=first_fetch, now=time.time(), max_age=21600.0, window=float(ctx.window)
    )


async def taken(ctx: Context, *entries: Entry, first_fetch: bool = False) -> list[str]:
    """Accept entries as a poll would, in the given order; returns the ids of their articles."""
    lease = ctx.shares()
    assert await lease.acquire()
    accepter = Accepter(ctx, lease)
    ids = []
    for one in entries:
        kept = [item for item in await judged(ctx, one, first_fetch=first_fetch) if item.keep]
        ids += [ident for _, ident in await accepter.accept(kept)]
    await lease.release()
    return ids


@asynccontextmanager
async def polling(ctx: Context) -> AsyncIterator[Poller]:
    """A poller with what it needs."""
    async with Fetcher(allow_private=True) as fetcher, Reader() as reader, AsyncExitStack() as stack:
        yield Poller(ctx, fetcher, reader, await open_pages(stack, ctx))


def away_once(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """Let the next script fail as if the store were away."""
    real = store.run

    async def away(*_: Any) -> Any:
        monkeypatch.setattr(store, "run", real)
        raise ConnectionError("away")

    monkeypatch.setattr(store, "run", away)


async def until(condition: Callable[[], Awaitable[Any]], what: str = "") -> Any:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + PATIENCE
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"in vain: {what or condition}"
        await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def at_work(*works: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Run stages until the block ends; what a stage raises fails the test."""
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(work(stop)) for work in works]
    try:
        yield
    finally:
        stop.set()
        for task in tasks:
            await asyncio.wait_for(task, PATIENCE)


async def stream(redis: Redis, name: str) -> list[Mapping[str, str]]:
    return [fields for _, fields in await cast(Any, redis).xrange(name)]


async def decided(redis: Redis, ids: Sequence[str]) -> list[str]:
    return [text for text in await cast(Any, redis).mget([keys.decision(i) for i in ids]) if text]


def with_rules(ctx: Context, rules: fakes.Rules) -> None:
    ctx.now = replace(ctx.now, tagger=fakes.tagger(rules))
