"""Slack's side of Socket Mode on loopback: opens connections, sends requests, notes what is acknowledged and answered.

As docs.slack.dev/apis/events-api/using-socket-mode describes it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import WSMsgType, web

from alertd.web.listening import port_of, serve

APP_TOKEN = "xapp-1-fake"


class SocketMode:
    """The server; an async context manager.

    Args:
        token: the only app-level token that is accepted.
    """

    def __init__(self, token: str = APP_TOKEN) -> None:
        self.token = token
        self.acknowledged: dict[str, float] = {}
        """Envelope → seconds from its sending to its acknowledgement."""
        self.answers: list[dict[str, Any]] = []
        """Bodies that were posted to a `response_url`, in order."""
        self.opened = 0
        self._sent: dict[str, float] = {}
        self._links: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._count = 0
        self._changed = asyncio.Condition()

    @property
    def base_url(self) -> str:
        """What to write into `slack.base_url`."""
        return f"http://127.0.0.1:{self._port}/api/"

    @property
    def response_url(self) -> str:
        """Where answers go."""
        return f"http://127.0.0.1:{self._port}/response"

    @property
    def linked(self) -> bool:
        """Whether somebody listens."""
        return bool(self._links)

    async def __aenter__(self) -> SocketMode:
        app = web.Application()
        app.router.add_post("/api/apps.connections.open", self.open)
        app.router.add_get("/link", self._link)
        app.router.add_post("/response", self._answer)
        self._runner = await serve(app)
        self._port = port_of(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        for link in list(self._links):
            await link.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def send(self, kind: str, payload: dict[str, Any], *, attempt: int = 0) -> str:
        """Send a request; returns its envelope's id."""
        self._count += 1
        envelope = f"envelope-{self._count}"
        self._sent[envelope] = time.monotonic()
        request = {
            "envelope_id": envelope, "type": kind, "payload": payload, "accepts_response_payload": True,
            "retry_attempt": attempt,
        }  # fmt: skip
        await next(iter(self._links)).send_json(request)
        return envelope

    async def disconnect(self) -> None:
        """Ask the client to open a new connection, as Slack does every few hours."""
        await next(iter(self._links)).send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def open(self, request: web.Request) -> web.Response:
        """Answer `apps.connections.open`."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        self.opened += 1
        return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{self._port}/link?ticket={self.opened}"})

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        await link.send_json({"type": "hello", "num_connections": 1})
        self._links.add(link)
        try:
            async for message in link:
                if message.type is WSMsgType.TEXT:
                    envelope = str(message.json()["envelope_id"])
                    self.acknowledged[envelope] = time.monotonic() - self._sent[envelope]
                    async with self._changed:
                        self._changed.notify_all()
        finally:
            self._links.discard(link)
        return link

    async def _answer(self, request: web.Request) -> web.Response:
        self.answers.append(await request.json())
        return web.Response(text="ok")

    async def until_acknowledged(self, envelope: str) -> float:
        """Wait for an acknowledgement; returns the seconds that it took.

        Raises:
            TimeoutError: it did not come within what Slack waits.
        """
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: envelope in self.acknowledged)
        return self.acknowledged[envelope]
