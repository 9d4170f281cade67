"""One channel's outbox in Redis: what waits, the claim on what is about to be posted, and the record of what was."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from alertd.articles import Alert, dumps, loads
from alertd.slack.outbox import may_follow, story_of
from alertd.stages.claims import Claim
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.leases import Lease

logger = logging.getLogger(__name__)

REMEMBERED: Final = 30 * 86400
"""Seconds for which a delivery is remembered; longer than any story stays open."""
MOST_DELIVERED: Final = 20_000
"""Rows of what was delivered that are kept for looking back."""
WORKSPACE_BURST: Final = 5
"""Messages that may leave at once, all channels together."""
_LOOK_AHEAD: Final = 1_000
_UNSAFE: Final = 1.0
"""Seconds until the next try when no replica took note of what was about to be posted."""


class Outbox:
    """What waits for one channel.

    Args:
        context: what stages share.
        lease: the lease under which this channel is served; every write checks it.
        channel: the channel as configured.
    """

    def __init__(self, context: Context, lease: Lease, channel: str) -> None:
        self.channel = channel
        self._context = context
        self._lease = lease
        self._redis = cast(Any, context.store.redis)
        # bodies never change, so that those at hand need not be read again
        self._known: dict[str, Alert] = {}

    def offer(self, alert: Alert) -> None:
        """Keep an alert at hand that was just put into the outbox."""
        if len(self._known) < _LOOK_AHEAD:
            self._known[alert.key] = alert

    async def claimed(self) -> Claim | None:
        """What a sender was about to post when it ended, or None."""
        left = await self._redis.get(keys.sending(self.channel))
        return Claim.load(left) if left else None

    async def waiting(self) -> list[Alert]:
        """What waits, in order."""
        names = await self._redis.lrange(keys.outbox(self.channel), 0, _LOOK_AHEAD - 1)
        await self._read(names)
        self._known = {name: self._known[name] for name in names if name in self._known}
        return list(self._known.values())

    async def alerts_of(self, claim: Claim) -> tuple[Alert, ...]:
        """The alerts of a claim that are not recorded yet."""
        names = [name for name, _ in claim.alerts]
        await self._read(names, drop=False)
        return tuple(self._known[name] for name in names if name in self._known)

    async def _read(self, names: Sequence[str], *, drop: bool = True) -> None:
        missing = [name for name in names if name not in self._known]
        bodies = await self._redis.mget([keys.alert(name) for name in missing]) if missing else []
        for name, body in zip(missing, bodies, strict=True):
            try:
                self._known[name] = loads(Alert, body or "")
            except (ValueError, KeyError, TypeError, AttributeError):
                if not drop:
                    continue
                # delivered, and the outbox was put back by a restored backup; or written by nobody we know
                logger.warning("what waits under %s is no alert: dropped", name, extra={"channel": self.channel})
                await self._redis.lrem(keys.outbox(self.channel), 1, name)

    async def threads(self, waiting: Sequence[Alert]) -> dict[str, str]:
        """Story → timestamp of its first message here, of the stories of which there may be one."""
        stories = list(dict.fromkeys(story_of(alert) for alert in waiting if may_follow(alert)))
        if not stories:
            return {}
        found = await self._redis.mget([keys.thread(story, self.channel) for story in stories])
        return {story: ts for story, ts in zip(stories, found, strict=True) if ts}

    async def claim(self, claim: Claim) -> float | None:
        """Note what is about to be posted, where it outlives the server that notes it.

        Returns:
            0.0, or the seconds to wait before it may be posted; None when not all of it waits any more.

        Raises:
            FencedError: the channel went to another process.
        """
        slack = self._context.now.configuration.settings.slack
        (outcome, wait), safe = await self._context.store.run_safe(
            "claim",
            [
                self._lease.key, keys.sending(self.channel), keys.pace(self.channel), keys.PACE,
                *(keys.alert(name) for name, _ in claim.alerts),
            ],
            [
                self._lease.token, claim.dump(), slack.pace * 1000, slack.burst, 1000 / slack.workspace_rate,
                WORKSPACE_BURST,
            ],
        )  # fmt: skip
        if outcome == "fenced":
            self._lease.lost()
        if outcome == "gone":
            self._known.clear()
            return None
        if outcome == "claimed" and not safe:
            # should this server be lost now, whoever takes over would post it again
            await self.unclaim(claim)
            return _UNSAFE
        return float(wait) / 1000

    async def unclaim(self, claim: Claim, pause: float = 0.0) -> None:
        """Take a claim back that is known not to have been posted.

        Args:
            pause: seconds for which this channel is to be left alone.

        Raises:
            FencedError: the channel went to another process.
        """
        names = [self._lease.key, keys.sending(self.channel), keys.pace(self.channel)]
        if not await self._context.store.run("unclaim", names, [self._lease.token, claim.dump(), int(pause * 1000)]):
            self._lease.lost()

    async def record(self, claim: Claim, alerts: Iterable[Alert], ts: str, how: str, why: str = "") -> None:
        """Record a delivery; `ts` is "" where there is no message to answer.

        Args:
            alerts: those of the claim.
            how: `posted`, `found`, `dropped` or `dead`.
            why: of the latter two, why.

        Raises:
            FencedError: the channel went to another process.
        """
        at = round(self._context.clock(), 3)
        record = {"ts": ts, "channel": self.channel, "at": at, "how": how, **({"why": why} if why else {})}
        bodies = {alert.key: alert for alert in alerts}
        rows: list[str] = []
        for name, story in claim.alerts:
            rows += [name, keys.alert(name), keys.sent(name), *self._row(claim, bodies.get(name), story, ts, at, how)]
        recorded = await self._context.store.run(
            "posted",
            [
                self._lease.key, keys.outbox(self.channel), keys.sending(self.channel), keys.COUNTS, keys.DELIVERED,
                keys.recount(self.channel),
            ],
            [
                self._lease.token, json.dumps(record, ensure_ascii=False), REMEMBERED,
                ts, how, self._context.window, MOST_DELIVERED, *rows,
            ],
        )  # fmt: skip
        if recorded == "fenced":
            self._lease.lost()
        for name, _ in claim.alerts:
            self._known.pop(name, None)

    def _row(self, claim: Claim, alert: Alert | None, story: str, ts: str, at: float, how: str) -> list[str]:
        thread = keys.thread(story, self.channel) if story else ""
        # a digest takes answers, but its text is not that of one alert
        alone = story and alert is not None and claim.key == alert.key
        opening = keys.opening(story, self.channel) if alone else ""
        if alert is None:
            return [thread, opening, "", "", "", "", "", ""]
        first = json.dumps({"at": at, "alert": dumps(slim(alert))}, ensure_ascii=False) if alone else ""
        row = row_of(alert, self.channel, ts, at, how) if how in ("posted", "found") else None
        told = json.dumps(row, ensure_ascii=False) if row else ""
        counted = alert.kind == "reply" and alert.placement is not None
        sources = json.dumps(alert.placement.story.sources, ensure_ascii=False) if alert.placement else ""
        counter = (story_of(alert), sources) if counted else ("", "")
        return [thread, opening, first, told, *counter, keys.shown(alert.key), dumps(slim(alert)) if row else ""]


def slim(alert: Alert) -> Alert:
    """An alert without what no message says: the article's text, the vector."""
    article = alert.article and replace(alert.article, entry=replace(alert.article.entry, summary="", text=""))
    return replace(alert, article=article, tags=alert.tags and replace(alert.tags, embedding="", scores={}))


