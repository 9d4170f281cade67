"""The health and metrics pages, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from alertd.errors import AlertdError, StoreError
from alertd.web.health import Health, Part
from alertd.web.listening import HEADERS
from alertd.web.server import WebServer

READY = Health((Part("redis", True, "embedded"), Part("model", True)))
LAME = Health((Part("redis", False, "no connection"), Part("model", True)))


def answers(health: Health) -> Callable[[], Awaitable[Health]]:
    async def check() -> Health:
        return health

    return check


async def get(server: WebServer, path: str, **options: object) -> tuple[int, aiohttp.ClientResponse, str]:
    async with aiohttp.ClientSession() as session, session.request("GET", server.url + path, **options) as response:  # type: ignore[arg-type]
        return response.status, response, await response.text()


@pytest.mark.parametrize(("health", "status"), [(READY, 200), (LAME, 503), (Health(()), 503)])
async def test_readyz_tells_the_parts(health: Health, status: int) -> None:
    async with WebServer("127.0.0.1", 0, answers(health)) as server:
        got, response, _ = await get(server, "/readyz")
        assert got == status
        assert await response.json() == health.to_plain()


async def test_healthz_never_asks_a_part() -> None:
    async def check() -> Health:
        raise AssertionError("healthz asked")

    async with WebServer("127.0.0.1", 0, check) as server:
        assert (await get(server, "/healthz"))[0] == 200


async def test_readyz_answers_though_a_part_hangs_and_ignores_its_cancellation() -> None:
    release = asyncio.Event()

    async def check() -> Health:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return READY

    async with WebServer("127.0.0.1", 0, check, ready_limit=0.05) as server:
        status, response, _ = await get(server, "/readyz")
        assert status == 503
        assert "0.05 s" in (await response.json())["parts"]["check"]["detail"]
        assert (await get(server, "/healthz"))[0] == 200
        release.set()
        assert (await get(server, "/readyz"))[0] == 200


@pytest.mark.parametrize(
    ("error", "detail"),
    [(StoreError("Redis refuses us", hint="check the password"), "Redis refuses us"), (OSError("secret"), "OSError")],
)
async def test_a_failing_check_is_not_ready_and_says_only_what_is_safe(error: Exception, detail: str) -> None:
    async def check() -> Health:
        raise error

    async with WebServer("127.0.0.1", 0, check) as server:
        status, _, text = await get(server, "/readyz")
        assert status == 503
        assert detail in text
        assert "secret" not in text


async def test_metrics_shows_the_registry() -> None:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc(3)
    async with WebServer("127.0.0.1", 0, answers(READY), registry=registry) as server:
        status, response, text = await get(server, "/metrics")
        assert status == 200
        assert response.content_type == "text/plain"
        assert "things_total 3.0" in text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/nothing", "/../etc/passwd"])
async def test_every_answer_carries_the_strict_headers(path: str) -> None:
    async with WebServer("127.0.0.1", 0, answers(READY)) as server:
        _, response, _ = await get(server, path)
        assert {name: response.headers[name] for name in HEADERS} == HEADERS


async def test_only_reading_is_allowed() -> None:
    async with WebServer("127.0.0.1", 0, answers(READY)) as server, aiohttp.ClientSession() as session:
        async with session.post(server.url + "/readyz", json={}) as response:
            assert response.status == 405
        async with session.head(server.url + "/healthz") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost", 200),
        ("[::1]:80", 200),
        ("rebound.example", 421),
        ("10.0.0.1", 421),
        ("", 421),
    ],
)
async def test_a_rebound_name_is_refused_on_loopback(host: str, status: int) -> None:
    async with WebServer("127.0.0.1", 0, answers(READY)) as server:
        assert (await get(server, "/metrics", headers={"Host": host}))[0] == status


async def test_beyond_loopback_any_name_is_served() -> None:
    async with WebServer("0.0.0.0", 0, answers(READY)) as server, aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{server.port}/healthz"
        async with session.get(url, headers={"Host": "alertd.internal"}) as response:
            assert response.status == 200


async def test_a_taken_port_is_an_error_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = WebServer("127.0.0.1", taken.getsockname()[1], answers(READY))
        with pytest.raises(AlertdError, match=r"web\.port") as caught:
            await server.start()
        assert str(taken.getsockname()[1]) in str(caught.value)


async def test_stop_closes_and_may_be_repeated() -> None:
    server = WebServer("127.0.0.1", 0, answers(READY))
    await server.start()
    url = server.url
    await server.stop()
    await server.stop()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_a_name_below_localhost_is_served_as_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, "alertd.localhost", "127.0.0.1")
    async with WebServer("alertd.localhost", 0, answers(READY)) as server:
        url = f"http://127.0.0.1:{server.port}/metrics"
        async with aiohttp.ClientSession() as session:
            for host, status in (("alertd.localhost:1", 200), ("rebound.example", 421)):
                async with session.get(url, headers={"Host": host}) as response:
                    assert response.status == status


async def test_a_loopback_name_that_leads_elsewhere_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve(monkeypatch, "alertd.localhost", "0.0.0.0")
    server = WebServer("alertd.localhost", 0, answers(READY))
    with pytest.raises(AlertdError, match=r"web\.host: alertd\.localhost leads to 0\.0\.0\.0"):
        await server.start()
    await server.stop()


def _resolve(monkeypatch: pytest.MonkeyPatch, name: str, address: str) -> None:
    """Have a name mean an address, as a hosts file would."""
    resolved = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **more: resolved(address if host == name else host, *args, **more)
    )
