from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer

from alertd.errors import PostError
from alertd.slack.codes import HINTS, hint_of, kind_of
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message
from alertd.slack.posting import SlackSink
from alertd.slack.sink import Sink
from alertd.slack.terminal import TerminalSink
from tests.fakes.slack import FakeSlack, Fault

from .world import NOW, alert

POST = "chat.postMessage"


@asynccontextmanager
async def line(
    faults: Sequence[Fault] = (), *, timeout: float = 10.0, token: str = "", **more: object
) -> AsyncIterator[tuple[FakeSlack, SlackSink]]:
    async with FakeSlack(faults, clock=lambda: NOW, **more) as slack:  # type: ignore[arg-type]
        sink = SlackSink(token or slack.token, base_url=slack.base_url, timeout=timeout)
        try:
            yield slack, sink
        finally:
            await sink.close()


def message(key: str = "key-1") -> Message:
    return compose(alert(key=key), NOW)


async def refused(sink: Sink, channel: str = "#alerts", thread: str = "") -> PostError:
    with pytest.raises(PostError) as caught:
        await sink.post(channel, message(), thread)
    return caught.value


async def test_a_post_arrives_as_composed() -> None:
    async with line() as (slack, sink):
        assert await sink.check() == "alertd in Fake Desk"
        said = message()
        ts = await sink.post("#alerts", said)
        reply = await sink.post("#alerts", message("key-2"), ts)
        first, second = slack.messages("alerts")
        assert (first["ts"], second["ts"]) == (ts, reply)
        assert second["thread_ts"] == ts
        assert first["text"] == said.text
        assert first["blocks"] == json.loads(json.dumps(said.blocks))
        assert first["metadata"] == said.metadata
        method, arguments = slack.received[1]
        assert method == POST
        assert (arguments["unfurl_links"], arguments["unfurl_media"], arguments["link_names"]) == (False, False, False)


async def test_the_sinks_fit_the_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    sinks: list[Sink] = [SlackSink("t"), TerminalSink(sys.stdout)]
    for sink in sinks:
        await sink.close()
    assert capsys.readouterr().out == ""


async def test_updates_replace_text_and_keep_the_key() -> None:
    async with line() as (slack, sink):
        ts = await sink.post("#alerts", message())
        shown = alert(outlets=("a", "b", "c"))
        await sink.update("#alerts", ts, compose(shown, NOW))
        (found,) = slack.messages("alerts")
        assert "3 sources" in json.dumps(found["blocks"])
        assert await sink.find("#alerts", "key-1", since=NOW) == {"key-1": ts}
        with pytest.raises(PostError, match="message_not_found") as caught:
            await sink.update("#alerts", "1.000000", compose(shown, NOW))
        assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    ("fault", "kind", "code", "taken"),
    [
        (Fault(POST, 1, "429", seconds=7), "rate_limited", "ratelimited", 0),
        (Fault(POST, 1, "500"), "doubt", "http_500", 0),
        (Fault(POST, 1, "502"), "doubt", "http_502", 0),
        (Fault(POST, 1, "503"), "doubt", "http_503", 0),
        (Fault(POST, 1, "drop_before"), "doubt", "", 0),
        (Fault(POST, 1, "drop_after"), "doubt", "", 1),
        (Fault(POST, 1, "html"), "doubt", "http_200", 1),
        (Fault(POST, 1, "text"), "doubt", "", 1),
        (Fault(POST, 1, "error", code="internal_error"), "doubt", "internal_error", 0),
        (Fault(POST, 1, "error", code="fatal_error"), "doubt", "fatal_error", 0),
        (Fault(POST, 1, "error", code="ratelimited"), "rate_limited", "ratelimited", 0),
        (Fault(POST, 1, "error", code="service_unavailable"), "unreachable", "service_unavailable", 0),
        (Fault(POST, 1, "error", code="restricted_action"), "refused", "restricted_action", 0),
        (Fault(POST, 1, "error", code="brand_new_code"), "refused", "brand_new_code", 0),
    ],
)
async def test_what_goes_wrong_is_told_apart(fault: Fault, kind: str, code: str, taken: int) -> None:
    async with line([fault]) as (slack, sink):
        error = await refused(sink)
        assert (error.kind, error.code, error.where) == (kind, code, "#alerts")
        assert error.hint
        assert slack.token not in f"{error} {error.__cause__!r}"
        assert len(slack.messages("alerts")) == taken
        assert slack.calls[POST] == 1
        found = await sink.find("#alerts", "key-1", since=NOW)
        assert bool(found) == bool(taken)
        assert await sink.post("#alerts", message("key-2"))


