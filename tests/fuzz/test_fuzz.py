"""What was found once stays found, and a short run of each target goes on looking."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.world import ROOT
from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS

FOUND = sorted((Path(__file__).parent / "found").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found(path: Path) -> None:
    TARGETS[path.name.partition("-")[0]](path.read_bytes())


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_hold_what_is_promised(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_short_run_finds_nothing_new(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", name, "--inputs", "200", "--by-chance", "--out", str(tmp_path)]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=100, check=False)
    row = json.loads(finished.stdout.splitlines()[-1])
    assert row["inputs"] == 200
    assert (finished.returncode, row["findings"]) == (0, {})


def test_a_finding_is_kept_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fuzz.__main__ import Run

    def broken(data: bytes) -> None:
        assert not data, "too much"

    monkeypatch.setitem(TARGETS, "date", broken)
    run = Run("date", 60.0, tmp_path)
    for data in (b"", b"first", b"second"):
        run.one(data)
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == b"first"
    assert run.report(guided=False) == 1
