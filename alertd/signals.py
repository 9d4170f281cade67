"""Ends the process when it is told to: in order at the first signal, at once at the second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LEFT: Final = "left alone"


def on_signals(end: Callable[[], object], reload: Callable[[], object]) -> Callable[[], None]:
    """Have SIGTERM and SIGINT call `end`, a second one end the process at once, and SIGHUP call `reload`.

    Takes the place of what was set before.

    Returns:
        What undoes it.
    """
    loop = asyncio.get_running_loop()
    told = False

    def heard(number: int) -> None:
        nonlocal told
        if told:
            logger.warning("told to end a second time: ending at once")
            logging.shutdown()
            os._exit(128 + number)
        logger.info("told to end; ending what is under way")
        told = True
        end()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard, number)
    loop.add_signal_handler(signal.SIGHUP, reload)

    def restore() -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)

    return restore


@contextlib.contextmanager
def ending_early() -> Iterator[None]:
    """Let SIGTERM end the process as one that did its work, until `on_signals` says otherwise: nothing is under way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def left_alone(work: Callable[[], T]) -> asyncio.Future[T]:
    """Do something in a thread for which nobody waits when the process is told to end, as the loop's own do.

    Returns:
        What comes of it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not future.done():
            result()

    def run() -> None:
        try:
            found = work()
        except BaseException as error:
            # raised where it is awaited
            result = partial(future.set_exception, error)
        else:
            result = partial(future.set_result, found)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name=_LEFT, daemon=True).start()
    return future


@contextlib.contextmanager
def leaving() -> Iterator[Callable[[int], None]]:
    """Give what ends the process at once where a thread of `left_alone` is still at work, and does nothing otherwise:
    what tears the interpreter down would pull native code away under it. Whoever fails waits for the thread instead.
    """

    def at_work() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == _LEFT]

    def leave(code: int) -> None:
        if at_work():
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)

    try:
        yield leave
    except BaseException:
        for thread in at_work():
            thread.join()
        raise
