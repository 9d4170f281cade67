"""One channel's sender: in order, paced, recorded after it was sent, and looked up when an answer was lost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any, cast

from alertd.articles import Alert, dumps, loads
from alertd.errors import FencedError, PostError
from alertd.slack.codes import is_of_thread, is_ours, is_unreadable
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message
from alertd.slack.outbox import MOST_WAITING, Step, next_step, story_of
from alertd.slack.posting import Sink
from alertd.stages.claims import Claim
from alertd.stages.context import Context, pause
from alertd.stages.operator import tell
from alertd.store import keys
from alertd.store.connection import TROUBLE, raise_if_cancelled
from alertd.store.leases import Lease
from alertd.store.streams import MAX_TRIES

logger = logging.getLogger(__name__)

REMEMBERED = 30 * 86400
"""Seconds for which a delivery is remembered; longer than any story stays open."""
_LOOK_AHEAD = 1_000
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0


class Sender:
    """Sends what waits for one channel.

    Args:
        context: what stages share.
        lease: the lease under which alerts are delivered.
        sink: where messages go.
        channel: the channel as configured.
    """

    def __init__(self, context: Context, lease: Lease, sink: Sink, channel: str) -> None:
        self.wake = asyncio.Event()
        self._context = context
        self._lease = lease
        self._sink = sink
        self._channel = channel
        self._wait = _FIRST_PAUSE
        self._refused = ""
        self._sure_of = ""
        self._connections = -1
        self._rest: frozenset[str] = frozenset()

    async def work(self, stop: asyncio.Event) -> None:
        """Send until the stop; what waits then stays in the outbox."""
        while not stop.is_set():
            raise_if_cancelled()
            self.wake.clear()
            seconds = await self._next()
            if seconds is None:
                await _woken(self.wake)
            else:
                await pause(stop, seconds)

    async def _next(self) -> float | None:
        """Do the next thing; returns the seconds to wait after it, or None when nothing is left to do."""
        redis = cast(Any, self._context.store.redis)
        left = await redis.get(keys.sending(self._channel))
        waiting: list[Alert] = []
        try:
            if left:
                return await self._resolve(Claim.load(left))
            waiting = await self._waiting()
            # a digest of several pages goes on with those alone that it is about
            paged = [alert for alert in waiting if alert.key in self._rest]
            most = 0 if paged else MOST_WAITING
            threads = await self._threads(waiting)
            step = next_step(paged or waiting, threads, self._context.clock(), most=most)
            if step is None:
                return None
            return await (self._drop(step) if step.kind == "drop" else self._send(step))
        except PostError as error:
            return await self._failed(error)
        except (*TROUBLE, FencedError):
            raise
        except Exception as error:
            if not waiting:
                raise
            return await self._tried(waiting[0], error)

    async def _tried(self, alert: Alert, error: Exception) -> float:
        """Count a failure that is no answer of Slack's; an alert that fails again and again is set aside."""
        logger.exception("an alert could not be told", extra={"channel": self._channel})
        redis = cast(Any, self._context.store.redis)
        if await redis.hincrby(keys.tries("notify"), alert.key, 1) < MAX_TRIES:
            return _FIRST_PAUSE
        await redis.hdel(keys.tries("notify"), alert.key)
        claim = Claim(alert.key, ((alert.key, ""),), "", self._context.clock())
        await self._bury(claim, (alert,), f"{type(error).__name__}: {error}")
        return 0.0

    async def _waiting(self) -> list[Alert]:
        redis = cast(Any, self._context.store.redis)
        names = await redis.lrange(keys.outbox(self._channel), 0, _LOOK_AHEAD - 1)
        bodies = await redis.mget([keys.alert(name) for name in names]) if names else []
        found = []
        for name, body in zip(names, bodies, strict=True):
            try:
                found.append(loads(Alert, body or ""))
            except (ValueError, KeyError, TypeError, AttributeError):
                # delivered, and the outbox was put back by a restored backup; or written by nobody we know
                logger.warning("what waits under %s is no alert: dropped", name, extra={"channel": self._channel})
                await redis.lrem(keys.outbox(self._channel), 1, name)
        return found

    async def _threads(self, waiting: Sequence[Alert]) -> dict[str, str]:
        stories = list(dict.fromkeys(story_of(alert) for alert in waiting if alert.kind == "reply"))
        if not stories:
            return {}
        found = await cast(Any, self._context.store.redis).mget([keys.thread(s, self._channel) for s in stories])
        return {story: ts for story, ts in zip(stories, found, strict=True) if ts}

    async def _send(self, step: Step) -> float:
        now = self._context.clock()
        if step.kind == "digest":
            message = compose_digest(step.alerts, now)[0]
            listed = set(message.keys)
            alerts = tuple(alert for alert in step.alerts if alert.key in listed)
            rest = frozenset(alert.key for alert in step.alerts if alert.key not in listed)
        else:
            message, alerts, rest = compose(step.alerts[0], now), step.alerts, frozenset()
        opens = [(alert.key, story_of(alert) if alert.kind == "post" else "") for alert in alerts]
        claim = Claim(message.key, tuple(opens), step.thread, now)
        outcome = await self._context.store.run(
            "claim", [self._lease.key, keys.sending(self._channel)], [self._lease.token, claim.dump()]
        )
        if outcome == "fenced":
            self._lease.lost()
        if await self._unsure() and await self._there_already(claim, min(alert.created for alert in alerts)):
            return 0.0
        try:
            ts = await self._post(message, step.thread)
        except PostError as error:
            if error.kind == "doubt":
                logger.warning("%s", error, extra={"channel": self._channel})
                self._context.metrics.posts.labels(outcome="doubt").inc()
                return 0.0  # the claim stays: it is looked up next
            # it was not taken: nothing is in doubt
            await self._unclaim(claim)
            if error.kind == "refused" and await self._blamed(error, claim, step):
                return 0.0
            raise
        await self._record(claim, ts, "posted")
        self._rest = rest
        for alert in alerts:
            self._noted(alert, step.kind)
        return self._context.now.configuration.settings.slack.pace

    async def _unsure(self) -> bool:
        """Whether the store may have lost the record of what was posted: after a start, and when its server changed."""
        store = self._context.store
        if self._sure_of and self._connections == store.connections:
            return False
        self._connections = store.connections
        return self._sure_of != await store.run_id()

    async def _there_already(self, claim: Claim, since: float) -> bool:
        """Look up the first message after such a change before it is posted."""
        run_id = await self._context.store.run_id()
        if self._sink.readable:
            try:
                ts = await self._sink.find(self._channel, claim.key, since=since, thread=claim.thread)
            except PostError as error:
                if not is_unreadable(error.code):
                    await self._unclaim(claim)
                    raise
                logger.info("the history is not looked at: %s", error, extra={"channel": self._channel})
                ts = None
            if ts is not None:
                await self._record(claim, ts, "found")
                return True
        self._sure_of = run_id
        return False

    async def _unclaim(self, claim: Claim) -> None:
        names = [self._lease.key, keys.sending(self._channel)]
        if not await self._context.store.run("unclaim", names, [self._lease.token, claim.dump()]):
            self._lease.lost()

    async def _post(self, message: Message, thread: str) -> str:
        began = self._context.monotonic()
        ts = await self._sink.post(self._channel, message, thread)
        self._context.metrics.post_seconds.observe(self._context.monotonic() - began)
        return ts

    async def _record(self, claim: Claim, ts: str, how: str) -> None:
        record = json.dumps({"ts": ts, "channel": self._channel, "at": round(self._context.clock(), 3), "how": how})
        rows: list[str] = []
        for key, story in claim.alerts:
            rows += [key, keys.alert(key), keys.sent(key), keys.thread(story, self._channel) if story else ""]
        recorded = await self._context.store.run(
            "posted",
            [self._lease.key, keys.outbox(self._channel), keys.sending(self._channel), keys.COUNTS],
            [self._lease.token, record, REMEMBERED, ts, how, *rows],
        )
        if recorded == "fenced":
            self._lease.lost()
        self._context.metrics.posts.labels(outcome=how).inc()
        self._wait, self._refused = _FIRST_PAUSE, ""
        if self._context.ready.pop(f"channel {self._channel}", None):
            logger.info("the channel takes messages again", extra={"channel": self._channel})

    def _noted(self, alert: Alert, kind: str) -> None:
        now = self._context.clock()
        if alert.article is not None and alert.kind == "post":
            self._context.metrics.alert_latency.observe(max(0.0, now - alert.article.arrived))
        logger.info(
            "%s: %s", "told in a digest" if kind == "digest" else "posted",
            alert.article.entry.title[:120] if alert.article else alert.text[:120],
            extra={
                "article": alert.article.id if alert.article else "", "rule": alert.rule, "channel": self._channel,
                "story": story_of(alert),
            },
        )  # fmt: skip

    async def _resolve(self, claim: Claim) -> float:
        """Find out whether a message whose answer was lost is there; look twice before it is posted again."""
        grace = self._context.now.configuration.settings.slack.doubt_grace
        waited = self._context.clock() - claim.since
        try:
            ts = await self._sink.find(self._channel, claim.key, since=claim.since, thread=claim.thread)
        except PostError as error:
            if not is_unreadable(error.code):
                raise
            logger.warning(
                "whether a message arrived cannot be looked up, it is posted again: %s", error,
                extra={"channel": self._channel},
            )  # fmt: skip
            ts = None
            waited = grace
        if ts is not None:
            logger.info("a message whose answer was lost had arrived", extra={"channel": self._channel})
            await self._record(claim, ts, "found")
            return 0.0
        if self._sink.readable and 0 <= waited < grace:
            return grace - waited
        await self._unclaim(claim)
        return 0.0

    async def _drop(self, step: Step) -> float:
        claim = Claim("", tuple((alert.key, "") for alert in step.alerts), "", 0.0)
        await self._record(claim, "", "dropped")
        return 0.0

    async def _blamed(self, error: PostError, claim: Claim, step: Step) -> bool:
        """Whether the message or its thread is at fault, not the channel; then it is out of the way."""
        if is_of_thread(error.code) and step.thread:
            logger.warning("a reply found no thread: %s", error, extra={"channel": self._channel})
            await self._record(claim, "", "dropped")
            return True
        if not is_ours(error.code):
            return False
        await self._bury(claim, step.alerts, str(error))
        return True

    async def _bury(self, claim: Claim, alerts: Sequence[Alert], error: str) -> None:
        """Move alerts to the dead letters, so that those behind them go on."""
        for alert in alerts:
            fields = {
                "stage": "notify", "article": alert.article.id if alert.article else "", "error": error[:500],
                "payload": dumps(alert), "at": f"{self._context.clock():.0f}",
            }  # fmt: skip
            await cast(Any, self._context.store.redis).xadd(keys.DEAD, fields)
        await self._record(claim, "", "dead")
        await tell(self._context, f"dead {claim.key}", f"An alert for {self._channel} was set aside: {error}.")

    async def _failed(self, error: PostError) -> float:
        """Say what is wrong with the channel, once, and how long to wait."""
        self._context.metrics.posts.labels(outcome=error.kind).inc()
        wait = error.retry_after if error.retry_after is not None else self._wait
        if error.kind != "rate_limited":
            self._wait = min(self._wait * 2, _LONGEST_PAUSE)
        said = error.code or error.kind
        if error.kind == "refused" and self._refused != said:
            self._refused = said
            channel = self._context.now.configuration.settings.operator.channel
            text = f"Slack refuses {self._channel}: {error}. What waits for it is kept."
            if channel == self._channel:
                logger.error("%s", text)
            else:
                await tell(self._context, f"refused {self._channel} {said} {self._context.clock():.0f}", text)
        else:
            logger.warning("%s; next try in %.0f s", error, wait, extra={"channel": self._channel})
        if error.kind in ("refused", "unreachable"):
            self._context.ready[f"channel {self._channel}"] = (False, str(error))
        return wait


async def _woken(event: asyncio.Event) -> None:
    # an outbox that another process filled is looked at without being woken
    try:
        async with asyncio.timeout(5.0):
            await event.wait()
    except TimeoutError:
        return
