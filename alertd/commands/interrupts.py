"""Waits for input so that no Ctrl-C is lost."""

from __future__ import annotations

import contextlib
import io
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def waiting_for(stream: io.IOBase) -> Iterator[Callable[[], None]]:
    """Give what waits until a stream has something to read, and hears a signal whenever it comes.

    A signal that comes between Python's last look for one and a blocking read is only noticed when that read ends: a
    Ctrl-C in this moment would do nothing until more input comes. So every signal also leaves a byte for `select`
    (the self-pipe trick, D. J. Bernstein). A stream that is no file, or a thread that hears no signals, just reads.
    """
    try:
        descriptor = stream.fileno()
    except io.UnsupportedOperation:
        yield lambda: None
        return
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    hears, tells = socket.socketpair()
    with hears, tells:
        hears.setblocking(False)
        tells.setblocking(False)

        def wait() -> None:
            while descriptor not in (ready := select.select([descriptor, hears.fileno()], [], [])[0]):
                # Python calls the handler before the next look; one that raises ends the wait
                if hears.fileno() in ready:
                    hears.recv(64)

        before = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
        try:
            yield wait
        finally:
            signal.set_wakeup_fd(before)
