"""What docs/operations.md says of backup, restore and upgrade, done: nothing that was told is told again."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from alertd.store import embedded, keys
from alertd.store.connection import SCHEMA
from tests.e2e.test_daemon import WATCHLIST, posted, texts, titles
from tests.e2e.world import Daemon, serving, until
from tests.store.processes import client
from tests.test_migration import restore

pytestmark = pytest.mark.timeout(180)


async def test_a_copy_of_a_running_daemons_state_is_restored_elsewhere(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    async with serving(old, WATCHLIST) as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        first, second = titles(2)
        feeds.add("wire", first)
        await until(lambda: posted(slack, [first]), "the first alert")
        later = feeds.polls + 3
        await until(lambda: feeds.polled(later), "polls after it")
        await asyncio.to_thread(shutil.copytree, old, new)  # cp -a, as docs/operations.md says
        await daemon.kill()
        restored = Daemon(new)
        restored.err = new / "restored.txt"  # the log of the first one was copied with the rest
        await restored.start()
        try:
            await until(restored.ready, "readiness of the restored one")
            feeds.add("wire", second)
            await until(lambda: posted(slack, [second]), "the second alert")
            assert await restored.end() == 0
        finally:
            await restored.kill()
        assert len(texts(slack)) == 2, "nothing is said twice"
        assert "first sight" not in restored.log


async def test_a_daemon_is_upgraded_over_the_state_of_an_older_one_and_the_copy_is_the_way_back(tmp_path: Path) -> None:
    state, before = tmp_path / "state", tmp_path / "state.before"
    async with client(await embedded.start(state)) as redis:
        await restore(redis)
    await embedded.stop(state)
    await asyncio.to_thread(shutil.copytree, state, before)
    # rules of the same names as then: what a deleted one raised would not be told any more
    watchlist = WATCHLIST.replace("name: all", "name: xiaomi").replace("}]", "}, {name: broker, companies: [JEF]}]")
    async with serving(tmp_path, watchlist) as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        (title,) = titles(1)
        feeds.add("wire", title)
        await until(lambda: posted(slack, [title]), "an alert of the newer one")
        await until(lambda: posted(slack, ["2 alerts about 2 companies"]), "what waited for Slack then")
        assert "the store is migrated from schema 1 to 2" in daemon.log
        assert await daemon.end() == 0
        told = texts(slack)
        assert len(told) == len(set(told)), "nothing is told twice"
        assert sum("2 alerts about 2 companies" in text for text in told) == 1
        assert any("recalls 3,000 scooters" in text for text in told), "what was under way then"
        assert not any("buyers queue" in text for text in told), "what was told then"
    for folder, schema in ((state, SCHEMA), (before, 1)):
        async with client(await embedded.start(folder)) as redis:
            assert await redis.hget(keys.META, "schema") == str(schema)
        await embedded.stop(folder)
