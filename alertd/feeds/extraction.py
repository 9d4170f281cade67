"""Finds the article in a page without holding up the event loop: in a process that is started when it is needed."""

from __future__ import annotations

import asyncio
import logging
from asyncio.subprocess import Process
from types import TracebackType
from typing import Final, Self

from alertd.feeds.workers import answered, ask, end_worker, start_worker

logger = logging.getLogger(__name__)

LONGEST: Final = 3.0
"""Seconds that one page may take, once the process runs."""
STARTING: Final = 20.0
"""Seconds that the process may take to start."""
PAGES: Final = 2_000
"""Pages after which the process is replaced, for its memory is not always given back."""
_MODULE: Final = "alertd.feeds.page_worker"


class Extractor:
    """Extracts articles from pages, one at a time; use it as an async context manager."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._starting: asyncio.Task[Process] | None = None
        self._pages = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def article(self, page: bytes, content_type: str, url: str) -> str:
        """The article of a page as plain text, "" when none is found, it takes too long or kills its process.

        Args:
            page: the page, decompressed.
            content_type: value of its Content-Type header.
            url: where it is from.
        """
        async with self._turn:
            try:
                worker = await self._started()
            except (TimeoutError, EOFError, OSError) as error:
                await self._end()
                logger.warning("the process that reads pages does not start: %s", type(error).__name__)
                return ""
            done = False
            try:
                async with asyncio.timeout(LONGEST):
                    text = await _exchange(worker, page, content_type, url)
                self._pages += 1
                done = self._pages < PAGES
            except (TimeoutError, EOFError, OSError) as error:
                logger.info("a page could not be read: %s", type(error).__name__)
                return ""
            finally:
                # a cancelled exchange has left half an answer in the pipe
                if not done:
                    await self._end()
            return text

    async def _started(self) -> Process:
        if self._starting is None:
            self._starting, self._pages = asyncio.create_task(_start(), name="page reader"), 0
        # whoever stops waiting for a page does not stop the start: the next one finds the process ready
        return await asyncio.shield(self._starting)

    async def _end(self) -> None:
        starting, self._starting = self._starting, None
        if starting is None:
            return
        starting.cancel()
        (started,) = await asyncio.gather(starting, return_exceptions=True)
        if isinstance(started, Process):
            await end_worker(started)


async def _start() -> Process:
    worker = await start_worker(_MODULE)
    try:
        async with asyncio.timeout(STARTING):
            await answered(worker)  # it says so once it is ready
    except BaseException:
        await end_worker(worker)
        raise
    return worker


async def _exchange(worker: Process, page: bytes, content_type: str, url: str) -> str:
    await ask(worker, {"content_type": content_type, "url": url}, page)
    return str((await answered(worker))["text"])
