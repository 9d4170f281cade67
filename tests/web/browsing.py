"""Pages in a real browser: worlds that are empty, full or without their Redis, each served from a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from alertd.store import embedded, keys
from tests.stages.world import entry
from tests.web.world import news, page, passed, polled, posted

CHROMIUM = Path("/usr/bin/chromium")


@dataclass
class World:
    """A page that is served.

    `do` runs something in its loop; `ids` are its articles, `alert` the key of an alert, `server` its folder of Redis.
    """

    url: str
    do: Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]
    context: Any
    ids: list[str]
    alert: str = ""


async def fill(context: Any) -> tuple[list[str], str]:
    """Let news of some hours pass, in words of our own."""
    ids = await passed(context, *news())
    firms = ("Intel", "Visa", "Toyota", "Boeing", "Pfizer", "Siemens", "Netflix")
    deeds = (
        "recalls 4,000 heaters sold in Chile", "names a new head of its business in Peru", "cuts 300 jobs in Norway",
        "raises its forecast for the year by 4 %", "settles a lawsuit over patents in Ohio",
    )  # fmt: skip
    ids += await passed(
        context, *(entry(f"{firm} {deed}", feed="post" if n % 2 else "wire", summary="The company said so on Monday.")
                   for n, firm in enumerate(firms) for deed in deeds[n % 2 :: 2])
    )  # fmt: skip
    ids += await passed(context, entry("Nvidia buys a maker of optical switches for 900 million dollars"))
    await polled(context)
    await posted(context, 3)
    redis = cast(Any, context.store.redis)
    await redis.xadd(keys.DEAD, {"stage": "tag", "article": ids[0], "error": "the model could not read it", "at": "1",
                                 "payload": '{"title": "A headline that no model reads"}'})  # fmt: skip
    rows = [json.loads(fields["row"]) for _, fields in await redis.xrange(keys.DELIVERED)]
    return ids, next(row["key"] for row in rows if row["symbol"] == "NVDA" and row["kind"] == "post")


@contextmanager
def world(folder: Path, kind: str, *, token: str = "") -> Iterator[World]:
    """Serve a world: `empty`, `full`, or `gone`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work: Callable[[], Coroutine[Any, Any, Any]], timeout: float = 60.0) -> Any:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(timeout)

    begun: asyncio.Future[World] = asyncio.Future(loop=loop)
    ending = asyncio.Event()

    async def serve() -> None:
        state = folder / "redis"
        state.mkdir(parents=True)
        server = await embedded.start(state, linger=2.0)
        stopped = False
        try:
            async with (
                Redis(unix_socket_path=server.socket, decode_responses=True) as redis,
                page(redis, folder, token=token) as (context, web),
            ):
                ids, alert = await fill(context) if kind == "full" else ([], "")
                if kind == "gone":
                    await embedded.stop(state)
                    stopped = True
                    context.store.redis.set_retry(Retry(NoBackoff(), 0))  # a second of waiting for each answer
                begun.set_result(World(f"http://127.0.0.1:{web.port}", do, context, ids, alert))
                await ending.wait()
        except BaseException as error:
            if not begun.done():
                begun.set_exception(error)
            raise
        finally:
            if not stopped:
                await embedded.stop(state)

    serving = asyncio.run_coroutine_threadsafe(serve(), loop)
    try:
        deadline = time.monotonic() + 60
        while not begun.done():
            assert time.monotonic() < deadline, "the world did not begin"
            time.sleep(0.02)
        yield begun.result()
    finally:
        loop.call_soon_threadsafe(ending.set)
        serving.result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
