"""A rule is deleted while its alerts wait, and another process delivers: it stops at once, and the rest goes on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.e2e.test_stages import shared, started
from tests.e2e.world import ROOT, Daemon, until
from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.timeout(180)

PHONES = "  - {name: phones, companies: [1810.HK], min_relevance: 0, roles: [subject, source, passing]}\n"
CARS = "  - {name: cars, companies: [TSLA], min_relevance: 0, roles: [subject, source, passing], channel: '#cars'}\n"
OLD, NEW = "Xiaomi opens a second plant for its cars in Wuhan", "Tesla lowers the price of its roof tiles"


async def alertd(config: Path, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertd", *arguments, "--config", str(config), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


async def test_its_alerts_leave_the_outbox_of_another_process(tmp_path: Path) -> None:
    fake = FakeSlack(channels=("alerts", "cars", "alertd"))
    async with shared(tmp_path, fake, "rules:\n" + PHONES + CARS) as (daemons, feeds, slack):
        slack.channel("alerts").member = False
        await started(tmp_path, daemons, "poll,tag,decide")
        notify = await started(tmp_path, daemons, "notify")
        feeds.add("wire", OLD)
        await until(lambda: _told(slack, "alertd", "not_in_channel"), "the refusal")
        (tmp_path / "config" / "watchlist.yaml").write_text("rules:\n" + CARS, encoding="utf-8")
        await until(lambda: _logged(notify), "the reason in the log")
        slack.channel("alerts").member = True
        feeds.add("wire", NEW)
        await until(lambda: _told(slack, "cars", NEW), "what another rule says")
        assert slack.messages("alerts") == []
        told = await alertd(tmp_path / "config", "alerts")
        assert "its rule was deleted" in " ".join(told.split())
        for daemon in daemons:
            assert await daemon.end() == 0


async def _told(slack: FakeSlack, channel: str, text: str) -> bool:
    return any(text in message["text"] for message in slack.messages(channel))


async def _logged(daemon: Daemon) -> bool:
    return "not told: its rule was deleted" in daemon.log
