from __future__ import annotations

import pytest

from alertd.slack.checkup import SCOPES, examine
from alertd.slack.posting import SlackSink
from tests.fakes.slack import FakeSlack

from .world import NOW


async def states(slack: FakeSlack, *channels: str, token: str = "") -> dict[str, str]:
    sink = SlackSink(token or slack.token, base_url=slack.base_url)
    try:
        found = await examine(sink, channels, message_to=channels[0], now=NOW)
    finally:
        await sink.close()
    assert all(one.detail for one in found)
    return {one.what: one.state for one in found}


async def test_all_is_well() -> None:
    async with FakeSlack(scopes=SCOPES) as slack:
        assert set((await states(slack, "#alerts", "#alertd")).values()) == {"fine"}
        (message,) = slack.messages("alerts")
        assert "nothing happened" in message["text"]


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("chat:write", {"scope chat:write": "wrong", "message to #alerts": "wrong"}),
        ("channels:history", {"scope channels:history": "missing", "#alerts": "missing"}),
        ("groups:read", {"scope groups:read": "missing"}),
        ("commands", {"scope commands": "missing"}),
    ],
)
async def test_what_a_missing_scope_takes_away(lacking: str, told: dict[str, str]) -> None:
    async with FakeSlack(scopes=SCOPES.keys() - {lacking}) as slack:
        found = await states(slack, "#alerts")
        assert {what: state for what, state in found.items() if state != "fine"} == told


async def test_channels_that_do_not_take_messages_are_named() -> None:
    async with FakeSlack(scopes=SCOPES) as slack:
        slack.channel("alertd").member = False
        found = await states(slack, "#alerts", "#alertd", "#nosuch", "U0000DESK")
        assert found == {
            "token": "fine", "scopes": "fine", "#alerts": "fine", "#alertd": "wrong", "#nosuch": "missing",
            "U0000DESK": "fine", "message to #alerts": "fine",
        }  # fmt: skip


async def test_a_token_that_is_refused_ends_it() -> None:
    async with FakeSlack() as slack:
        assert await states(slack, "#alerts", token="xoxb-other") == {"token": "wrong"}
