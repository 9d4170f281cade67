"""The polling benchmark runs, with its peer, at its tiny size, and its lateness is what it says."""

from __future__ import annotations

import pytest

from benchmarks.polling import addresses, lateness, since

from .tiny import tiny

KEYS = {
    "feeds", "late_p99_s", "beside_bad_late_s", "missed", "rss_growth", "rss_mb", "cpu_share", "unchanged_per_s",
    "changed_per_s", "peer_unchanged_per_s", "peer_changed_per_s", "ratio_unchanged", "ratio_changed",
}  # fmt: skip


@pytest.mark.timeout(240)
def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("polling", seconds=230)
    assert set(figures) == KEYS
    assert figures["feeds"] == 40
    assert figures["beside_bad_late_s"] < 1.0, "feeds that hang, drip or never end hold up those of their host"
    assert all(figures[key] > 0 for key in KEYS if key.endswith("_per_s"))


@pytest.mark.parametrize(
    ("times", "late", "missed"),
    [
        ({"0": [0.0, 10.0, 20.0]}, [0.0, 0.0], 0),
        ({"0": [0.0, 10.5, 20.0]}, [0.5, 0.0], 0),
        ({"0": [0.0, 20.0]}, [0.0], 1),
        ({"0": [0.0, 31.0]}, [1.0], 2),
        ({"0": [0.0, 10.0]}, [0.0], 1),
        ({}, [0.0], 1),
    ],
)
def test_lateness(times: dict[str, list[float]], late: list[float], missed: int) -> None:
    now = max((t for asked in times.values() for t in asked), default=0.0)
    assert lateness(times, now=now if now != 10.0 else 27.0, interval=10.0, feeds=1) == (late, missed)


def test_polls_count_from_a_moment_on() -> None:
    times = {"a": [0.0, 20.0, 30.0, 40.0], "b": [25.0, 35.0], "c": [1.0]}
    assert since(times, 29.0) == {"a": [20.0, 30.0, 40.0], "b": [25.0, 35.0], "c": [1.0]}


def test_addresses_are_loopback_and_differ() -> None:
    made = addresses(80, 10_000)
    assert len(set(made)) == 10_000
    assert made[-1] == "http://127.0.3.250:80/f/9999"
