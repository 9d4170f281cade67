"""Two processes that tag against one, on one Redis: what a second machine (or core) brings.

Real `alertd run --stages tag` processes with the shipped model, one thread each in both arms. They are ready and stand
still (SIGSTOP) while the stream is filled; the time counts from the moment they may go on until the last article is
tagged. The arms take turns, and the median of each counts. Redis and this program share the cores with them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import psutil

from alertd.articles import Entry, dumps
from alertd.store import keys
from alertd.store.connection import Store, open_store
from alertd.stories.fingerprints import fingerprint
from alertd.stories.records import written
from benchmarks import Result
from benchmarks.daemons import ready_at
from benchmarks.headlines import headlines
from benchmarks.servers import redis_server

ARMS = (1, 2)
_PATIENCE = 120.0
_LOOK = 0.02


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--articles", type=int, default=0, help="articles in the stream (default 4,000, tiny 200)")
    parser.add_argument("--rounds", type=int, default=0, help="how often each arm runs (default 5, tiny 1)")


def run(options: argparse.Namespace) -> Result:
    articles = options.articles or (200 if options.tiny else 4_000)
    rounds = options.rounds or (1 if options.tiny else 5)
    took = asyncio.run(_measure(articles, rounds))
    rates = {arm: [articles / one.seconds for one in took[arm]] for arm in ARMS}
    tagging = {arm: median(1000 * one.tagging / articles for one in took[arm]) for arm in ARMS}
    storing = {arm: median(1000 * one.storing / articles for one in took[arm]) for arm in ARMS}
    one, two = (median(rates[arm]) for arm in ARMS)
    rows = tuple(
        (
            f"{arm} process{'es' * (arm > 1)}", f"{median(rates[arm]):.1f}",
            f"{min(rates[arm]):.1f}-{max(rates[arm]):.1f}", f"{tagging[arm]:.2f}", f"{storing[arm]:.2f}",
        )
        for arm in ARMS
    )  # fmt: skip
    figures = {
        "ratio": round(two / one, 3), "one_articles_per_s": round(one, 1), "two_articles_per_s": round(two, 1),
        "tag_cpu_ms": round(tagging[1], 3), "redis_cpu_ms": round(storing[1], 3),
        "articles": articles, "rounds": rounds, "cores": len(os.sched_getaffinity(0)),
    }  # fmt: skip
    note = (
        f"{articles:,} headlines in the stream beforehand, one thread a process, the median of {rounds} in turns, on "
        f"{figures['cores']} cores that Redis shares; load average at the end {os.getloadavg()[0]:.1f}"
    )
    return Result(("", "articles/s", "from-to", "tag CPU ms", "redis CPU ms"), rows, figures, note)


@dataclass(frozen=True)
class Pass:
    """What a full stream took: seconds on the clock, and of processors in the taggers and in Redis."""

    seconds: float
    tagging: float
    storing: float


async def _measure(articles: int, rounds: int) -> dict[int, list[Pass]]:
    """What each arm took, round by round."""
    took: dict[int, list[Pass]] = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory(prefix="alertd-scale-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            socket = await stack.enter_async_context(redis_server(folder))
            store = await stack.enter_async_context(open_store(socket=socket))
            await store.prepare()
            taggers = [await stack.enter_async_context(_Tagger(folder / f"{n}", socket)) for n in range(max(ARMS))]
            entries = _entries(articles)
            await _pass(store, taggers, entries[: len(entries) // 4])  # whoever comes first warms up for the others
            for _ in range(rounds):
                for arm in ARMS:
                    took[arm].append(await _pass(store, taggers[:arm], entries))
    return took


async def _pass(store: Store, taggers: Sequence[_Tagger], entries: Sequence[dict[str, str]]) -> Pass:
    """Have some taggers work a full stream off."""
    redis = cast(Any, store.redis)
    # one that was stopped in a read that waits would be given the first entry
    while (await redis.info("clients"))["blocked_clients"]:  # noqa: ASYNC110 - Redis tells nobody
        await asyncio.sleep(_LOOK)
    await redis.delete(keys.TAGGED, *await redis.keys(f"{keys.PREFIX}tags:*") or ["none"])
    await store.prepare()
    async with redis.pipeline(transaction=False) as pipe:
        for fields in entries:
            pipe.xadd(keys.ARTICLES, fields)
        await pipe.execute()
    server = psutil.Process((await redis.info("server"))["process_id"])
    before = sum(_used(tagger.process) for tagger in taggers), _used(server)
    for tagger in taggers:
        tagger.go_on()
    began = time.perf_counter()
    while await redis.xlen(keys.TAGGED) < len(entries):
        if time.perf_counter() - began > _PATIENCE:
            sys.exit("the stream is not worked off in time")
        await asyncio.sleep(_LOOK)
    took = time.perf_counter() - began
    for tagger in taggers:
        tagger.stand_still()
    after = sum(_used(tagger.process) for tagger in taggers), _used(server)
    return Pass(took, after[0] - before[0], after[1] - before[1])


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _entries(count: int) -> list[dict[str, str]]:
    """Articles as `accept.lua` writes them into the stream, none a copy of another."""
    made = []
    for number, (title, summary) in enumerate(headlines(count)):
        entry = Entry("wire", f"g{number}", f"https://wire.example/{number}", title, summary, source="Wire")
        made.append({
            "seq": f"{number + 1}", "arrived": f"{time.time():.6f}", "entry": dumps(entry), "may": "1", "held": "",
            "fp": written(fingerprint(entry)), "copy": "", "update": "",
        })  # fmt: skip
    return made


class _Tagger:
    """An `alertd run --stages tag` that stands still unless it is told to go on."""

    def __init__(self, folder: Path, socket: str) -> None:
        self._folder = folder
        config = folder / "config"
        config.mkdir(parents=True)
        (config / "alertd.yaml").write_text(
            "allow_private_addresses: true\nfeeds: [{name: none, url: 'http://127.0.0.1:9/none'}]\n"
            f"redis: {{url: 'unix://{socket}'}}\ntagging: {{threads: 1}}\nweb: {{port: 0}}\nlog: {{level: warning}}\n",
            encoding="utf-8",
        )
        (config / "watchlist.yaml").write_text("rules: [{name: all, companies: [NVDA]}]\n", encoding="utf-8")
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> _Tagger:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "alertd", "run", "--stages", "tag", "--config", str(self._folder / "config"),
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        deadline = time.monotonic() + _PATIENCE
        while not await ready_at(self._folder / "state" / "daemon.json"):
            if self._process.returncode is not None or time.monotonic() > deadline:
                sys.exit("a process that tags did not become ready")
            await asyncio.sleep(0.1)
        self.stand_still()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self.go_on()
            self._process.terminate()
            await self._process.wait()

    @property
    def process(self) -> psutil.Process:
        """The process, to look at."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def go_on(self) -> None:
        """Let it run."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stand_still(self) -> None:
        """Stop it where it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
