"""What reads strangers' documents knows nothing that is worth stealing."""

from __future__ import annotations

import json
import subprocess
import sys

import psutil
import pytest

from alertd.feeds.workers import answered, ask, end_worker, start_worker


async def test_a_reading_process_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-correct-horse")
    monkeypatch.setenv("ALERTD_WEB_TOKEN", "battery-staple-16")
    worker = await start_worker("alertd.feeds.worker")
    try:
        # it runs what it was started as only once it answers
        settings = {"name": "wire", "max_bytes": 1000, "max_items": 5, "timezone": "", "source": "", "language": ""}
        await ask(
            worker, {"feed": settings, "headers": {}, "url": "http://e.example/", "now": 1.0}, b"<rss version='2.0'/>"
        )
        await answered(worker)
        environment = psutil.Process(worker.pid).environ()
    finally:
        await end_worker(worker)
    assert "PYTHONPATH" in environment
    assert [name for name, value in environment.items() if "horse" in value or "battery" in value] == []


async def test_a_process_that_ended_is_told_by_an_error() -> None:
    worker = await start_worker("alertd.feeds.worker")
    await end_worker(worker)
    with pytest.raises(EOFError):
        await answered(worker)


def test_a_reading_process_whose_asker_was_killed_ends_without_a_word() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "alertd.feeds.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert worker.stderr is not None
    worker.stdout.close()
    settings = {"name": "wire", "max_bytes": 1000, "max_items": 5, "timezone": "", "source": "", "language": ""}
    asked = {"feed": settings, "headers": {}, "url": "http://e.example/", "now": 1.0, "bytes": 0}
    worker.stdin.write(json.dumps(asked) + "\n")
    worker.stdin.flush()
    assert worker.wait(30) == 0
    assert worker.stderr.read() == ""
    worker.stdin.close()
    worker.stderr.close()
