"""Benchmarks at their tiny size, as a user would run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]


def tiny(name: str, *options: str, seconds: float = 110.0) -> dict[str, Any]:
    """Run a benchmark in a process of its own; returns its figures.

    Args:
        options: of its command line, besides `--tiny`.
        seconds: how long it may take.
    """
    figures: dict[str, Any] = json.loads(printed(name, *options, seconds=seconds).splitlines()[-1])
    return figures


def printed(name: str, *options: str, seconds: float = 110.0) -> str:
    """The same; returns all that it prints."""
    command = [sys.executable, "-m", "benchmarks", name, "--tiny", *options]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds).stdout
