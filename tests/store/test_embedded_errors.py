"""What the embedded server refuses, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store import binary, embedded
from tests.conftest import servers_in
from tests.store.processes import alive, client, got, keeper, put, script, until


async def test_an_older_server_is_refused_and_touches_nothing(state: Path) -> None:
    await put(await embedded.start(state), "by the newer")
    await embedded.stop(state)
    record = state / "redis" / "written-by.json"
    own = binary.identify(binary.locate())
    record.write_text(json.dumps({"flavour": own.flavour, "version": "99.2.5"}))
    before = {path: path.read_bytes() for path in (state / "redis").rglob("*") if path.is_file()}
    told = re.escape(f"written by {own.flavour} 99.2.5; {own.flavour} {own.version}")
    with pytest.raises(StoreError, match=told) as caught:
        await embedded.start(state)
    assert "store.redis_server" in caught.value.hint
    assert {path: path.read_bytes() for path in (state / "redis").rglob("*") if path.is_file()} == before
    assert not servers_in(state)


def written(state: Path) -> Path:
    """The file to which the server appends: in one piece up to Redis 6, later in a folder of its own."""
    (file,) = [*(state / "redis").glob("appendonly.aof"), *(state / "redis").glob("appendonlydir/*.incr.aof")]
    return file


def damaged(state: Path) -> Path:
    file = written(state)
    content = bytearray(file.read_bytes())
    middle = content.index(b"*3", len(content) // 2)
    content[middle : middle + 2] = b"#!"
    file.write_bytes(content)
    return file


async def test_a_damaged_file_is_named_with_a_repair_that_works(state: Path) -> None:
    server = await embedded.start(state)
    async with client(server) as redis:
        for number in range(100):
            await redis.set(f"key {number}", number)
    await embedded.stop(state)
    file = damaged(state)
    with pytest.raises(StoreError, match="cannot read its append-only file") as caught:
        await embedded.start(state)
    assert caught.value.where == str(file)
    command = caught.value.hint.partition("in bash: ")[2]
    assert "redis-check-aof" in command
    done = subprocess.run(  # noqa: ASYNC221 - short
        ["bash", "-c", command], input="y\n", text=True, capture_output=True, check=True
    )
    assert "Successfully truncated" in done.stdout
    async with client(await embedded.start(state)) as redis:
        assert 0 < await redis.dbsize() < 100


async def test_half_a_command_at_the_end_is_left_out(state: Path) -> None:
    await put(await embedded.start(state), "whole")
    await embedded.stop(state)
    with written(state).open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nke")
    assert await got(await embedded.start(state)) == "whole"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("exit 3", "did not start: the server ended with exit code 3"),
        ("echo '1:M # No space left on device'; exit 1", "the disk is full"),
        ('echo "1:M 1 Jan # Can\'t open the append-only file: Permission denied"; exit 1', "append-only file"),
        ("echo '1:M 1 Jan # Out of luck'; exit 1", "did not start: Out of luck"),
    ],
)
async def test_a_server_that_does_not_come_up_says_why(state: Path, tmp_path: Path, body: str, error: str) -> None:
    with pytest.raises(StoreError, match=error):
        await embedded.start(state, server=script(tmp_path / "server", body))
    await until(lambda: not servers_in(state), "the keeper's end")


async def test_a_server_that_hangs_is_reported_in_time_and_can_be_stopped(state: Path, tmp_path: Path) -> None:
    hung = script(tmp_path / "server", "exec sleep 600")
    begun = time.monotonic()
    with pytest.raises(StoreError, match=r"not ready in time.*keeper is process \d+"):
        await embedded.start(state, server=hung, timeout=0.5)
    with pytest.raises(StoreError, match="not ready in time"):
        await embedded.start(state, server=hung, timeout=0.2)
    assert time.monotonic() - begun < 10
    kept_by = keeper(state)
    assert await embedded.stop(state)
    assert not alive(kept_by)


async def test_a_start_that_is_given_up_leaves_a_server_that_can_be_found(state: Path) -> None:
    task = asyncio.create_task(embedded.start(state))
    await until((state / "redis" / "keeper.json").exists, "a keeper")
    task.cancel()
    (given_up,) = await asyncio.gather(task, return_exceptions=True)
    found = await embedded.start(state)
    assert found.pid
    # it may have been ready in the moment of the keeper's mark
    assert isinstance(given_up, asyncio.CancelledError) or given_up == found


@pytest.mark.parametrize("named", ["no-such-server", "/no/such/server"])
async def test_a_named_server_that_is_not_there(state: Path, named: str) -> None:
    with pytest.raises(StoreError, match=f"there is no program {named}") as caught:
        await embedded.start(state, server=named)
    assert caught.value.where == "store.redis_server"
    assert "redis.url" in caught.value.hint


async def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match=r"store\.folder"):
            await embedded.start(place)
        assert embedded.find(place) is None
        assert not await embedded.stop(place)


async def test_a_full_disk_is_seen_at_the_start(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(StoreError, match="the disk is full"):
        await embedded.start(state)
    assert not servers_in(state)


async def test_nothing_lives_on_after_a_stop_during_the_start(state: Path) -> None:
    task = asyncio.create_task(embedded.start(state))
    await until((state / "redis" / "keeper.json").exists, "a keeper")
    assert await embedded.stop(state)
    await asyncio.wait({task}, timeout=20)
    await embedded.stop(state)
    assert not servers_in(state)
    if task.exception() is not None:
        assert isinstance(task.exception(), StoreError)
