"""Several processes that share a Redis: the work goes on when any of them dies."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from alertd import running
from alertd.config import load
from alertd.store import embedded, keys
from alertd.store.connection import Store, open_store
from alertd.store.shares import SHARDS
from tests.e2e.test_daemon import WATCHLIST, posted_somewhere, titles, told
from tests.e2e.world import Daemon, Feeds, configure, until
from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.timeout(300)


@asynccontextmanager
async def shared(
    folder: Path, fake: FakeSlack | None = None, watchlist: str = WATCHLIST
) -> AsyncIterator[tuple[list[Daemon], Feeds, FakeSlack]]:
    """Processes that are not started yet, over one server that none of them owns."""
    # longer than the first of them takes to start on a busy machine
    server = await embedded.start(folder / "server", linger=60.0)
    daemons: list[Daemon] = []
    try:
        async with Feeds("wire", "post") as feeds, fake or FakeSlack() as slack:
            configure(folder, feeds, slack, watchlist, f"redis: {{url: 'unix://{server.socket}'}}")
            yield daemons, feeds, slack
    finally:
        for daemon in daemons:
            await daemon.kill()
        await embedded.stop(folder / "server")


async def started(folder: Path, daemons: list[Daemon], stages: str, before: tuple[str, ...] = ()) -> Daemon:
    daemon = Daemon(folder, "--stages", stages)
    daemon.before = before
    daemon.err = folder / f"err-{len(daemons)}.txt"
    await daemon.start()
    daemons.append(daemon)
    await until(lambda: _ready(daemon), f"readiness of {stages}")
    return daemon


async def _ready(daemon: Daemon) -> bool:
    assert daemon.process is not None
    assert daemon.process.returncode is None, daemon.log[-2000:]
    return "is ready in" in daemon.log


async def test_processes_die_and_others_go_on(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with shared(tmp_path) as (daemons, feeds, slack):
        first = await started(tmp_path, daemons, "poll,decide,notify")
        taggers = [await started(tmp_path, daemons, "tag") for _ in range(2)]
        await started(tmp_path, daemons, "poll,decide,notify")  # stands by
        wanted = titles(24)
        for number, title in enumerate(wanted):
            feeds.add("wire", title)
            if number % 3 == 0:
                feeds.add("post", title)
            await asyncio.sleep(chance.uniform(0, 0.1))
            if number == 8:
                await taggers[0].kill()
            if number == 16:
                await first.kill()
        await until(lambda: posted_somewhere(slack, wanted), "every alert", patience=90.0)
        await asyncio.sleep(1.0)  # a doubled one would come now
        keys = [key for message in slack.messages("alerts") for key in told(message)]
        assert len(keys) == len(set(keys)), "no alert twice"
        for daemon in daemons:
            if daemon.process is not None and daemon.process.returncode is None:
                assert await daemon.end() == 0


HELD = ("decide", "notify", "channel #alerts")
TAKEN_OVER = 15.0
"""Seconds within which another process does all that a dead one did."""


async def test_of_two_that_do_all_one_dies_and_the_other_takes_over(tmp_path: Path) -> None:
    async with shared(tmp_path) as (daemons, feeds, slack):
        first = await started(tmp_path, daemons, "poll,tag,decide,notify")
        second = await started(tmp_path, daemons, "poll,tag,decide,notify")
        both = running.processes(load(first.config, {}))
        assert {one.pid for one in both} == {pid_of(first), pid_of(second)}
        assert len({one.url for one in both}) == 2
        before, after = titles(2)
        feeds.add("wire", before)
        await until(lambda: posted_somewhere(slack, [before]), "an alert while both live")
        server = embedded.find(tmp_path / "server")
        assert server is not None
        async with open_store(socket=server.socket) as store:
            for daemon in (first, second):
                await until(lambda daemon=daemon: polls(store, daemon, SHARDS // 2), "half of the feeds with each")  # type: ignore[misc]
            dies = first if await holds(store, first, "decide") else second
            lives = second if dies is first else first
            await dies.kill()
            died = time.monotonic()
            feeds.add("wire", after)
            await until(lambda: posted_somewhere(slack, [after]), "the alert of the other", patience=TAKEN_OVER)
            left = max(0.0, died + TAKEN_OVER - time.monotonic())
            await until(lambda: holds(store, lives, *HELD), "all leases with the other", patience=left)
            left = max(0.0, died + TAKEN_OVER - time.monotonic())
            await until(lambda: polls(store, lives, SHARDS), "all feeds with the other", patience=left)
        told_keys = [key for message in slack.messages("alerts") for key in told(message)]
        assert len(told_keys) == len(set(told_keys)), "no alert twice"
        assert [one.pid for one in running.processes(load(first.config, {}))] == [pid_of(lives)]
        assert await lives.end() == 0


ELSEWHERE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")
"""Runs a process where its number says nothing to others, as on a host of its own."""


def _can_be_elsewhere() -> bool:
    return (
        shutil.which(ELSEWHERE[0]) is not None
        and not subprocess.run([*ELSEWHERE, "true"], capture_output=True, check=False).returncode
    )


@pytest.mark.skipif(not _can_be_elsewhere(), reason="processes cannot be given a space of numbers of their own here")
async def test_of_two_hosts_one_dies_and_the_other_takes_over(tmp_path: Path) -> None:
    async with shared(tmp_path) as (daemons, feeds, slack):
        hosts: dict[str, Daemon] = {}
        server = embedded.find(tmp_path / "server")
        assert server is not None
        async with open_store(socket=server.socket) as store:
            for name in ("first", "second"):
                shutil.copytree(tmp_path / "config", tmp_path / name / "config")
                daemon = await started(tmp_path / name, daemons, "poll,tag,decide,notify", ELSEWHERE)
                # it takes its part of the feeds
                (owner,) = await until(lambda: others(store, set(hosts)), f"a share of the feeds with {name}")
                hosts[owner] = daemon
            before, after = titles(2)
            feeds.add("wire", before)
            await until(lambda: posted_somewhere(slack, [before]), "an alert while both live")
            dies = await cast(Any, store.redis).hget(keys.lease("decide"), "owner")
            (lives,) = hosts.keys() - {dies}
            await hosts[dies].kill()
            died = time.monotonic()
            feeds.add("wire", after)
            await until(lambda: posted_somewhere(slack, [after]), "the alert of the other", patience=TAKEN_OVER)
            left = max(0.0, died + TAKEN_OVER - time.monotonic())
            await until(lambda: owned(store, lives), "all leases and feeds with the other", patience=left)
        told_keys = [key for message in slack.messages("alerts") for key in told(message)]
        assert len(told_keys) == len(set(told_keys)), "no alert twice"


async def pollers(store: Store) -> dict[str, int]:
    """How many parts of the feeds each process has."""
    rows = await cast(Any, store.redis).hgetall(keys.shards("poll"))
    return Counter(holder.rpartition(" ")[0] for shard, holder in rows.items() if shard)


async def others(store: Store, known: set[str]) -> set[str]:
    """The processes that poll besides those known."""
    return set(await pollers(store)) - known


async def owned(store: Store, owner: str) -> bool:
    """Whether a process has all leases and all feeds."""
    leases = [await cast(Any, store.redis).hget(keys.lease(name), "owner") for name in HELD]
    return await pollers(store) == {owner: SHARDS} and set(leases) == {owner}


def pid_of(daemon: Daemon) -> int:
    assert daemon.process is not None
    return daemon.process.pid


async def holds(store: Store, daemon: Daemon, *names: str) -> bool:
    owners = [await cast(Any, store.redis).hget(keys.lease(name), "owner") for name in names]
    return all(f"-{pid_of(daemon)}-" in (owner or "") for owner in owners)


async def polls(store: Store, daemon: Daemon, shards: int) -> bool:
    """Whether a process polls so many parts of the feeds."""
    owners = (await cast(Any, store.redis).hgetall(keys.shards("poll"))).values()
    return sum(f"-{pid_of(daemon)}-" in owner for owner in owners) == shards


async def test_one_with_other_files_is_refused(tmp_path: Path) -> None:
    async with shared(tmp_path) as (daemons, _, _):
        await started(tmp_path, daemons, "tag")
        other = tmp_path / "other"
        (other / "config").mkdir(parents=True)
        for name in ("alertd.yaml", "watchlist.yaml"):
            text = (tmp_path / "config" / name).read_text(encoding="utf-8")
            (other / "config" / name).write_text(text.replace("name: all", "name: another"), encoding="utf-8")
        second = Daemon(other, "--stages", "tag")
        await second.start()
        daemons.append(second)
        assert second.process is not None
        assert await asyncio.wait_for(second.process.wait(), 90) == 1
        assert "other processes have generation" in second.log
