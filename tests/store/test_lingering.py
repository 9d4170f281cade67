"""The embedded server ends itself after its last client, and never under one."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

from alertd.store import embedded
from alertd.store.raw import Connection
from tests.store.processes import alive, client, got, keeper, put, real, until

RACING = """
import os, sys
from pathlib import Path
from alertd.store import keeper
from alertd.store.raw import Connection

moved, held = os.rename, []

def rename(source, target):
    if not held:  # the last moment at which a client can come
        held.append(Connection(source, 5.0))
    moved(source, target)
    if target == sys.argv[3]:
        Path("moved-back").touch()

os.rename = rename
sys.exit(keeper.main(sys.argv[1:]))
"""


async def test_without_clients_it_ends_itself(state: Path) -> None:
    server = await embedded.start(state, linger=0.4)
    kept_by = keeper(state)
    async with client(server) as redis:
        await redis.set("kept", "yes")
        held_since = time.monotonic()
        await until(lambda: time.monotonic() - held_since > 1.2, "three times the linger")
        assert await redis.get("kept") == "yes"
    left = time.monotonic()
    await until(lambda: not alive(server.pid) and not alive(kept_by), "the end of server and keeper")
    assert time.monotonic() - left >= 0.3
    assert not Path(server.socket).parent.exists()
    assert embedded.find(state) is None
    again = await embedded.start(state)
    assert again.started
    assert await got(again) == "yes"


async def test_short_visits_keep_it(state: Path) -> None:
    server = await embedded.start(state, linger=2.0)
    begun = time.monotonic()
    while time.monotonic() - begun < 4.5:
        Connection(server.socket, 2.0).close()
        await asyncio.sleep(0.1)
    assert alive(server.pid)


async def test_clients_that_come_as_it_ends_get_a_server_that_stays(state: Path) -> None:
    rng = random.Random(7)
    ended = 0
    last = 0
    for _ in range(12):
        server = await embedded.start(state, linger=0.5)
        ended += server.pid != last
        last = server.pid
        async with client(server) as redis:
            assert await redis.incr("visits")
        await asyncio.sleep(0.5 + rng.random() * 0.25)  # about when it ends
    async with client(await embedded.start(state)) as redis:
        assert await redis.get("visits") == "12"
    assert ended >= 2, "no visit came as it ended: the test shows nothing"


async def test_who_got_in_is_never_cut_off(state: Path) -> None:
    rng = random.Random(11)
    held = 0
    for _ in range(15):
        server = await embedded.start(state, linger=0.2)
        await asyncio.sleep(0.15 + rng.random() * 0.1)
        try:
            link = Connection(server.socket, 5.0)
            link.info()
        except OSError:
            continue  # came too late, and was told so
        try:
            await asyncio.sleep(0.3)  # longer than the linger
            assert link.info()["process_id"] == str(server.pid)
            held += 1
        finally:
            link.close()
    assert held >= 2, "nobody got in: the test shows nothing"


async def test_a_client_that_comes_in_the_last_moment_keeps_the_server(state: Path) -> None:
    first = await embedded.start(state)
    await put(first, "kept")
    await embedded.stop(state)
    address = Path(first.socket)
    address.parent.mkdir()
    arguments = [str(state / "redis"), real(), str(address), "0.2"]
    subprocess.run([sys.executable, "-c", RACING, *arguments], check=True)  # noqa: ASYNC221 - it forks at once
    await until((state / "redis" / "moved-back").exists, "the socket moved back")
    found = embedded.find(state)
    assert found is not None
    assert await got(found) == "kept"
    assert (await embedded.start(state)).pid == found.pid