def row_of(alert: Alert, channel: str, ts: str, at: float, how: str) -> Mapping[str, Any]:
    """What is remembered of a delivery, JSON-ready; `alertd alerts` and answers in Slack read it."""
    article, company = alert.article, alert.company
    return {
        "at": at, "how": how, "channel": channel, "ts": ts, "key": alert.key, "kind": alert.kind, "rule": alert.rule,
        "severity": alert.severity, "reason": alert.reason, "story": story_of(alert),
        "symbol": (company.symbol or "") if company else "", "company": company.name if company else "",
        "issuer": company.issuer if company else "", "article": article.id if article else "",
        "title": article.entry.title if article else alert.text, "url": article.entry.url if article else "",
        "relevance": company.relevance if company else None,
        "sentiment": company.sentiment.score if company and company.sentiment else None,
        "novelty": alert.placement.novelty if alert.placement else None,
        "events": {event.type: event.confidence for event in alert.tags.events} if alert.tags else {},
        "source": (article.entry.source or article.entry.feed) if article else "alertd",
    }  # fmt: skip


async def delivered(
    redis: Any, since: float, count: int | None = None, *, withdrawn: bool = False
) -> list[dict[str, Any]]:  # fmt: skip
    """What was delivered since a time, oldest first, as `row_of` says; at most the latest `count` rows.

    Args:
        redis: the connection.
        since: Unix seconds.
        withdrawn: also what was taken out of an outbox before it was told; `how` is `withdrawn` then, and `why` says
            why.
    """
    found = await redis.xrevrange(keys.DELIVERED, min=f"{max(0, int(since * 1000))}-0", count=count)
    rows = [json.loads(fields["row"]) for _, fields in reversed(found)]
    return [row for row in rows if row["at"] >= since and (withdrawn or "why" not in row)]
