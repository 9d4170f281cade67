"""The latency benchmark runs, with its peer, at its tiny size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_tiny_run_gives_every_figure() -> None:
    command = [sys.executable, "-m", "benchmarks", "latency", "--tiny"]
    finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=110)
    figures = json.loads(finished.stdout.splitlines()[-1])
    assert set(figures) == {
        "p50_ms", "p99_ms", "peer_p50_ms", "peer_p99_ms", "articles_per_s", "articles", "missing",
    }  # fmt: skip
    assert figures["missing"] == 0
    assert all(value > 0 for name, value in figures.items() if name != "missing")
