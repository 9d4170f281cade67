"""An entry is the same entry, whatever its feed does to it; whole polls against a real server and a real Redis."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path

import pytest
from redis.asyncio import Redis

from alertd.articles import Entry, loads
from alertd.feeds.identity import MAX_EDITS
from alertd.store import keys
from tests.stages.test_behaviour import after, daemon, given, polls, site
from tests.stages.test_poll import state
from tests.stages.world import stream


@dataclass(frozen=True)
class Item:
    """An item as its feed writes it."""

    title: str
    guid: str = ""
    link: str = ""
    summary: str = ""
    age: float | None = None

    def xml(self) -> str:
        date = "" if self.age is None else f"<pubDate>{formatdate(time.time() - self.age)}</pubDate>"
        guid = f"<guid isPermaLink='false'>{self.guid}</guid>" if self.guid else ""
        link = f"<link>https://wire.example/{self.link}</link>" if self.link else ""
        return f"<item><title>{self.title}</title>{guid}{link}<description>{self.summary}</description>{date}</item>"


PORT = Item("Port opens its north gate", guid="1", link="port", age=600)
MINE = Item("Mine floods after the storm", guid="2", link="mine", age=500)
FERRY = Item("Ferry line orders nine ships", guid="3", link="ferry", age=400)
UNDATED = Item("Bridge is closed for repairs", guid="4", link="bridge")


def document(*items: Item) -> str:
    return f"<rss version='2.0'><channel><title>Wire</title>{''.join(item.xml() for item in items)}</channel></rss>"


async def told(redis: Redis, folder: Path, *documents: str) -> list[tuple[str, bool, bool]]:
    """Title, whether it may alert and whether it is an update, of all articles that a feed's documents become."""
    async with site(*(given(text) for text in documents)) as world, daemon(redis, folder, world.url) as ctx:
        await polls(ctx, len(documents))
        rows = await stream(redis, keys.ARTICLES)
        return [(loads(Entry, row["entry"]).title, row["may"] == "1", bool(row["update"])) for row in rows]


NEW = [(PORT.title, True, False), (MINE.title, True, False)]


@pytest.mark.parametrize(
    "later",
    [
        [replace(PORT, guid="1b"), replace(MINE, guid="2b")],
        [replace(PORT, link="port?utm_source=rss&amp;utm_medium=feed"), replace(MINE, link="mine?fbclid=abc")],
        [replace(PORT, link="elsewhere"), replace(MINE, link="/m")],
        [replace(PORT, age=5), replace(MINE, age=None)],
        [replace(PORT, title="PORT opens its  north gate!"), replace(MINE, summary="Now with a summary.")],
        [MINE, PORT],
        [],
        [PORT, PORT, MINE],
    ],
    ids=["guids", "tracking", "links", "dates", "spelling", "order", "empty", "twice"],
)
async def test_what_changes_nothing(later: list[Item], redis: Redis, tmp_path: Path) -> None:
    before = document(PORT, MINE)
    assert await told(redis, tmp_path, before, document(*later), before) == NEW
    assert (await state(redis)).outruns == 0


async def test_new_guids_at_each_build_of_the_feed(redis: Redis, tmp_path: Path) -> None:
    builds = [[replace(item, guid=f"{item.guid}-{build}") for item in (PORT, MINE, UNDATED)] for build in range(5)]
    ferry = replace(FERRY, guid="x")
    found = await told(redis, tmp_path, *(document(*items) for items in builds), document(ferry, *builds[0]))
    assert sorted(title for title, *_ in found) == sorted(item.title for item in (PORT, MINE, UNDATED, FERRY))
    assert (await state(redis)).outruns == 0, "nor is it taken for a window that was outrun"


