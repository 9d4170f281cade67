from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Entry, loads
from alertd.errors import FencedError
from alertd.feeds import entry_keys
from alertd.stages.accept import Mark, judge_document
from alertd.stages.accepter import Accepter
from alertd.store import keys
from alertd.store.shares import SHARDS
from tests.stages.world import context, entry, judged, stream, taken

NOW = time.time()
DAY = 86400.0


def sorts(entries: list[Entry], marks: list[str] | None = None, *, first_fetch: bool = False) -> list[tuple[str, Any]]:
    found = judge_document(
        entries, entry_keys(entries), marks or [""] * len(entries),
        first_fetch=first_fetch, now=NOW, max_age=21600, window=3 * DAY,
    )  # fmt: skip
    return [(j.entry.title, (j.verdict.kind, j.verdict.may_alert, j.keep)) for j in found]


def undated(title: str) -> Entry:
    return Entry("wire", title, "", title, published=NOW, date_source="fetched")


def test_entries_are_taken_oldest_first_and_among_equals_from_the_end() -> None:
    given = [undated("c"), undated("b"), entry("a", age=500), undated("b")]
    assert [title for title, _ in sorts(given)] == ["a", "b", "c"]


def test_the_first_sight_of_a_feed_is_silent_but_for_what_is_dated_and_young() -> None:
    given = [entry("young", age=60), entry("old", age=DAY), entry("ancient", age=9 * DAY), undated("undated")]
    assert dict(sorts(given, first_fetch=True)) == {
        "young": ("new", True, True),
        "old": ("baseline", False, True),
        "ancient": ("baseline", False, False),
        "undated": ("baseline", False, True),
    }


def test_later_undated_entries_count_and_old_ones_are_held() -> None:
    given = [entry("old", age=DAY), undated("undated")]
    assert dict(sorts(given)) == {"old": ("new", False, True), "undated": ("new", True, True)}


def test_an_edit_of_an_undated_entry_that_was_held_does_not_become_news() -> None:
    assert sorts([undated("edited")], ["other|1-0|0|0"]) == [("edited", ("update", False, True))]
    assert sorts([undated("edited")], ["other|1-0|0|1"]) == [("edited", ("update", True, True))]
    assert sorts([replace(undated("dated"), date_source="published")], ["other|1-0|0|0"]) == [
        ("dated", ("update", True, True))
    ]


async def test_the_mark_and_the_article_are_stored_together(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        (ident,) = await taken(ctx, entry("Xiaomi rises", guid="g1"))
        ((stored, fields),) = await cast(Any, redis).xrange(keys.ARTICLES)
        assert stored == ident
        assert loads(Entry, fields["entry"]).title == "Xiaomi rises"
        assert (fields["seq"], fields["may"], fields["copy"], fields["update"]) == ("1", "1", "", "")
        assert abs(float(fields["arrived"]) - time.time()) < 60
        (text,) = (await cast(Any, redis).hgetall(keys.seen("wire"))).values()
        assert Mark.read(text).known.article_id == ident
        assert await taken(ctx, entry("Xiaomi rises", guid="g1")) == []


async def test_a_commit_that_is_sent_twice_counts_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        (item,) = await judged(ctx, entry())
        (first,) = await Accepter(ctx, lease).accept([item])
        (again,) = await Accepter(ctx, lease).accept([item])
        assert first[0] == "accepted"
        assert again == ("seen", first[1])
        assert len(await stream(redis, keys.ARTICLES)) == 1


async def test_one_entry_taken_by_many_at_once_is_one_article(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        items = [
            (await judged(ctx, entry(feed=f, guid=g)))[0] for f, g in (("a", "1"), ("b", "1"), ("c", "1"), ("a", "1"))
        ]
        # two processes that both believe to hold the lease
        accepters = [Accepter(ctx, lease), Accepter(ctx, lease)]
        found = await asyncio.gather(*(accepters[n % 2].accept([item]) for n, item in enumerate(items)))
        assert sorted(outcome for ((outcome, _),) in found) == ["accepted", "accepted", "accepted", "seen"]
        originals = [fields["copy"] for fields in await stream(redis, keys.ARTICLES)]
        (first,) = {ident for ident in originals if ident}
        assert originals.count("") == 1, "the same text in three feeds is one original and two copies of it"
        assert first == (await cast(Any, redis).xrange(keys.ARTICLES, count=1))[0][0]


async def test_a_copy_of_a_copy_points_to_the_original(redis: Redis, tmp_path: Path) -> None:
    title = "Acme agrees to buy Bolt Industries for $4.7 billion in cash and shares"
    async with context(redis, tmp_path) as ctx:
        first, second, third = await taken(ctx, *(entry(title, feed=f) for f in ("a", "b", "c")))
        rows = {i: fields["copy"] for i, fields in await cast(Any, redis).xrange(keys.ARTICLES)}
        assert rows == {first: "", second: first, third: first}


async def test_texts_that_contradict_each_other_are_no_copies(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await taken(ctx, entry("Acme cuts its outlook for the year by 6 per cent, shares fall", feed="a"))
        await taken(ctx, entry("Acme cuts its outlook for the year by 9 per cent, shares fall", feed="b"))
        assert [fields["copy"] for fields in await stream(redis, keys.ARTICLES)] == ["", ""]


async def test_an_edited_entry_is_an_update_of_its_earlier_form(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        (first,) = await taken(ctx, entry("Acme to cut 300 jobs", guid="g"))
        await taken(ctx, entry("Acme to cut 500 jobs", guid="g"))
        rows = await stream(redis, keys.ARTICLES)
        assert [(fields["copy"], fields["update"]) for fields in rows] == [("", ""), ("", first)]


async def test_who_lost_the_lease_accepts_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        await cast(Any, redis).hset(lease.key, "0", "another 9")
        (item,) = await judged(ctx, entry())
        with pytest.raises(FencedError):
            await Accepter(ctx, lease).accept([item])
        assert await stream(redis, keys.ARTICLES) == []
        assert lease.held == frozenset(range(1, SHARDS)), "of the others nothing is lost"


def test_an_edit_of_what_was_too_old_to_become_an_article_becomes_none() -> None:
    edited = entry("Port opens a longer quay", guid="1", age=9 * 86400.0)
    recent = entry("Mine opens a longer shaft", guid="2", age=3600.0)
    found = judge_document(
        [edited, recent], entry_keys([edited, recent]), ["earlier form||0|0"] * 2,
        first_fetch=False, now=time.time(), max_age=21600.0, window=3 * DAY,
    )  # fmt: skip
    assert {item.entry.guid: (item.verdict.kind, item.keep) for item in found} == {
        "1": ("seen", False), "2": ("update", True),
    }  # fmt: skip
