"""The real daemon while its Redis stands still: probes answer, and all goes on when Redis does."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.conftest import servers_in
from tests.e2e.test_daemon import WATCHLIST, posted, titles
from tests.e2e.world import Daemon, alertd, serving, until

pytestmark = pytest.mark.timeout(180)

IN_TIME = 2.0
"""Seconds within which a probe must answer; kubelet's default is one, and this machine may be busy."""


async def ask(daemon: Daemon, path: str) -> tuple[int, str, float]:
    url = json.loads((daemon.folder / "state" / "daemon.json").read_text(encoding="utf-8"))["url"]
    began = time.monotonic()
    async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
        return answer.status, await answer.text(), time.monotonic() - began


async def unready(daemon: Daemon) -> bool:
    return (await ask(daemon, "/readyz"))[0] == 503


async def test_probes_answer_while_redis_stands_still_and_it_recovers(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, slack):
        await daemon.start()
        await until(daemon.ready, "readiness")
        await until(lambda: daemon.polled(feeds), "a first poll")
        code, said = await alertd(daemon.config, "status")
        assert (code, said.startswith("ALL IS WELL")) == (0, True), said
        server = next(p for p in servers_in(tmp_path) if "redis-server" in p.name())
        server.suspend()
        try:
            await until(lambda: unready(daemon), "the probe that says no")
            for path, status in (("/healthz", 200), ("/readyz", 503), ("/metrics", 200)) * 2:
                got, text, seconds = await ask(daemon, path)
                assert (got, seconds < IN_TIME) == (status, True), (path, text, seconds)
                if path == "/readyz":
                    parts = json.loads(text)["parts"]
                    assert parts["redis"] == {"ok": False, "detail": "no answer within 0.8 s"}
                    assert "poll" in parts, "and how the others do"
            await asyncio.gather(*(ask(daemon, "/readyz") for _ in range(20)))
            assert (await alertd(daemon.config, "status"))[0] == 1, "the command does not hang either"
        finally:
            resume(server)
        await until(daemon.ready, "readiness again")
        (title,) = titles(1)
        feeds.add("wire", title)
        await until(lambda: posted(slack, [title]), "an alert")
        assert await daemon.end() == 0


def resume(server: Any) -> None:
    """Let it go on; when it was replaced meanwhile there is nothing to resume."""
    try:
        server.resume()
    except psutil.NoSuchProcess:
        return
