"""The tagging benchmark runs, with its peer, at its tiny size."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
KEYS = {
    "articles_per_s",
    "peer_articles_per_s",
    "ratio_batched",
    "ratio_single",
    "single_p99_ms",
    "rss_mb",
    "ready_s",
}


def test_tiny_run_gives_every_figure() -> None:
    command = [sys.executable, "-m", "benchmarks", "tagging", "--tiny", "--threads", "1"]
    finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=110)
    figures = json.loads(finished.stdout.splitlines()[-1])
    assert set(figures) == KEYS
    assert all(value > 0 for value in figures.values())
