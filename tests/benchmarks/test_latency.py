"""The latency benchmark runs, with its peer, at its tiny size."""

from __future__ import annotations

from .tiny import tiny


def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("latency")
    assert set(figures) == {
        "p50_ms", "p99_ms", "peer_p50_ms", "peer_p99_ms", "articles_per_s", "articles", "missing",
    }  # fmt: skip
    assert figures["missing"] == 0
    assert all(value > 0 for name, value in figures.items() if name != "missing")
