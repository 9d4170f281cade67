"""The benchmark of hostile documents runs at its tiny size, within its bounds."""

from __future__ import annotations

import pytest

from .tiny import tiny


@pytest.mark.timeout(120)
def test_tiny_run_gives_every_figure() -> None:
    figures = tiny("hostile")
    assert figures["documents"] == 4
    assert 3 <= figures["max_s"] <= 5
    assert 0 < figures["max_mb"] <= 60
    assert 0 < figures["other_feed_late_s"] < 1
