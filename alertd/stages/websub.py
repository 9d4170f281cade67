"""Subscriptions to the hubs of feeds (WebSub): asked for, confirmed, renewed; what hubs push goes the way of a poll.

Whoever polls a feed subscribes to its hub. The hub may answer and push to any of the processes that poll: they all know
the subscriptions, and one that does not poll the feed itself has it asked at once by the one that does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol, cast

from alertd.config import FeedSettings
from alertd.config.values import redact
from alertd.errors import FeedError, FencedError
from alertd.feeds import Fetched
from alertd.feeds.hubs import LEASE, Subscription, offered
from alertd.feeds.post import Poster
from alertd.stages.context import Context, pause
from alertd.store import keys
from alertd.store.connection import TROUBLE
from alertd.web.callback import CallbackServer, Taken

logger = logging.getLogger(__name__)

WAITING: Final = 200
"""Pushes that may wait to be read; further ones are sent again by their hubs."""
AT_ONCE: Final = 4
"""Hubs that are asked at the same time."""
_LOOK: Final = 1.0
_LEARNED_EVERY: Final = 5.0


class Polling(Protocol):
    """What polls some of the feeds."""

    def polls(self, name: str) -> bool:
        """Whether it polls a feed."""
        ...

    def poll_soon(self, name: str) -> None:
        """Have a feed that it polls asked at once, whatever its interval."""
        ...

    async def take(self, feed: FeedSettings, body: bytes, headers: Mapping[str, str], topic: str) -> str:
        """Take what was pushed for a feed that it polls, and say what came of it."""
        ...


class Hubs:
    """The subscriptions of a process that polls, and what it knows of those of the others.

    Args:
        context: what stages share.
        poster: an open poster.
        callback: the public address that leads to our callback server.
    """

    def __init__(self, context: Context, poster: Poster, callback: str) -> None:
        self._context = context
        self._poster = poster
        self._callback = callback.rstrip("/")
        self._known: dict[str, Subscription] = {}
        self._finding = asyncio.Lock()
        self._names: dict[str, str] = {}
        self._queue: asyncio.Queue[tuple[str, Mapping[str, str], bytes]] = asyncio.Queue(WAITING)
        self._polling: Polling | None = None
        self._storing = asyncio.Lock()
        self._learned = float("-inf")

    def offered(self, feed: FeedSettings, fetched: Fetched) -> None:
        """Look for a hub in the answer of a feed; a new one is asked by and by."""
        offer = offered(fetched.headers, fetched.body, fetched.url)
        known = self._known.get(feed.name)
        if offer is None or (known is not None and (known.hub, known.topic) == (offer.hub, offer.topic)):
            return
        self._remember(
            feed.name, Subscription(offer.hub, offer.topic, secrets.token_urlsafe(24), secrets.token_hex(32))
        )

    def active(self, name: str) -> bool:
        """Whether the hub of a feed pushes now, so that it need not be polled as often."""
        known = self._known.get(name)
        return known is not None and known.active(self._context.clock())

    async def work(self, stop: asyncio.Event, polling: Polling) -> None:
        """Keep the subscriptions and take what is pushed until the stop."""
        await self._learn()
        self._polling = polling
        try:
            async with asyncio.TaskGroup() as group:
                taking = group.create_task(self._taking(polling))
                await self._asking(stop, polling)
                taking.cancel()
        finally:
            self._polling = None

    async def _learn(self) -> None:
        """Read the subscriptions as they are stored; of feeds that are polled here those asked for since are newer."""
        async with self._storing:
            stored = await cast(Any, self._context.store.redis).hgetall(keys.HUBS)
            for name, text in stored.items():
                fresh, known = Subscription.loads(text), self._known.get(name)
                ours = self._polling is not None and self._polling.polls(name)
                if known is None or known.token == fresh.token or not ours:
                    self._remember(name, fresh)
            self._learned = self._context.monotonic()

    async def _find(self, token: str) -> str:
        """The feed of a subscription that this process or another one asked for, "" for none."""
        if token not in self._names:
            # A hub may call at once, and another process than the one that asked it. Whoever sends tokens that nobody
            # has must not have the store read each time: all who ask wait for the next reading.
            asked = self._context.monotonic()
            await asyncio.sleep(min(_LOOK, max(0.0, self._learned + _LOOK - asked)))
            async with self._finding:
                if token not in self._names and self._learned <= asked:
                    await self._learn()
        return self._names.get(token, "")

    async def _asking(self, stop: asyncio.Event, polling: Polling) -> None:
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(feed: FeedSettings) -> None:
            async with slots:
                await self._ask(feed)

        while not stop.is_set():
            now = self._context.clock()
            feeds = {name: feed for name, feed in self._feeds().items() if polling.polls(name)}
            due = [feeds[name] for name, known in self._known.items() if name in feeds and known.due(now)]
            try:
                await asyncio.gather(*map(one, due))
                await self._hear(polling)
                if self._context.monotonic() - self._learned > _LEARNED_EVERY:
                    await self._learn()
            except TROUBLE as error:
                logger.warning("the subscriptions wait, the store is away: %s", type(error).__name__)
            await pause(stop, _LOOK)

    async def _hear(self, polling: Polling) -> None:
        """Have those feeds asked of which other processes were pushed something."""
        redis = cast(Any, self._context.store.redis)
        ours = [name for name in await redis.smembers(keys.PUSHED) if polling.polls(name)]
        if ours:
            await redis.srem(keys.PUSHED, *ours)
        for name in ours:
            polling.poll_soon(name)

    def _feeds(self) -> dict[str, FeedSettings]:
        return {feed.name: feed for feed in self._context.now.configuration.settings.feeds}

    async def _ask(self, feed: FeedSettings) -> None:
        now = self._context.clock()
        # a hub may verify before it answers
        asked = await self._store(feed.name, self._known[feed.name].asked(now))
        form = {
            "hub.mode": "subscribe", "hub.topic": asked.topic, "hub.callback": f"{self._callback}/{asked.token}",
            "hub.secret": asked.secret, "hub.lease_seconds": str(LEASE),
        }  # fmt: skip
        where = redact(asked.hub)
        try:
            await self._poster.post(asked.hub, form, feed)
        except FeedError as error:
            if self._known[feed.name] == asked:
                await self._store(feed.name, asked.refused(self._context.clock()))
            logger.info("the hub %s is not subscribed to: %s", where, error, extra={"feed": feed.name})
        else:
            logger.info("the hub %s was asked to push", where, extra={"feed": feed.name})

    async def verified(self, token: str, topic: str, lease: float) -> bool:
        """Confirm a subscription that we asked for (section 5.3)."""
        if self._polling is None:
            return False
        await self._learn()
        name = self._names.get(token, "")
        known = self._known.get(name)
        if known is None or known.topic != topic or not known.asked_at:
            return False
        await self._store(name, known.confirmed(lease, self._context.clock()))
        logger.info("its hub pushes from now on, for %.0f s", lease, extra={"feed": name})
        return True

    async def denied(self, token: str, topic: str) -> None:
        """Note that a hub does not serve a subscription (section 5.2); it is polled as before."""
        name = await self._find(token)
        known = self._known.get(name)
        if known is not None and known.topic == topic:
            await self._store(name, known.refused(self._context.clock()))
            logger.info("its hub does not push", extra={"feed": name})

    async def pushed(self, token: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Take what a hub pushes, if it is signed with the subscription's secret."""
        try:
            name = await self._find(token)
        except TROUBLE:
            self._context.metrics.pushes.labels(outcome="busy").inc()
            return "busy"
        known = self._known.get(name)
        if known is None or name not in self._feeds():
            outcome: Taken = "unknown"
        elif not known.signed(headers.get("x-hub-signature", ""), body):
            outcome = "forged"
            logger.warning("a push that is not signed as it should be is ignored", extra={"feed": name})
        elif self._polling is None or self._queue.full():
            outcome = "busy"
        else:
            outcome = "taken"
            self._queue.put_nowait((name, headers, body))
        self._context.metrics.pushes.labels(outcome=outcome).inc()
        return outcome

    async def _taking(self, polling: Polling) -> None:
        while True:
            name, headers, body = await self._queue.get()
            feed, known = self._feeds().get(name), self._known.get(name)
            if feed is None or known is None:
                continue
            try:
                outcome = await self._take(polling, feed, body, headers, known.topic)
            except TROUBLE as error:
                # the next poll finds it
                logger.warning("a push was lost, the store is away: %s", type(error).__name__, extra={"feed": name})
            else:
                logger.debug("a push: %s", outcome, extra={"feed": name})

    async def _take(
        self, polling: Polling, feed: FeedSettings, body: bytes, headers: Mapping[str, str], topic: str
    ) -> str:
        if polling.polls(feed.name):
            try:
                return await polling.take(feed, body, headers, topic)
            except FencedError:
                pass  # it went to another process just now, which hears of it as of any other
        await cast(Any, self._context.store.redis).sadd(keys.PUSHED, feed.name)
        return "another process asks the feed"

    async def _store(self, name: str, known: Subscription) -> Subscription:
        async with self._storing:
            self._remember(name, known)
            await cast(Any, self._context.store.redis).hset(keys.HUBS, name, known.dumps())
        return known

    def _remember(self, name: str, known: Subscription) -> None:
        before = self._known.get(name)
        if before is not None:
            self._names.pop(before.token, None)
        self._known[name] = known
        self._names[known.token] = name


async def open_hubs(stack: AsyncExitStack, context: Context) -> Hubs | None:
    """Build the subscriptions and listen for hubs, where the configuration gives a public callback.

    Raises:
        AlertdError: the port is taken.
    """
    settings = context.now.configuration.settings
    if not settings.websub.callback:
        return None
    poster = await stack.enter_async_context(
        Poster(contact=settings.contact, allow_private=settings.allow_private_addresses)
    )
    hubs = Hubs(context, poster, settings.websub.callback)
    server = await stack.enter_async_context(CallbackServer(settings.websub.host, settings.websub.port, hubs))
    logger.info("hubs may push to port %d", server.port)
    return hubs
