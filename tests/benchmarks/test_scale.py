"""The scale benchmark runs at its tiny size, with two real processes that tag."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_tiny_run_gives_every_figure() -> None:
    command = [sys.executable, "-m", "benchmarks", "scale", "--tiny"]
    finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=110)
    figures = json.loads(finished.stdout.splitlines()[-1])
    assert set(figures) == {
        "ratio", "one_articles_per_s", "two_articles_per_s", "tag_cpu_ms", "redis_cpu_ms", "articles", "rounds",
        "cores",
    }  # fmt: skip
    assert figures["ratio"] > 0.5, "the second one is no hindrance, however busy the machine"
