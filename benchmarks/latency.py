"""From a feed's bytes on the socket to the request at Slack, through the real daemon, its Redis and its model.

Feeds of 50 items get one new item each and are polled in turn; every article is about one of as many companies as there
are channels, so that the default pacing of a message a second holds nobody up. Beside it, in the same run, the least
that any reader of the same feeds could do: fetch, parse with feedparser, post; no model, no store, no copies.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import aiohttp
import feedparser
from aiohttp import web

from alertd.web.listening import port_of, serve
from benchmarks import Result
from benchmarks.daemons import ready_at
from benchmarks.tagging import percentile

COMPANIES = (
    "Nvidia", "Pfizer", "Walmart", "Intel", "Siemens", "Nestle", "Toyota", "Xiaomi", "Volkswagen", "Microsoft",
    "Airbus", "Netflix", "Boeing", "Adidas", "Unilever", "Sony", "Caterpillar", "Starbucks", "Novartis", "Qualcomm",
)  # fmt: skip
DEEDS = (
    "opens a plant in", "signs a supply contract in", "names a new head of its business in", "recalls heaters sold in",
    "raises its forecast for", "settles a lawsuit in", "cuts jobs in", "launches a service in", "buys a rival in",
    "reports a breach at its office in",
)  # fmt: skip
PLACES = (
    "Ghana", "Chile", "Norway", "Kenya", "Peru", "Oman", "Latvia", "Nepal", "Cuba", "Malta", "Fiji", "Togo", "Laos",
    "Iraq", "Mali", "Chad", "Haiti", "Qatar", "Samoa", "Tonga", "Benin", "Gabon", "Yemen", "Libya", "Sudan",
)  # fmt: skip
BACKLOG = 49
_PATIENCE = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=10.0, help="articles a second")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long articles come (default 40, tiny 3)")


def run(options: argparse.Namespace) -> Result:
    seconds = options.seconds or (3.0 if options.tiny else 40.0)
    rate = min(options.rate, 5.0) if options.tiny else options.rate
    ours, peer, sent = asyncio.run(_measure(seconds, rate))
    figures = {
        "p50_ms": round(percentile(ours, 0.5), 1),
        "p99_ms": round(percentile(ours, 0.99), 1),
        "peer_p50_ms": round(percentile(peer, 0.5), 1),
        "peer_p99_ms": round(percentile(peer, 0.99), 1),
        "articles_per_s": round(sent / seconds, 1),
        "articles": sent,
        "missing": sent - len(ours),
    }
    rows = (
        ("alertd, model on", f"{figures['p50_ms']}", f"{figures['p99_ms']}"),
        ("fetch, feedparser, post", f"{figures['peer_p50_ms']}", f"{figures['peer_p99_ms']}"),
    )
    note = f"{sent} articles in {seconds:g} s from {len(COMPANIES)} feeds of {BACKLOG + 1} items to as many channels"
    return Result(("", "p50 ms", "p99 ms"), rows, figures, note)


class World:
    """Feeds and a Slack on loopback; notes when a new item left and when its message came."""

    def __init__(self) -> None:
        chance = random.Random(11)
        self.left: dict[str, float] = {}
        self.came: dict[str, float] = {}
        self.items: list[list[str]] = [
            [f"{name} was in the news of day {chance.randrange(10**6)} of year {n}" for n in range(BACKLOG)]
            for name in COMPANIES
        ]
        self.fresh: set[str] = set()
        self.dates = {title: time.time() - 86400 for titles in self.items for title in titles}
        self.address = ""
        self._count = 0

    def add(self, number: int) -> None:
        """Put a new item at the top of a feed."""
        self._count += 1
        deed, place = DEEDS[self._count % len(DEEDS)], PLACES[self._count // 7 % len(PLACES)]
        title = f"{COMPANIES[number]} {deed} {place} as number {self._count} of its plan"
        self.items[number] = [title, *self.items[number][:BACKLOG]]
        self.fresh.add(title)
        self.dates[title] = time.time()

    async def feed(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"])
        titles = self.items[number]
        document = _document(titles, self.dates, f"{self.address}/{number}").encode()
        response = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
        response.content_length = len(document)
        await response.prepare(request)
        await response.write(document)
        now = time.perf_counter()
        for title in titles:
            if title in self.fresh:
                self.left.setdefault(title, now)
        return response

    async def slack(self, request: web.Request) -> web.Response:
        now = time.perf_counter()
        given = await (request.json() if request.content_type == "application/json" else request.post())
        body = str(given.get("text", ""))
        for title in self.fresh - self.came.keys():
            if title in body:
                self.came[title] = now
        channel = str(given.get("channel", "")).strip("#")
        listed = [{"id": f"C{n:08d}", "name": f"c{n}"} for n in range(len(COMPANIES))]
        said = {"ok": True, "ts": f"{time.time():.6f}", "channel": channel, "messages": [], "channels": listed}
        return web.json_response(said)

    def waits(self) -> list[float]:
        """Milliseconds from feed to Slack of all that came."""
        return [1000 * (self.came[t] - self.left[t]) for t in self.came if t in self.left]


def _document(titles: Iterable[str], dates: Mapping[str, float], link: str) -> str:
    """An RSS document."""
    rows = "".join(
        f"<item><title>{escape(t)}</title><link>{link}/{abs(hash(t))}</link><guid>{escape(t)}</guid>"
        "<description>The company said so on Monday. It gave no figures.</description>"
        f"<pubDate>{time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(dates[t]))}</pubDate></item>"
        for t in titles
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>{rows}</channel></rss>'


async def _measure(seconds: float, rate: float) -> tuple[list[float], list[float], int]:
    ours = World()
    async with _Served(ours):
        sent = await _through_alertd(ours, seconds, rate)
    peer = World()
    async with _Served(peer):
        await _through_peer(peer, seconds, rate)
    return ours.waits(), peer.waits(), sent


class _Served:
    def __init__(self, world: World) -> None:
        application = web.Application()
        application.router.add_get("/{number}", world.feed)
        application.router.add_post("/api/{method}", world.slack)
        self._application = application
        self._runner: web.AppRunner | None = None
        self._world = world

    async def __aenter__(self) -> None:
        self._runner = await serve(self._application)
        self._world.address = f"http://127.0.0.1:{port_of(self._runner)}"

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


async def _news(world: World, seconds: float, rate: float) -> int:
    """Let articles come at a steady rate, feed by feed; returns how many."""
    began = time.perf_counter()
    count = 0
    while time.perf_counter() - began < seconds:
        world.add(count % len(COMPANIES))
        count += 1
        await asyncio.sleep(max(0.0, began + count / rate - time.perf_counter()))
    return count


def _configure(folder: Path, world: World) -> Path:
    """Write the configuration of a daemon that reads all feeds and tells each company in a channel of its own."""
    config = folder / "config"
    config.mkdir()
    count = len(COMPANIES)
    feeds = "".join(f"  - {{name: feed{n}, url: '{world.address}/{n}', interval: 1s}}\n" for n in range(count))
    slack = f"slack: {{token: xoxb-bench, base_url: '{world.address}/api/'}}"
    (config / "alertd.yaml").write_text(
        f"allow_private_addresses: true\nfeeds:\n{feeds}{slack}\n"
        "web: {port: 0}\nstore: {linger: 2s}\nlog: {level: warning}\n",
        encoding="utf-8",
    )
    rules = "".join(
        f"  - {{name: r{n}, companies: [{{name: {name}}}], roles: [subject, passing, source], min_relevance: 0, "
        f"channel: '#c{n}'}}\n"
        for n, name in enumerate(COMPANIES)
    )
    (config / "watchlist.yaml").write_text(f"rules:\n{rules}", encoding="utf-8")
    return config


async def _through_alertd(world: World, seconds: float, rate: float) -> int:
    with tempfile.TemporaryDirectory(prefix="alertd-bench-") as folder:
        config = _configure(Path(folder), world)
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "alertd", "run", "--config", str(config), env={**os.environ, "HF_HUB_OFFLINE": "1"}
        )
        try:
            word = Path(folder, "state", "daemon.json")
            await _until(lambda: ready_at(word), "the daemon did not become ready")
            await _until(lambda: _settled(word), "the first sight of the feeds was not worked off")
            sent = await _news(world, seconds, rate)
            await _until(lambda: _told(world), "")
        finally:
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), _PATIENCE)
    return sent


async def _until(condition: Callable[[], Awaitable[object]], complaint: str) -> None:
    """Wait for a condition; ends the run with the complaint, or goes on without one."""
    deadline = time.perf_counter() + _PATIENCE
    while time.perf_counter() < deadline:
        if await condition():
            return
        await asyncio.sleep(0.1)
    if complaint:
        sys.exit(complaint)


async def _settled(word: Path) -> bool:
    """Whether the first sight of all feeds went through all stages."""
    url = json.loads(await asyncio.to_thread(word.read_text, encoding="utf-8"))["url"]
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        lines = (line.rpartition(" ") for line in (await answer.text()).splitlines() if line.startswith("alertd_"))
    found = {name: float(value) for name, _, value in lines}
    waiting = [value for name, value in found.items() if name.startswith("alertd_stage_lag_articles")]
    decided = sum(value for name, value in found.items() if name.startswith("alertd_decided_total"))
    return decided == found.get("alertd_articles_total") == len(COMPANIES) * BACKLOG and not any(waiting)


async def _told(world: World) -> bool:
    return len(world.came) == len(world.fresh)


async def _through_peer(world: World, seconds: float, rate: float) -> None:
    async with aiohttp.ClientSession() as session:
        known: set[str] = {title for titles in world.items for title in titles}

        async def reader(number: int) -> None:
            before = b""
            while True:
                async with session.get(f"{world.address}/{number}") as answer:
                    body = await answer.read()
                if body == before:
                    await asyncio.sleep(1.0)
                    continue
                before = body
                for entry in feedparser.parse(BytesIO(body)).entries:
                    if entry.title not in known:
                        known.add(entry.title)
                        async with session.post(f"{world.address}/api/chat.postMessage", data={"text": entry.title}):
                            pass
                await asyncio.sleep(1.0)

        readers = [asyncio.create_task(reader(n)) for n in range(len(COMPANIES))]
        try:
            await _news(world, seconds, rate)
            await _until(lambda: _told(world), "")
        finally:
            for task in readers:
                task.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
