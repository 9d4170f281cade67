"""Who may see the page, and change something by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from alertd.web.access import COOKIE, foreign, knows, proof_of
from alertd.web.listening import HEADERS
from alertd.web.page_files import POLICY
from tests.web.world import Browser, page

TOKEN = "a-token-of-thirty-two-characters"
JSON = {"Content-Type": "application/json", "Content-Length": "2"}


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        (JSON, True),
        ({**JSON, "Origin": "http://desk:8321", "Sec-Fetch-Site": "same-origin"}, True),
        ({**JSON, "Sec-Fetch-Site": "none"}, True),
        ({**JSON, "Origin": "http://evil.example"}, False),
        ({**JSON, "Origin": "null"}, False),
        ({**JSON, "Origin": "http://desk:9999"}, False),
        ({**JSON, "Sec-Fetch-Site": "cross-site"}, False),
        ({**JSON, "Sec-Fetch-Site": "same-site"}, False),
        ({"Content-Type": "text/plain", "Content-Length": "2"}, False),
        ({"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "2"}, False),
        ({"Content-Length": "2"}, False),
        ({"Transfer-Encoding": "chunked"}, False),
        ({}, True),
        ({"Content-Type": "application/json; charset=utf-8", "Content-Length": "2"}, True),
    ],
)
def test_what_another_site_sends_is_not_taken(headers: Mapping[str, str], fine: bool) -> None:
    assert (foreign(headers, "desk:8321") == "") is fine


@pytest.mark.parametrize(
    ("headers", "cookies", "known"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, {}, True),
        ({"Authorization": f"bearer  {TOKEN} "}, {}, True),
        ({"Authorization": f"Basic {TOKEN}"}, {}, False),
        ({"Authorization": TOKEN}, {}, False),
        ({"Authorization": f"Bearer {TOKEN}é"}, {}, False),
        ({"Authorization": "Bearer "}, {}, False),
        ({}, {COOKIE: proof_of(TOKEN)}, True),
        ({}, {COOKIE: TOKEN}, False),
        ({}, {COOKIE: proof_of("another")}, False),
        ({}, {}, False),
    ],
)
def test_the_token_is_proven_by_header_or_cookie(
    headers: Mapping[str, str], cookies: Mapping[str, str], known: bool
) -> None:
    assert knows(TOKEN, headers, cookies) is known


async def test_without_the_token_nothing_but_probes_and_the_empty_page(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path, token=TOKEN, host="0.0.0.0") as (_, server), Browser(server) as browser:
        for path in ("/api/now", "/api/live", "/api/system", "/api/openapi.json", "/metrics"):
            async with browser.session.get(browser.url + path) as answer:
                assert answer.status == 401, path
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for path, status in (("/healthz", 200), ("/readyz", 200), ("/", 200), ("/page/icon.svg", 200)):
            async with browser.session.get(browser.url + path) as answer:
                assert answer.status == status, path
                assert TOKEN not in await answer.text()
        async with browser.session.get(
            browser.url + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as answer:
            assert answer.status == 200


async def test_signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path, token=TOKEN) as (_, server), Browser(server) as browser:
        await browser.send("POST", "/api/session", {"token": "wrong-wrong-wrong-wrong"}, status=401)
        await browser.get("/api/now", status=401)
        own = {"Origin": browser.url}
        async with browser.session.post(browser.url + "/api/session", json={"token": TOKEN}, headers=own) as answer:
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert TOKEN not in cookie
        await browser.get("/api/now")
        await browser.send("DELETE", "/api/session")
        await browser.get("/api/now", status=401)


async def test_a_foreign_page_changes_nothing(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (_, server), Browser(server) as browser:
        body = {"rules": ["nvidia"], "why": "mischief"}
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            await browser.send("POST", "/api/silences", body, status=403, **headers)
        async with browser.session.post(browser.url + "/api/silences", data=b'{"rules": ["nvidia"]}') as answer:
            assert answer.status == 403
        await browser.send("POST", "/api/silences", body, status=421, Host="rebound.example")
        assert (await browser.get("/api/silences"))["items"] == []


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "why"), ({"why": "x"}, "name a company"), ({"rules": ["none"], "why": "x"}, "no rule"),
        ({"rules": ["nvidia"], "why": " "}, "say why"), ({"rules": ["nvidia"], "why": "x", "lasts": "ages"}, "lasts"),
        ({"rules": ["nvidia"], "why": "x", "lasts": "90d"}, "30 days"), ({"match": {"no": 1}, "why": "x"}, "match.no"),
        ({"rules": ["nvidia"], "why": "x", "more": 1}, "more"), ([], "dictionary"),
    ],
)  # fmt: skip
async def test_a_wrong_silence_is_told_what_is_wrong(redis: Redis, tmp_path: Path, body: object, word: str) -> None:
    async with page(redis, tmp_path) as (_, server), Browser(server) as browser:
        assert word in (await browser.send("POST", "/api/silences", body, status=400))["error"]


async def test_the_page_and_the_interface_carry_strict_headers(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (_, server), aiohttp.ClientSession() as session:
        for path, policy, cache in (
            ("/", POLICY, "no-cache"), ("/page/icon.svg", POLICY, "no-cache"),
            ("/api/now", HEADERS["Content-Security-Policy"], "no-store"),
        ):  # fmt: skip
            async with session.get(server.url + path) as answer:
                assert answer.status == 200
                assert answer.headers["Content-Security-Policy"] == policy
                assert answer.headers["Cache-Control"] == cache
                for name in ("X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options"):
                    assert answer.headers[name] == HEADERS[name]
                tag = answer.headers.get("ETag")
            if tag:
                async with session.get(server.url + path, headers={"If-None-Match": tag}) as again:
                    assert again.status == 304
        assert "unsafe" not in POLICY
