"""What was sent and whether Slack is set up, by the command line."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.slack.checkup import SCOPES
from alertd.stages.outbox import row_of
from alertd.store import keys
from tests.commands.world import SETTINGS, execute, invoke, write
from tests.fakes.slack import FakeSlack
from tests.slack.world import ACME, alert


async def test_slack_test_checks_all_channels_and_posts_one_message(tmp_path: Path) -> None:
    async with FakeSlack(scopes=SCOPES) as slack:
        settings = f"{SETTINGS}slack: {{token: {slack.token}, base_url: '{slack.base_url}'}}\n"
        rules = "rules:\n  - {name: a, companies: [AAPL], channel: '#alertd'}\n  - {name: b, companies: [AAPL]}\n"
        config = str(write(tmp_path, settings, rules))
        code, out, err = await asyncio.to_thread(execute, ["slack", "test", "--config", config])
        assert (code, err) == (0, "")
        assert [line[:2] for line in out.splitlines()] == ["ok", "ok", "--", "ok", "ok", "ok"], out
        assert "#alertd" in out
        assert len(slack.messages("alerts")) == 1
        slack.channel("alertd").archived = True
        asked = ["slack", "test", "--no-message", "--channel", "#alertd", "--config", config]
        code, out, _ = await asyncio.to_thread(execute, asked)
        assert len(slack.messages("alerts")) == 1
        slack.token = "xoxb-another"
        code, out, _ = await asyncio.to_thread(execute, ["slack", "test", "--config", config])
        assert code == 1
        assert out.startswith("NO  token: ")
        assert "xoxb" not in out.replace("(xoxb-…)", "")


def test_without_a_token_it_says_where_to_put_one(tmp_path: Path) -> None:
    result = invoke("slack", "test", "--config", str(write(tmp_path)))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "slack.token" in result.stderr


async def test_alerts_lists_what_was_sent(redis: Redis, tmp_path: Path) -> None:
    path = redis.connection_pool.connection_kwargs["path"]
    config = str(write(tmp_path, f"{SETTINGS}redis: {{url: 'unix://{path}'}}\n"))
    now = time.time()
    old = row_of(alert(key="old"), "#alerts", "1.0", now - 7200, "posted")
    await cast(Any, redis).xadd(keys.DELIVERED, {"row": json.dumps(old)}, id=f"{int((now - 7200) * 1000)}-0")
    for row in (
        row_of(alert(key="a"), "#alerts", "1.1", now - 60, "posted"),
        row_of(replace(alert(key="b", company=ACME), rule="other"), "#deals", "1.2", now - 30, "posted"),
        row_of(alert(key="c", kind="reply", title="\x1b[31mred"), "#alerts", "1.3", now, "found"),
    ):
        await cast(Any, redis).xadd(keys.DELIVERED, {"row": json.dumps(row)})

    def listed(*words: str) -> list[str]:
        code, out, err = execute(["alerts", *words, "--json", "--config", config])
        assert (code, err) == (0, "")
        return [row["key"] for row in json.loads(out)]

    assert listed("--since", "1h") == ["a", "b", "c"]
    assert listed("--since", "3h") == ["old", "a", "b", "c"]
    assert listed("--company", "acme") == ["b"]
    assert listed("--since", "1h", "--company", "1810.hk", "--channel", "#alerts") == ["a", "c"]
    assert listed("--rule", "none of ours") == []
    code, out, _ = execute(["alerts", "--since", "1h", "--config", config])
    assert code == 0
    assert "Broker sees more to come from Xiaomi" in out
    assert "\x1b" not in out
    assert (
        execute(["alerts", "--since", "1s", "--rule", "x", "--config", config])[1]
        == "nothing was sent in the last 1s\n"
    )
    assert invoke("alerts", "--since", "soon", "--config", config).exit_code == 2
