"""A rule is deleted while its alerts wait, and another process delivers: it stops at once, and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.test_stages import shared, started
from tests.e2e.world import alertd, until
from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.timeout(180)

PHONES = "  - {name: phones, companies: [1810.HK], min_relevance: 0, roles: [subject, source, passing]}\n"
CARS = "  - {name: cars, companies: [TSLA], min_relevance: 0, roles: [subject, source, passing], channel: '#cars'}\n"
OLD, NEW = "Xiaomi opens a second plant for its cars in Wuhan", "Tesla lowers the price of its roof tiles"


async def test_its_alerts_leave_the_outbox_of_another_process(tmp_path: Path) -> None:
    fake = FakeSlack(channels=("alerts", "cars", "alertd"))
    async with shared(tmp_path, fake, "rules:\n" + PHONES + CARS) as (daemons, feeds, slack):
        slack.channel("alerts").member = False
        await started(tmp_path, daemons, "poll,tag,decide")
        notify = await started(tmp_path, daemons, "notify")
        feeds.add("wire", OLD)
        await until(lambda: _told(slack, "alertd", "not_in_channel"), "the refusal")
        (tmp_path / "config" / "watchlist.yaml").write_text("rules:\n" + CARS, encoding="utf-8")
        await until(lambda: notify.logged("not told: its rule was deleted"), "the reason in the log")
        slack.channel("alerts").member = True
        feeds.add("wire", NEW)
        await until(lambda: _told(slack, "cars", NEW), "what another rule says")
        assert slack.messages("alerts") == []
        code, told = await alertd(tmp_path / "config", "alerts")
        assert code == 0
        assert "its rule was deleted" in " ".join(told.split())
        for daemon in daemons:
            assert await daemon.end() == 0


async def _told(slack: FakeSlack, channel: str, text: str) -> bool:
    return any(text in message["text"] for message in slack.messages(channel))
