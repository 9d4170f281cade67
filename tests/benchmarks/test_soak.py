"""The soak benchmark runs at its tiny size, and what it says of its samples is so."""

from __future__ import annotations

import json

import pytest

from benchmarks.soak import judged

from .tiny import printed


def sample(number: int, **other: float) -> dict[str, float]:
    base = {"articles": 10, "seconds": 0.1, "control_s": 0.01, "walk_s": 0.02, "rss_mb": 100.0, "redis_mb": 50.0}
    costs = {"line_cpu_s": number / 50, "redis_cpu_s": number / 100, "commands": 70 * number, "sent_bytes": 9 * number}
    return {**base, **costs, "descriptors": 20, "tasks": 15, **other}


@pytest.mark.parametrize(
    ("last", "figure", "expected"),
    [
        ({}, "throughput_ratio", 1.0),
        ({"seconds": 0.2}, "throughput_ratio", 0.5),
        ({"seconds": 0.2, "control_s": 0.02}, "throughput_ratio", 1.0),
        ({"seconds": 0.2, "control_s": 0.02}, "throughput_ratio_by_walk", 0.5),
        ({"seconds": 0.2, "walk_s": 0.04}, "throughput_ratio_by_walk", 1.0),
        ({"rss_mb": 110.0}, "rss_growth", 0.1),
        ({"redis_mb": 80.0}, "redis_end_mb", 80.0),
        ({"descriptors": 25}, "descriptors_growth", 5),
        ({"tasks": 16}, "tasks_growth", 1),
        ({}, "line_ms_per_article", 2.0),
        ({}, "redis_ms_per_article", 1.0),
        ({}, "redis_commands_per_article", 7.0),
    ],
)
def test_the_last_tenth_is_held_against_the_first(last: dict[str, float], figure: str, expected: float) -> None:
    samples = [sample(n) for n in range(90)] + [sample(n, **last) for n in range(90, 100)]
    assert judged(samples, 1_000)[figure] == pytest.approx(expected)


def test_tiny_run_gives_every_figure() -> None:
    said = printed("soak", "--articles", "800")
    figures = json.loads(said.splitlines()[-1])
    assert {"articles", "rss_growth", "redis_peak_mb", "redis_end_mb", "throughput_ratio"} <= set(figures)
    assert figures["articles"] == 800
    assert figures["messages"] > 0
    assert "recorded tags" in said