@pytest.mark.parametrize(("seconds", "pause"), [(7, 7.0), (0.25, 0.25), (None, 10.0), (1e9, 3600.0)])
async def test_slack_says_how_long_to_wait(seconds: float | None, pause: float) -> None:
    async with line([Fault(POST, 1, "429", seconds=seconds)]) as (_, sink):
        assert (await refused(sink)).retry_after == pause


async def test_an_answer_slower_than_the_timeout_is_doubt() -> None:
    async with line([Fault(POST, 1, "slow", seconds=60)], timeout=1.0) as (slack, sink):
        error = await refused(sink)
        assert error.kind == "doubt"
        assert slack.keys("alerts") == ["key-1"]


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        sink = SlackSink("t", base_url=f"http://127.0.0.1:{port}/api/")
        error = await refused(sink)
        await sink.close()
    assert error.kind == "unreachable"


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind"),
    [
        (404, "nothing here", {}, "refused"),
        (403, '{"ok": false, "error": "access_denied"}', {"Content-Type": "application/json"}, "refused"),
        (429, "slow down", {"Retry-After": "3", "Content-Type": "text/plain"}, "rate_limited"),
        (429, "slow down", {"Retry-After": "soon"}, "rate_limited"),
        (200, "[1]", {"Content-Type": "application/json"}, "doubt"),
        (200, "{broken", {"Content-Type": "application/json"}, "doubt"),
        (200, '{"ok": true}', {"Content-Type": "application/json"}, "doubt"),
        (200, b"\xff\xfe\xfa", {"Content-Type": "application/json"}, "doubt"),
        (504, '{"ok": false, "error": "gateway"}', {"Content-Type": "application/json"}, "doubt"),
    ],
)
async def test_answers_of_something_else(
    httpserver: HTTPServer, status: int, body: str | bytes, headers: dict[str, str], kind: str
) -> None:
    httpserver.expect_request("/api/chat.postMessage").respond_with_data(body, status=status, headers=headers)
    sink = SlackSink("xoxb-secret", base_url=httpserver.url_for("/api/"))
    error = await refused(sink)
    await sink.close()
    assert error.kind == kind
    assert "xoxb-secret" not in repr(error) + str(error)


async def test_refusals_by_the_workspace_say_what_to_do() -> None:
    async with line(token="xoxb-wrong") as (_, sink):
        error = await refused(sink)
        assert (error.code, error.kind) == ("invalid_auth", "refused")
        assert "token" in error.hint
    async with line(scopes={"channels:read"}) as (_, sink):
        assert str(await refused(sink)) == (
            "#alerts: Slack answers missing_scope, it needs chat:write (add the scope in the app's OAuth & Permissions "
            "and reinstall the app (see docs/slack-app.md))"
        )
    async with line() as (slack, sink):
        assert (await refused(sink, "#nosuch")).code == "channel_not_found"
        assert (await refused(sink, thread="1.000000")).code == "thread_not_found"
        slack.channel("alertd").member = False
        assert "/invite @alertd" in (await refused(sink, "#alertd")).hint
        await sink.post("#alerts", message())
        slack.channel("alerts").archived = True
        assert "unarchive" in (await refused(sink)).hint
        assert slack.received[-1][1]["channel"] == "C00000001"
        await refused(sink)
        assert slack.received[-1][1]["channel"] == "#alerts"


LISTED = [
    "account_inactive",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "missing_scope",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "not_in_channel",
    "ratelimited",
    "token_revoked",
]


@pytest.mark.parametrize("code", LISTED)
def test_every_known_code_says_what_to_do(code: str) -> None:
    assert HINTS[code]
    assert hint_of(code) != hint_of("never_heard_of")
    assert kind_of(code) == ("rate_limited" if code == "ratelimited" else "refused")


