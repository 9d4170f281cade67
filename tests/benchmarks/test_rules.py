"""The benchmark of rules runs, beside its plain loop, at its tiny size."""

from __future__ import annotations

import json

import pytest

import benchmarks


def test_tiny_run_gives_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["rules", "--tiny"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"p99_us", "rules", "companies", "fired_share"} <= set(figures)
    assert (figures["rules"], figures["companies"]) == (60, 200)
    assert figures["fired_share"] >= 0.05
    assert 0 < figures["p99_us"] < figures["loop_p99_us"] * 5
