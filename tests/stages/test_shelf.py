"""What is remembered of stories is what Redis holds, however little of it may stay."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import numpy as np
import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from alertd.articles import Entry, Story, Tags
from alertd.stages import shelf as module
from alertd.stages.shelf import Shelf, Shelved
from alertd.store import keys
from alertd.stories.events import Report, report_of
from alertd.stories.fingerprints import Fingerprint, fingerprint
from alertd.stories.placing import StoryCandidate
from alertd.vectors import pack

NOW, WINDOW = 1_000_000.0, 3_600.0
PLACES = [f"w:{number}" for number in range(6)]


def vector(number: int) -> str:
    return pack(np.random.Generator(np.random.PCG64(number)).normal(size=384).astype(np.float32))


def story(number: int) -> Shelved:
    told = Story(f"{number}-0", f"Mill {number} burns", ("wire",), 1, 1, (), (), (), 0, NOW, NOW)
    listed = (PLACES[number % 6], PLACES[(number + 1) % 6])
    return Shelved(StoryCandidate(told, embedding=vector(number)), str(number), listed)


async def stored(redis: Redis, one: Shelved) -> None:
    ident = one.candidate.story.id
    await cast(Any, redis).set(keys.story(ident), one.record())
    for key in one.listed:
        await cast(Any, redis).zadd(keys.listed(key), {ident: int(one.seq)})


async def found(shelf: Shelf, key: str, tags: Tags | None = None) -> set[str]:
    await shelf.load([])
    await shelf.search_ahead([key])
    return set(await shelf.search([key], report_of(Fingerprint(), tags or Tags()), NOW))


@pytest.mark.parametrize("most", [1, 3, 100])
async def test_what_was_forgotten_is_read_again(redis: Redis, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for name in ("_STORIES", "_LISTS", "_VECTORS"):
        monkeypatch.setattr(module, name, most)
    shelf = Shelf(redis, WINDOW)
    there: dict[str, set[str]] = {key: set() for key in PLACES}
    for number in range(24):
        one = story(number)
        await stored(redis, one)
        for key in one.listed:
            there[key].add(one.candidate.story.id)
        shelf.put(one, one.listed)
        key = PLACES[number * 5 % 6]
        assert await found(shelf, key) == there[key]
    for key in PLACES:
        assert await found(shelf, key) == there[key]


async def test_stories_that_are_closed_for_good_do_not_pile_up(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIDY", 10)
    shelf, step = Shelf(redis, WINDOW), WINDOW / 20
    for number in range(400):
        one = story(number)
        now = NOW + number * step
        candidate = replace(one.candidate, story=dataclasses.replace(one.candidate.story, last_seen=now))
        one = replace(one, candidate=candidate)
        await shelf.load([])
        await shelf.search_ahead(one.listed)
        await stored(redis, one)
        shelf.put(one, one.listed)
        open_ones = [n for n in range(max(0, number - 19), number + 1) if PLACES[number % 6] in story(n).listed]
        assert set(await shelf.search([PLACES[number % 6]], Report(Fingerprint()), now)) == {
            f"{n}-0" for n in open_ones
        }
        assert max(len(shelf._nearby), len(shelf._stories)) <= 20 + 2 * 10


async def test_only_what_is_like_an_article_is_read_whole(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        await stored(redis, story(number))
    shelf = Shelf(redis, WINDOW)
    read: list[str] = []
    real = module.shelved

    async def counted(connection: Any, idents: Any) -> dict[str, Shelved]:
        read.extend(idents)
        return await real(connection, idents)

    monkeypatch.setattr(module, "shelved", counted)
    assert await found(shelf, PLACES[0], Tags(embedding=vector(6))) == {"6-0"}
    assert read == ["6-0"]


async def test_a_story_that_is_gone_is_not_found(redis: Redis) -> None:
    await stored(redis, story(0))
    shelf = Shelf(redis, WINDOW)
    assert await found(shelf, PLACES[0]) == {"0-0"}
    await cast(Any, redis).delete(keys.story("0-0"))
    shelf.clear()
    assert await found(shelf, PLACES[0]) == set()


async def test_what_is_not_stored_yet_is_found_under_keys_that_were_not_at_hand(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_STORIES", "_LISTS", "_VECTORS"):
        monkeypatch.setattr(module, name, 1)
    for number in range(6):
        await stored(redis, story(number))
    shelf = Shelf(redis, WINDOW)
    assert await found(shelf, PLACES[3]) == {"2-0", "3-0"}
    await shelf.load([])
    shelf.put(story(6), story(6).listed)
    # another batch is placed, and what the one after it needs is looked up, while that is being stored
    await shelf.load([])
    shelf.put(story(12), story(12).listed)
    assert await found(shelf, PLACES[1]) == {"0-0", "1-0", "6-0", "12-0"}, "while they are being stored"
    for number in (6, 12):
        await stored(redis, story(number))
    assert await found(shelf, PLACES[1]) == {"0-0", "1-0", "6-0", "12-0"}, "when they are stored"


async def test_a_story_that_grew_is_found_by_what_it_has_now(redis: Redis) -> None:
    shelf, before = Shelf(redis, WINDOW), story(0)
    await shelf.load([])
    await shelf.search_ahead(before.listed)
    first = fingerprint(Entry("f", "g", "", before.candidate.story.title))
    before = replace(before, candidate=replace(before.candidate, first=first))
    shelf.put(before, before.listed)
    new = Report(Fingerprint(), ("c:1",), embedding=of(1.0, 0.0))

    async def grown(*issuers: str, embedding: str = of(0.6, 0.8), mean: str = "") -> set[str]:
        told = dataclasses.replace(before.candidate.story, issuers=issuers)
        after = replace(before, candidate=replace(before.candidate, story=told, embedding=embedding, mean=mean))
        shelf.put(after, after.listed)
        return set(await shelf.search(before.listed, new, NOW))

    assert await grown("c:2") == set(), "of another company, and too unlike for that"
    assert await grown("c:2", "c:1") == {"0-0"}, "of its company"
    assert await grown("c:2", embedding=of(0.0, 1.0)) == set()
    new = Report(Fingerprint(), (), embedding=of(1.0, 0.0))
    assert await grown("c:2", embedding=of(0.0, 1.0)) == set()
    assert await grown("c:2", embedding=of(0.0, 1.0), mean=of(0.8, 0.6)) == {"0-0"}, "by the mean of its articles"


def of(*values: float) -> str:
    return pack(np.array([*values, *[0.0] * (384 - len(values))], np.float32))
