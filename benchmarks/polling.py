"""Polling thousands of feeds on loopback: how late, and how many a second beside lemon24's reader.

The first part runs the real daemon, `alertd run --stages poll` with its embedded Redis, against a server that changes 3
percent of the feeds at each poll; the server tells how late each poll was against the one before it. Three more feeds
misbehave, on the host of the first ten: one hangs after its headers, one drips, one never ends. The second part
polls the same 1,000 feeds with alertd (the poll stage, one process, its store in Redis) and with reader's
`update_feeds` (its best of several numbers of workers, its store in SQLite), one after the other: first all feeds
unchanged, then all with one new entry.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import Result
from benchmarks.tagging import percentile

SHARE = 0.03
PER_HOST = 10
"""Feeds of one host, that is: of one address of 127.0.0.0/8."""
WORKERS = (1, 2, 4, 8, 16)
ROUNDS = 3
BAD = ("hang", "drip", "endless")
WATCHLIST = "rules:\n  - {name: everything, events: [merger_acquisition]}\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--feeds", type=int, default=0, help="feeds that are polled (default 10,000, tiny 40)")
    parser.add_argument("--interval", type=float, default=0, help="seconds between polls (default 60, tiny 2)")
    parser.add_argument("--seconds", type=float, default=0, help="how long (default 300 after the start, tiny 6)")
    parser.add_argument("--beside", type=int, default=0, help="feeds polled beside reader (default 1,000, tiny 60)")


def run(options: argparse.Namespace) -> Result:
    tiny = options.tiny
    feeds = options.feeds or (40 if tiny else 10_000)
    interval = options.interval or (2.0 if tiny else 60.0)
    seconds = options.seconds or (6.0 if tiny else 300.0)
    beside = options.beside or (60 if tiny else 1_000)
    held = _hold(feeds, interval, seconds)
    ours, peer, workers = _beside(beside, WORKERS[:3] if tiny else WORKERS, 1 if tiny else ROUNDS)
    rows = (
        ("alertd, unchanged", f"{ours['unchanged']:.0f}", f"{ours['unchanged'] / peer['unchanged']:.1f}"),
        ("alertd, one new entry each", f"{ours['changed']:.0f}", f"{ours['changed'] / peer['changed']:.1f}"),
        (f"reader, unchanged, {workers['unchanged']} workers", f"{peer['unchanged']:.0f}", ""),
        (f"reader, one new entry each, {workers['changed']} workers", f"{peer['changed']:.0f}", ""),
    )
    figures = {
        **held,
        "unchanged_per_s": round(ours["unchanged"], 1),
        "changed_per_s": round(ours["changed"], 1),
        "peer_unchanged_per_s": round(peer["unchanged"], 1),
        "peer_changed_per_s": round(peer["changed"], 1),
        "ratio_unchanged": round(ours["unchanged"] / peer["unchanged"], 2),
        "ratio_changed": round(ours["changed"] / peer["changed"], 2),
    }
    note = (
        f"{feeds:,} feeds every {interval:g} s for {seconds:g} s: p99 {held['late_p99_s']} s late, "
        f"{held['missed']:.0f} missed, at most {held['beside_bad_late_s']} s beside bad ones, "
        f"memory {100 * held['rss_growth']:+.1f} % to {held['rss_mb']} MB, "
        f"{held['cpu_share']:.2f} cores"
    )
    return Result((f"{beside:,} feeds", "feeds/s", "ratio"), rows, figures, note)


def lateness(times: dict[str, list[float]], *, now: float, interval: float, feeds: int) -> tuple[list[float], int]:
    """Give the seconds by which each poll came later than an interval after the one before, and how many never came."""
    late, missed = [], feeds - len(times)
    for asked in times.values():
        gaps = [after - before for before, after in pairwise(asked)]
        late += [max(0.0, gap - interval * max(1, int(gap / interval))) for gap in gaps]
        # the last gap is open: what is due by now and has not come is missed as well
        missed += sum(max(0, int(gap / interval + 0.5) - 1) for gap in gaps)
        missed += max(0, int((now - asked[-1]) / interval - 0.5))
    return late or [0.0], missed


def since(times: dict[str, list[float]], began: float) -> dict[str, list[float]]:
    """Keep of each feed the polls from a moment on, and the one before them, against which the first one counts."""
    return {name: asked[max(0, bisect(asked, began) - 1) :] for name, asked in times.items()}


@contextlib.contextmanager
def _server(share: float) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.feed_server", str(share)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    try:
        yield port
    finally:
        _ask(port, "/quit")
        process.wait(20)
        process.stdout.close()


def _ask(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return json.loads(answer.read())


def addresses(port: int, count: int) -> list[str]:
    """The addresses of the feeds, a few to each host."""
    hosts = [number // PER_HOST for number in range(count)]
    return [f"http://127.0.{h // 250}.{h % 250 + 1}:{port}/f/{n}" for n, h in enumerate(hosts)]


def _configure(folder: Path, urls: Sequence[str], interval: float) -> Path:
    config = folder / "config"
    config.mkdir()
    rows = "".join(f"  - {{name: f{n}, url: '{url}'}}\n" for n, url in enumerate(urls))
    (config / "alertd.yaml").write_text(
        f"allow_private_addresses: true\nfeed_defaults: {{interval: {interval}s, max_age: 0s}}\nfeeds:\n{rows}"
        "web: {port: 0}\nlog: {level: warning}\nstore: {linger: 1s, max_mb: 4000}\n",
        encoding="utf-8",
    )
    (config / "watchlist.yaml").write_text(WATCHLIST, encoding="utf-8")
    return config


def _hold(feeds: int, interval: float, seconds: float) -> dict[str, float]:
    """Run the daemon for a while and measure how well it keeps its intervals."""
    import psutil

    with tempfile.TemporaryDirectory() as name, _server(SHARE) as port:
        bad = [f"http://127.0.0.1:{port}/bad/{kind}" for kind in BAD]
        config = _configure(Path(name), [*bad, *addresses(port, feeds)], interval)
        command = [sys.executable, "-m", "alertd", "run", "--config", str(config), "--stages", "poll"]
        daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            process = psutil.Process(daemon.pid)
            deadline = time.monotonic() + 120 + 2 * interval + feeds / 20
            # the first round reads every document whole; what counts is the steady state after it
            while sum(len(asked) > 1 for asked in _ask(port, "/times")["times"].values()) < feeds:
                if daemon.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the daemon did not get round all feeds")
                time.sleep(max(0.5, feeds / 2000))
            first, used = _memory(process), process.cpu_times()
            began = time.monotonic()
            time.sleep(seconds)
            found, last, end = _ask(port, "/times"), _memory(process), process.cpu_times()
            wall = time.monotonic() - began
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(60)
    # the server's clock is this machine's monotonic one, as ours is
    polled = since(found["times"], began)
    late, missed = lateness(polled, now=found["now"], interval=interval, feeds=feeds)
    near = {name: times for name, times in polled.items() if int(name) < PER_HOST}
    beside, _ = lateness(near, now=found["now"], interval=interval, feeds=PER_HOST)
    return {
        "feeds": feeds,
        "late_p99_s": round(percentile(late, 0.99), 3),
        "beside_bad_late_s": round(max(beside), 3),
        "missed": missed,
        "rss_growth": round(last / first - 1, 4),
        "rss_mb": round(last, 1),
        "cpu_share": round((end.user + end.system - used.user - used.system) / wall, 3),
    }


def _memory(process: Any) -> float:
    return float(sum(one.memory_info().rss for one in [process, *process.children()])) / 1e6


def _beside(
    feeds: int, workers: Sequence[int], rounds: int
) -> tuple[dict[str, float], dict[str, float], dict[str, int]]:
    """Feeds a second of both, each in a process of its own, and the numbers of workers that were reader's best."""
    ours = {"unchanged": 0.0, "changed": 0.0}
    peer, best = dict(ours), {"unchanged": 0, "changed": 0}
    with tempfile.TemporaryDirectory() as name, _server(0.0) as port:
        for number in range(rounds):
            found = _child("ours", Path(name, f"ours{number}"), port, feeds, 0)
            ours = {key: max(ours[key], found[key]) for key in ours}
        for count in workers:
            found = _child("peer", Path(name, f"peer{count}"), port, feeds, count)
            for key, value in found.items():
                if value > peer[key]:
                    peer[key], best[key] = value, count
    return ours, peer, best


