"""The publishers: conditional requests, the day's clock, bad spells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alertd.demo.server import NewsServer
from alertd.errors import FeedError
from alertd.feeds.fetch import Fetched, Fetcher, Validators
from alertd.feeds.parse import parse
from tests.feeds.world import NOW, FeedStub

from .world import tiny


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    news: NewsServer
    clock: Clock
    fetcher: Fetcher

    async def ask(self, validators: Validators | None = None) -> Fetched:
        return await self.fetcher.fetch(FeedStub("tiny", self.news.url("tiny")), validators or Validators())

    async def titles(self) -> list[str]:
        fetched = await self.ask()
        read = parse(fetched.body, feed=FeedStub("tiny"), headers=fetched.headers, url=fetched.url, now=self.clock())
        return [entry.title for entry in read.entries]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = Clock()
    async with NewsServer(tiny(tmp_path), clock=clock) as news, Fetcher(allow_private=True) as fetcher:
        yield World(news, clock, fetcher)


async def test_the_day_begins_with_the_first_request(world: World) -> None:
    world.clock.now += 1000
    assert world.news.elapsed == 0.0
    assert await world.titles() == ["One thing"]
    world.clock.now += 0.25
    assert world.news.elapsed == pytest.approx(0.25)
    assert await world.titles() == ["Another <thing> & more", "One thing"]
    world.clock.now += 0.1
    assert world.news.quiet == 0.0
    assert await world.titles() == ["Another thing", "One thing"]
    assert world.news.finished
    world.clock.now += 3
    await world.titles()
    assert world.news.quiet == pytest.approx(3)


async def test_an_unchanged_document_is_not_sent_again(world: World) -> None:
    first = await world.ask()
    assert (await world.ask(first.validators)).status == "unchanged"
    world.clock.now += 0.25
    second = await world.ask(first.validators)
    assert second.status == "document"
    assert second.validators.etag != first.validators.etag
    assert world.news.answers == {200: 2, 304: 1}


async def test_a_last_answer_that_changes_nothing_ends_the_day_too(world: World) -> None:
    await world.ask()
    world.clock.now += 0.4
    first = await world.ask()
    assert (await world.ask(first.validators)).status == "unchanged"
    assert world.news.finished


@pytest.mark.parametrize(("after", "kind"), [(0.12, "html_page"), (0.17, "http_503")])
async def test_a_bad_spell(world: World, after: float, kind: str) -> None:
    assert await world.titles() == ["One thing"]
    world.clock.now += after
    with pytest.raises(FeedError) as caught:
        await world.titles()
    assert caught.value.kind == kind


async def test_there_is_nothing_else(world: World) -> None:
    with pytest.raises(FeedError) as caught:
        await world.fetcher.fetch(FeedStub("other", world.news.url("other")), Validators())
    assert caught.value.kind == "http_404"
