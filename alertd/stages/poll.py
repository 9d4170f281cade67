"""The stage poll: asks every feed at its interval, and passes on what is new."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Mapping
from dataclasses import replace

from alertd.config import Configuration, FeedSettings
from alertd.errors import FeedError, FencedError
from alertd.feeds import Fetched, Fetcher, Reader
from alertd.feeds.habit import learned
from alertd.feeds.moves import returned
from alertd.feeds.outage import NETWORK, Outage
from alertd.feeds.schedule import FeedState, failed, first_poll, is_due
from alertd.stages import catching_up
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context, pause, persist
from alertd.stages.memory import FeedMemory
from alertd.stages.operator import tell
from alertd.stages.pages import Pages
from alertd.stages.pressure import LOW, Pressure
from alertd.stages.settling import at_its_address, settled
from alertd.stages.shards import shard_of
from alertd.stages.sight import Sight, look
from alertd.stages.timetable import Timetable
from alertd.stages.websub import Hubs
from alertd.store.connection import TROUBLE
from alertd.store.shares import Shares
from alertd.troubles import FULL

logger = logging.getLogger(__name__)

SPREAD = 30.0
"""Longest time in seconds over which the first polls after a start are spread."""
_STARTS_PER_S = 4.0
_GRACE = 300.0
_FIRST_READ_PER_S = 40.0
_FULL_STILL = 0.85
_DRAIN = 8.0
_AT_ONCE = 50
_FULL_KNOWN_FOR = 2.0
_FULL_TOLD_EVERY = 600.0


class Poller:
    """Polls those feeds of the configuration in force whose shards its process holds.

    Args:
        context: what stages share.
        fetcher: an open fetcher.
        reader: an open reader.
        pages: gets the full text of entries; None for their own text only.
        hubs: subscriptions to the hubs of feeds; None for polling only.
    """

    def __init__(
        self, context: Context, fetcher: Fetcher, reader: Reader, pages: Pages | None = None, hubs: Hubs | None = None
    ) -> None:
        self._context = context
        self._fetcher = fetcher
        self._reader = reader
        self._pages = pages
        self._hubs = hubs
        self._pressure = Pressure(context)
        self._shares = context.shares("poll")
        self._memory = FeedMemory(context, self._shares)
        self._accepter = Accepter(context, self._shares)
        self._running: dict[asyncio.Task[None], int] = {}
        self._timetable = Timetable(context, self._job)
        self._followed: tuple[Configuration | None, frozenset[int]] = (None, frozenset())
        self._asked_for: set[str] = set()
        self._full = False
        self._full_known_until = 0.0
        self._outage = Outage()
        self._places = 0
        self._back: set[str] = set()
        """Feeds that are to be asked again, as the network seems to be back."""
        self._asking: set[str] = set()
        self._answered = (float("inf"), float("inf"))
        """When a feed answered last, monotonic and Unix seconds."""

    @property
    def shares(self) -> Shares:
        """The shards of the feeds that are polled here."""
        return self._shares

    async def work(self, stop: asyncio.Event) -> None:
        """Poll until the stop; then let the polls in flight end."""
        self._timetable, self._followed = Timetable(self._context, self._job), (None, frozenset())
        self._timetable.start()
        ending = asyncio.Event()
        hubs = asyncio.create_task(self._keep_hubs(ending), name="hubs")
        try:
            while not stop.is_set():
                await self._reschedule()
                await self._hand_over()
                self._timetable.follow_clock()
                await pause(stop, 0.5)
        finally:
            self._timetable.pause()
            # up to Python 3.11 a group of tasks that is failing drops a cancellation
            ending.set()
            hubs.cancel()
            await asyncio.gather(hubs, return_exceptions=True)
            try:
                await self._drain()
                await self.settle()
            finally:
                self._timetable.end()

    async def _keep_hubs(self, stop: asyncio.Event) -> None:
        if (hubs := self._hubs) is not None:
            await persist(self._context, "hubs", lambda: hubs.work(stop, self), stop)

    async def _drain(self) -> None:
        # APScheduler cancels running jobs at its shutdown, so they are awaited before it
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_DRAIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _reschedule(self) -> None:
        """Make the jobs those of the configuration in force, as far as their shards are held."""
        configuration, held = self._context.now.configuration, self._shares.held
        if (configuration, held) == self._followed:
            return
        wanted = {feed.name: feed for feed in self._ours()}
        known = self._timetable.feeds
        if gone := known.keys() - wanted.keys():
            await self.settle()  # whoever polls them from now on should know when they were asked
        for name in gone:
            self._timetable.remove(name)
            self._context.metrics.forget_feed(name)
            self._memory.forget(name)
            self._outage.forget(name)
            self._back.discard(name)
        changed = [feed for name, feed in wanted.items() if known.get(name) != feed]
        await self._memory.load(changed)
        now = self._context.clock()
        crowd = len(changed) / _FIRST_READ_PER_S
        # whoever has one feed wants to see it asked at once
        spread = _spread(len(changed))
        latest = max([(await self._memory.state(feed)).last_success for feed in changed], default=0.0)
        if latest and not self._timetable.feeds:
            self._answered = (self._context.monotonic(), now)
            await catching_up.begin(self._context, now - latest, changed, spread)
        self._places = len({shard_of(feed.url) for feed in wanted.values()})
        for feed in changed:
            name = feed.name
            state = await self._memory.state(feed)
            if state.last_success:
                self._context.metrics.feed_succeeded(name, state.last_success)
            if state.kind in NETWORK:
                self._outage.lost(name, shard_of(feed.url))
            start = first_poll(state, name, interval=feed.interval, now=now, spread=spread, crowd=crowd)
            self._timetable.put(feed, start)
        self._followed = (configuration, held)

    def polls(self, name: str) -> bool:
        """Whether a feed is polled here."""
        return name in self._timetable.feeds

    def poll_soon(self, name: str) -> None:
        """Have a feed that is polled here asked at once, whatever its interval; after the poll under way, if one is."""
        if self.polls(name):
            self._asked_for.add(name)
            if name not in self._asking:
                self._timetable.move(name)

    def _ours(self) -> list[FeedSettings]:
        """The feeds that are polled here."""
        held = self._shares.held
        return [feed for feed in self._context.now.configuration.settings.feeds if shard_of(feed.url) in held]

    async def _hand_over(self) -> None:
        """Give back what other processes are to poll, once no poll of it is under way any more."""
        idle = self._shares.leaving.difference(self._running.values())
        if idle:
            await self.settle()
            self._memory.forget_shards(idle)
            self._shares.give(idle)

    async def _job(self, feed: FeedSettings) -> None:
        task, shard = asyncio.current_task(), shard_of(feed.url)
        if task is None or not self._shares.holds(shard):
            return
        self._running[task] = shard
        self._asking.add(feed.name)
        due, back = feed.name in self._asked_for, feed.name in self._back
        self._asked_for.discard(feed.name)
        self._back.discard(feed.name)
        try:
            await self.poll(feed, due=due, back=back)
            await self._align(feed)
        except FencedError as error:
            logger.info("%s", error, extra={"feed": feed.name})
        except TROUBLE as error:
            logger.warning("not polled, the store is away: %s", type(error).__name__, extra={"feed": feed.name})
        finally:
            del self._running[task]
            self._asking.discard(feed.name)

    async def _align(self, feed: FeedSettings) -> None:
        """Have the next poll when it is due, where that is later than the interval, or at once if it was asked for."""
        state = await self._memory.state(feed)
        if not self.polls(feed.name):
            return
        if feed.name in self._asked_for or (feed.name in self._back and state.kind in NETWORK):
            self._timetable.move(feed.name)
            return
        self._back.discard(feed.name)
        if self._timetable.feeds.get(feed.name) == feed and state.next_at > self._context.clock() + feed.interval:
            self._timetable.move(feed.name, state.next_at)

    async def once(self) -> None:
        """Poll every feed whose shard is held now, a few at a time."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(feed: FeedSettings) -> None:
            async with slots:
                await self.poll(feed, due=True)

        ours = self._ours()
        if others := len(self._context.now.configuration.settings.feeds) - len(ours):
            logger.info("%d feeds are not asked here, for other processes poll them", others)
        async with asyncio.TaskGroup() as group:
            for feed in ours:
                group.create_task(one(feed), name=f"poll {feed.name}")
        await self.settle()

    async def settle(self) -> None:
        """Write what polls have noted so far."""
        await self._memory.flush()

    async def poll(self, feed: FeedSettings, *, due: bool = False, back: bool = False) -> None:
        """Poll one feed once.

        Args:
            feed: the feed.
            due: poll it although a failure or its publisher told us to wait.
            back: poll it although it waits after a failure, if that was one of the network, which is back.

        Raises:
            FencedError: polling went to another process.
        """
        context = self._context
        state = await self._memory.state(feed)
        back = back and state.kind in NETWORK
        if state.stopped or not (due or back or is_due(state, now=context.clock())):
            return
        if await self._store_is_full():
            return
        if feed.priority == "low" and not due and await self._pressure.over(LOW):
            context.metrics.polls.labels(outcome="shed").inc()
            return
        began = context.monotonic()
        try:
            outcome, after, notices = await self._ask_in_time(feed, state)
        except FeedError as error:
            if error.kind in NETWORK and not state.failing:
                self._outage.lost(feed.name, shard_of(feed.url))
            elif error.kind.startswith("http_"):
                self._reached(feed)
            context.metrics.polls.labels(outcome=error.kind).inc()
            logger.info("%s", error, extra={"feed": feed.name})
            chance = random.random()  # noqa: S311 (spreads retries, guards nothing)
            after, notice = failed(state, feed.name, error, interval=feed.interval, now=context.clock(), chance=chance)
            notices = [notice] if notice else []
            await self._memory.commit(feed, returned(after))
        else:
            self._reached(feed)
            context.metrics.polls.labels(outcome=outcome).inc()
            context.metrics.feed_succeeded(feed.name, after.last_success)
            context.metrics.poll_seconds.observe(context.monotonic() - began)
        for number, text in enumerate(notices):
            await tell(context, f"feed {feed.name} {after.polls}{f'-{number}' if number else ''}", text)

    async def _note_answer(self, feed: FeedSettings) -> None:
        """Take note that a feed answered, before anything of what it brought can be told."""
        before, self._answered = self._answered, (self._context.monotonic(), self._context.clock())
        # Of a machine that slept only the clock on the wall tells. One that was put forward looks the same, which
        # costs no more than that what comes within the next minute is told together.
        away = max(now - then for now, then in zip(self._answered, before, strict=True))
        # so fast are those asked that were cut off with it
        await catching_up.begin(self._context, away, [feed], _spread(len(self._timetable.feeds)))

    def _reached(self, feed: FeedSettings) -> None:
        """Have what an outage cut off asked again with the first feed that answers after it."""
        back = [name for name in self._outage.reached(feed.name, self._places) if self.polls(name)]
        if back:
            logger.info("the network is back: %d feeds that it cut off are asked again", len(back))
        pace = _spread(len(back)) / max(1, len(back))
        for number, name in enumerate(back):
            self._back.add(name)
            # what is being asked right now may find out by itself
            if name not in self._asking:
                self._timetable.bring_forward(name, self._context.clock() + number * pace)

    async def _ask_in_time(self, feed: FeedSettings, state: FeedState) -> tuple[str, FeedState, list[str]]:
        """Ask, and make of a poll that hangs or fails unexpectedly an error of this feed."""
        try:
            async with asyncio.timeout(feed.timeout + _GRACE):
                return await self._ask(feed, state)
        except TimeoutError as error:
            what, hint = "its poll did not end in time", "alertd is short of processors, or the store is slow"
            raise FeedError(what, where=feed.name, hint=hint, kind="overrun") from error
        except (FeedError, FencedError, *TROUBLE):
            raise
        except Exception as error:
            logger.exception("a poll failed unexpectedly", extra={"feed": feed.name})
            what = f"an unexpected error: {type(error).__name__}"
            hint = "a fault of alertd: please report it with the log"
            raise FeedError(what, where=feed.name, hint=hint, kind="internal") from error

    async def _ask(self, feed: FeedSettings, state: FeedState) -> tuple[str, FeedState, list[str]]:
        fetched = await self._fetcher.fetch(at_its_address(feed, state), state.validators)
        await self._note_answer(feed)
        digest = hashlib.blake2b(fetched.body, digest_size=12).hexdigest()
        now = self._context.clock()
        if fetched.status == "unchanged" or (digest == state.body and state.first_at):
            body = state.body if fetched.status == "unchanged" else digest
            after, notices = settled(feed, state, fetched, body=body, now=now, pushed=self._is_pushed(feed))
            if notices:
                # what is said once must be known to have been said
                await self._memory.commit(feed, after)
            else:
                self._memory.note(feed, after)
            return "unchanged", after, notices
        sight = await self._see(feed, state, fetched, now)
        if not sight.parsed.whole:
            # asked for again as what it was before, and read again, for the rest of it
            fetched, digest = replace(fetched, validators=state.validators), ""
        if self._hubs is not None:
            self._hubs.offered(feed, fetched)
        after, notices = settled(
            feed, state, fetched, body=digest, now=now, sight=sight, pushed=self._is_pushed(feed)
        )  # fmt: skip
        await self._memory.commit(feed, after, sight.marks, sight.present, sight.shown, sight.twins)
        return "document", after, notices

    def _is_pushed(self, feed: FeedSettings) -> bool:
        return self._hubs is not None and self._hubs.active(feed.name)

    async def take(self, feed: FeedSettings, body: bytes, headers: Mapping[str, str], topic: str) -> str:
        """Take what the hub of a feed pushed, as if a poll had brought it; it may be a part of the document.

        Returns:
            What came of it: `document`, `early` (the feed was not read yet), or the kind of the error.

        Raises:
            FencedError: polling went to another process.
        """
        state = await self._memory.state(feed)
        if not state.first_at or await self._store_is_full():
            return "early"
        now = self._context.clock()
        fetched = Fetched("document", body, dict(headers), topic, state.validators, 0.0)
        try:
            sight = await self._see(feed, state, fetched, now)
        except FeedError as error:
            logger.info("a push that cannot be read: %s", error, extra={"feed": feed.name})
            return error.kind
        # a poll may have ended meanwhile: what it found out stays
        state, shown = await self._memory.state(feed), self._memory.shown(feed)
        after = learned(state, new=sum(item.verdict.kind == "new" for item in sight.judged), now=now)
        await self._memory.commit(feed, after, sight.marks, sight.present, shown)
        return "document"

    async def _see(self, feed: FeedSettings, state: FeedState, fetched: Fetched, now: float) -> Sight:
        """Read a document, and make articles of what is new in it."""
        context = self._context
        shown = self._memory.shown(feed)
        sight = await look(
            context, self._reader, feed, fetched, shown, first_fetch=not state.first_at, since=state.last_success,
            now=now,
        )  # fmt: skip
        for item in sight.judged:
            verdict = "held" if item.verdict.held and item.keep else item.verdict.kind
            context.metrics.entries.labels(verdict=verdict).inc()
        context.metrics.entries.labels(verdict="seen").inc(sight.entries - len(sight.judged))
        if not state.first_at:
            logger.info("first sight: %s", sight.at_first, extra={"feed": feed.name})
        kept = [item for item in sight.judged if item.keep]
        if feed.full_text and self._pages is not None:
            kept = await self._pages.filled(feed, kept)
        await self._accepter.accept(kept, shard_of(feed.url))
        return sight

    async def _store_is_full(self) -> bool:
        """Whether polling has to wait: what waits is never trimmed, so nothing more is taken in."""
        if self._context.monotonic() < self._full_known_until:
            return self._full
        self._full_known_until = self._context.monotonic() + _FULL_KNOWN_FOR
        used, limit = await self._context.store.memory(self._context.now.configuration.settings.store.max_mb)
        # once full, it has to fall a little before polling goes on
        full = used > (_FULL_STILL if self._full else FULL) * limit
        if full and not self._full:
            # whoever else polls finds the same
            await tell(
                self._context, f"full {self._context.clock() // _FULL_TOLD_EVERY:.0f}",
                f"The store uses {used:.0f} of {limit:.0f} MB: polling waits until articles were worked off. "
                "Raise store.max_mb, or find out with `alertd status` which stage lags.",
            )  # fmt: skip
        self._full = full
        return full


def _spread(feeds: int) -> float:
    """Seconds over which the first polls of so many feeds are spread."""
    return min(SPREAD, feeds / _STARTS_PER_S)
