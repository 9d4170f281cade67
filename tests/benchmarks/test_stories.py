"""The benchmark of stories runs, with its peer, at its tiny size."""

from __future__ import annotations

from .tiny import tiny

KEYS = {
    "articles_per_s", "peer_articles_per_s", "ratio", "f1", "peer_f1", "lookalikes_merged", "place_p99_ms",
    "bytes_per_article", "workers_agree",
}  # fmt: skip


def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("stories", seconds=115)
    assert set(figures) == KEYS
    assert figures["f1"] >= 0.97
    assert figures["f1"] > figures["peer_f1"]
    assert figures["lookalikes_merged"] <= 6
    assert figures["workers_agree"] is True
    assert figures["bytes_per_article"] < 8_000
