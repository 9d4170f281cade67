"""What reads strangers' documents knows nothing that is worth stealing."""

from __future__ import annotations

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
