from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from alertd.slack.checkup import SCOPES, examine
from alertd.slack.posting import SlackSink
from tests.fakes.slack import FakeSlack
from tests.fakes.socket_mode import APP_TOKEN, SocketMode

from .world import NOW


@asynccontextmanager
async def desk(scopes: Iterable[str] = SCOPES) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scopes=scopes) as slack:
        slack.socket_mode = SocketMode()
        yield slack


async def states(slack: FakeSlack, *channels: str, token: str = "", app_token: str = APP_TOKEN) -> dict[str, str]:
    sink = SlackSink(token or slack.token, base_url=slack.base_url)
    try:
        found = await examine(sink, channels, message_to=channels[0], now=NOW, app_token=app_token)
    finally:
        await sink.close()
    assert all(one.detail for one in found)
    return {one.what: one.state for one in found}


async def test_all_is_well() -> None:
    async with desk() as slack:
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
    async with desk(SCOPES.keys() - {lacking}) as slack:
        found = await states(slack, "#alerts")
        assert {what: state for what, state in found.items() if state != "fine"} == told


async def test_channels_that_do_not_take_messages_are_named() -> None:
    async with desk() as slack:
        slack.channel("alertd").member = False
        found = await states(slack, "#alerts", "#alertd", "#nosuch", "U0000DESK")
        assert found == {
            "token": "fine", "scopes": "fine", "buttons": "fine", "#alerts": "fine", "#alertd": "wrong",
            "#nosuch": "missing", "U0000DESK": "fine", "message to #alerts": "fine",
        }  # fmt: skip


async def test_a_token_that_is_refused_ends_it() -> None:
    async with FakeSlack() as slack:
        assert await states(slack, "#alerts", token="xoxb-other") == {"token": "wrong"}


@pytest.mark.parametrize(("app_token", "state"), [("", "missing"), ("xapp-other", "wrong"), (APP_TOKEN, "fine")])
async def test_whether_buttons_are_heard(app_token: str, state: str) -> None:
    async with desk() as slack:
        assert (await states(slack, "#alerts", app_token=app_token))["buttons"] == state
