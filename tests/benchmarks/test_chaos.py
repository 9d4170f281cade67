"""The chaos benchmark runs at its tiny size, and nothing is lost or doubled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks.chaos import sizes
from benchmarks.chaos_fates import LOST, WAITS, Heard, Places, fate_of

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


@pytest.mark.parametrize(
    ("key", "record", "fate"),
    [
        ("alone", None, "told in a message of its own"),
        ("listed", None, "told in a digest"),
        ("gone", {"how": "withdrawn", "why": "its rule was deleted"}, "withdrawn: its rule was deleted"),
        ("waits", None, f"{WAITS}in its outbox"),
        ("nowhere", None, LOST),
        # what the store takes for told and Slack never got is lost
        ("nowhere", {"how": "posted", "ts": "1.0"}, LOST),
    ],
)
def test_every_alert_has_its_fate(key: str, record: dict[str, Any] | None, fate: str) -> None:
    heard = Heard(Counter({"alone": 1}), Counter({"listed": 1}))
    assert fate_of(key, heard, record, Places({"in its outbox": {"waits"}})) == fate
