"""Documents that are built to hurt, fetched and read as the daemon does it, each in a process of its own.

A second feed is polled every 50 ms meanwhile. Memory is what the process and its reading processes take at their peak
over what they took when idle; the servers are elsewhere. A document is bounded when it takes at most 5 s and 60 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli

from benchmarks import Result

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "hostile"
EVERY = 0.05
TIMEOUT = 3.0
"""Seconds that a fetch may take here, so that servers that never end do not make the run long."""

HEAD = b'<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title>'
TAIL = b"</channel></rss>"
SMALL = HEAD + b"<item><title>Port opens</title><guid>1</guid></item>" + TAIL
_MEGABYTE = 1_000_000


def _item(inside: bytes) -> bytes:
    return HEAD + b"<item><title>x</title>" + inside + b"</item>" + TAIL


def _many(item: str, count: int) -> bytes:
    return HEAD + b"".join(item.replace("#", str(n)).encode() for n in range(count)) + TAIL


GENERATED: dict[str, Callable[[], bytes]] = {
    "items-100k": lambda: _many("<item><title>headline #</title><guid>#</guid></item>", 100_000),
    "illformed-items-20k": lambda: _many("<item><title>A&B; #</title><guid>#</guid></item>", 20_000),
    "long-items-2k": lambda: _many(f"<item><title>#</title><summary>{'lorem &lt;b&gt; ' * 330}</summary></item>", 1900),
    "comment-30MB": lambda: HEAD + b"<!--" + b"x " * 15 * _MEGABYTE + b"-->" + TAIL,
    "comment-9MB": lambda: HEAD + b"<!--" + b"x " * (9 * _MEGABYTE // 2) + b"-->" + TAIL,
    "deep-200k": lambda: _item(b"<description>" + b"<a>" * 200_000 + b"</a>" * 200_000 + b"</description>"),
    "deep-2k": lambda: _item(b"<description>" + b"<a>" * 2_400 + b"</a>" * 2_400 + b"</description>"),
    "elements-79k": lambda: _item(b"<a>x</a>" * 79_000),
    "links-79k": lambda: (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>x</title>'
        + b'<link rel="y" href="http://a/"/>' * 79_000 + b"</entry></feed>"
    ),
    "title-50MB": lambda: HEAD + b"<item><title>" + b"T" * 50 * _MEGABYTE + b"</title></item>" + TAIL,
    "title-9MB": lambda: HEAD + b"<item><title>" + b"T" * 9 * _MEGABYTE + b"</title></item>" + TAIL,
    "ampersands-9MB": lambda: _item(b"<description>" + b"&amp;" * 1_800_000 + b"</description>"),
    "unclosed-lt-1MB": lambda: _item(b"<description>" + b"&lt;" * 300_000 + b"</description>"),
    "tags-unclosed-300k": lambda: _item(b"<description>" + b"&lt;b&gt;" * 300_000 + b"</description>"),
    "stray-lt-300k": lambda: _item(b"<description>" + b"< " * 300_000 + b"</description>"),
    "attributes-6k": lambda: _item(b"<a " + b" ".join(b'n%d="v"' % n for n in range(6_000)) + b"/>"),
    "gzip-of-gzip-bomb": lambda: gzip.compress(gzip.compress(bytes(200 * _MEGABYTE))),
    "br-bomb": lambda: brotli.compress(bytes(200 * _MEGABYTE), quality=4),
    "br-of-br-bomb": lambda: brotli.compress(brotli.compress(bytes(200 * _MEGABYTE), quality=4)),
    "zstd-bomb": lambda: zstd.compress(bytes(200 * _MEGABYTE)),
    "zstd-frames": lambda: zstd.compress(b"") * 200_000,
    "json-deep": lambda: b'{"items":' + b"[" * 4_000_000,
    "json-9MB": lambda: (
        b'{"version":"https://jsonfeed.org/version/1.1","title":"x","items":['
        + b",".join(b'{"id":"%d","content_text":"%s"}' % (n, b"x" * 80) for n in range(80_000)) + b"]}"
    ),
}  # fmt: skip
"""Name → how the document is made."""
ENCODED = {"br-bomb": "br", "br-of-br-bomb": "br, br", "zstd-bomb": "zstd", "zstd-frames": "zstd"}
"""Content-Encoding of those that have one."""
ENDLESS = ("hangs-after-headers", "drips", "never-ends")
"""Bodies that the server makes as it goes."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, default=None, help="folder of hostile documents")


