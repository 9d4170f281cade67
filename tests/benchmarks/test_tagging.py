"""The tagging benchmark runs, with its peer, at its tiny size."""

from __future__ import annotations

from .tiny import tiny

KEYS = {
    "articles_per_s",
    "peer_articles_per_s",
    "ratio_batched",
    "ratio_single",
    "single_p99_ms",
    "rss_mb",
    "ready_s",
}


def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("tagging", "--threads", "1")
    assert set(figures) == KEYS
    assert all(value > 0 for value in figures.values())
