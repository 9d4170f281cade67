"""Every view of the page while browsers listen: a month in the archive, the real daemon, articles coming all the time.

The daemon is one that runs the stage notify alone, so that all of it is read from Redis; this process stands for the
others and commits articles as decide does. Listening browsers are raw connections that note when each article came.
Beside it, in the same run, what one chart costs without the counts that decide keeps: a scan of the archive, as readers
of feeds that keep no counts would do it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import aiohttp
import psutil

from alertd.stages import archive
from alertd.store import embedded, keys
from alertd.store.connection import Store, open_store
from alertd.store.leases import Lease
from alertd.watchlist.rules import companies_of
from benchmarks import Result
from benchmarks.daemons import ready_at
from benchmarks.page_archive import FEEDS, WINDOW, Made, fill
from benchmarks.tagging import percentile

RULES: Final = 200
_ID: Final = re.compile(rb'"id":"([0-9-]+)"')
_PATIENCE: Final = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--articles", type=int, default=0, help="articles in the archive (default 100000, tiny 1500)")
    parser.add_argument("--clients", type=int, default=0, help="browsers that listen (default 50, tiny 5)")
    parser.add_argument("--rate", type=float, default=20.0, help="articles a second while views are asked for")
    parser.add_argument("--rounds", type=int, default=0, help="how often each view is asked for (default 60, tiny 5)")


def run(options: argparse.Namespace) -> Result:
    count = options.articles or (1_500 if options.tiny else 100_000)
    clients = options.clients or (5 if options.tiny else 50)
    rounds = options.rounds or (5 if options.tiny else 60)
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as folder:
        found = asyncio.run(_measure(Path(folder), count, clients, options.rate, rounds))
    rows: list[tuple[str, ...]] = [
        (name, f"{percentile(taken, 0.5):.1f}", f"{percentile(taken, 0.95):.1f}", f"{max(taken):.1f}")
        for name, taken in sorted(found.views.items(), key=lambda pair: -percentile(pair[1], 0.95))
    ]
    rows.append(("(the chart by a scan)", *(f"{percentile(found.scans, share):.1f}" for share in (0.5, 0.95, 1.0))))
    worst = max(percentile(taken, 0.95) for taken in found.views.values())
    figures = {
        "p95_ms": round(worst, 1), "clients": clients, "articles": count, "rate": round(found.sent / found.seconds, 1),
        "late_p99_ms": round(percentile(found.late, 0.99), 1), "missed": found.missed,
        "cpu_share": round(found.cpu / found.seconds, 2), "scan_p95_ms": round(percentile(found.scans, 0.95), 1),
        "counts_bytes_per_article": round(found.counts, 1),
    }  # fmt: skip
    note = (
        f"{count:,} articles in the archive, {rounds} rounds; {clients} browsers heard {found.sent} articles in "
        f"{found.seconds:.0f} s, {figures['late_p99_ms']} ms late at p99, {found.missed} missed"
    )
    return Result(("view", "p50 ms", "p95 ms", "max ms"), tuple(rows), figures, note)


class Found:
    """What was measured; times in milliseconds."""

    def __init__(self) -> None:
        self.views: dict[str, list[float]] = {}
        self.scans: list[float] = []
        self.late: list[float] = []
        self.sent = 0
        self.missed = 0
        self.seconds = 0.0
        self.counts = 0.0
        self.cpu = 0.0


async def _measure(folder: Path, count: int, clients: int, rate: float, rounds: int) -> Found:
    server = await embedded.start(folder, linger=2.0)
    try:
        async with open_store(socket=server.socket, exclusive=True) as store:
            await store.prepare()
            lease = Lease(store, "decide", "bench")
            await lease.acquire()
            rules = [f"rule {number}" for number in range(RULES)]
            made = Made(store, lease, rules)
            await fill(made, store, lease, count, time.time())
            found = Found()
            found.counts = await _bytes(store) / count
            config = _configure(folder, str(server.socket), made)
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "alertd", "run", "--config", str(config), "--stages", "notify",
                env={**os.environ, "HF_HUB_OFFLINE": "1"},
            )  # fmt: skip
            try:
                url = await _ready(folder / "state" / "daemon.json")
                process = psutil.Process(daemon.pid)
                before = process.cpu_times()
                await _load(found, made, url, clients, rate, rounds)
                after = process.cpu_times()
                found.cpu = after.user + after.system - before.user - before.system
            finally:
                if daemon.returncode is None:
                    daemon.terminate()
                await asyncio.wait_for(daemon.wait(), _PATIENCE)
            await _scan(found, store, made, 5)
    finally:
        await embedded.stop(folder)
    return found


def _configure(folder: Path, socket: str, made: Made) -> Path:
    config = folder / "config"
    config.mkdir()
    feeds = "".join(f"  - {{name: feed{n}, url: 'https://news.example/{n}'}}\n" for n in range(FEEDS))
    (config / "alertd.yaml").write_text(
        f"feeds:\n{feeds}redis: {{url: 'unix://{socket}'}}\nweb: {{port: 0}}\nlog: {{level: warning}}\n"
        f"slack: {{channel: '#desk'}}\n",
        encoding="utf-8",
    )
    rules = "".join(f"  - {{name: rule {n}, companies: ['{made.companies[n].symbol}']}}\n" for n in range(RULES))
    (config / "watchlist.yaml").write_text(f"rules:\n{rules}", encoding="utf-8")
    return config


async def _ready(word: Path) -> str:
    deadline = time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline:
        if url := await ready_at(word):
            return url
        await asyncio.sleep(0.1)
    sys.exit("the daemon did not become ready; what it said stands above")


async def _load(found: Found, made: Made, url: str, clients: int, rate: float, rounds: int) -> None:
    """Ask for views while articles come and browsers listen."""
    sent: dict[bytes, float] = {}
    heard = [0] * clients
    listening = [asyncio.create_task(_listen(url, n, sent, heard, found.late)) for n in range(clients)]
    stop = asyncio.Event()
    try:
        await asyncio.sleep(1.0)
        began = time.perf_counter()
        coming = asyncio.create_task(_come(made, rate, sent, stop))
        await _ask(found, made, url, rounds)
        stop.set()
        await coming
        found.seconds = time.perf_counter() - began
        await _until(lambda: min(heard) >= len(sent))
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
    found.sent = len(sent)
    found.missed = sum(len(sent) - count for count in heard)


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 10.0
    while not condition() and time.perf_counter() < deadline:  # noqa: ASYNC110 - what is waited for comes from outside
        await asyncio.sleep(0.05)


async def _come(made: Made, rate: float, sent: dict[bytes, float], stop: asyncio.Event) -> None:
    began, number = time.perf_counter(), 0
    while not stop.is_set():
        now = time.time()
        one = made.article(now)
        sent[one[0].arrived.article.id.encode()] = time.perf_counter()
        await made.commit([one], now)
        number += 1
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))


async def _listen(url: str, number: int, sent: Mapping[bytes, float], heard: list[int], late: list[float]) -> None:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
    try:
        writer.write(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async for line in reader:
            if line.startswith(b"data: ") and (got := _ID.search(line)) and got[1] in sent:
                late.append(1000 * (time.perf_counter() - sent[got[1]]))
                heard[number] += 1
    finally:
        writer.close()


def _views(made: Made, alerts: Sequence[str], articles: Sequence[str], rng: random.Random) -> dict[str, Any]:
    word = rng.choice(("convertible", "regulator", "officer"))
    company = quote(made.companies[min(int(rng.expovariate(0.05)), 2_000)].key)
    return {
        "now": "/api/now",
        "now, a company": f"/api/now?company={company}",
        "now, rare words": f"/api/now?q={word}+number+{rng.randrange(10**5)}",
        "now, an event": "/api/now?event=product_safety&mood=negative",
        "alerts": f"/api/alerts?rule=rule+{rng.randrange(RULES)}",
        "an alert": f"/api/alerts/{rng.choice(alerts)}",
        "stories": "/api/stories?outlets=2",
        "a story": f"/api/stories/{rng.choice(articles)}",
        "companies": "/api/companies",
        "a company, 30 days": f"/api/companies/{company}/series?hours=720",
        "watchlist": "/api/watchlist",
        "explain": ("/api/explain", {"article": rng.choice(articles)}),
        "what if": ("/api/explain", {"text": "Xiaomi recalls 30,000 cars over a brake fault"}),
        "replay": ("/api/replay", {"article": rng.choice(articles)}),
        "silences": "/api/silences",
        "feeds": "/api/feeds",
        "system": "/api/system",
    }


async def _ask(found: Found, made: Made, url: str, rounds: int) -> None:
    rng = random.Random(5)
    async with aiohttp.ClientSession() as session:
        alerts = [item["key"] for item in (await _get(session, f"{url}/api/alerts?limit=100"))["items"]]
        passed = (await _get(session, f"{url}/api/now?limit=200&only=news"))["items"]
        # older stories are closed and forgotten
        articles = [item["id"] for item in passed if item["arrived"] > time.time() - WINDOW / 2]
        warm = {"text": "Shares rise"}  # a process that tags nothing loads the model at the first such question
        await _get(session, f"{url}/api/explain", warm)
        for _ in range(rounds):
            for name, address in _views(made, alerts, articles, rng).items():
                path, body = address if isinstance(address, tuple) else (address, None)
                began = time.perf_counter()
                await _get(session, f"{url}{path}", body)
                found.views.setdefault(name, []).append(1000 * (time.perf_counter() - began))


async def _get(session: aiohttp.ClientSession, url: str, body: Any = None) -> Any:
    async with session.request("POST" if body else "GET", url, json=body) as answer:
        said = await answer.json()
        if answer.status != 200:
            sys.exit(f"{url} answered {answer.status}: {said}")
        return said


async def _scan(found: Found, store: Store, made: Made, times: int) -> None:
    """Volume and sentiment of a company by the hour, out of all articles of a month."""
    for number in range(times):
        issuer = made.companies[number].key
        began = time.perf_counter()
        hours: dict[int, list[float]] = {}
        async for chunk in archive.since(store, 0.0):
            for filed in chunk:
                company = companies_of(filed.tags).get(issuer)
                if company is not None and company.sentiment is not None:
                    hours.setdefault(int(filed.article.arrived // 3600), []).append(company.sentiment.score)
        found.scans.append(1000 * (time.perf_counter() - began))


async def _bytes(store: Store) -> float:
    """Memory that the counts of companies and rules take."""
    redis = cast(Any, store.redis)
    size = 0
    for pattern in (keys.pulse("*", 0)[:-1] + "*", keys.heard("*"), keys.rule_days("*")):
        async for name in redis.scan_iter(pattern, count=5_000):
            size += int(await redis.memory_usage(name))
    return float(size)
