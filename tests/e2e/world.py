"""What the acceptance tests share: the real daemon in a process of its own, feeds and Slack on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web

from alertd.web.listening import port_of, serve
from tests.fakes.slack import FakeSlack

PATIENCE = 60.0
ROOT = Path(__file__).parents[2]


async def until(condition: Callable[[], Awaitable[Any]], what: str, patience: float = PATIENCE) -> Any:
    """Wait for a condition; fails when it does not come true in time."""
    deadline = time.monotonic() + patience
    while not (found := await condition()):
        assert time.monotonic() < deadline, f"in vain: {what}"
        await asyncio.sleep(0.05)
    return found


class Feeds:
    """Feeds whose items a test adds while they are polled."""

    def __init__(self, *names: str) -> None:
        self.items: dict[str, list[tuple[str, str, float]]] = {name: [] for name in names}
        self.broken: dict[str, web.Response] = {}
        self.polls = 0
        self._runner: web.AppRunner | None = None
        self.port = 0

    def add(self, feed: str, title: str, summary: str = "", age: float = 5.0) -> None:
        self.items[feed].insert(0, (title, summary, time.time() - age))

    async def polled(self, times: int = 2) -> bool:
        return self.polls >= times

    def url(self, feed: str) -> str:
        return f"http://127.0.0.1:{self.port}/{feed}"

    async def _serve(self, request: web.Request) -> web.Response:
        self.polls += 1
        name = request.match_info["name"]
        if name in self.broken:
            status, text = self.broken[name].status, self.broken[name].text
            return web.Response(status=status, text=text, content_type="text/html")
        rows = "".join(
            f"<item><title>{escape(title)}</title><description>{escape(summary)}</description>"
            f"<guid>{escape(name + title)}</guid><link>http://127.0.0.1:{self.port}/{name}/{abs(hash(title))}</link>"
            f"<pubDate>{time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(at))}</pubDate></item>"
            for title, summary, at in self.items[name]
        )
        text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{rows}</channel></rss>'
        return web.Response(text=text, content_type="application/rss+xml")

    async def come(self) -> None:
        """Serve, at the same port as before."""
        app = web.Application()
        app.router.add_get("/{name}", self._serve)
        self._runner = await serve(app, port=self.port)
        self.port = port_of(self._runner)

    async def go(self) -> None:
        """Serve no longer: who asks is refused."""
        assert self._runner is not None
        await self._runner.cleanup()

    async def __aenter__(self) -> Feeds:
        await self.come()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go()


class Daemon:
    """The real daemon: `python -m alertd run` in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.arguments = arguments
        self.process: asyncio.subprocess.Process | None = None
        self.out = folder / "out.txt"
        self.err = folder / "err.txt"
        self._home = folder
        self.environment: dict[str, str] = {}
        self.before: tuple[str, ...] = ()
        """What it is run by."""
        self.module = "alertd"

    @property
    def config(self) -> Path:
        return self._home / "config"

    @property
    def log(self) -> str:
        return self.err.read_text(encoding="utf-8") if self.err.exists() else ""

    async def start(self) -> None:
        with self.out.open("ab") as out, self.err.open("ab") as err:
            self.process = await asyncio.create_subprocess_exec(
                *self.before, sys.executable, "-m", self.module, "run", "--config", str(self.config), *self.arguments,
                stdout=out, stderr=err, cwd=ROOT,
                env={**os.environ, "HF_HUB_OFFLINE": "1", **self.environment},
            )  # fmt: skip

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def end(self) -> int:
        """Ask it to end; returns its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def logged(self, text: str) -> bool:
        return text in self.log

    def alive(self) -> None:
        """Fail with what it said last when it has ended."""
        assert self.process is not None
        said = self.out.read_text(encoding="utf-8") + self.log
        assert self.process.returncode is None, f"ended with {self.process.returncode}: {said[-2000:]}"

    async def polled(self, feeds: Feeds) -> bool:
        """Whether its feeds were asked, twice in all."""
        self.alive()
        return await feeds.polled()

    async def ready(self) -> bool:
        self.alive()
        try:
            url = json.loads((self._home / "state" / "daemon.json").read_text(encoding="utf-8"))["url"]
            async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
                return answer.status == 200
        except (FileNotFoundError, aiohttp.ClientError, ValueError):
            return False


async def alertd(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and words of a command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertd", *arguments, "--config", str(config), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, said.decode()


def configure(folder: Path, feeds: Feeds, slack: FakeSlack | None, watchlist: str, more: str = "") -> None:
    rows = "".join(f"  - {{name: {name}, url: '{feeds.url(name)}', interval: 300ms}}\n" for name in feeds.items)
    where = (
        f"slack: {{token: {slack.token}, base_url: '{slack.base_url}', pace: 0s, doubt_grace: 300ms}}\n"
        if slack
        else ""
    )
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "alertd.yaml").write_text(
        f"allow_private_addresses: true\nfeeds:\n{rows}{where}operator: {{channel: '#alertd'}}\n"
        f"web: {{port: 0}}\nlog: {{format: json, level: debug}}\n{more or 'store: {linger: 2s}'}\n",
        encoding="utf-8",
    )
    (config / "watchlist.yaml").write_text(watchlist, encoding="utf-8")


@asynccontextmanager
async def serving(
    folder: Path, watchlist: str, *names: str, slack: FakeSlack | None = None, more: str = ""
) -> AsyncIterator[tuple[Daemon, Feeds, FakeSlack]]:
    """A daemon that is not started yet, its feeds and its Slack; whatever happens, it does not outlive the block."""
    async with Feeds(*(names or ("wire",))) as feeds, slack or FakeSlack() as fake:
        configure(folder, feeds, fake, watchlist, more)
        daemon = Daemon(folder)
        try:
            yield daemon, feeds, fake
        finally:
            if daemon.process is not None:
                await daemon.kill()
