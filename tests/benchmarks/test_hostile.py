"""The benchmark of hostile documents runs at its tiny size, within its bounds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.timeout(120)
def test_tiny_run_gives_every_figure() -> None:
    command = [sys.executable, "-m", "benchmarks", "hostile", "--tiny"]
    finished = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=110)
    figures = json.loads(finished.stdout.splitlines()[-1])
    assert figures["documents"] == 4
    assert 3 <= figures["max_s"] <= 5
    assert 0 < figures["max_mb"] <= 60
    assert 0 < figures["other_feed_late_s"] < 1
