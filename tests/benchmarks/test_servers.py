"""A clock that the benchmarks and tests move: what a process that goes by it sees."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.servers import faked, faketime

SLEEPS = "import time\nfor _ in range(100): time.sleep(1e-9)\nprint(time.time())"
"""Sleeps that end before they begin."""


@pytest.mark.skipif(not faketime(threads=True), reason="libfaketime is not installed")
def test_a_process_sleeps_and_sees_the_clock_that_was_moved(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    environment = {**os.environ, **faked(faketime(threads=True), clock)}
    clock.write_text("+0", encoding="ascii")
    now = _asked(environment)
    clock.write_text("+3600", encoding="ascii")
    assert 3600 <= _asked(environment) - now < 3660


def _asked(environment: dict[str, str]) -> float:
    done = subprocess.run([sys.executable, "-c", SLEEPS], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_no_clock_is_moved_without_the_library(tmp_path: Path) -> None:
    assert faked("", tmp_path / "clock") == {}
