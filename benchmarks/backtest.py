"""Speed of replaying an archive through a watchlist: reading from Redis, decoding and matching, on one core.

The archive is made of made-up articles, sealed into chunks as the daemon seals them and stored in a Redis of its own;
the watchlist is that of `python -m benchmarks rules`. Redis runs on another core, as it does beside a daemon.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from alertd.stages.archive import file, since
from alertd.store import embedded, keys
from alertd.store.connection import open_store
from alertd.store.leases import Lease
from alertd.watchlist.archive import CHUNK, row_of
from alertd.watchlist.backtest import Replay, Tally
from benchmarks import Result
from benchmarks.rules import SEED, articles, compiled, watchlist


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rules", type=int, default=0, help="number of rules (default 1000, tiny 60)")
    parser.add_argument("--articles", type=int, default=0, help="number of articles (default 40960, tiny 512)")


def run(options: argparse.Namespace) -> Result:
    rules = options.rules or (60 if options.tiny else 1000)
    count = options.articles or (2 * CHUNK if options.tiny else 160 * CHUNK)
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as folder:
        taken, tally, size = asyncio.run(_measure(Path(folder), rules, count))
    rows = [
        ("replay", f"{tally.articles / taken:,.0f}", f"{taken:.2f}"),
    ]
    figures = {
        "articles_per_s": round(tally.articles / taken), "rules": rules, "articles": tally.articles,
        "alerts": tally.alerts, "bytes_per_article": round(size / tally.articles, 1),
    }  # fmt: skip
    note = f"{tally.articles:,} articles, {rules} rules, {tally.alerts:,} alerts, one thread"
    return Result(("", "articles/s", "seconds"), tuple(rows), figures, note)


async def _measure(folder: Path, rules: int, count: int) -> tuple[float, Tally, int]:
    rng = random.Random(SEED)
    book = compiled(watchlist(rules, 5000, rng))
    given = articles(count, 5000, rng)
    server = await embedded.start(folder, linger=1.0)
    try:
        async with open_store(socket=server.socket, exclusive=True) as store:
            lease = Lease(store, "decide", "bench")
            await lease.acquire()
            redis = cast(Any, store.redis)
            for start in range(0, count, CHUNK):
                await redis.rpush(keys.ARCHIVE_OPEN, *(row_of(*one) for one in given[start : start + CHUNK]))
                await file(store, lease)
            # the made-up articles are no part of a replay: the collector need not look through them
            del given
            gc.collect()
            gc.freeze()
            replay = Replay(book)
            began = time.perf_counter()
            async for chunk in since(store, 0.0):
                replay.take(chunk)
            taken = time.perf_counter() - began
            gc.unfreeze()
            size = int(await redis.get(keys.ARCHIVE_BYTES) or 0)
    finally:
        await embedded.stop(folder)
    return taken, replay.tally, size
