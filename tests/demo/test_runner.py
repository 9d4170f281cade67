"""The demo around a stand-in for the daemon: how it ends, whatever the daemon or the user does, and what it leaves."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from alertd.demo import daemon, runner
from alertd.demo.runner import INTERRUPTED, RECORD, run_demo

from .world import tiny

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "tests.demo.stub")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "QUIET", 0.3)
    monkeypatch.setattr(daemon, "_GRACE", 1.0)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, which must be empty again at the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, record: Path | None = None
) -> tuple[int, str]:
    monkeypatch.setenv("STUB", behaviour)
    out = io.StringIO()
    code = run_demo(out=out, day=tiny(tmp_path), command=COMMAND, record=record)
    return code, out.getvalue()


def nothing_left(scratch: Path) -> bool:
    stubs = [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
    return not list(scratch.iterdir()) and not stubs


def test_a_whole_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    record = tmp_path / "record.json"
    code, said = demo(tmp_path, monkeypatch, "fine", record)
    assert code == 0, said
    assert "things  AAPL · results → #alerts" in said
    assert said.index("Broker sees more to come") < said.index("What it saw in")
    assert "held back   3: too old (3)" in said
    told = json.loads(record.read_text())
    assert told["exit"] == 0
    assert [p["items"] for p in told["posted"]] == [["one"], ["two"]]
    assert told["posted"][0]["channel"] == "#alerts"
    assert told["status"]["articles"] == 3
    assert nothing_left(scratch)


def test_the_record_can_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    monkeypatch.setenv(RECORD, str(tmp_path / "named.json"))
    assert demo(tmp_path, monkeypatch, "fine")[0] == 0
    assert json.loads((tmp_path / "named.json").read_text())["exit"] == 0
    assert nothing_left(scratch)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("dies", ["ended by itself with exit code 3", "info: the stub began", "Traceback: the stub fell over"]),
        ("deaf", ["did not end when it was asked to and was killed"]),
        ("silent", ["0 alerts"]),
    ],
)
def test_a_daemon_that_does_not_do_its_work_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path, behaviour: str, says: list[str]
) -> None:
    code, said = demo(tmp_path, monkeypatch, behaviour)
    assert code == 1
    assert [part for part in says if part not in said] == []
    assert nothing_left(scratch)


def test_the_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    monkeypatch.setattr(runner, "DEADLINE", 1.0)
    monkeypatch.setattr(runner, "QUIET", 1000.0)
    code, said = demo(tmp_path, monkeypatch, "fine")
    assert code == 0
    assert "What it saw in" in said
    assert nothing_left(scratch)


def test_counts_that_cannot_be_read_are_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch: Path
) -> None:
    code, said = demo(tmp_path, monkeypatch, "mute")
    assert code == 0
    assert "not there: the stub does not count" in said
    assert nothing_left(scratch)


SCRIPT = """
import sys
from pathlib import Path
from alertd.demo import runner
from tests.demo.world import tiny
runner.QUIET = 1000.0
sys.exit(runner.run_demo(day=tiny(Path(sys.argv[1])), command=(sys.executable, "-m", "tests.demo.stub")))
"""


def started(tmp_path: Path, scratch: Path, behaviour: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "STUB": behaviour, "TMPDIR": str(scratch)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Broker sees" in line:
            return process
    raise AssertionError(process.communicate()[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_user_has_seen_enough(tmp_path: Path, scratch: Path, number: signal.Signals) -> None:
    process = started(tmp_path, scratch, "fine")
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    said, errors = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED, errors
    assert "Ending the daemon" in said
    assert errors == ""
    assert family
    assert not [p for p in family if p.is_running()]
    assert list(scratch.iterdir()) == []


def test_nobody_reads_any_more(tmp_path: Path, scratch: Path) -> None:
    process = started(tmp_path, scratch, "fine")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    assert process.wait(timeout=30) == 1
    assert "BrokenPipeError" in errors
    deadline = time.monotonic() + 10
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(scratch.iterdir()) == []
