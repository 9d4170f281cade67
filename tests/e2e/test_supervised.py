"""The real daemon under a service manager: what it says, how it ends in time, and how it is forced."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import servers_in
from tests.e2e.test_daemon import WATCHLIST, titles
from tests.e2e.world import serving, until
from tests.fakes.slack import FakeSlack, Fault
from tests.test_supervised import listening, said

pytestmark = pytest.mark.timeout(180)

IN_TIME = 10.0
"""Seconds within which a daemon ends that was told to."""


def deaf() -> FakeSlack:
    """A Slack that takes the first message and does not answer for as long as a test lasts."""
    return FakeSlack([Fault("chat.postMessage", 1, "slow", times=100, seconds=60.0)])


async def at_work(slack: FakeSlack) -> bool:
    return slack.calls["chat.postMessage"] > 0


async def test_systemd_hears_of_it_and_it_ends_in_time_whatever_it_is_at(tmp_path: Path) -> None:
    lines: list[str] = []

    async def hears(line: str, times: int = 1) -> bool:
        lines.extend(said(heard))
        return lines.count(line) >= times

    with listening(f"\0alertd-e2e-{os.getpid()}") as heard:
        async with serving(tmp_path, WATCHLIST, slack=deaf()) as (daemon, feeds, slack):
            daemon.environment = {"NOTIFY_SOCKET": f"@alertd-e2e-{os.getpid()}", "WATCHDOG_USEC": "400000"}
            await daemon.start()
            await until(lambda: hears("READY=1"), "READY=1")
            assert await daemon.ready(), "it is ready when it says so"
            await until(lambda: hears("WATCHDOG=1", 4), "signs of life")
            for server in servers_in(tmp_path):
                assert "NOTIFY_SOCKET" not in psutil.Process(server.pid).environ()
            await until(lambda: daemon.polled(feeds), "a first poll")
            feeds.add("wire", titles(1)[0])
            await until(lambda: at_work(slack), "a message whose answer does not come")
            lines.clear()
            began = time.monotonic()
            assert await daemon.end() == 0
            assert time.monotonic() - began < IN_TIME
            await hears("")
            assert "STOPPING=1" in lines


async def test_a_second_signal_forces_it(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST, slack=deaf()) as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        feeds.add("wire", titles(1)[0])
        await until(lambda: at_work(slack), "a message whose answer does not come")
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGTERM)
        await until(lambda: daemon.logged("told to end"), "the first signal heard")
        began = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(daemon.process.wait(), 60) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 3.0


async def test_it_ends_in_time_while_its_model_loads(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, _, _):
        daemon.module = "tests.e2e.slow"
        await daemon.start()
        word = tmp_path / "state" / "daemon.json"
        await until(lambda: there(word), "the pages, which come before the model")
        began = time.monotonic()
        assert await daemon.end() == 0
        assert time.monotonic() - began < IN_TIME
        assert not await there(word), "it ended in order"


async def there(path: Path) -> bool:
    return await asyncio.to_thread(path.exists)
