"""Reads documents without holding up the event loop: tiny ones at once, all others in processes of their own.

feedparser holds the interpreter while it reads, so a large document would stop every other feed for its time. The
processes are started afresh (never forked), bounded in memory, killed when a document takes too long, and replaced
when one made them grow.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Final, Self

from alertd.articles import Entry
from alertd.errors import FeedError
from alertd.feeds.hints import Hints
from alertd.feeds.parse import ParsedFeed, parse
from alertd.feeds.settings import Readable, ReadSettings
from alertd.feeds.workers import answered, ask, end_worker, start_worker

logger = logging.getLogger(__name__)

SMALL: Final = 2 * 1024
"""Bytes up to which a document is read on the spot: that takes a millisecond or two, which is less than handing it over
does. A thread would be no help, for it holds the interpreter as long."""
LONGEST: Final = 4.5
"""Seconds that reading one document may take."""
WORKERS: Final = 2
"""Large documents that are read at the same time."""
GROWN: Final = 24.0
"""Megabytes by which a process may have grown; beyond that it is replaced, for memory is not always given back."""

_MODULE: Final = "alertd.feeds.worker"


class Reader:
    """Reads documents; use it as an async context manager.

    Args:
        longest: seconds that reading one document may take in a process of its own.
    """

    def __init__(self, *, longest: float = LONGEST) -> None:
        self._longest = longest
        self._slots = asyncio.Semaphore(WORKERS)
        self._idle: list[Process] = []
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        self._idle.append(await start_worker(_MODULE))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        while self._idle:
            await end_worker(self._idle.pop())

    async def read(
        self, body: bytes, *, feed: Readable, headers: Mapping[str, str], url: str, now: float
    ) -> ParsedFeed:
        """Read a document; arguments and errors are those of `parse`.

        Raises:
            FeedError: as `parse` does, and of kind `too_slow` when it takes too long.
        """
        if len(body) <= SMALL and not body.startswith(b"\x1f\x8b"):
            return parse(body, feed=feed, headers=headers, url=url, now=now)
        async with self._slots:
            try:
                found = await self._apart(body, feed, headers, url, now)
            except (EOFError, OSError):
                # it may have been dead before, and only this told us
                found = await self._again(body, feed, headers, url, now)
        if isinstance(found, FeedError):
            raise found
        return found

    async def _apart(
        self, body: bytes, feed: Readable, headers: Mapping[str, str], url: str, now: float
    ) -> ParsedFeed | FeedError:
        """Have a document read in a process of its own; EOFError and OSError say that the process ended."""
        worker = await self._take()
        keep = False
        try:
            async with asyncio.timeout(self._longest):
                found, grown = await _exchange(worker, body, feed, headers, url, now)
            keep = grown < GROWN
        except TimeoutError:
            raise FeedError(
                f"reading the document takes more than {self._longest:g} s",
                where=feed.name,
                hint="lower the feed's max_bytes or max_items, and tell the publisher",
                kind="too_slow",
            ) from None
        finally:
            if keep and self._open:
                self._idle.append(worker)
            else:
                await end_worker(worker)
        return found

    async def _again(
        self, body: bytes, feed: Readable, headers: Mapping[str, str], url: str, now: float
    ) -> ParsedFeed | FeedError:
        try:
            return await self._apart(body, feed, headers, url, now)
        except (EOFError, OSError) as error:
            raise FeedError(
                f"the process that reads the document ended ({type(error).__name__})",
                where=feed.name,
                hint="it is tried again; lower the feed's max_bytes if it is always so",
                kind="hostile",
            ) from None

    async def _take(self) -> Process:
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
            logger.warning("a reading process ended with %s and is replaced", worker.returncode)
        return await start_worker(_MODULE)


async def _exchange(
    worker: Process, body: bytes, feed: Readable, headers: Mapping[str, str], url: str, now: float
) -> tuple[ParsedFeed | FeedError, float]:
    """Have one document read; gives what was found, and the megabytes by which the process has grown."""
    asked = {
        "feed": asdict(ReadSettings.of(feed)), "headers": dict(headers), "url": url, "now": now,
    }  # fmt: skip
    await ask(worker, asked, body)
    about: dict[str, Any] = {}
    entries: list[Entry] = []
    while True:
        answer = await answered(worker)
        if "end" in answer:
            break
        if "entry" in answer:
            entries.append(Entry(**answer["entry"]))
        else:
            about = answer
    if "error" in about:
        error = FeedError(about["error"], where=feed.name, hint=about["hint"], kind=about["kind"])
        return error, float(answer["grown"])
    said = about["hints"]
    hints = Hints(said["ttl"], tuple(said["skip_hours"]), tuple(said["skip_days"]))
    read = ParsedFeed(about["title"], about["kind"], tuple(entries), about["damaged"], hints, about["whole"])
    return read, float(answer["grown"])
