"""Processes that read what strangers wrote: how they are started and ended, and how one speaks to them.

A request is one line of JSON, which says how many bytes follow, and these bytes; an answer is lines of JSON. How many
processes there are, how long they may take and when they are replaced is up to who uses them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from typing import Any, Final

_INHERITED: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
_LINE: Final = 512 * 1024
_CHUNK: Final = 256 * 1024


async def start_worker(module: str) -> Process:
    """Start a module as a process that is spoken to through its stdin and stdout."""
    # what reads hostile documents gets none of the secrets that the environment may hold
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", module, stdin=PIPE, stdout=PIPE, limit=_LINE, env=environment,
        start_new_session=True,  # Ctrl-C in the daemon's terminal is for the daemon, which ends them in order
    )  # fmt: skip


async def end_worker(worker: Process) -> None:
    """End a process and wait until it is gone; it holds nothing that a kill could hurt."""
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
    # what it still wrote keeps its pipe open otherwise; closed earlier, the loop would not see it end
    transport = getattr(worker, "_transport", None)
    if transport is not None:
        transport.close()


async def ask(worker: Process, request: Mapping[str, Any], body: bytes) -> None:
    """Send a request and the bytes that it is about.

    Raises:
        OSError: the process ended.
    """
    assert worker.stdin is not None  # noqa: S101 - made with pipes
    worker.stdin.write(json.dumps({**request, "bytes": len(body)}).encode() + b"\n")
    for start in range(0, len(body), _CHUNK):
        worker.stdin.write(body[start : start + _CHUNK])
        await worker.stdin.drain()
    await worker.stdin.drain()


async def answered(worker: Process) -> dict[str, Any]:
    """The next line of an answer.

    Raises:
        EOFError: the process ended.
    """
    assert worker.stdout is not None  # noqa: S101 - made with pipes
    line = await worker.stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    found: dict[str, Any] = json.loads(line)
    return found
