"""Serves the day's feeds on loopback as a publisher would: conditional requests, and a bad spell now and then."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from alertd.demo.day import Day, Feed
from alertd.demo.documents import CONTENT_TYPES, document
from alertd.web.listening import port_of, serve

_PAGE = """<!doctype html>
<html><head><title>Be right back</title></head>
<body><h1>We are moving our site</h1><p>Please come back in a few minutes.</p></body></html>"""


class NewsServer:
    """The publishers of the day; an async context manager. The day starts with the first request.

    Args:
        day: what to serve.
        clock: gives Unix seconds.
    """

    def __init__(self, day: Day, *, clock: Callable[[], float] = time.time) -> None:
        self._feeds = {feed.name: feed for feed in day.feeds}
        self._clock = clock
        self._zero: float | None = None
        self._told: set[str] = set()
        self._last_told = 0.0
        self._port = 0
        self._runner: web.AppRunner | None = None
        self.answers: Counter[int] = Counter()
        """Answers given, by HTTP status."""

    def url(self, feed: str) -> str:
        """The address of a feed."""
        return f"http://127.0.0.1:{self._port}/{feed}.xml"

    @property
    def elapsed(self) -> float:
        """Seconds since the day's start; 0 before it."""
        return 0.0 if self._zero is None else self._clock() - self._zero

    @property
    def finished(self) -> bool:
        """Whether every feed was read in its final form."""
        return self._told == set(self._feeds)

    @property
    def quiet(self) -> float:
        """Seconds since the last feed was read in its final form; 0 before that."""
        return self._clock() - self._last_told if self.finished else 0.0

    async def __aenter__(self) -> NewsServer:
        app = web.Application()
        app.router.add_get("/{feed}.xml", self._answer)
        self._runner = await serve(app)
        self._port = port_of(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        feed = self._feeds.get(request.match_info["feed"])
        if feed is None:
            raise web.HTTPNotFound
        if self._zero is None:
            self._zero = self._clock()
        answer = self._document(feed, request, self.elapsed, self._zero)
        self.answers[answer.status] += 1
        return answer

    def _document(self, feed: Feed, request: web.Request, elapsed: float, zero: float) -> web.Response:
        match feed.failing(elapsed):
            case "unavailable":
                return web.Response(status=503, text="Service Unavailable\n")
            case "page":
                return web.Response(text=_PAGE, content_type="text/html")
        body = document(feed, elapsed, zero)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if elapsed >= feed.end and feed.name not in self._told:
            self._told.add(feed.name)
            self._last_told = zero + elapsed
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=body, headers={"ETag": tag, "Content-Type": CONTENT_TYPES[feed.format]})
