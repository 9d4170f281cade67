"""A tagger that one text kills, started again and again as a service manager would: `… dying SOCKET FOLDER COUNT`.

Prints how often it was killed, and ends when COUNT articles have passed the stage, dead ones included.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.articles import Tags
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.tagging.tagger import Tagger, TagInput
from tests.stages.world import at_work, context, until
from tests.tagging import fakes

POISON = "Kettle factory whistles itself to pieces"
MOST = 20
"""Starts after which nothing will come of it."""


class Killed(Tagger):
    """A tagger whose process the poison ends at once, as a fault in native code would."""

    def __init__(self) -> None:
        self.__dict__.update(fakes.tagger().__dict__)

    def tag(self, texts: Sequence[TagInput]) -> list[Tags]:
        if any(text.title == POISON for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().tag(texts)


async def work(socket: str, folder: Path, count: int) -> None:
    own = folder / f"start-{os.getpid()}"
    own.mkdir()
    async with (
        Redis(unix_socket_path=socket, decode_responses=True) as redis,
        context(redis, own, process=f"tagger-{os.getpid()}") as ctx,
    ):
        ctx.now = type(ctx.now)(ctx.now.configuration, ctx.now.book, Killed())
        ctx.store.exclusive = True

        async def passed() -> bool:
            return int(await cast(Any, redis).xlen(keys.TAGGED)) >= count

        async with at_work(TagStage(ctx).work):
            await until(passed)


def main() -> int:
    socket, folder, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    for kills in range(MOST):
        child = os.fork()  # everything is imported once only; no thread and no loop runs yet
        if child == 0:
            asyncio.run(work(socket, folder, count))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            print(kills, flush=True)
            return os.waitstatus_to_exitcode(status)
    return 1


if __name__ == "__main__":
    sys.exit(main())
