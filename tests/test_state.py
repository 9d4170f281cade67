"""The state that a daemon left is opened for a command; one that is not there, or not one's own, is not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from alertd.config import load
from alertd.errors import StoreError
from alertd.state import open_state, willing
from alertd.store import embedded
from alertd.store.connection import open_store
from tests.commands.world import SETTINGS, write


async def test_what_a_daemon_left_is_opened(tmp_path: Path) -> None:
    found = load(write(tmp_path, SETTINGS + "store: {linger: 1s}\n"), {})
    folder = found.settings.store.folder
    with pytest.raises(StoreError, match="there is no state here yet"):
        await open_state(found)
    assert not folder.exists()
    await embedded.start(folder, linger=2.0)
    async with await open_state(found) as store:
        await cast(Any, store.redis).set("left", "here")
    await embedded.stop(folder)
    async with await open_state(found) as store:
        assert await cast(Any, store.redis).get("left") == "here"
    assert await embedded.stop(folder)


async def test_no_server_is_started_in_another_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(write(tmp_path), {})
    data = found.settings.store.folder / "redis"
    data.mkdir(parents=True)
    (data / "appendonly.aof").write_bytes(b"")
    monkeypatch.setattr(os, "geteuid", lambda: 4_242)
    with pytest.raises(StoreError, match=r"the state belongs to \w+.*sudo -u \w+ alertd"):
        await open_state(found)
    assert embedded.find(found.settings.store.folder) is None


async def test_a_server_that_goes_away_while_we_start_is_said_in_words(tmp_path: Path) -> None:
    async with open_store(socket=tmp_path / "none.sock") as store:
        with pytest.raises(StoreError, match="cannot be reached: No such file") as raised, willing(store):
            await store.prepare()
    assert raised.value.hint
