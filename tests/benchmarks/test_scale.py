"""The scale benchmark runs at its tiny size, with two real processes that tag."""

from __future__ import annotations

from .tiny import tiny


def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("scale")
    assert set(figures) == {
        "ratio", "one_articles_per_s", "two_articles_per_s", "tag_cpu_ms", "redis_cpu_ms", "articles", "rounds",
        "cores",
    }  # fmt: skip
    assert figures["ratio"] > 0.5, "the second one is no hindrance, however busy the machine"
