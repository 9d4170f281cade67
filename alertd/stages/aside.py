"""Work that goes on beside a loop: one piece at a time, whose result the loop takes when it comes by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class Aside(Generic[T]):
    """One piece of work at a time beside the block that it is entered for, and none after it.

    Args:
        name: of its tasks.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[T] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        if kind is None:
            await task
            return
        task.cancel()
        # what ended the block is on its way already
        await asyncio.gather(task, return_exceptions=True)

    def start(self, work: Callable[[], Coroutine[Any, Any, T]]) -> bool:
        """Start a piece of work, unless one is under way or its result was not taken; returns whether it did."""
        if self._task is not None:
            return False
        self._task = asyncio.create_task(work(), name=self._name)
        return True

    async def wait(self) -> None:
        """Wait until what is under way has ended; how long that is, the work bounds."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def taken(self) -> T | None:
        """Take the result, once; None while there is none.

        Raises:
            Exception: whatever the work raised.
        """
        if self._task is None or not self._task.done():
            return None
        task, self._task = self._task, None
        return task.result()