@pytest.mark.parametrize("write", ["rss", "no links", "json"])
async def test_new_guids_at_each_build_and_each_start_of_the_daemon(write: str, redis: Redis, tmp_path: Path) -> None:
    items = [replace(item, link="" if write == "no links" else item.link) for item in (PORT, MINE, UNDATED)]
    builds = []
    for build in range(4):
        made = [replace(item, guid=f"{item.guid}-{build}") for item in items]
        builds.append(_json(made) if write == "json" else document(*made))
    await after(redis, tmp_path, *map(given, builds), times=len(builds))
    rows = await stream(redis, keys.ARTICLES)
    assert sorted(loads(Entry, row["entry"]).title for row in rows) == sorted(item.title for item in items)
    assert (await state(redis)).outruns == 0


def _json(items: list[Item]) -> str:
    rows = [
        {
            "id": item.guid, "url": f"https://wire.example/{item.link}", "title": item.title,
            "date_published": item.age and datetime.fromtimestamp(time.time() - item.age, UTC).isoformat(),
        }
        for item in items
    ]  # fmt: skip
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Wire", "items": rows})


async def test_without_a_link_the_same_title_with_other_figures_is_another_entry(redis: Redis, tmp_path: Path) -> None:
    week = Item("Freight index of the week", guid="1", summary="It stands at $3.10.")
    found = await told(
        redis, tmp_path, document(PORT, week), document(PORT, replace(week, guid="2", summary="It stands at $3.40."))
    )
    assert [title for title, *_ in found].count(week.title) == 2


async def test_the_same_words_under_a_new_guid_and_date_are_news_again(redis: Redis, tmp_path: Path) -> None:
    daily = Item("Market report of the day", guid="1", link="report", age=700)
    again = replace(daily, guid="2", age=10)
    found = await told(redis, tmp_path, document(daily), document(again, daily))
    assert found == [(daily.title, True, False)] * 2


async def test_one_guid_for_all_items(redis: Redis, tmp_path: Path) -> None:
    same = [replace(item, guid="g") for item in (PORT, MINE)]
    found = await told(redis, tmp_path, document(*same), document(replace(FERRY, guid="g"), *same))
    assert found == [*NEW, (FERRY.title, True, False)]


async def test_items_that_come_back(redis: Redis, tmp_path: Path) -> None:
    assert await told(redis, tmp_path, document(PORT, MINE), document(MINE), document(PORT), document(MINE)) == NEW


async def test_an_edit_that_matters_is_an_update_and_not_for_ever(redis: Redis, tmp_path: Path) -> None:
    edits = [replace(PORT, title=f"Port opens {number} gates") for number in range(2, MAX_EDITS + 4)]
    found = await told(redis, tmp_path, document(PORT), *(document(item) for item in edits))
    assert found == [(PORT.title, True, False), *((item.title, True, True) for item in edits[:MAX_EDITS])]


async def test_an_edit_of_the_figures_in_a_summary_is_one_too(redis: Redis, tmp_path: Path) -> None:
    first = replace(PORT, summary="The gate costs $3 million.")
    later = replace(PORT, summary="The gate costs $4 million.")
    assert await told(redis, tmp_path, document(first), document(later)) == [NEW[0], (PORT.title, True, True)]


@pytest.mark.parametrize(
    ("item", "may"),
    [(PORT, True), (replace(PORT, age=7 * 3600), False), (UNDATED, False), (replace(PORT, age=4 * 86400), None)],
    ids=["young", "old", "undated", "ancient"],
)
async def test_the_first_sight_is_a_baseline(item: Item, may: bool | None, redis: Redis, tmp_path: Path) -> None:
    found = await told(redis, tmp_path, document(item), document(item, FERRY))
    assert found == [*([] if may is None else [(item.title, may, False)]), (FERRY.title, True, False)]


async def test_later_an_undated_entry_is_news_and_an_old_one_is_not(redis: Redis, tmp_path: Path) -> None:
    old = replace(MINE, age=7 * 3600)
    found = await told(redis, tmp_path, document(PORT), document(UNDATED, old, PORT))
    assert sorted(found) == sorted([NEW[0], (UNDATED.title, True, False), (MINE.title, False, False)])
