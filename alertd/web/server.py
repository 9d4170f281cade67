"""The HTTP server of the daemon: health, metrics, and the page with its JSON, on loopback unless told otherwise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from alertd.errors import AlertdError
from alertd.hosts import is_loopback
from alertd.web import page_files
from alertd.web.access import Access
from alertd.web.asking import LARGEST
from alertd.web.health import Health, HealthCheck, Part, answered
from alertd.web.listening import listen, port_of

logger = logging.getLogger(__name__)

READY_LIMIT: Final = 1.0
"""Seconds that /readyz waits for the parts; a part that hangs must not make the probe hang."""


class WebServer:
    """Serves the daemon's health and metrics, and the page.

    Bound to a loopback address it answers only requests that name one in their Host header, so that a page in
    a browser on the same machine cannot read it through a name that resolves to 127.0.0.1 (DNS rebinding).

    Args:
        host: address to listen on.
        port: TCP port; 0 takes any free one, `port` tells which after `start`.
        health: asked by /readyz only.
        registry: what /metrics shows; nothing when it is left out.
        access: who may see what; by default everybody whom the host lets in.
        adds: adds the addresses of the page; without it there is none.
        ready_limit: seconds that /readyz waits for `health`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        health: HealthCheck,
        *,
        registry: CollectorRegistry | None = None,
        access: Access | None = None,
        adds: Callable[[web.Application], None] | None = None,
        ready_limit: float = READY_LIMIT,
    ) -> None:
        self.host = host
        self.port = port
        self._health = health
        self._registry = registry or CollectorRegistry()
        self._access = access or Access(host)
        self._adds = adds
        self._ready_limit = ready_limit
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The address to open, with the port that was really taken once started."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def application(self) -> web.Application:
        """Build the aiohttp application without listening."""
        application = web.Application(middlewares=[self._let_in], client_max_size=LARGEST)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        application.router.add_get("/metrics", self._metrics)
        if self._adds is not None:
            page_files.add_to(application)
            self._adds(application)
        return application

    async def start(self) -> None:
        """Listen.

        Raises:
            AlertdError: the address is taken or not ours, or a name that should mean this machine leads elsewhere.
        """
        hint = "set web.port to a free port, or to 0 for any"
        self._runner = await listen(self.application(), self.host, self.port, where="web", hint=hint)
        if is_loopback(self.host):
            await self._insist_on_loopback(self._runner)
        self.port = port_of(self._runner)

    async def _insist_on_loopback(self, runner: web.AppRunner) -> None:
        """Do not trust a name that needs no token: whoever resolves it may have another meaning of it."""
        bound = [str(address[0]) for address in runner.addresses]
        if elsewhere := [address for address in bound if not is_loopback(address)]:
            await self.stop()
            raise AlertdError(
                f"{self.host} leads to {elsewhere[0]}, which others may reach", where="web.host",
                hint="set web.host to 127.0.0.1, or to that address with web.token",
            )  # fmt: skip

    async def stop(self) -> None:
        """Stop listening and close what is open; calling it again does nothing."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> WebServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @web.middleware
    async def _let_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        refused = self._access.refusal(request)
        if refused is not None:
            return refused
        response: web.StreamResponse = await handler(request)
        return response

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        late = Health((Part("check", False, f"no answer within {self._ready_limit:g} s"),))
        health = await answered(self._health, self._ready_limit) or late
        return web.json_response(health.to_plain(), status=200 if health.ok else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        body = await asyncio.to_thread(generate_latest, self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
