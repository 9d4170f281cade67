"""The benchmark of the page runs at its tiny size."""

from __future__ import annotations

import json

import pytest

import benchmarks


def test_tiny_run_gives_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["page", "--tiny"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"p95_ms", "clients", "late_p99_ms", "scan_p95_ms"} <= set(figures)
    assert (figures["clients"], figures["articles"], figures["missed"]) == (5, 1_500, 0)
    assert 0 < figures["counts_bytes_per_article"] < 1_000
