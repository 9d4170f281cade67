"""A Redis behind Sentinels: found by asking them, and found again when another server takes over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from alertd.errors import StoreError
from alertd.sentinels import Sentinels, read
from alertd.state import reach
from alertd.store import keys
from alertd.store.connection import TROUBLE, open_store
from benchmarks.sentineled import Sentineled

PASSWORD = "correct-horse"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("redis+sentinel://a/news", Sentinels((("a", 26379),), "news")),
        (
            f"redis+sentinel://me:{PASSWORD}%40@a:1,[::1]:2/news/3?sentinel_password=other",
            Sentinels((("a", 1), ("::1", 2)), "news", 3, "me", f"{PASSWORD}@", "other"),
        ),
        ("rediss+sentinel://a/news", Sentinels((("a", 26379),), "news", tls=True)),
        (
            "rediss+sentinel://a/news?ssl_ca_certs=/etc/ca.pem",
            Sentinels((("a", 26379),), "news", tls=True, authority="/etc/ca.pem"),
        ),
    ],
)
def test_an_address_names_sentinels_and_master(url: str, found: Sentinels) -> None:
    assert read(url) == found
    assert PASSWORD not in repr(read(url))


@pytest.mark.parametrize(
    "url",
    [
        f"redis+sentinel://:{PASSWORD}@a:26379",
        f"redis+sentinel://:{PASSWORD}@/news",
        f"redis+sentinel://:{PASSWORD}@a,,b/news",
        f"redis+sentinel://:{PASSWORD}@a:port/news",
        f"redis+sentinel://:{PASSWORD}@a/news/first",
        f"redis+sentinel://:{PASSWORD}@a/news?tls=1",
        f"redis+sentinel://:{PASSWORD}@a/news?ssl_ca_certs=/etc/ca.pem",
        f"redis://:{PASSWORD}@a/0",
    ],
)
def test_what_is_no_address_of_sentinels_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="write redis\\+sentinel://") as raised:
        read(url)
    assert PASSWORD not in str(raised.value)


async def test_sentinels_that_are_away_are_said_in_words() -> None:
    with pytest.raises(StoreError, match="cannot be reached"):
        await reach(open_store("redis+sentinel://127.0.0.1:9/news"))


@pytest.mark.timeout(150)
async def test_a_sentinel_that_does_not_answer_is_asked_once(tmp_path: Path) -> None:
    asked = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    async with Sentineled(tmp_path) as servers, await asyncio.start_server(hang_up, "127.0.0.1", 0) as dead:
        port = dead.sockets[0].getsockname()[1]
        scheme, rest = servers.url.split("://")
        async with open_store(f"{scheme}://127.0.0.1:{port},{rest}") as store:
            await reach(store)
            assert asked == 1, "the next one is asked at once"


@pytest.mark.timeout(150)
async def test_another_server_takes_over(tmp_path: Path) -> None:
    async with Sentineled(tmp_path) as servers, open_store(servers.url) as store:
        await reach(store)
        await store.prepare()
        redis, before = cast(Any, store.redis), await store.run_id()
        await redis.set("kept", "1")
        await redis.wait(2, 5000)
        taken, safe = await store.run_safe("acquire", [keys.lease("any")], ["me", "", 0, 1])
        assert (taken, safe) == ([1, "", "me"], True)
        async with servers.deaf_replicas():
            _, safe = await store.run_safe("acquire", [keys.lease("any")], ["me", "", 0, 1])
            assert not safe, "a replica that takes over now would not know"
        servers_met = store.servers
        await servers.fail_over()
        async with asyncio.timeout(30):
            while not await answers(redis):  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.1)
        assert await store.run_id() != before
        assert store.servers > servers_met, "who keeps a memory of the server hears of it"
        assert await store.blocking.get("kept") == "1"


async def answers(redis: Any) -> bool:
    """Whether the master answers: a replica would, too, but takes nothing."""
    try:
        return bool(await redis.set("written", "1"))
    except TROUBLE:
        return False