async def test_a_message_beyond_the_limits_is_not_sent() -> None:
    async with line() as (slack, sink):
        long = replace(message(), blocks=({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},))
        with pytest.raises(PostError, match=r"blocks/0.*151 characters") as caught:
            await sink.post("#alerts", long)
        assert (caught.value.kind, caught.value.code) == ("refused", "invalid_blocks")
        assert slack.calls[POST] == 0


async def test_find_reads_threads_in_their_replies() -> None:
    async with line() as (_, sink):
        first = await sink.post("#alerts", message("a"))
        reply = await sink.post("#alerts", message("b"), first)
        assert await sink.find("#alerts", "b", since=NOW) == {}
        assert await sink.find("#alerts", "b", since=NOW, thread=first) == {"b": reply}
        with pytest.raises(PostError, match="thread_not_found"):
            await sink.find("#alerts", "b", since=NOW, thread="1.000000")


async def test_find_knows_the_alerts_of_a_digest() -> None:
    async with line() as (_, sink):
        (digest,) = compose_digest([alert(key="a"), alert(key="b")], NOW)
        ts = await sink.post("#alerts", digest)
        assert await sink.find("#alerts", "b", since=NOW) == {"b": ts}
        assert await sink.find("#alerts", digest.key, since=NOW) == {digest.key: ts}


async def test_find_pages_back_to_the_time_asked() -> None:
    async with line() as (slack, sink):
        ts = await sink.post("#alerts", message("wanted"))
        for number in range(450):
            other = f"{NOW + 1 + number:.6f}"
            slack.channel("alerts").messages[other] = {"ts": other, "text": "chat"}
        assert await sink.find("#alerts", "wanted", since=NOW) == {"wanted": ts}
        assert slack.calls["conversations.history"] == 3
        assert await sink.find("#alerts", "wanted", since=NOW + 1_000) == {}
        for number in range(450, 2_500):
            other = f"{NOW + 1 + number:.6f}"
            slack.channel("alerts").messages[other] = {"ts": other, "text": "chat"}
        with pytest.raises(PostError, match="more than 2000 messages"):
            await sink.find("#alerts", "wanted", since=NOW)


async def test_find_in_a_channel_that_was_never_posted_to() -> None:
    names = [f"room-{n}" for n in range(250)]
    async with line(channels=[*names, "alerts"]) as (slack, sink):
        first = await sink.post("#alerts", message())
        await sink.close()
        fresh = SlackSink(slack.token, base_url=slack.base_url)
        try:
            assert await fresh.find("#alerts", "key-1", since=NOW) == {"key-1": first}
            assert slack.calls["conversations.list"] == 2
            assert await fresh.find("alerts", "key-1", since=NOW) == {"key-1": first}
            assert await fresh.find("C00000251", "key-1", since=NOW) == {"key-1": first}
            with pytest.raises(PostError, match="no such channel"):
                await fresh.find("#nosuch", "key-1", since=NOW)
        finally:
            await fresh.close()


async def test_public_channels_are_listed_without_the_scope_for_private_ones() -> None:
    async with line(scopes={"chat:write", "channels:read", "channels:history"}) as (_, sink):
        assert await sink.find("#alerts", "key-1", since=NOW) == {}


async def test_history_that_may_not_be_read_is_remembered() -> None:
    async with line(scopes={"chat:write", "channels:read", "groups:read"}) as (_, sink):
        assert sink.readable_in("#alerts")
        with pytest.raises(PostError, match="missing_scope"):
            await sink.find("#alerts", "key-1", since=NOW)
        assert not sink.readable_in("#alerts")


async def test_a_limited_lookup_says_when_to_come_back() -> None:
    async with line([Fault("conversations.history", 1, "429", seconds=60)]) as (_, sink):
        with pytest.raises(PostError) as caught:
            await sink.find("#alerts", "key-1", since=NOW)
        assert (caught.value.kind, caught.value.retry_after) == ("rate_limited", 60.0)
        assert sink.readable_in("#alerts")


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1/")
    async with line() as (_, sink):
        assert await sink.post("#alerts", message())
