"""Room in memory and on the disk: the warning comes well before it is gone, once a day, and readiness says the rest."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_httpserver import HTTPServer
from redis.asyncio import Redis

from alertd.articles import Alert, loads
from alertd.stages.pressure import LOW, PAGES
from alertd.stages.room import Room, Rooms, shortages
from alertd.store import keys
from alertd.troubles import EARLY, FULL
from tests.stages.test_poll import Feed, document
from tests.stages.test_poll import settings as polled
from tests.stages.world import SETTINGS, context, polling, until

PLENTY = 10**12


@pytest.mark.parametrize(
    ("room", "waiting", "short", "says"),
    [
        (Room(300, 512, 5000), 0, [], ""),
        (Room(EARLY * 512, 512, 5000), 0, ["memory"], "at 461 MB polling waits. No stage lags"),
        (Room(400, 512, 5000), 40_000, ["memory"], "40,000 articles wait"),
        (Room(100, 512, 900), 0, ["disk"], "900 MB left and should have 1,000"),
        (Room(2000, 8000, 3500), 0, ["disk"], "3,500 MB left and should have 4,000"),
        (Room(400, 512, None), 0, ["memory"], "store.max_mb"),
        (Room(500, 512, 1), 0, ["memory", "disk"], ""),
    ],
)
def test_what_is_short_is_named(room: Room, waiting: int, short: list[str], says: str) -> None:
    found = shortages(room, waiting)
    assert list(found) == short
    assert says in " ".join(found.values())


def test_full_text_goes_first_then_low_priority_and_the_warning_comes_before_polling_waits() -> None:
    assert PAGES < LOW
    assert EARLY <= FULL - 0.1


async def told(redis: Redis) -> list[str]:
    names = await cast(Any, redis).lrange(keys.outbox("#alertd"), 0, -1)
    texts = await cast(Any, redis).mget([keys.alert(name) for name in names]) if names else []
    return [loads(Alert, text).text for text in texts]


async def test_the_operator_is_warned_once_a_day_by_whichever_process_sees_it(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, settings=SETTINGS + "store: {max_mb: 16}\n") as ctx:
        (tmp_path / "state").mkdir(exist_ok=True)
        rooms = Rooms(ctx, free=lambda _: PLENTY)
        await rooms.look()
        assert await told(redis) == []
        assert ctx.ready["room"][0]
        await cast(Any, redis).set("ballast", "x" * 12_000_000)

        async def settled() -> bool:  # the server keeps the buffer of the client that sent it for a moment
            return await ctx.store.used_mb() < 14

        await until(settled, "a buffer that is given back")
        for _ in range(3):
            await rooms.look()
        await Rooms(ctx, free=lambda _: PLENTY).look()
        (text,) = await told(redis)
        assert "of 16 MB; at 14 MB polling waits" in text
        assert ctx.ready["room"][0], "it still works"
        await cast(Any, redis).append("ballast", "x" * 4_000_000)

        async def full() -> bool:
            await rooms.look()
            return not ctx.ready["room"][0]

        await until(full, "a full store")
        assert ctx.ready["room"][1].endswith("of 16 MB: polling waits")
        assert len(await told(redis)) == 1
        cast(Any, ctx.clock).ahead = 86_400.0
        await rooms.look()
        assert len(await told(redis)) == 2, "and again the next day"
        value = ctx.metrics.registry.get_sample_value
        assert (value("alertd_store_limit_bytes"), value("alertd_disk_free_bytes")) == (16e6, PLENTY)


async def test_the_servers_own_limit_counts_where_it_is_less(redis: Redis, tmp_path: Path) -> None:
    before = (await cast(Any, redis).config_get("maxmemory"))["maxmemory"]
    await cast(Any, redis).config_set("maxmemory", 40_000_000)
    try:
        async with context(redis, tmp_path) as ctx:
            assert (await Rooms(ctx, free=lambda _: PLENTY).look()).limit_mb == 40.0
    finally:
        await cast(Any, redis).config_set("maxmemory", before)


async def test_of_several_that_poll_one_says_that_the_store_is_full(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    text = polled(httpserver) + "store: {max_mb: 16}\n"
    async with (
        context(redis, tmp_path, settings=text) as here,
        context(redis, tmp_path, process="there", now=here.now) as there,
        polling(here) as mine,
        polling(there) as theirs,
    ):
        await cast(Any, redis).set("ballast", "x" * 20_000_000)
        cast(Any, here.clock).ahead = cast(Any, there.clock).ahead = 1_200.0 - time.time() % 600.0
        (wire,) = here.now.configuration.settings.feeds
        for poller in (mine, theirs):
            await poller.poll(wire)
        assert feed.asked == []
        assert ["polling waits" in one for one in await told(redis)] == [True]


async def test_a_feed_that_was_shed_and_outrun_is_reported_as_a_possible_miss(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    feed = Feed(httpserver)
    text = polled(httpserver).replace("name: wire,", "name: wire, priority: low,")
    async with context(redis, tmp_path, settings=text) as ctx, polling(ctx) as poller:
        assert await poller.shares.acquire()
        (wire,) = ctx.now.configuration.settings.feeds
        await poller.poll(wire)
        for _ in range(LOW):
            await cast(Any, redis).xadd(keys.ARTICLES, {"entry": "{}"})
        feed.body = document("second")
        cast(Any, ctx.clock).ahead = 3.0
        await poller.poll(wire)
        assert len(feed.asked) == 1, "shed while tagging lags"
        feed.body = document("third")
        await cast(Any, redis).delete(keys.ARTICLES)
        await ctx.store.prepare()
        cast(Any, ctx.clock).ahead = 6.0
        await poller.poll(wire)
        assert ["some may have been missed" in text for text in await told(redis)] == [True]
