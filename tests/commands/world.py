"""How the tests of the commands run them: in this process, or as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from typer.testing import CliRunner, Result

from alertd.cli import app

SETTINGS = """\
allow_private_addresses: true
web: {port: 0}
feeds:
  - name: one
    url: http://127.0.0.1:1/rss
"""
WATCHLIST = "rules:\n  - name: phones\n    companies: [1810.HK]\n"


def write(folder: Path, settings: str = SETTINGS, watchlist: str = WATCHLIST) -> Path:
    """Write a configuration into `config` below a folder."""
    config = folder / "config"
    config.mkdir(exist_ok=True)
    (config / "alertd.yaml").write_text(settings, encoding="utf-8")
    (config / "watchlist.yaml").write_text(watchlist, encoding="utf-8")
    return config


def invoke(*words: str, given: str | bytes | None = None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, words, input=given, env={"ALERTD_CONFIG": None, "ALERTD_DEBUG": None})


def environment() -> dict[str, str]:
    """The environment of a process that is told nothing by it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTD_")}
    kept.pop("PYTHONUNBUFFERED", None)  # it would hide what is left in a buffer
    return kept


def start(*words: str, cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a command as a user does."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "alertd", *words], stdin=pipe, stdout=pipe, stderr=pipe, cwd=cwd, env=environment()
    )


def execute(words: Sequence[str], given: bytes = b"", cwd: Path | None = None) -> tuple[int, str, str]:
    """Run a command as a user does; returns exit code, stdout and stderr."""
    with start(*words, cwd=cwd) as process:
        out, err = process.communicate(given, timeout=60)
    return process.returncode, out.decode(), err.decode()
