"""The real daemon posts with buttons, and does what their press asks for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, cast

from alertd.articles import dumps
from alertd.config import load
from alertd.state import open_state
from alertd.store import keys
from tests.e2e.world import serving, until
from tests.fakes.slack import FakeSlack
from tests.fakes.socket_mode import APP_TOKEN, SocketMode
from tests.slack.world import alert

WATCHLIST = "rules:\n  - {name: phones, companies: [1810.HK]}\n"


async def test_a_button_under_an_alert_silences_its_company(tmp_path: Path) -> None:
    async with SocketMode() as socket, serving(tmp_path, WATCHLIST, slack=FakeSlack()) as (daemon, _, slack):
        slack.socket_mode = socket
        settings = daemon.config / "alertd.yaml"
        settings.write_text(settings.read_text().replace("slack: {", f"slack: {{app_token: {APP_TOKEN}, "))
        daemon.arguments = ("--stages", "notify")
        await daemon.start()
        await until(daemon.ready, "readiness")
        await until(lambda: linked(socket), "somebody who listens")
        async with await open_state(load(daemon.config, os.environ)) as store:
            redis = cast(Any, store.redis)
            await redis.xadd(keys.ALERTS, {"key": "k", "alert": dumps(alert(key="k", created=time.time()))})
            await until(lambda: redis.exists(keys.sent("k")), "the record of the post")
            (message,) = slack.messages("alerts")
            (block,) = [b for b in message["blocks"] if b["type"] == "actions"]
            option = block["elements"][-1]["options"][0]
            pressed = {
                "type": "block_actions", "user": {"id": "U0000001", "username": "ann"}, "channel": {"id": "C00000001"},
                "message": {"ts": message["ts"]}, "response_url": socket.response_url,
                "actions": [
                    {
                        "action_id": block["elements"][-1]["action_id"], "block_id": block["block_id"],
                        "action_ts": "1.1", "selected_option": option,
                    }
                ],
            }  # fmt: skip
            await socket.until_acknowledged(await socket.send("interactive", pressed))
            await until(lambda: redis.hlen(keys.SILENCES), "the silence")
            await until(lambda: said(socket), "an answer")
        assert "silenced Xiaomi for an hour" in socket.answers[0]["text"]
        assert await daemon.end() == 0
        assert APP_TOKEN not in daemon.log


async def linked(socket: SocketMode) -> bool:
    return socket.linked


async def said(socket: SocketMode) -> bool:
    return bool(socket.answers)
