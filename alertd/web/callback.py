"""Listens for the hubs of feeds (WebSub): they verify a subscription by GET, and push what is new by POST.

Behind it stands the public address `websub.callback`; whatever path it has, the last part of an address is the token of
a subscription.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Literal, Protocol

from aiohttp import web

from alertd.web.listening import listen, port_of

logger = logging.getLogger(__name__)

LARGEST: Final = 10_000_000
"""Bytes of a push."""
LONGEST: Final = 30.0
"""Seconds in which a push has to arrive."""

Taken = Literal["taken", "forged", "unknown", "busy"]


class Receiver(Protocol):
    """Knows the subscriptions."""

    async def verified(self, token: str, topic: str, lease: float) -> bool:
        """A hub asks whether a subscription is wanted; True confirms it for so many seconds."""
        ...

    async def denied(self, token: str, topic: str) -> None:
        """A hub says that it does not serve a subscription."""
        ...

    async def pushed(self, token: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Something was pushed; names of headers are in lower case."""
        ...


class CallbackServer:
    """Answers hubs.

    Args:
        host: address to listen on.
        port: TCP port; 0 takes any free one, `port` tells which after `start`.
        receiver: knows the subscriptions.
    """

    def __init__(self, host: str, port: int, receiver: Receiver) -> None:
        self.host = host
        self.port = port
        self._receiver = receiver
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> CallbackServer:
        application = web.Application(client_max_size=LARGEST)
        application.router.add_get("/{path:.*}", self._verify)
        application.router.add_post("/{path:.*}", self._push)
        hint = "set websub.port to a free port"
        self._runner = await listen(application, self.host, self.port, where="websub", hint=hint)
        self.port = port_of(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _verify(self, request: web.Request) -> web.Response:
        mode, topic = request.query.get("hub.mode", ""), request.query.get("hub.topic", "")
        token = _token(request)
        if mode == "denied":
            await self._receiver.denied(token, topic)
            return web.Response(text="noted")
        challenge = request.query.get("hub.challenge", "")
        try:
            lease = float(request.query.get("hub.lease_seconds", "0"))
        except ValueError:
            return web.Response(status=400, text="hub.lease_seconds is no number")
        # an unsubscription was never asked for, so that none is confirmed
        if mode != "subscribe" or not challenge or not await self._receiver.verified(token, topic, lease):
            return web.Response(status=404, text="not asked for")
        return web.Response(text=challenge)

    async def _push(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(LONGEST):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text="too slow")
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = await self._receiver.pushed(_token(request), headers, body)
        if taken == "unknown":
            return web.Response(status=410, text="not subscribed")
        if taken == "busy":
            return web.Response(status=503, headers={"Retry-After": "10"}, text="busy")
        # what is signed wrongly is ignored without a word (section 8): the answer helps nobody to guess
        return web.Response(status=202)


def _token(request: web.Request) -> str:
    return request.match_info["path"].rpartition("/")[2]
