"""The benchmark of replays runs at its tiny size."""

from __future__ import annotations

import json

import pytest

import benchmarks


def test_tiny_run_gives_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmarks.main(["backtest", "--tiny"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"articles_per_s", "rules"} <= set(figures)
    assert (figures["rules"], figures["articles"]) == (60, 512)
    assert figures["articles_per_s"] > 100
    assert 0 < figures["bytes_per_article"] <= 300
