"""A hub as WebSub describes it, on loopback: it verifies subscriptions and pushes what it is told to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class FakeHub:
    """What a hub was asked, and what it does with it.

    Attributes:
        answer: status of its answer to a subscription.
        confirms: whether it verifies what it accepted; "denied" says no instead.
        lease: seconds that it grants; None grants what was asked for.
        asked: forms of all requests.
        verified: statuses and bodies of the callback's answers to verifications.
    """

    url: str = ""
    answer: int = 202
    confirms: str = "subscribe"
    lease: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    verified: list[tuple[int, str]] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def subscribe(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        if self.answer == 202 and self.confirms:
            task = asyncio.create_task(self.verify(form))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        return web.Response(status=self.answer)

    async def verify(self, form: dict[str, str], **other: str) -> None:
        query = {
            "hub.mode": self.confirms, "hub.topic": form["hub.topic"], "hub.challenge": "c" * 40,
            "hub.lease_seconds": str(form["hub.lease_seconds"] if self.lease is None else self.lease), **other,
        }  # fmt: skip
        async with aiohttp.ClientSession() as session, session.get(form["hub.callback"], params=query) as response:
            self.verified.append((response.status, await response.text()))

    async def push(self, body: bytes, *, secret: str | None = None, callback: str = "", method: str = "sha256") -> int:
        """Push a document; returns the status of the callback's answer."""
        form = self.asked[-1]
        key = (form["hub.secret"] if secret is None else secret).encode()
        signature = hmac.new(key, body, getattr(hashlib, method)).hexdigest()
        headers = {"Content-Type": "application/rss+xml", "X-Hub-Signature": f"{method}={signature}"}
        if secret == "":
            del headers["X-Hub-Signature"]
        async with (
            aiohttp.ClientSession() as session,
            session.post(callback or form["hub.callback"], data=body, headers=headers) as response,
        ):
            return response.status


@asynccontextmanager
async def fake_hub() -> AsyncIterator[FakeHub]:
    hub = FakeHub()
    app = web.Application()
    app.router.add_post("/", hub.subscribe)
    async with TestServer(app) as server:
        hub.url = str(server.make_url("/"))
        yield hub
