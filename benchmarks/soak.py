"""A million articles through the line, to see what grows: memory, Redis, descriptors, tasks, the time of an article.

One process runs what `alertd run` runs from the acceptance of an entry on: accept, tag, decide, notify, and the upkeep,
with a real Redis (append-only file on) and a Slack on loopback. Only the model is replaced by what it said of the same
headlines before (`benchmarks.soak_line record`). For memory to level off, months must pass: the clocks of Redis (by
libfaketime) and of the line go on by a day every `--per-day` articles. Without libfaketime no time passes, which the
report says; nothing expires then, and Redis grows with the articles.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean

from aiohttp import web

from alertd.store.binary import identify, locate
from alertd.web.listening import port_of, serve
from benchmarks import Result
from benchmarks.servers import faked, faketime, redis_server

SHARE_OF_FIRSTS = 5
"""Articles about each event: the first of its story, a report in other words, and copies of both."""
DAYS_APART = 4
"""Days after which an event may come again: longer than a story stays open."""
SAMPLES = 2_000
CONTROLS = ("control_s", "walk_s")
"""What a sample holds of the time that a loop in the line took, and a `Walk` beside it."""
_OBJECTS, _STEPS = 400_000, 20_000
"""Objects of a `Walk`, 60 MB, and how many of them it passes at a time."""
COSTS = ("line_cpu_s", "redis_cpu_s", "commands", "sent_bytes")
"""What a sample holds of what was used since the start, by the line and by Redis."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--articles", type=int, default=0, help="how many (default 1,000,000, tiny 3,000)")
    parser.add_argument("--per-day", type=int, default=10_000, help="articles after which a day has passed")
    parser.add_argument("--max-mb", type=int, default=2048, help="store.max_mb of the line")
    parser.add_argument("--server", default="", help="a redis-server instead of the one that alertd starts by itself")


def run(options: argparse.Namespace) -> Result:
    articles = options.articles or (3_000 if options.tiny else 1_000_000)
    # told to end, it leaves neither the line nor its Redis behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    library = faketime(threads=False)
    samples, messages = asyncio.run(_measure(articles, options.per_day, options.max_mb, library, options.server))
    figures = judged(samples, articles)
    figures["messages"] = messages
    rows = tuple(
        (
            name, f"{fmean(s['rss_mb'] for s in part):.1f}", f"{fmean(s['redis_mb'] for s in part):.1f}",
            f"{max(s['descriptors'] for s in part):.0f}", f"{max(s['tasks'] for s in part):.0f}",
            f"{rate(part):.0f}", *(f"{1e6 * fmean(s[control] for s in part):.0f}" for control in CONTROLS),
        )
        for name, part in tenths(samples)
    )  # fmt: skip
    days = articles / options.per_day
    passed = f"{days:g} days by libfaketime" if library else "no time (no libfaketime: nothing expires)"
    note = (
        f"{articles:,} articles, {messages:,} messages, {_named(options.server)}; the model is replaced by its "
        f"recorded tags; for Redis and the line {passed} passed"
    )
    columns = ("tenth", "rss MB", "redis MB", "descriptors", "tasks", "articles/s", "loop µs", "walk µs")
    return Result(columns, rows, figures, note)


def _named(server: str) -> str:
    """A server in words, with its allocator, which decides what its work costs once keys have come and gone."""
    binary = identify(locate(server))
    said = subprocess.run([binary.path, "--version"], capture_output=True, text=True, check=True).stdout
    allocator = re.search(r"malloc=(\S+)", said)
    return f"{binary.flavour} {binary.version} with {allocator[1] if allocator else 'an unknown allocator'}"


def tenths(samples: Sequence[Mapping[str, float]]) -> list[tuple[str, Sequence[Mapping[str, float]]]]:
    """Part the samples into ten by their order; the first has the samples since the start."""
    size = len(samples) / 10
    return [(f"{n + 1}", samples[round(n * size) : round((n + 1) * size)]) for n in range(10)]


def rate(samples: Sequence[Mapping[str, float]]) -> float:
    """Articles a second over some samples, each of which holds how many it stands for and how long they took."""
    return sum(s["articles"] for s in samples) / sum(s["seconds"] for s in samples)


def judged(samples: Sequence[Mapping[str, float]], articles: int) -> dict[str, float]:
    """The figures, of samples in their order. Pure."""
    parts = [part for _, part in tenths(samples)]
    first, last = parts[0], parts[-1]
    after, end = (fmean(s["rss_mb"] for s in part) for part in (first[-10:], last))
    # a slower machine makes the control loops slower too: articles per run of a control loop are what counts
    by_loop, by_walk = (
        rate(last) * fmean(s[control] for s in last) / (rate(first) * fmean(s[control] for s in first))
        for control in CONTROLS
    )
    done = sum(s["articles"] for s in samples) - samples[0]["articles"]
    each = {name: (samples[-1][name] - samples[0][name]) / done for name in COSTS}
    return {
        "articles": articles,
        "rss_growth": round(end / after - 1, 4),
        "rss_mb": round(end, 1),
        "redis_peak_mb": round(max(s["redis_mb"] for s in samples), 1),
        "redis_end_mb": round(fmean(s["redis_mb"] for s in last), 1),
        "throughput_ratio": round(by_loop, 3),
        "throughput_ratio_by_walk": round(by_walk, 3),
        "articles_per_s": round(rate(samples), 1),
        "descriptors_growth": max(s["descriptors"] for s in last) - max(s["descriptors"] for s in first),
        "tasks_growth": max(s["tasks"] for s in last) - max(s["tasks"] for s in first),
        "line_ms_per_article": round(1000 * each["line_cpu_s"], 3),
        "redis_ms_per_article": round(1000 * each["redis_cpu_s"], 3),
        "redis_commands_per_article": round(each["commands"], 1),
        "redis_bytes_per_article": round(each["sent_bytes"]),
    }


