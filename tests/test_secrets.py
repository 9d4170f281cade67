"""No secret of a configuration is shown or stored: walked from the models, so that a new one cannot be forgotten."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import ClientSession, web
from prometheus_client import generate_latest
from pydantic import BaseModel, SecretStr
from redis.asyncio import Redis

from alertd import logs
from alertd.config import Configuration, Settings, load
from alertd.feeds.schedule import FeedState
from alertd.report import overview
from alertd.store import keys
from tests.config import folders
from tests.stages.test_behaviour import given, site
from tests.stages.test_poll import document
from tests.stages.world import context, polling
from tests.web.world import served

EVERYTHING = """
feeds:
  - {name: one, url: "https://desk:Pa55word@e.example/rss?key=Qu3rykey", headers: {X-Key: H3aderkey}}
  - {name: two, url: "https://e.example/two", username: desk, password: Pa55word2}
slack: {token: xoxb-T0ken-1, app_token: xapp-T0ken-2}
redis: {url: "rediss://:R3dispass@e.example/0"}
webhooks: [{name: desk, url: "https://hooks.example/W3bhook", secret: S1gnature}]
operator: {ping_url: "https://ping.example/P1ngkey"}
web: {token: W3btoken-of-sixteen}
"""
PLANTED = (
    "Pa55word", "Qu3rykey", "H3aderkey", "T0ken-1", "T0ken-2", "R3dispass", "W3bhook", "S1gnature", "P1ngkey",
    "W3btoken",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers[:] = before


def everything(folder: Path) -> Configuration:
    return load(folders.write(folder, EVERYTHING), {})


def secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secrets_in(inner)


def secret_settings() -> set[str]:
    """Settings that hold a secret, as "Model.name"."""
    schema = Settings.model_json_schema()
    models = {"Settings": schema, **schema["$defs"]}
    return {
        f"{title}.{name}"
        for title, model in models.items()
        for name, about in model.get("properties", {}).items()
        if "'password'" in str(about)
    }


def test_every_secret_of_a_configuration_is_known_to_what_hides_them(tmp_path: Path) -> None:
    found = everything(tmp_path)
    held = set(secrets_in(found.settings))
    assert secret_settings() == {
        "FeedSettings.headers", "FeedSettings.password", "OperatorSettings.ping_url", "RedisSettings.url",
        "SlackSettings.app_token", "SlackSettings.token", "WebSettings.token", "WebhookSettings.secret",
        "WebhookSettings.url",
    }, "a new setting that holds a secret: plant one above"  # fmt: skip
    assert len(held) == 10, "what is planted, and the header that a login becomes"
    assert held <= set(found.secrets())


def test_no_form_of_a_configuration_shows_a_secret(tmp_path: Path) -> None:
    found = everything(tmp_path)
    settings = found.settings
    shown = [repr(found), str(settings), repr(settings), settings.model_dump_json(), str(settings.model_dump())]
    # a feed's address is no secret value: it is redacted wherever it is shown
    shown = [logs.Redactor().redact(text) for text in shown]
    assert [(secret, text[:40]) for secret in PLANTED for text in shown if secret in text] == []


async def test_no_secret_of_a_feed_reaches_log_store_metrics_or_status(redis: Redis, tmp_path: Path) -> None:
    out = io.StringIO()

    def broken() -> web.Response:
        raise ConnectionResetError("https://desk:Pa55word@e.example/rss?key=Qu3rykey")

    async with site(given("", 500), broken, given(document("Port opens its north gate"))) as world:
        url = world.url.replace("http://", "http://desk:Pa55word@") + "?key=Qu3rykey"
        feed = f"  - {{name: wire, url: '{url}', headers: {{X-Key: H3aderkey}}}}\n"
        settings = f"allow_private_addresses: true\nfeeds:\n{feed}web: {{port: 0}}\noperator: {{channel: '#x'}}\n"
        async with context(redis, tmp_path, settings=settings) as ctx:
            logs.configure("json", "debug", stream=out, secrets=ctx.now.configuration.secrets())
            async with polling(ctx) as poller:
                assert await poller.shares.acquire()
                for _ in range(4):
                    await poller.poll(ctx.now.configuration.settings.feeds[0], due=True)
                await poller.settle()
                await poller.shares.release()
            assert world.sent("X-Key") == ["H3aderkey"] * len(world.seen), "they were used"
            state = FeedState.from_fields(await cast(Any, redis).hgetall(keys.feed("wire")))
            assert state.last_success > 0, "the document was read at last"
            seen = [out.getvalue(), generate_latest(ctx.metrics.registry).decode(), str(await overview(ctx.store))]
            seen.append(str(await dumped(redis)))
    assert "Port opens" in seen[-1]
    assert [(secret, text[:60]) for secret in PLANTED for text in seen if secret in text] == []


async def test_no_address_of_the_page_shows_a_secret(redis: Redis, tmp_path: Path) -> None:
    """There is no page of the configuration; whatever another page tells of it, and of errors, is looked through."""
    told: dict[str, str] = {}
    async with context(redis, tmp_path, settings=EVERYTHING) as ctx:
        token = ctx.now.configuration.settings.web.token
        assert token is not None
        for feed in ctx.now.configuration.settings.feeds:
            await cast(Any, redis).sadd(keys.FEEDS, feed.name)
            await cast(Any, redis).hset(keys.feed(feed.name), mapping=FeedState(polls=1, failing=1).to_fields())
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        async with served(ctx, token=token.get_secret_value()) as server, ClientSession(headers=headers) as session:
            routes = [
                (route.method, route.resource.canonical)
                for route in server.application().router.routes()
                if route.resource is not None and route.method in ("GET", "POST", "DELETE")
            ]
            for method, path in routes:
                if path in ("/api/live", "/api/session"):
                    continue  # one never ends, the other is how a token is proven
                asked = path.replace("{", "").replace("}", "")
                for query in ("", "?q=%00&limit=none&company=x&hours=-1"):
                    async with session.request(method, server.url + asked + query, json={}) as answer:
                        body = await answer.text(errors="replace")
                        told[f"{method} {asked}{query} {answer.status}"] = f"{dict(answer.headers)} {body}"
    assert sum(" 200" in name for name in told) > 10
    assert any("e.example" in text for text in told.values()), "feeds are shown, without what is secret"
    assert [(secret, name) for secret in PLANTED for name, text in told.items() if secret in text] == []


async def dumped(redis: Redis) -> list[Any]:
    """All that is stored, whatever it is."""
    store, found = cast(Any, redis), []
    readers = {
        "string": store.get, "hash": store.hgetall, "set": store.smembers,
        "list": lambda key: store.lrange(key, 0, -1), "stream": store.xrange,
        "zset": lambda key: store.zrange(key, 0, -1, withscores=True),
    }  # fmt: skip
    async for key in store.scan_iter():
        found.append((key, await readers[await store.type(key)](key)))
    return found
