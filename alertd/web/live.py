"""The live stream: one reader of Redis feeds all browsers by server-sent events (WHATWG HTML, section 9.2).

What passes is read, put into words and serialised once, whatever the number of browsers. Each has a bounded queue: one
that does not keep up is told so and let go, and comes back by `Last-Event-ID` to where it was; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final, cast

from aiohttp import web

from alertd.store import keys
from alertd.store.connection import BLOCK_MS, TROUBLE, Store
from alertd.watchlist.archive import read_row
from alertd.web import shown
from alertd.web.asking import RequestError, is_entry

logger = logging.getLogger(__name__)

MOST: Final = 200
"""Browsers that may listen at once."""
QUEUE: Final = 256
"""Events that wait for one browser before it counts as too slow."""
BEAT: Final = 15.0
"""Seconds without an event after which a sign of life is sent."""
PATIENCE: Final = 10.0
"""Seconds that a browser has to take what is sent."""
MISSED: Final = 500
"""Events that a browser gets that was away; it reads the rest from `/api/now`."""
_AT_ONCE: Final = 100
_AGAIN: Final = 1.0
_RETRY: Final = b"retry: 2000\n\n"
_STREAMS: Final = (keys.PASSED, keys.DELIVERED)
_START: Final = "0-0"

Position = tuple[str, str]


class Client:
    """A browser that listens.

    Args:
        start: position from which on it gets what is read.
    """

    def __init__(self, start: Position) -> None:
        self.start = start
        self.slow = False
        """Whether it did not keep up; it gets no more."""
        self.waiting: list[bytes] = []
        self.wake = asyncio.Event()

    def offer(self, frame: bytes) -> None:
        """Put an event into its queue, unless that is full."""
        if len(self.waiting) >= QUEUE:
            self.slow = True
            self.waiting.clear()
        if not self.slow:
            self.waiting.append(frame)
        self.wake.set()

    def take(self) -> bytes:
        """All that waits, as one piece."""
        taken = b"".join(self.waiting)
        self.waiting.clear()
        self.wake.clear()
        return taken


class Live:
    """Reads what passes, for all browsers.

    Args:
        store: the store.
        noted: is told how many browsers listen, whenever that changes.
        dropped: is told when one was too slow.
    """

    def __init__(
        self, store: Store, noted: Callable[[int], None] = lambda _: None, dropped: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._noted = noted
        self._dropped = dropped
        self._clients: set[Client] = set()
        self._reader: asyncio.Task[None] | None = None
        self._at: Position = (_START, _START)
        self._closed = False
        self._starting = asyncio.Lock()

    @property
    def clients(self) -> int:
        """How many browsers listen."""
        return len(self._clients)

    async def join(self) -> Client:
        """Let a browser listen; end it with `leave`.

        Raises:
            RequestError: too many listen already.
        """
        if len(self._clients) >= MOST or self._closed:
            raise RequestError("too many browsers listen", hint="close a page that nobody looks at", status=503)
        async with self._starting:
            if self._reader is None or self._reader.done():
                self._at = await self._latest()
                client = self._add()
                self._reader = asyncio.create_task(self._read(), name="live page")
                return client
        return self._add()

    def _add(self) -> Client:
        client = Client(self._at)
        self._clients.add(client)
        self._noted(len(self._clients))
        return client

    def leave(self, client: Client) -> None:
        """Let it go; the reader ends with the last one."""
        self._clients.discard(client)
        self._noted(len(self._clients))

    async def close(self) -> None:
        """Let all go, and end."""
        self._closed = True
        for client in self._clients:
            client.wake.set()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def missed(self, last: str, client: Client) -> bytes:
        """What passed since a browser was last here, up to where its queue begins.

        Args:
            last: `Last-Event-ID`; "" for one that was never here.
        """
        since = position_of(last)
        if since is None:
            return b""
        frames: list[bytes] = []
        at = list(since)
        for number, stream in enumerate(_STREAMS):
            rows = await cast(Any, self._store.redis).xrange(
                stream, min=f"({since[number]}", max=client.start[number], count=MISSED + 1
            )
            if len(rows) > MISSED:
                return frame(last, "gap", {"missed": f"more than {MISSED}"})
            for ident, fields in rows:
                at[number] = ident
                frames.append(event((at[0], at[1]), stream, fields))
        return b"".join(frames)

    async def _latest(self) -> Position:
        found = []
        for stream in _STREAMS:
            rows = await cast(Any, self._store.redis).xrevrange(stream, count=1)
            found.append(rows[0][0] if rows else _START)
        return found[0], found[1]

    async def _read(self) -> None:
        away = False
        while self._clients and not self._closed:
            try:
                answer = await cast(Any, self._store.blocking).xread(
                    dict(zip(_STREAMS, self._at, strict=True)), count=_AT_ONCE, block=BLOCK_MS
                )
            except TROUBLE as error:
                if not away:
                    logger.info("the live page waits for the store: %s", type(error).__name__)
                    self._tell(frame("", "away", {"error": "the store is away"}))
                away = True
                await asyncio.sleep(_AGAIN)
                continue
            if away:
                away = False
                self._tell(frame("", "back", {}))
            for stream, entries in answer or ():
                for ident, fields in entries:
                    self._at = (ident, self._at[1]) if stream == keys.PASSED else (self._at[0], ident)
                    self._tell(event(self._at, stream, fields))

    def _tell(self, one: bytes) -> None:
        for client in self._clients:
            client.offer(one)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a browser that listens, until it goes or is too slow."""
        client = await self.join()
        try:
            missed = await self.missed(request.headers.get("Last-Event-ID", request.query.get("last", "")), client)
            response = web.StreamResponse(
                headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
            )
            await response.prepare(request)
            await response.write(_RETRY + frame(_id(client.start), "hello", {}) + missed)
            while not self._closed:
                try:
                    async with asyncio.timeout(BEAT):
                        await client.wake.wait()
                except TimeoutError:
                    client.offer(b": alive\n\n")
                async with asyncio.timeout(PATIENCE):
                    await response.write(client.take())
                    if client.slow:
                        self._dropped()
                        await response.write(frame("", "slow", {"error": "this browser did not keep up"}))
                        break
        except TimeoutError:
            self._dropped()
            logger.info("a browser did not take what was sent and was let go")
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            logger.debug("a browser went away")
        finally:
            self.leave(client)
        return response


def event(at: Position, stream: str, fields: dict[str, str]) -> bytes:
    """An entry of a stream as an event: `article` or `alert`."""
    if stream == keys.PASSED:
        item = shown.article(read_row(json.loads(fields["row"])), json.loads(fields["recent"]))
        return frame(_id(at), "article", item)
    return frame(_id(at), "alert", shown.alert(at[1], json.loads(fields["row"])))


def frame(ident: str, name: str, data: Any) -> bytes:
    """An event as it is sent."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = f"id: {ident}\n" if ident else ""
    return f"{head}event: {name}\ndata: {text}\n\n".encode("utf-8", "replace")


def _id(at: Position) -> str:
    return "_".join(at)


def position_of(last: str) -> Position | None:
    """Read an event's id; None when it is none."""
    parts = last.split("_")
    if len(parts) != len(_STREAMS) or not all(map(is_entry, parts)):
        return None
    return parts[0], parts[1]
