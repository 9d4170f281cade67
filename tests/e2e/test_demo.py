"""`alertd demo` as a newcomer runs it: the real daemon, the shipped model, the embedded Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertd.demo.day import load_day
from alertd.demo.report import TRAPS
from alertd.demo.runner import RECORD

ROOT = Path(__file__).parents[2]
DAY = load_day()
LIMIT = 118.0
"""Seconds; it has to end by itself well before this. A run that hangs is killed and fails here."""

pytestmark = [pytest.mark.timeout(150), pytest.mark.xdist_group("demo")]


@dataclass(frozen=True)
class Run:
    """What a run left: exit code, output, and the record."""

    code: int
    said: str
    errors: str
    record: dict[str, Any]

    def told(self, ident: str) -> list[dict[str, Any]]:
        """The messages about an item."""
        return [message for message in self.record["posted"] if ident in message["items"]]

    def alerts(self, ident: str) -> list[dict[str, Any]]:
        """Those of them that are no replies."""
        return [message for message in self.told(ident) if not message["thread"]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo")
    scratch = folder / "scratch"
    scratch.mkdir()
    environment = {**os.environ, RECORD: str(folder / "record.json"), "TMPDIR": str(scratch)}
    ended = subprocess.run(
        [sys.executable, "-m", "alertd", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    record = json.loads((folder / "record.json").read_text())
    assert list(scratch.iterdir()) == [], "the demo left files behind"
    return Run(ended.returncode, ended.stdout, ended.stderr, record)


def of_case(case: str) -> list[str]:
    return [item.id for item in DAY.items if item.case == case]


def shown(message: dict[str, Any]) -> str:
    """All that a message shows."""
    return json.dumps(message["message"]["blocks"], ensure_ascii=False)


def test_it_ends_well_by_itself(run: Run) -> None:
    assert run.code == 0, run.said[-3000:] + run.errors
    assert run.errors == ""
    assert "time was up" not in run.said


def test_the_first_alert_comes_soon(run: Run) -> None:
    first = next(message["after"] for message in run.record["posted"] if message["items"])
    assert first < 15


def test_xiaomi_is_told_once_and_jefferies_never(run: Run) -> None:
    (message,) = run.alerts("xiaomi")
    assert message["channel"] == "#alerts"
    assert message["message"]["text"].startswith("▲ Xiaomi 1810.HK · analyst rating")
    assert "positive (+" in shown(message)
    assert "good news from brokers on Xiaomi" in shown(message)
    assert "analyst_rating" in shown(message)
    assert not [m for m in run.record["posted"] if "Jefferies itself" in shown(m)]


@pytest.mark.parametrize("ident", of_case("copy"))
def test_a_copy_goes_to_the_thread_of_the_first_alert(run: Run, ident: str) -> None:
    original = next(item.of for item in DAY.items if item.id == ident)
    roots = [(message["channel"], message["ts"]) for message in run.alerts(original)]
    assert roots
    assert all((message["channel"], message["thread"]) in roots for message in run.told(ident))


@pytest.mark.parametrize("case", [case for case, outcome, _ in TRAPS if outcome == "quiet"])
def test_nothing_comes_of_what_only_looks_like_news(run: Run, case: str) -> None:
    assert [ident for ident in of_case(case) if run.told(ident)] == []


@pytest.mark.parametrize("item", [item for item in DAY.items if not item.case and not item.versions[0].at], ids=str)
def test_what_was_there_before_never_alerts(run: Run, item: Any) -> None:
    assert run.told(item.id) == []


@pytest.mark.parametrize(
    ("ident", "channel", "rule"),
    [
        ("nvidia-outlook", "#alerts", "big technology"),
        ("target-outlook", "#alerts", "retailers"),
        ("ecb-cut", "#macro", "central banks"),
        ("boj-hold", "#macro", "central banks"),
        ("vw-downgrade", "#alerts", "car makers"),
        ("openai-round", "#alerts", "private companies"),
        ("pg-dividend", "#alerts", "dividends"),
        ("toyota-recall", "#alerts", "car makers"),
        ("walmart-jobs", "#alerts", "retailers"),
        ("microsoft-results", "#alerts", "big technology"),
    ],
)
def test_what_the_desk_waits_for_comes_once_for_the_right_reason(run: Run, ident: str, channel: str, rule: str) -> None:
    messages = run.alerts(ident)
    assert len(messages) == (2 if ident in of_case("correction") else 1)
    assert messages[0]["channel"] == channel
    assert f"Rule {rule}" in shown(messages[0])


def test_no_other_item_alerts(run: Run) -> None:
    expected = {"xiaomi", "nvidia-outlook", "target-outlook", "ecb-cut", "boj-hold", "vw-downgrade", "openai-round",
                "pg-dividend", "toyota-recall", "walmart-jobs", "microsoft-results"}  # fmt: skip
    assert {i for m in run.record["posted"] if not m["thread"] for i in m["items"]} <= expected


def test_the_correction_says_that_it_is_one(run: Run) -> None:
    first, second = run.alerts("nvidia-outlook")
    assert "$52 billion" in shown(first)
    assert "Correction" in second["message"]["text"]
    assert "$54 billion" in shown(second)


def test_an_item_without_a_date_says_so(run: Run) -> None:
    assert "without a date of its own" in shown(run.alerts("microsoft-results")[0])


def test_nobody_is_pinged(run: Run) -> None:
    for message in run.record["posted"]:
        assert "<!" not in message["message"]["text"]
    (told,) = run.alerts("pg-dividend")
    assert "Procter &amp; Gamble &lt;!channel&gt;" in told["message"]["text"]
    assert "Procter & Gamble <!channel> raises" in run.said


def test_the_operator_hears_of_the_feed_that_failed_and_came_back(run: Run) -> None:
    notices = [m["message"]["text"] for m in run.record["posted"] if not m["items"]]
    assert [m["channel"] for m in run.record["posted"] if not m["items"]] == ["#alertd"] * len(notices)
    assert any("green-acre fails" in text for text in notices)
    assert any("green-acre works again" in text for text in notices)


def test_each_message_is_told_once(run: Run) -> None:
    keys = [m["message"]["metadata"]["event_payload"]["key"] for m in run.record["posted"]]
    assert len(keys) == len(set(keys))


def test_the_summary_says_what_was_seen(run: Run) -> None:
    status = run.record["status"]
    assert {feed["name"] for feed in status["feeds"]} == {feed.name for feed in DAY.feeds}
    assert status["articles"] >= len(DAY.items)
    assert status["copies"] >= len(of_case("copy"))
    assert status["held"]
    assert "What it saw in" in run.said
    assert "held back" in run.said
    assert "✗" not in run.said
