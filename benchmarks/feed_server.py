"""Any number of feeds on loopback for benchmarks: fast, conditional, and with a memory of who asked when.

`python -m benchmarks.feed_server SHARE` prints its port; `/f/N` is feed N, `/bump` changes all of them, `/times` tells
when each was asked (seconds on the server's clock), `/quit` ends it. SHARE is the share of requests before which a
feed changes by itself. `/bad/hang` sends headers and nothing more, `/bad/drip` a byte a second, `/bad/endless` never
ends.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from functools import lru_cache

ITEMS = 20
_SYLLABLES = ("ba", "do", "fi", "ga", "hu", "ka", "lo", "mi", "nu", "pe", "ra", "so", "ti", "vu", "we", "zo")
WORDS = tuple(a + b + c for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES)
"""Words that mean nothing: that articles are alike is not what polling is about."""


class World:
    """The feeds: how often each has changed, and when it was asked."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.chance = random.Random(5)
        self.versions: dict[int, int] = {}
        self.times: dict[int, list[float]] = {}
        self.since = 0
        self.stop = asyncio.Event()

    def answer(self, path: str, etag: str) -> bytes:
        """Answer a request."""
        if path.startswith("/f/"):
            number = int(path[3:])
            times = self.times.setdefault(number, [])
            times.append(round(time.monotonic(), 4))
            version = self.versions.get(number, 0)
            if len(times) > 1 and self.chance.random() < self.share:
                version = self.versions[number] = version + 1
            tag = f'"{number}-{version + self.since}"'
            if etag == tag:
                return f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode()
            body = document(number, version + self.since).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: {tag}\r\n"
            return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        if path == "/bump":
            self.since += 1
        if path == "/quit":
            self.stop.set()
        body = json.dumps({"now": time.monotonic(), "times": self.times} if path == "/times" else {}).encode()
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def document(number: int, version: int) -> str:
    """A feed whose newest item is its version's, the rest those before it; no two items of the world are alike."""
    items = "".join(_item(number, quay) for quay in range(version + ITEMS, version, -1))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Wire {number}</title>'
        f"<link>https://wire{number}.example/</link>{items}</channel></rss>"
    )


@lru_cache(maxsize=400_000)
def _item(number: int, quay: int) -> str:
    chance = random.Random(number * 1_000_003 + quay)
    title, summary = " ".join(chance.choices(WORDS, k=10)), " ".join(chance.choices(WORDS, k=35))
    return (
        f"<item><title>{title.capitalize()}</title><link>https://wire{number}.example/news/{quay}</link>"
        f"<guid>urn:{number}:{quay}</guid><pubDate>{_date(quay)}</pubDate><description>{summary}.</description></item>"
    )


def _date(quay: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(1_772_445_600 + 60 * quay))


class Connection(asyncio.Protocol):
    """One connection, kept alive; a request has no body."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.held = b""
        self.transport: asyncio.Transport | None = None
        self.bad: asyncio.Task[None] | None = None
        self.flowing = asyncio.Event()
        self.flowing.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head, self.held = self.held[:end].decode("latin-1"), self.held[end + 4 :]
            lines = head.split("\r\n")
            etag = next((line[14:].strip() for line in lines if line.lower().startswith("if-none-match:")), "")
            path = lines[0].split(" ")[1]
            if self.transport is None:
                return
            if path.startswith("/bad/"):
                self.bad = asyncio.create_task(self.misbehave(self.transport, path))
            else:
                self.transport.write(self.world.answer(path, etag))

    async def misbehave(self, transport: asyncio.Transport, path: str) -> None:
        """Answer as bad servers do, until the other side has enough of it."""
        transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n<rss><channel>")
        while path != "/bad/hang" and not transport.is_closing():
            await self.flowing.wait()
            transport.write(b" " if path == "/bad/drip" else b"<item><title>More</title></item>" * 500)
            await asyncio.sleep(1.0 if path == "/bad/drip" else 0.01)

    def pause_writing(self) -> None:
        self.flowing.clear()

    def resume_writing(self) -> None:
        self.flowing.set()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.bad is not None:
            self.bad.cancel()


async def main(share: float) -> None:
    world = World(share)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(world), "0.0.0.0", 0, backlog=4096)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await world.stop.wait()
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
