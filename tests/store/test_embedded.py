"""The embedded server with real processes: what it keeps, kills, being found again."""

from __future__ import annotations

# ruff: noqa: ASYNC240 - a look at a file of the test is no wait
import asyncio
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.store import binary, embedded, folder
from tests.conftest import servers_in
from tests.store.processes import alive, client, got, keeper, put, real, script, until

STARTER = """
import asyncio, os, sys, time
from pathlib import Path
from redis import Redis
from alertd.store import embedded
from alertd.store.folder import FolderLock

folder = Path(sys.argv[1])
lock = FolderLock(folder)
lock.acquire()
server = asyncio.run(embedded.start(folder, linger=5))
held = Redis(unix_socket_path=server.socket)
held.set("kept", "by the killed one")
print(server.pid, flush=True)
time.sleep(600)
"""


async def test_it_serves_keeps_and_is_closed_to_others(state: Path) -> None:
    server = await embedded.start(state)
    assert server.started
    own = binary.identify(binary.locate())
    assert (server.flavour, server.version) == (own.flavour, own.version)
    assert alive(server.pid)
    async with client(server) as redis:
        wanted = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "port": "0",
            "protected-mode": "yes",
        }
        assert {name: (await redis.config_get(name))[name] for name in wanted} == wanted
    for path in (state, state / "redis", Path(server.socket), Path(server.socket).parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    record = json.loads((state / "redis" / "written-by.json").read_text())
    assert record == {"flavour": own.flavour, "version": own.version}


async def test_a_second_start_finds_the_first(state: Path) -> None:
    assert embedded.find(state) is None
    first = await embedded.start(state)
    second = await embedded.start(state)
    assert (second.pid, second.socket, second.started) == (first.pid, first.socket, False)
    assert embedded.find(state) == second


async def test_starts_at_the_same_time_give_one_server(state: Path) -> None:
    servers = await asyncio.gather(*(embedded.start(state) for _ in range(6)))
    assert len({server.pid for server in servers}) == 1
    assert sum(server.started for server in servers) == 1


async def test_stop_ends_it_and_loses_nothing(state: Path) -> None:
    server = await embedded.start(state)
    await put(server, "before")
    assert await embedded.stop(state)
    assert not alive(server.pid)
    assert not Path(server.socket).parent.exists()
    assert not servers_in(state)
    assert not await embedded.stop(state)
    again = await embedded.start(state)
    assert again.started
    assert await got(again) == "before"


async def test_a_server_killed_by_force_comes_back_with_all_it_acknowledged(state: Path) -> None:
    server = await embedded.start(state)
    async with client(server) as redis:
        for number in range(500):
            await redis.rpush("all", number)
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: not alive(server.pid), "the server's end")
    again = await embedded.start(state)
    assert again.pid != server.pid
    assert again.socket == server.socket
    async with client(again) as redis:
        assert await redis.lrange("all", 0, -1) == [str(number) for number in range(500)]


async def test_a_server_that_keeps_dying_is_given_up(state: Path) -> None:
    server = await embedded.start(state)
    kept_by = keeper(state)
    seen = set()
    deadline = time.monotonic() + 40
    while alive(kept_by):
        assert time.monotonic() < deadline
        found = await asyncio.to_thread(embedded.find, state)
        if found is not None and found.pid not in seen:
            seen.add(found.pid)
            os.kill(found.pid, signal.SIGKILL)
        await asyncio.sleep(0.02)
    assert server.pid in seen
    assert 3 <= len(seen) <= 4
    assert not servers_in(state)


