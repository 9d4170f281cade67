"""The life of a process that reads what others wrote: bounded in memory, and over when its stdin is."""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO


def run_bounded(serve: Callable[[BinaryIO, BinaryIO], None], memory: int) -> None:
    """Serve stdin and stdout; a Ctrl-C is for the daemon, which closes our stdin.

    Args:
        serve: answers the requests on the first stream on the second, until there are no more or nobody listens.
        memory: bytes of data that this process may hold from now on.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        # whoever asked was killed and hears no answer; what is still to be flushed at the exit goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
