"""What the service manager hears, on real datagram sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alertd.supervised import Supervisor, supervise, supervisor
from alertd.web.health import Health, Part
from tests.stages.world import until

FINE, ILL = Part("redis", True), Part("channel #a", False, "Slack\nrefuses it")


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as heard:
        heard.bind(address)
        yield heard


def said(heard: socket.socket) -> list[str]:
    """The lines that arrived since the last look."""
    lines = []
    while True:
        try:
            lines += heard.recv(4096).decode().split("\n")
        except BlockingIOError:
            return lines


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, Supervisor()),
        ({"NOTIFY_SOCKET": "/run/x"}, Supervisor("/run/x")),
        ({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "3000000"}, Supervisor("\0x", 3.0)),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, Supervisor("/x", 0.5)),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, Supervisor("/x")),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, Supervisor("/x")),
        ({"NOTIFY_SOCKET": "vsock:2:1", "WATCHDOG_USEC": "3000000"}, Supervisor()),
        ({"WATCHDOG_USEC": "3000000"}, Supervisor()),
    ],
)
def test_who_supervises_is_read_and_not_handed_on(given: dict[str, str], found: Supervisor) -> None:
    environment = {"HOME": "/", **given}
    assert supervisor(environment) == found
    assert environment == {"HOME": "/"}


def test_it_is_asked_for_more_time_and_told_why(tmp_path: Path) -> None:
    Supervisor().wait("nobody hears it")
    with listening(str(tmp_path / "manager")) as heard:
        Supervisor(str(tmp_path / "manager")).wait("files are read")
        assert said(heard) == ["STATUS=files are read", "EXTEND_TIMEOUT_USEC=30000000"]


@pytest.mark.parametrize("abstract", [False, True])
async def test_it_hears_of_readiness_of_what_is_wrong_and_of_the_end(
    tmp_path: Path, abstract: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertd.supervised.LOOK", 0.01)
    monkeypatch.setattr("alertd.supervised.LOOK_AGAIN", 0.01)
    address = f"\0alertd-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    parts: list[Part] = []
    lines: list[str] = []
    stop = asyncio.Event()

    async def health() -> Health:
        return Health(tuple(parts))

    async def hears(line: str) -> bool:
        lines.extend(said(heard))
        return line in lines

    with listening(address) as heard:
        task = asyncio.create_task(supervise(Supervisor(address, 0.04), health, stop))
        await until(lambda: hears("EXTEND_TIMEOUT_USEC=30000000"))
        parts[:] = [FINE, ILL]
        await until(lambda: hears("STATUS=channel #a: Slack refuses it"))
        assert "READY=1" not in lines
        parts[:] = [FINE]
        await until(lambda: hears("READY=1"))
        lines.clear()
        parts[:] = [ILL]
        await until(lambda: hears("STATUS=channel #a: Slack refuses it"))
        parts[:] = [FINE]
        await until(lambda: hears("STATUS=ready"))
        await until(lambda: hears("WATCHDOG=1"))
        stop.set()
        await until(lambda: hears("STOPPING=1"))
        lines.clear()
        await until(lambda: hears("WATCHDOG=1"), "it lives while it ends")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not {"READY=1", "EXTEND_TIMEOUT_USEC=30000000"} & set(lines), "ready is said once"


async def test_parts_that_hang_are_no_readiness_and_no_death(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertd.supervised.LIMIT", 0.01)
    lines: list[str] = []

    async def hangs() -> Health:
        await asyncio.Event().wait()
        raise AssertionError

    async def hears(line: str, times: int = 1) -> bool:
        lines.extend(said(heard))
        return lines.count(line) >= times

    with listening(str(tmp_path / "notify")) as heard:
        task = asyncio.create_task(supervise(Supervisor(str(tmp_path / "notify"), 0.02), hangs, asyncio.Event()))
        await until(lambda: hears("WATCHDOG=1", 3))
        await until(lambda: hears("STATUS=no answer from its parts"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert "READY=1" not in lines


async def test_a_manager_that_is_away_disturbs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Supervisor(str(tmp_path / "nobody")).say("READY=1")
    assert "the service manager hears nothing: No such file or directory" in caplog.text
    await supervise(Supervisor(), lambda: pytest.fail("asked for nobody"), asyncio.Event())
