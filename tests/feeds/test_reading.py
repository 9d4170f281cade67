"""Large documents are read in a process of their own: the same entries, bounded, and replaced when it dies."""

from __future__ import annotations

import asyncio
import time

import psutil
import pytest

from alertd.errors import FeedError
from alertd.feeds import Reader, parse
from alertd.feeds.reading import SMALL

from .world import NOW, FeedStub, rss

LONG = "lorem ipsum " * 20


def large(items: int = 500) -> bytes:
    item = "<title>Port {0} “opens” &amp; closes</title><guid>{0}</guid><description>{1}</description>"
    made = rss(*(item.format(number, LONG) for number in range(items)))
    assert len(made) > SMALL
    return made


async def read(reader: Reader, body: bytes, feed: FeedStub | None = None) -> object:
    return await reader.read(body, feed=feed or FeedStub(), headers={}, url="http://example.com/", now=NOW)


def workers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "alertd.feeds.worker" in p.cmdline()]


async def worker() -> psutil.Process:
    """The one process that reads, as soon as the system shows it."""
    async with asyncio.timeout(20):
        while len(found := workers()) != 1:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    return found[0]


async def test_a_large_document_gives_what_a_small_one_would() -> None:
    body = large()
    async with Reader() as reader:
        here = parse(body, feed=FeedStub(source="Réuters"), headers={}, url="http://example.com/", now=NOW)
        assert await read(reader, body, FeedStub(source="Réuters")) == here
        assert len(here.entries) == 500
        before = workers()
        await read(reader, body)
        assert workers() == before, "the process is used again"
    assert workers() == []


async def test_what_is_no_feed_is_named_as_in_a_small_document() -> None:
    page = b"<html><head><title>Log in</title></head><input type=password>" + b" " * SMALL
    async with Reader() as reader:
        with pytest.raises(FeedError, match='a login page \\("Log in"\\)') as raised:
            await read(reader, page)
    assert (raised.value.kind, raised.value.where, bool(raised.value.hint)) == ("login", "wire", True)


async def test_a_document_that_takes_too_long_costs_its_process_and_nothing_else() -> None:
    slow = rss("<title>x</title>" + "<a>x</a>" * 79_000)
    async with Reader(longest=0.3) as reader:
        first = await worker()
        began = time.monotonic()
        with pytest.raises(FeedError, match="takes more than") as raised:
            await read(reader, slow)
        assert raised.value.kind == "too_slow"
        assert time.monotonic() - began < 2
        assert not first.is_running() or first.status() == psutil.STATUS_ZOMBIE
    async with Reader() as reader:
        first = await worker()
        first.kill()
        assert (
            len((await reader.read(large(), feed=FeedStub(), headers={}, url="http://e.com/", now=NOW)).entries) == 500
        )


async def test_the_loop_goes_on_while_a_large_document_is_read() -> None:
    slow = rss("<title>x</title>" + "<a>x</a>" * 60_000)
    async with Reader(longest=60) as reader:
        task = asyncio.create_task(reader.read(slow, feed=FeedStub(), headers={}, url="http://e.com/", now=NOW))
        longest = 0.0
        while not task.done():
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)
        assert len(task.result().entries) == 1
        assert longest < 1


async def test_a_cancelled_reading_leaves_no_half_answer_behind() -> None:
    async with Reader() as reader:
        task = asyncio.create_task(reader.read(large(), feed=FeedStub(), headers={}, url="http://e.com/", now=NOW))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await read(reader, large(600)) == parse(
            large(600), feed=FeedStub(), headers={}, url="http://example.com/", now=NOW
        )
