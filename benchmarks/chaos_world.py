"""What the line is run in by `benchmarks.chaos_run`: feeds by names, a Slack, a Redis, and processes that are started
again.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from dnslib import RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from alertd.demo.slack import Channel, SlackServer, Workspace
from alertd.slack.message import keys_of
from alertd.web.listening import port_of, serve
from benchmarks.chaos_fates import Heard
from benchmarks.chaos_line import MARK
from benchmarks.headlines import headlines
from benchmarks.servers import end_redis, start_redis

FEEDS = 20
KEPT = 3600.0
"""Seconds that an item stays in its feed: longer than any fault lasts, on a busy machine too."""


class Feeds:
    """Feeds that get new items at a steady rate, of which some kill what tags them.

    Args:
        rate: items a second, all feeds together.
        poison: numbers of the items that kill.
        chance: decides which feed gets an item.
    """

    def __init__(self, rate: float, poison: frozenset[int], chance: random.Random) -> None:
        self.count = 0
        self.poison = poison
        self._rate = rate
        self._chance = chance
        self._items: list[list[tuple[float, str]]] = [[] for _ in range(FEEDS)]
        self._texts = headlines(400)
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def publish(self, seconds: float) -> None:
        """Publish for so long."""
        began = time.monotonic()
        while (due := time.monotonic() - began) < seconds:
            while self.count < due * self._rate:
                self._one()
            await asyncio.sleep(0.2)

    def _one(self) -> None:
        number, self.count = self.count, self.count + 1
        title, summary = self._texts[number % len(self._texts)]
        # what makes it another event than the one of the same words before
        title = f"{MARK} plant {number} stands still" if number in self.poison else f"{title}, unit {number} says"
        now = time.time()
        self._items[self._chance.randrange(FEEDS)].append((
            now,
            f"<item><title>{escape(title)}</title><description>{escape(summary)}</description>"
            f"<link>https://wire.example/{number}</link><guid>urn:wire:{number}</guid>"
            f"<pubDate>{time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(now))}</pubDate></item>",
        ))  # fmt: skip

    async def _serve(self, request: web.Request) -> web.Response:
        items = self._items[int(request.match_info["number"])]
        kept = [text for at, text in items if at > time.time() - KEPT]
        tag = f'"{len(items)}-{len(kept)}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        text = (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>{"".join(kept[::-1])}</channel></rss>'
        )
        return web.Response(text=text, content_type="application/rss+xml", headers={"ETag": tag})

    async def __aenter__(self) -> Feeds:
        app = web.Application()
        app.router.add_get("/{number:\\d+}", self._serve)
        self._runner = await serve(app)
        self.port = port_of(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


class Slack(SlackServer):
    """A Slack on loopback that notes which alerts it was told."""

    def __init__(self, channels: Sequence[str]) -> None:
        super().__init__(Workspace(channels, on_message=self._note))
        self.heard = Heard()

    def _note(self, _: Channel, message: Mapping[str, Any]) -> None:
        first, *listed = keys_of(message.get("metadata") or {}) or ("",)
        self.heard.messages[first] += 1
        self.heard.digests.update(set(listed))


class Names(BaseResolver):  # type: ignore[misc]
    """A name server on loopback for which every name is this machine's; it can be sent away."""

    def __init__(self) -> None:
        self._server: DNSServer | None = None

    def resolve(self, request: DNSRecord, _handler: object) -> DNSRecord:
        """Answer: 127.0.0.1, for a second."""
        reply = request.reply()
        reply.add_answer(RR(request.q.qname, rdata=A("127.0.0.1"), ttl=1))
        return reply

    def come(self) -> None:
        """Listen."""
        self._server = DNSServer(self, port=53, address="127.0.0.1")
        self._server.start_thread()

    def go(self) -> None:
        """Be gone."""
        if self._server is not None:
            self._server.stop()
            self._server.server.server_close()
            self._server = None


class Redis:
    """A server with its append-only file in a folder, that is stopped and started.

    Args:
        folder: of its files.
        socket: where it listens.
        environment: of its process.
    """

    def __init__(self, folder: Path, socket: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._socket, self._environment = folder, socket, environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = await start_redis(self._folder, self._socket, self._environment)

    async def stop(self) -> None:
        """Stop it as an operator does."""
        if self._process is not None:
            await end_redis(self._process)
        self._socket.unlink(missing_ok=True)


class Line:
    """One process of the line, started again at once whenever it ends.

    Args:
        folder: of the configuration.
        stages: what it runs.
        environment: of its process.
    """

    def __init__(self, folder: Path, stages: str, environment: Mapping[str, str]) -> None:
        self.starts = 0
        self._command = (
            sys.executable, "-m", "benchmarks.chaos_line", "run", "--stages", stages, "--config", str(folder)
        )  # fmt: skip
        self._environment = environment
        self._log = folder.parent / f"{stages}-{id(self)}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def live(self) -> None:
        """Run until cancelled."""
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, env={**os.environ, **self._environment}, stdout=subprocess.DEVNULL, stderr=log
                )
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(0.2)

    def kill(self) -> bool:
        """Kill it, wherever it is; returns whether it lived."""
        if self._process is None or self._process.returncode is not None:
            return False
        self._process.kill()
        return True

    async def end(self) -> int | None:
        """End it in order; its exit code."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 60)
