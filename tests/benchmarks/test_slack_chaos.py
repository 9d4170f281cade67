"""The benchmark of a misbehaving Slack runs, with its peer, at its tiny size, and finds nothing wrong."""

from __future__ import annotations

from .tiny import tiny


def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("slack-chaos")
    assert set(figures) == {
        "alerts", "channels", "kills", "messages", "lost", "doubled", "out_of_order", "pacing_exceeded", "faults",
        "peer_lost", "peer_doubled", "peer_pacing_exceeded",
    }  # fmt: skip
    assert (figures["lost"], figures["doubled"], figures["out_of_order"]) == (0, 0, 0)
    assert figures["kills"] > 0
    assert figures["faults"] > 0