async def test_a_binary_replaced_meanwhile_is_not_started_unchecked(state: Path, tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    shutil.copy2(real(), program)
    server = await embedded.start(state, server=str(program))
    await put(server, "safe")
    kept_by = keeper(state)
    program.unlink()
    shutil.copy(real(), program)
    os.kill(server.pid, signal.SIGKILL)
    await until(lambda: not alive(kept_by), "the keeper's end")
    assert await got(await embedded.start(state, server=str(program))) == "safe"


async def test_it_outlives_a_killed_daemon_and_is_found_again(state: Path) -> None:
    daemon = subprocess.Popen(  # noqa: ASYNC220 - waits for its first line only
        [sys.executable, "-c", STARTER, str(state)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert daemon.stdout is not None
        pid = int(daemon.stdout.readline())
        taken = folder.holder(state)
        assert taken is not None
        assert taken.pid == daemon.pid
    finally:
        daemon.kill()
        daemon.communicate()
    with folder.FolderLock(state):  # the server has not inherited the lock
        found = await embedded.start(state)
        assert (found.pid, found.started) == (pid, False)
        assert await got(found) == "by the killed one"


async def test_it_does_not_hear_the_signals_of_the_daemons_terminal(state: Path) -> None:
    server = await embedded.start(state)
    for pid in (server.pid, keeper(state)):
        assert os.getsid(pid) != os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)


async def test_a_killed_keeper_takes_the_server_along(state: Path) -> None:
    server = await embedded.start(state)
    await put(server, "kept")
    os.kill(keeper(state), signal.SIGKILL)
    await until(lambda: not alive(server.pid), "the server's end")
    again = await embedded.start(state)
    assert again.started
    assert await got(again) == "kept"
    assert len(servers_in(state)) == 2


async def test_a_stale_socket_and_note_are_no_hindrance(state: Path) -> None:
    server = await embedded.start(state)
    os.kill(keeper(state), signal.SIGKILL)
    await until(lambda: not alive(server.pid), "the server's end")
    assert Path(server.socket).is_socket()
    assert (state / "redis" / "keeper.json").exists()
    assert embedded.find(state) is None
    again = await embedded.start(state)
    assert again.socket == server.socket


@pytest.mark.parametrize("note", ["", "[]", "{", '{"keeper": 1, "born": "", "socket": "/nowhere"}'])
async def test_a_spoilt_note_is_no_hindrance(state: Path, note: str) -> None:
    (state / "redis").mkdir(parents=True)
    (state / "redis" / "keeper.json").write_text(note)
    assert (await embedded.start(state)).started


@pytest.mark.parametrize(
    "name", ["with spaces and ünïcode 小米", "quote \" and ' and $HOME \\", "long/" + "/".join(["x" * 60] * 4)]
)
async def test_any_path_serves(state: Path, name: str) -> None:
    place = state / name
    server = await embedded.start(place)
    try:
        await put(server, name)
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: not alive(server.pid), "the server's end")
        assert await got(await embedded.start(place)) == name
    finally:
        assert await embedded.stop(place)


async def test_a_copied_folder_is_another_one_and_a_moved_one_the_same(state: Path, tmp_path: Path) -> None:
    server = await embedded.start(state)
    await put(server, "original")
    copied, moved = tmp_path / "copied", tmp_path / "moved"
    shutil.copytree(state, copied)
    assert embedded.find(copied) is None
    other = await embedded.start(copied)
    assert other.pid != server.pid
    assert await got(other) == "original"
    state.rename(moved)
    found = embedded.find(moved)
    assert found is not None
    assert found.pid == server.pid
    assert await embedded.stop(copied)
    assert await embedded.stop(moved)


async def test_no_secret_of_the_daemon_outlives_it(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-made-up")
    server = await embedded.start(state)
    for pid in (server.pid, keeper(state)):
        assert b"made-up" not in Path(f"/proc/{pid}/environ").read_bytes()


async def test_the_log_is_bounded(state: Path) -> None:
    log = state / "redis" / "server.log"
    log.parent.mkdir(parents=True)
    log.write_text("an old line\n" * 100_000)
    await embedded.start(state)
    await until((state / "redis" / "server.log.1").exists, "the log's change of name")
    await until(lambda: not log.exists() or log.stat().st_size < 100_000, "a short log")


async def test_a_server_is_waited_for_as_long_as_it_reads_more_of_its_files(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_LOOK", 0.2)
    async with client(await embedded.start(state)) as redis:
        for number in range(12):
            await redis.set(f"key {number}", "x" * 2_200_000)
        await redis.bgrewriteaof()
        while await _is_rewriting(redis):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.02)
    await embedded.stop(state)
    # a quarter of a second for each key, and an answer after each: after every two megabytes
    slow = script(tmp_path / "slow", f'exec {real()} "$@" --key-load-delay 250000')
    said: list[str] = []
    async with client(await embedded.start(state, server=slow, timeout=1.0, tell=said.append)) as redis:
        assert await redis.dbsize() == 12
    assert len(said) > 1
    assert all(re.fullmatch(r"the store's server reads its files: \d+ of \d+ MB", words) for words in said)


async def _is_rewriting(redis: Redis) -> bool:
    info: dict[str, int] = await cast(Any, redis).info("persistence")
    return bool(info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])
