"""One channel's sender: in order, paced, recorded after it was sent, and looked up when an answer was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from alertd.articles import Alert, dumps
from alertd.errors import FencedError, PostError
from alertd.slack.codes import is_of_thread, is_ours, is_unreadable
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message
from alertd.slack.outbox import Step, is_urgent, next_step, story_of
from alertd.slack.sink import Sink
from alertd.stages import catching_up
from alertd.stages.claims import Claim
from alertd.stages.context import Context, pause
from alertd.stages.counters import Counters
from alertd.stages.operator import tell
from alertd.stages.outbox import Outbox
from alertd.stages.standing import StandingReader
from alertd.stages.withdrawing import from_outbox
from alertd.store import keys
from alertd.store.connection import TROUBLE
from alertd.store.leases import Lease
from alertd.store.streams import MAX_TRIES

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks while what came after an outage is kept."""
_LONGEST_REST: Final = 30.0
"""Seconds after which an outbox is looked into though nobody said that something waits."""


class Sender:
    """Sends what waits for one channel, while its lease is held.

    Args:
        context: what stages share.
        lease: the lease of this channel.
        sink: where messages go.
        channel: the channel as configured.
        standing: tells which rules are in force.
    """

    def __init__(self, context: Context, lease: Lease, sink: Sink, channel: str, standing: StandingReader) -> None:
        self.wake = asyncio.Event()
        self.lease = lease
        self.outbox = Outbox(context, lease, channel)
        self._context = context
        self._sink = sink
        self._channel = channel
        self._standing = standing
        self._counters = Counters(context, sink, channel)
        self._looked_back = False
        self._wait = _FIRST_PAUSE
        self._refused = ""
        self._sure_of = ""
        self._rest: frozenset[str] = frozenset()

    async def work(self, stop: asyncio.Event) -> None:
        """Send until the stop; what waits then stays in the outbox."""
        self._looked_back, self._counters.pending = False, True  # another process may have served the channel meanwhile
        while not stop.is_set():
            self.wake.clear()
            seconds = await self._next()
            if seconds == 0.0:
                continue
            edits = await self._counters.catch_up()
            if seconds is None:
                await pause(self.wake, _LONGEST_REST if edits is None else edits)
            else:
                await pause(stop, seconds if edits is None else min(seconds, edits))

    async def _next(self) -> float | None:
        """Do the next thing; returns the seconds to wait after it, or None when nothing is left to do."""
        waiting: list[Alert] = []
        try:
            if not self._looked_back:
                # only what an earlier sender left, or a lost answer: what this one sends it records by itself
                left = await self.outbox.claimed()
                if left:
                    return await self._resolve(left)
                self._looked_back = True
            waiting = await self.outbox.waiting()
            if waiting and (gone := await self._gone(waiting)):
                # what stays though is in a claim, which is looked up first
                self._looked_back = await from_outbox(self._context, self._channel, gone) > 0
                return 0.0
            now, caught_up = self._context.clock(), await catching_up.until(self._context)
            told = [alert for alert in waiting if is_urgent(alert)] if now < caught_up else waiting
            # a digest of several pages goes on with those alone that it is about
            paged = [alert for alert in told if alert.key in self._rest]
            settings = self._context.now.configuration.settings.slack
            late = any(alert.created < caught_up for alert in told) and now >= caught_up
            step = next_step(
                paged or told, await self.outbox.threads(told), now,
                most=0 if paged else 1 if late else settings.digest_above, oldest=settings.digest_after,
            )  # fmt: skip
            if step is None:
                # what is urgent may come meanwhile
                return min(_LOOK_AGAIN, caught_up - now) if waiting else None
            return await (self._drop(step) if step.kind == "drop" else self._send(step))
        except PostError as error:
            return await self._failed(error)
        except (*TROUBLE, FencedError):
            self._looked_back = False
            raise
        except Exception as error:
            self._looked_back = False
            if not waiting:
                raise
            return await self._tried(waiting[0], error)

    async def _tried(self, alert: Alert, error: Exception) -> float:
        """Count a failure that is no answer of Slack's; an alert that fails again and again is set aside."""
        logger.exception("an alert could not be told", extra=self._about(alert))
        redis = cast(Any, self._context.store.redis)
        if await redis.hincrby(keys.tries("notify"), alert.key, 1) < MAX_TRIES:
            return _FIRST_PAUSE
        await redis.hdel(keys.tries("notify"), alert.key)
        claim = Claim(alert.key, ((alert.key, ""),), "", self._context.clock())
        await self._bury(claim, (alert,), f"{type(error).__name__}: {error}")
        return 0.0

    async def _send(self, step: Step) -> float:
        now = self._context.clock()
        if step.kind == "digest":
            message = compose_digest(step.alerts, now)[0]
            listed = set(message.keys)
            alerts = tuple(alert for alert in step.alerts if alert.key in listed)
            rest = frozenset(alert.key for alert in step.alerts if alert.key not in listed)
        else:
            back = await self._sink.link(self._channel, step.back) if step.back else ""
            message, alerts, rest = (
                compose(step.alerts[0], now, back=back, answers=self._answers),
                step.alerts,
                frozenset(),
            )
        opens = [(alert.key, story_of(alert) if alert.kind == "post" else "") for alert in alerts]
        claim = Claim(message.key, tuple(opens), step.thread, now)
        wait = await self.outbox.claim(claim)
        if wait is None or wait > 0:
            return wait or 0.0
        if await self._unsure() and await self._there_already(claim, alerts):
            return 0.0
        if await self._gone(alerts):
            await self.outbox.unclaim(claim)  # deleted in this very moment: the next look takes it out
            return 0.0
        try:
            ts = await self._post(message, step.thread)
        except PostError as error:
            if error.kind == "doubt":
                logger.warning("%s", error, extra=self._about(*alerts))
                self._context.metrics.posts.labels(outcome="doubt").inc()
                self._looked_back = False  # the claim stays: it is looked up next
                return 0.0
            # it was not taken: nothing is in doubt
            await self.outbox.unclaim(claim, error.retry_after or 0.0)
            if error.kind == "refused" and await self._blamed(error, claim, step):
                return 0.0
            raise
        await self._record(claim, alerts, ts, "posted")
        self._rest = rest
        for alert in alerts:
            self._noted(alert, step.kind)
        return 0.0

    async def _gone(self, alerts: Sequence[Alert]) -> list[Alert]:
        standing = await self._standing.now()
        return [alert for alert in alerts if standing.gone(alert)]

    @property
    def _answers(self) -> bool:
        return self._context.now.configuration.settings.slack.app_token is not None

    async def _unsure(self) -> bool:
        """Whether the store may have lost the record of what was posted: after a start, and when its server changed."""
        return self._sure_of != await self._context.store.run_id()

    async def _there_already(self, claim: Claim, alerts: Sequence[Alert]) -> bool:
        """Look up what the first message after such a change says before it is posted: it may have been told, by itself
        or beside others.
        """
        run_id = await self._context.store.run_id()
        if self._sink.readable_in(self._channel):
            since = min(alert.created for alert in alerts)
            wanted = dict.fromkeys((claim.key, *(alert.key for alert in alerts)))
            try:
                there = await self._sink.find(self._channel, *wanted, since=since, thread=claim.thread)
            except PostError as error:
                if not is_unreadable(error.code):
                    await self.outbox.unclaim(claim, error.retry_after or 0.0)
                    raise
                logger.info("the history is not looked at: %s", error, extra={"channel": self._channel})
                there = {}
            for ts in dict.fromkeys(there.values()):
                told = [alert for alert in alerts if there.get(alert.key) == ts]
                names = {alert.key for alert in told}
                opens = tuple(pair for pair in claim.alerts if pair[0] in names)
                await self._record(replace(claim, alerts=opens), told, ts, "found")
            if there:
                return True
        self._sure_of = run_id
        return False

    async def _post(self, message: Message, thread: str) -> str:
        began = self._context.monotonic()
        ts = await self._sink.post(self._channel, message, thread)
        self._context.metrics.post_seconds.observe(self._context.monotonic() - began)
        return ts

    async def _record(self, claim: Claim, alerts: Sequence[Alert], ts: str, how: str, why: str = "") -> None:
        await self.outbox.record(claim, alerts, ts, how, why)
        self._context.metrics.posts.labels(outcome=how).inc()
        self._looked_back = True
        self._counters.pending = self._counters.pending or any(alert.kind == "reply" for alert in alerts)
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
            extra=self._about(alert),
        )  # fmt: skip

    def _about(self, *alerts: Alert) -> dict[str, str]:
        """What a line of the log names: the channel, and where one article is meant its id, rule and story."""
        if len(alerts) != 1:
            return {"channel": self._channel}
        (alert,) = alerts
        return {
            "article": alert.article.id if alert.article else "", "rule": alert.rule, "channel": self._channel,
            "story": story_of(alert),
        }  # fmt: skip

    async def _resolve(self, claim: Claim) -> float:
        """Find out whether a message whose answer was lost is there; look twice before it is posted again."""
        grace = self._context.now.configuration.settings.slack.doubt_grace
        waited = self._context.clock() - claim.since
        try:
            there = await self._sink.find(self._channel, claim.key, since=claim.since, thread=claim.thread)
            ts = there.get(claim.key)
        except PostError as error:
            if not is_unreadable(error.code):
                raise
            logger.warning(
                "whether a message arrived cannot be looked up, it is posted again: %s", error,
                extra=self._about(*await self.outbox.alerts_of(claim)),
            )  # fmt: skip
            ts = None
            waited = grace
        if ts is not None:
            alerts = await self.outbox.alerts_of(claim)
            logger.info("a message whose answer was lost had arrived", extra=self._about(*alerts))
            await self._record(claim, alerts, ts, "found")
            return 0.0
        if self._sink.readable_in(self._channel) and 0 <= waited < grace:
            return grace - waited
        # a server that fails again and again is asked less and less often
        wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_PAUSE)
        await self.outbox.unclaim(claim, wait)
        self._looked_back = True
        return 0.0

    async def _drop(self, step: Step) -> float:
        for alert in step.alerts:
            logger.info("a reply is dropped: %s", step.why, extra=self._about(alert))
        claim = Claim("", tuple((alert.key, "") for alert in step.alerts), "", self._context.clock())
        await self._record(claim, step.alerts, "", "dropped", step.why)
        return 0.0

    async def _blamed(self, error: PostError, claim: Claim, step: Step) -> bool:
        """Set aside what no channel would take, and drop a reply whose thread takes none; False when it is neither."""
        if step.thread and is_of_thread(error.code):
            logger.info("a reply is dropped: %s", error, extra=self._about(*step.alerts))
            await self._record(claim, step.alerts, "", "dropped", str(error))
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
                "payload": dumps(alert), "at": f"{self._context.clock():.0f}", "field": "alert",
            }  # fmt: skip
            await cast(Any, self._context.store.redis).xadd(keys.DEAD, fields)
        await self._record(claim, alerts, "", "dead", error[:500])
        if all(alert.kind == "operator" for alert in alerts):
            return  # words about words that cannot be told would never end
        said = f"An alert for {self._channel} was set aside: {error}. See `alertd dead list`."
        await tell(self._context, f"dead {claim.key} {self._context.clock():.0f}", said)

    async def _failed(self, error: PostError) -> float:
        """Say what is wrong with the channel, once, and how long to wait."""
        self._context.metrics.posts.labels(outcome=error.kind).inc()
        wait = error.retry_after if error.retry_after is not None else self._wait
        if error.kind != "rate_limited":
            self._wait = min(self._wait * 2, _LONGEST_PAUSE)
        said = error.code or error.kind
        if error.kind == "refused" and self._refused != said:
            self._refused = said
            await cast(Any, self._context.store.redis).hincrby(keys.COUNTS, f"refused:{said}", 1)
            text = f"Slack refuses {self._channel}: {error}. What waits for it is kept."
            subject = f"refused {self._channel} {said} {self._context.clock():.0f}"
            await tell(self._context, subject, text, beside=self._channel)
        else:
            logger.warning("%s; next try in %.0f s", error, wait, extra={"channel": self._channel})
        if error.kind in ("refused", "unreachable"):
            self._context.ready[f"channel {self._channel}"] = (False, str(error))
        return wait
