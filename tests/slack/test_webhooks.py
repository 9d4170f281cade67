from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from alertd.errors import PostError
from alertd.slack.compose import compose, compose_digest
from alertd.slack.sink import Router, Sink
from alertd.slack.terminal import TerminalSink
from alertd.slack.webhooks import JsonWebhook, SlackWebhook

from .world import NOW, alert

SECRET = "whsec_" + base64.b64encode(b"a key of the desk").decode()


async def test_an_incoming_webhook_gets_text_and_blocks(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/services/T/B/x", method="POST").respond_with_data("ok")
    sink = SlackWebhook(httpserver.url_for("/services/T/B/x"))
    said = compose(alert(), NOW)
    assert await sink.post("webhook:desk", said) == "", "it says no timestamp, so nothing can answer it"
    await sink.close()
    ((request, _),) = httpserver.log
    given = request.get_json()
    assert (given["text"], given["blocks"]) == (said.text, json.loads(json.dumps(said.blocks)))
    assert (sink.readable_in("webhook:desk"), await sink.find("x", "k", since=NOW)) == (False, {})
    assert await sink.link("x", "1.0") == ""


async def test_json_is_signed_and_a_repeat_has_the_same_id(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=204)
    sink = JsonWebhook(httpserver.url_for("/hook"), secret=SECRET, clock=lambda: NOW)
    for _ in range(2):
        assert await sink.post("webhook:desk", compose(alert(), NOW)) == "key-1"
    await sink.post("webhook:desk", compose(alert(key="b", kind="reply", relation="copy"), NOW), "key-1")
    await sink.post("webhook:desk", compose_digest([alert(key="c"), alert(key="d")], NOW)[0])
    await sink.close()
    requests = [request for request, _ in httpserver.log]
    for request in requests:
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.data
        digest = hmac.new(b"a key of the desk", signed, hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    bodies: list[dict[str, Any]] = [request.get_json() for request in requests]
    assert [body["id"] for body in bodies[:3]] == ["key-1", "key-1", "b"]
    assert [body["thread"] for body in bodies[:3]] == ["", "", "key-1"]
    assert bodies[0]["alerts"][0]["company"]["symbol"] == "1810.HK"
    assert bodies[0]["text"].startswith("▲ Xiaomi 1810.HK")
    assert [a["key"] for a in bodies[3]["alerts"]] == ["c", "d"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "code", "wait"),
    [
        (429, {"Retry-After": "7"}, "", "rate_limited", "http_429", 7.0),
        (503, {}, "", "doubt", "", None),
        (404, {}, "no_service", "refused", "no_service", None),
        (302, {"Location": "/elsewhere"}, "<html>", "refused", "http_302", None),
    ],
)
async def test_what_goes_wrong_is_told_apart(
    httpserver: HTTPServer, status: int, headers: dict[str, str], body: str, kind: str, code: str, wait: float | None
) -> None:
    httpserver.expect_request("/hook").respond_with_response(Response(body, status, headers))
    sink = SlackWebhook(httpserver.url_for("/hook"))
    with pytest.raises(PostError) as caught:
        await sink.post("webhook:desk", compose(alert(), NOW))
    await sink.close()
    assert (caught.value.kind, caught.value.code, caught.value.retry_after) == (kind, code, wait)
    assert httpserver.url_for("/hook") not in str(caught.value), "the address is a secret"
    assert len(httpserver.log) == 1


async def test_an_answer_that_does_not_come_is_doubt_and_a_closed_port_is_not() -> None:
    with HTTPServer(host="127.0.0.1") as server:

        def slow(_: Request) -> Response:
            import time

            time.sleep(0.5)
            return Response("ok")

        server.expect_request("/hook").respond_with_handler(slow)
        sink = JsonWebhook(server.url_for("/hook"), timeout=0.1)
        with pytest.raises(PostError) as caught:
            await sink.post("webhook:desk", compose(alert(), NOW))
        await sink.close()
        assert caught.value.kind == "doubt"
    sink = JsonWebhook("http://127.0.0.1:9/hook")
    with pytest.raises(PostError) as caught:
        await sink.post("webhook:desk", compose(alert(), NOW))
    await sink.close()
    assert caught.value.kind == "unreachable"


async def test_each_destination_goes_to_its_sink(httpserver: HTTPServer, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    httpserver.expect_request("/hook").respond_with_data("")
    named: dict[str, Sink] = {"webhook:desk": JsonWebhook(httpserver.url_for("/hook"))}
    router = Router(TerminalSink(sys.stdout), named)
    await router.post("webhook:desk", compose(alert(key="there"), NOW))
    await router.post("#alerts", compose(alert(key="here"), NOW))
    with pytest.raises(PostError, match="no webhook has this name") as caught:
        await router.post("webhook:other", compose(alert(), NOW))
    await router.close()
    assert caught.value.code == "no_such_webhook"
    assert [request.headers["webhook-id"] for request, _ in httpserver.log] == ["there"]
    assert "#alerts" in capsys.readouterr().out
