"""What of a document is read: no more than is new, and with the same outcome as if all of it had been."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.config import FeedSettings
from alertd.feeds import Fetched, Reader
from alertd.feeds.delta import Shown
from alertd.feeds.fetch import Validators
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context
from alertd.stages.memory import FeedMemory
from alertd.stages.sight import Sight, look
from alertd.store import keys
from tests.stages.world import context

DAY = 86400.0


def item(guid: str, title: str = "", link: str = "", about: str = "") -> str:
    return (
        f"<item><guid>{guid}</guid><title>{title or f'Quay {guid} opens'}</title><link>{link}</link>"
        f"<description>{about}</description><pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item>"
    )


def rss(*items: str, title: str = "Harbour", tail: str = "") -> bytes:
    made = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>'
    return f"{made}<lastBuildDate>{len(items)}</lastBuildDate>{''.join(items)}</channel></rss>{tail}".encode()


@dataclass
class World:
    """A feed, and the store in which its documents are taken."""

    context: Context
    reader: Reader
    accepter: Accepter
    memory: FeedMemory
    feed: FeedSettings
    first_fetch: bool = True

    async def sight(self, body: bytes, shown: Shown | None) -> Sight:
        fetched = Fetched("document", body, {"content-type": "text/xml"}, "http://127.0.0.1:1/", Validators(), 0.0)
        return await look(
            self.context, self.reader, self.feed, fetched, shown, first_fetch=self.first_fetch, now=self.context.clock()
        )

    async def take(self, body: bytes, shown: Shown | None = None) -> Sight:
        """See a document and store what comes of it, as a poll does."""
        sight = await self.sight(body, shown)
        await self.accepter.accept([one for one in sight.judged if one.keep])
        state = await self.memory.state(self.feed)
        await self.memory.commit(self.feed, state, sight.marks, sight.present, sight.shown, sight.twins)
        self.first_fetch = False
        return sight


@asynccontextmanager
async def harbour(redis: Redis, folder: Path) -> AsyncIterator[World]:
    async with context(redis, folder) as ctx, Reader() as reader:
        lease = ctx.shares()
        assert await lease.acquire()
        feed = ctx.now.configuration.settings.feeds[0]
        yield World(ctx, reader, Accepter(ctx, lease), FeedMemory(ctx, lease), feed)


def outcome(sight: Sight) -> Any:
    kept = [(one.key, one.verdict, one.content, one.entry.title) for one in sight.judged if one.keep]
    return kept, sight.entries, sight.known


BEFORE = rss(item("3"), item("2", link="https://quay.example/2"), item("1", about="Up 4%"))


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (rss(item("4"), item("3"), item("2", link="https://quay.example/2")), 1),
        (rss(item("2", link="https://quay.example/2"), item("3"), item("4"), item("5")), 2),
        (rss(item("3"), item("1", about="Up 4%")), 0),
        (rss(item("3"), item("2", link="https://quay.example/2"), item("1", about="Up 5%")), 1),
        (rss(item("3", "Quay 3 shuts"), item("2", link="https://quay.example/2")), 1),
        # one guid for two: the one that was there is known by something else from now on, so all is looked at
        (rss(item("2", "Crane falls", link="https://quay.example/9"), item("2", link="https://quay.example/2")), 2),
        (rss(item("3"), item("3", "Quay 3 shuts"), item("3", about="Up 9%")), 3),
        (rss(item("3"), item("3"), item("9"), item("9")), 2),
        # what cannot be cut, or not held against what was before, is read whole
        (rss(item("4"), item("3"), title="Harbour news"), 2),
        (rss(item("4"), item("3"), tail="<!-- cut"), 2),
        (rss(item("8"), item("9")), 2),
    ],
)
async def test_what_is_read_in_part_comes_to_the_same_as_the_whole(
    redis: Redis, tmp_path: Path, body: bytes, read: int
) -> None:
    async with harbour(redis, tmp_path) as world:
        first = await world.take(BEFORE)
        assert (len(first.parsed.entries), first.entries, first.known) == (3, 3, 0)
        part = await world.sight(body, first.shown)
        assert len(part.parsed.entries) == read
        whole = await world.sight(body, None)
        assert outcome(part) == outcome(whole)
        taken = await world.take(body, first.shown)
        again = await world.sight(body, taken.shown)
        assert [one for one in again.judged if one.keep] == []
        assert (again.entries, again.known) == (whole.entries, whole.entries)


async def test_a_store_that_lost_an_entry_gets_it_again(redis: Redis, tmp_path: Path) -> None:
    async with harbour(redis, tmp_path) as world:
        first = await world.take(BEFORE)
        lost = first.present[1]
        await cast(Any, redis).hdel(keys.seen(world.feed.name), lost)
        sight = await world.sight(rss(item("4"), item("3"), item("2", link="https://quay.example/2")), first.shown)
        new = [one.key for one in sight.judged if one.verdict.kind == "new"]
        assert len(new) == 2
        assert lost in new


async def test_a_damaged_document_is_read_whole_and_so_is_the_next(redis: Redis, tmp_path: Path) -> None:
    async with harbour(redis, tmp_path) as world:
        first = await world.take(BEFORE)
        broken = await world.take(rss(item("4", "Quay &nbsp; opens"), item("3")), first.shown)
        assert (len(broken.parsed.entries), bool(broken.parsed.damaged), broken.shown) == (2, True, None)
        assert world.memory.shown(world.feed) is None


async def test_entries_are_listed_as_there_whole_once_a_day(redis: Redis, tmp_path: Path) -> None:
    async with harbour(redis, tmp_path) as world:
        first = await world.take(BEFORE)
        assert first.shown is not None
        later = rss(item("4"), item("3"), item("1", about="Up 4%"))
        assert len((await world.sight(later, first.shown)).present) == 1
        yesterday = replace(first.shown, listed_at=first.shown.listed_at - 1.01 * DAY)
        sight = await world.sight(later, yesterday)
        assert (len(sight.present), len(sight.parsed.entries)) == (3, 1)
        assert sight.shown is not None
        assert sight.shown.listed_at >= first.shown.listed_at


async def test_only_what_was_committed_is_held_against(redis: Redis, tmp_path: Path) -> None:
    async with harbour(redis, tmp_path) as world:
        first = await world.take(BEFORE)
        assert world.memory.shown(world.feed) == first.shown
        await world.memory.load([world.feed])
        assert world.memory.shown(world.feed) is None, "it may be another feed by now"


async def test_the_first_sight_of_a_feed_is_told_in_words(redis: Redis, tmp_path: Path) -> None:
    undated = "<item><guid>5</guid><title>Quay 5 opens</title></item>"
    async with harbour(redis, tmp_path) as world:
        sight = await world.sight(rss(item("2"), item("1"), undated), None)
        assert sight.at_first == "3 entries, 0 may alert (2 too old; 1 first sight of the feed, no date of its own)"
        world.first_fetch = False
        assert (await world.sight(rss(undated), None)).at_first == "1 entry, 1 may alert"