def run(options: argparse.Namespace) -> Result:
    folder = options.dir or CORPUS
    bodies: dict[str, Callable[[], bytes]] = dict(GENERATED)
    if folder.is_dir():
        found = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix not in (".tsv", ".md"))
        bodies |= {path.name: path.read_bytes for path in found}
    elif options.dir or not options.tiny:
        sys.exit(f"{folder} is no folder: name one with hostile documents by --dir")
    names = [*bodies, *ENDLESS]
    if options.tiny:
        names = ["elements-79k", "title-9MB", "br-bomb", "drips"]
    rows, figures = [], {"documents": 0.0, "max_s": 0.0, "max_mb": 0.0, "other_feed_late_s": 0.0}
    for name in names:
        body = bodies[name]() if name in bodies else b""
        with _server(name, body) as url:
            outcome = _measure(url)
        row = (name, f"{outcome['s']:.2f}", f"{outcome['mb']:.0f}", f"{outcome['late']:.2f}", outcome["what"][:60])
        rows.append(row)
        figures["documents"] += 1
        for key, value in (("max_s", outcome["s"]), ("max_mb", outcome["mb"]), ("other_feed_late_s", outcome["late"])):
            figures[key] = round(max(figures[key], value), 3)
    rows.sort(key=lambda row: -float(row[1]))
    note = f"a fetch may take {TIMEOUT:g} s here; everything else as by default"
    return Result(("document", "s", "MB", "other late s", "outcome"), tuple(rows), figures, note)


@contextlib.contextmanager
def _server(name: str, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            other = self.path == "/other"
            endless = name in ENDLESS and not other
            self.send_response(200)
            self.send_header("Content-Type", "application/rss+xml")
            if name in ENCODED and not other:
                self.send_header("Content-Encoding", ENCODED[name])
            if not endless:
                self.send_header("Content-Length", str(len(SMALL if other else body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                if endless:
                    self._endless()
                else:
                    self.wfile.write(SMALL if other else body)

        def _endless(self) -> None:
            self.close_connection = True
            deadline = time.monotonic() + 2 * TIMEOUT
            while time.monotonic() < deadline:
                if name == "never-ends":
                    self.wfile.write(HEAD + b"<item>" + b" " * 65_536)
                elif name == "drips":
                    self.wfile.write(b" ")
                    time.sleep(1)
                else:
                    time.sleep(0.1)

        def handle(self) -> None:
            # those who leave in the middle are what this is about
            with contextlib.suppress(OSError):
                super().handle()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _measure(url: str) -> dict[str, Any]:
    """Let a process of its own fetch and read the document, and watch its memory from outside."""
    import psutil

    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.hostile", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        if child.stdout.readline() != "idle\n":
            sys.exit("the process that was to be measured did not start")
        process = psutil.Process(child.pid)
        idle = sum(_peak(pid, reset=True) for pid in _tree(process))
        child.stdin.write("go\n")
        child.stdin.flush()
        answer: list[str] = []
        waiting = threading.Thread(target=lambda: answer.append(child.stdout.readline() if child.stdout else ""))
        waiting.start()
        peak = idle
        while waiting.is_alive():
            peak = max(peak, sum(_peak(pid) for pid in _tree(process)))
            waiting.join(0.01)
        peak = max(peak, sum(_peak(pid) for pid in _tree(process)))
        found: dict[str, Any] = json.loads(answer[0])
    finally:
        child.stdin.close()
        child.wait(30)
        child.stdout.close()
    return found | {"mb": peak - idle}


def _tree(process: Any) -> list[int]:
    return [process.pid, *(one.pid for one in process.children(recursive=True))]


def _peak(pid: int, *, reset: bool = False) -> float:
    """Peak resident megabytes of a process since the last reset; 0 when it is gone."""
    try:
        if reset:
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


async def _child(url: str) -> None:
    from alertd.config import FeedSettings
    from alertd.errors import FeedError
    from alertd.feeds import Fetcher, Reader, Validators

    hostile = FeedSettings(name="hostile", url=f"{url}/doc", timeout=TIMEOUT)
    other = FeedSettings(name="other", url=f"{url}/other", timeout=60.0)
    async with Fetcher(allow_private=True) as fetcher, Reader() as reader:

        async def poll(feed: FeedSettings) -> str:
            try:
                got = await fetcher.fetch(feed, Validators())
                read = await reader.read(got.body, feed=feed, headers=got.headers, url=got.url, now=time.time())
            except FeedError as error:
                return str(error)
            return f"{len(read.entries)} entries{f'; {read.damaged}' if read.damaged else ''}"

        # what a first time costs is no fault of the document
        await poll(other)
        await reader.read(SMALL + b" " * 100_000, feed=other, headers={}, url=url, now=time.time())
        print("idle", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        began = time.monotonic()
        task = asyncio.create_task(poll(hostile))
        late, due = 0.0, began
        while not task.done():
            due = max(due + EVERY, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            started = due
            await poll(other)
            late = max(late, time.monotonic() - started)
        seconds = time.monotonic() - began
        print(json.dumps({"s": seconds, "late": late, "what": task.result()}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    asyncio.run(_child(sys.argv[1]))
