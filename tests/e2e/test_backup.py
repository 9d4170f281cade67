"""A copy of the state folder, taken while alertd runs, goes on elsewhere: all that was told is known there."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.e2e.test_daemon import WATCHLIST, posted, texts, titles
from tests.e2e.world import Daemon, serving, until

pytestmark = pytest.mark.timeout(180)


async def test_a_copy_of_a_running_daemons_state_is_restored_elsewhere(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    async with serving(old, WATCHLIST) as (daemon, feeds, slack):
        await daemon.start()
        await until(feeds.polled, "a first poll")
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