async def _measure(
    articles: int, per_day: int, max_mb: int, library: str, server: str
) -> tuple[list[dict[str, float]], int]:
    with tempfile.TemporaryDirectory(prefix="alertd-soak-") as name:
        folder = Path(name)
        events = max(10, min(per_day * DAYS_APART, articles) // SHARE_OF_FIRSTS)
        await _python("benchmarks.soak_line", "record", str(folder / "tags.jsonl"), str(events))
        async with _redis(folder, library, server) as (socket, clock), _slack() as slack:
            _configure(folder / "config", socket, slack.url, max_mb)
            said = await _python(
                "benchmarks.soak_line", "line", str(folder), str(articles), str(per_day), clock, lines=True
            )
        return [json.loads(line) for line in said], slack.messages


class Walk:
    """Objects all over memory, and walks past some of them: work that waits for memory, as most of the line's does.

    The loop that is timed in the line stays within the processor's caches, and does not notice when memory is slow.
    With a full store, over stretches of 7,500 articles, the line's time of the processor goes with this one (r = 0.96)
    rather than with that (0.76). It is timed in a process of its own, so that the memory of the line is its own.
    """

    def __init__(self) -> None:
        chance = random.Random(7)
        self._objects = [(number, str(chance.random())) for number in range(_OBJECTS)]
        chance.shuffle(self._objects)
        self._at = 0

    def __call__(self) -> float:
        """Walk past others than before; returns seconds of the processor."""
        began, found = time.thread_time(), 0
        for number, text in self._objects[self._at : self._at + _STEPS]:
            found += number + len(text)
        self._at = (self._at + _STEPS) % _OBJECTS
        return time.thread_time() - began


async def _python(module: str, *arguments: str, lines: bool = False) -> list[str]:
    """Run a module in a process of its own; returns what it says, and shows how far it is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=subprocess.PIPE, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert process.stdout is not None
    said: list[str] = []
    walk = Walk() if lines else None
    try:
        async for line in process.stdout:
            said.append(line.decode())
            if walk is not None:
                said[-1] = json.dumps(json.loads(line) | {"walk_s": walk()})
            if lines and len(said) % (SAMPLES // 10) == 0:
                print(f"{len(said) * 100 // SAMPLES} %: {said[-1].strip()}", file=sys.stderr)
    except BaseException:
        process.terminate()
        await process.wait()
        raise
    # only waited for: to signal one that has ended takes its exit code away
    if await process.wait():
        sys.exit(f"{module} {arguments[0]} ended with {process.returncode}")
    return said


@asynccontextmanager
async def _redis(folder: Path, library: str, server: str) -> AsyncIterator[tuple[str, str]]:
    """A server whose clock a file moves, where the library for it is there; gives its socket and that file, or ""."""
    clock = folder / "clock"
    async with redis_server(folder, faked(library, clock), server) as socket:
        yield socket, str(clock) if library else ""


class _Slack:
    """A Slack on loopback that takes everything."""

    def __init__(self) -> None:
        self.messages = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = await (request.json() if request.content_type == "application/json" else request.post())
        self.messages += method == "chat.postMessage"
        ts = f"{time.time():.6f}"
        return web.json_response({"ok": True, "ts": ts, "channel": str(given.get("channel", "")), "messages": []})


@asynccontextmanager
async def _slack() -> AsyncIterator[_Slack]:
    slack = _Slack()
    application = web.Application()
    application.router.add_post("/api/{method}", slack.handle)
    runner = await serve(application)
    slack.url = f"http://127.0.0.1:{port_of(runner)}/api/"
    try:
        yield slack
    finally:
        await runner.cleanup()


def _configure(config: Path, socket: str, slack: str, max_mb: int) -> None:
    config.mkdir()
    (config / "alertd.yaml").write_text(
        "allow_private_addresses: true\nfeeds: [{name: none, url: 'http://127.0.0.1:9/none'}]\n"
        f"redis: {{url: 'unix://{socket}'}}\nstore: {{max_mb: {max_mb}}}\n"
        f"slack: {{token: xoxb-bench, base_url: '{slack}', channel: '#c0', pace: 0s, workspace_rate: 1000, "
        "digest_above: 1000, digest_after: 7d}\nweb: {port: 0}\nlog: {level: error}\n",
        encoding="utf-8",
    )
    (config / "watchlist.yaml").write_text(
        "rules:\n"
        "  - {name: few, companies: [AAPL, MSFT, NVDA, F, PFE, BA, JPM, XOM, T, KO, DIS, GE, IBM], channel: '#c1'}\n"
        "  - {name: deals, events: [merger_acquisition], min_novelty: 0.9, channel: '#c2', cooldown: 1h}\n"
        "  - {name: busy, lists: [sp500], spike: {}, channel: '#c3'}\n",
        encoding="utf-8",
    )
