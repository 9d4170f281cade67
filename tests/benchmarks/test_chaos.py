"""The chaos benchmark runs at its tiny size, and nothing is lost or doubled."""

from __future__ import annotations

import pytest

from benchmarks.chaos import sizes

from .tiny import tiny


@pytest.mark.timeout(300)
def test_tiny_run_accounts_for_every_article() -> None:
    found = tiny("chaos", seconds=290)
    assert found["articles"] == 100
    assert found["kills"] == 3
    assert found["redis_restarts"] == 1
    assert (found["lost"], found["doubled"], found["stuck"], found["dead_lettered"]) == (0, 0, 0, 0)


def test_a_whole_run_is_as_long_as_asked_and_has_all_that_may_go_wrong() -> None:
    parts = sizes(20.0, seed=7)
    assert sum(part["seconds"] for part in parts) == 1200
    assert [sum(part[name] for part in parts) for name in ("kills", "restarts", "failovers")] == [200, 10, 3]
    assert parts[0]["names_gone"] == 300
    assert all(part["poison"] for part in parts)