def _child(who: str, folder: Path, port: int, feeds: int, workers: int) -> dict[str, float]:
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.polling", who, str(folder), str(port), str(feeds), str(workers)]
    finished = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    if finished.returncode:
        sys.exit(f"the {who} half of the benchmark ended with {finished.returncode}")
    answer: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return answer


async def _ours(folder: Path, port: int, feeds: int) -> dict[str, float]:
    from alertd.collecting import look_seldom
    from alertd.configured import compiled, read
    from alertd.feeds import Fetcher, Reader
    from alertd.stages.context import Context, InForce
    from alertd.stages.poll import Poller
    from alertd.store import embedded
    from alertd.store.connection import open_store
    from alertd.tagging.gazetteer import Gazetteer
    from alertd.web.metrics import Metrics

    gazetteer = Gazetteer.open()
    configuration = read(_configure(folder, addresses(port, feeds), 60.0), gazetteer)
    state = folder / "state"
    state.mkdir()

    async def revive() -> None:
        return

    server = await embedded.start(state, linger=2.0)
    try:
        async with (
            open_store(socket=server.socket, exclusive=True) as store,
            Fetcher(allow_private=True) as fetcher,
            Reader() as reader,
        ):
            await store.prepare()
            force = InForce(configuration, compiled(configuration, gazetteer), None)
            context = Context(store, Metrics(), "benchmark", force, time.time, time.monotonic, revive)
            poller = Poller(context, fetcher, reader)
            # as the daemon does; reader's figures stay the same with it
            look_seldom()
            assert await poller.shares.acquire()
            beats = asyncio.create_task(poller.shares.keep())
            await poller.once()
            began = time.perf_counter()
            await poller.once()
            unchanged = feeds / (time.perf_counter() - began)
            await asyncio.to_thread(_ask, port, "/bump")
            before = context.metrics.articles._value.get()
            began = time.perf_counter()
            await poller.once()
            changed = feeds / (time.perf_counter() - began)
            assert context.metrics.articles._value.get() - before == feeds, "an entry was lost"
            beats.cancel()
    finally:
        await embedded.stop(state)
    return {"unchanged": unchanged, "changed": changed}


def _peer(folder: Path, port: int, feeds: int, workers: int) -> dict[str, float]:
    from reader import make_reader

    reader = make_reader(str(folder / "reader.sqlite"))
    for url in addresses(port, feeds):
        reader.add_feed(url)
    reader.update_feeds(scheduled=False, workers=workers)
    began = time.perf_counter()
    reader.update_feeds(scheduled=False, workers=workers)
    unchanged = feeds / (time.perf_counter() - began)
    before = reader.get_entry_counts().total or 0
    _ask(port, "/bump")
    began = time.perf_counter()
    reader.update_feeds(scheduled=False, workers=workers)
    changed = feeds / (time.perf_counter() - began)
    assert (reader.get_entry_counts().total or 0) - before == feeds, "an entry was lost"
    reader.close()
    return {"unchanged": unchanged, "changed": changed}


if __name__ == "__main__":
    _who, _folder, _port, _feeds, _workers = sys.argv[1:]
    if _who == "ours":
        print(json.dumps(asyncio.run(_ours(Path(_folder), int(_port), int(_feeds)))))
    else:
        print(json.dumps(_peer(Path(_folder), int(_port), int(_feeds), int(_workers))))
