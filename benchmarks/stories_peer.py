"""The peer of the benchmark of stories: `datasketch` MinHashLSH over word pairs, with its storage in Redis."""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from redis import Redis

from alertd.store.binary import locate
from benchmarks.stories_corpus import Given, f1

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_PERMUTATIONS = 128
_FILLING, _PLACING = 10_000, 1_000


def best_threshold(wires: Sequence[Given]) -> tuple[float, float]:
    """The threshold at which the peer tells copies from look-alikes best, and its F1 there."""
    scores = {threshold: _score(threshold, wires) for threshold in _THRESHOLDS}
    best = max(scores, key=lambda threshold: scores[threshold])
    return best, scores[best]


def _score(threshold: float, wires: Sequence[Given]) -> float:
    from datasketch import MinHashLSH

    lsh = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS)
    marked = []
    for w in wires:
        made = _sketch(w)
        marked.append((w.wire, bool(lsh.query(made))))
        lsh.insert(w.entry.guid, made)
    return f1([(w, m) for w, m in marked if w])


def _sketch(given: Given) -> Any:
    from datasketch import MinHash

    words = f"{given.entry.title} {given.entry.summary}".lower().split()
    made = MinHash(_PERMUTATIONS)
    made.update_batch([f"{a} {b}".encode() for a, b in itertools.pairwise(words)])
    return made


class Peer:
    """Takes articles one after the other, insertions pipelined by its session.

    Args:
        socket: of its Redis server.
        threshold: Jaccard index from which two articles are taken for one.
    """

    def __init__(self, socket: str, threshold: float) -> None:
        from datasketch import MinHashLSH

        self._server: Any = Redis(unix_socket_path=socket)
        storage = {"type": "redis", "basename": b"peer", "redis": {"unix_socket_path": socket}}
        self._lsh = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, storage_config=storage)
        self._session = self._lsh.insertion_session(buffer_size=_PLACING)
        self._count = 0
        self.cpu = 0.0
        """Seconds of processor time that placing took, without that of Redis."""

    def used(self) -> int:
        """Bytes that its server holds."""
        return int(self._server.info("memory")["used_memory"])

    def fill(self, given: Iterable[Given]) -> float:
        """Take articles into the window without a look at what they copy; returns the seconds."""
        began = time.perf_counter()
        with self._lsh.insertion_session(buffer_size=_FILLING) as session:
            for one in given:
                session.insert(one.entry.guid, _sketch(one))
        return time.perf_counter() - began

    def place(self, given: Sequence[Given]) -> float:
        """Ask for each article what it copies, and take it; returns the seconds."""
        began, used = time.perf_counter(), time.process_time()
        for one in given:
            made = _sketch(one)
            self._lsh.query(made)
            self._count += 1
            self._session.insert(f"placed {self._count}", made)
        self.cpu += time.process_time() - used
        return time.perf_counter() - began

    def close(self) -> float:
        """Send what its session still holds back; returns the seconds."""
        began, used = time.perf_counter(), time.process_time()
        self._session.close()
        seconds = time.perf_counter() - began
        self.cpu += time.process_time() - used
        self._server.close()
        return seconds


class Server:
    """A Redis server of its own on a unix socket, without persistence."""

    def __enter__(self) -> str:
        self._folder = tempfile.TemporaryDirectory()
        socket = str(Path(self._folder.name) / "redis.sock")
        command = [locate(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", self._folder.name]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not Path(socket).exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("redis-server does not start")
            time.sleep(0.01)
        return socket

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()
