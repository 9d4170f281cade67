"""What time alone brings up, out of the due-set: rules that wait for silence, alerts that wait for their hour."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from alertd.articles import Alert, Company, dumps, loads
from alertd.feeds.schedule import FeedState, of_address
from alertd.stages.context import Context
from alertd.stages.settling import patience
from alertd.stages.standing import Standing, StandingReader
from alertd.stages.telling import Teller, held_entry, held_member
from alertd.stages.withdrawing import from_held, sweep_held
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.watchlist.kinds import kind_key
from alertd.watchlist.pulse import KEPT, day_of, last_of
from alertd.watchlist.quiet import Heard, Listening, feeds_of, proven_at, sentence
from alertd.watchlist.settings import RuleLike

logger = logging.getLogger(__name__)

DUE_AT_ONCE: Final = 100
"""Members of the due-set that are looked at together."""
_LOOK_AGAIN: Final = 60.0
_SWEEP: Final = 1.0
"""Seconds between two looks whether rules came or went."""


class Waker:
    """Wakes what is due, while its process holds the lease of decide.

    Args:
        context: what stages share.
        lease: the lease of decide.
        teller: says when an alert is told.
    """

    def __init__(self, context: Context, lease: Lease, teller: Teller) -> None:
        self._context = context
        self._lease = lease
        self._teller = teller
        self._standing = StandingReader(context)
        self._swept = Standing()
        self._swept_at = float("-inf")

    async def wake(self, decided_to: float) -> int:
        """Tell what is due; returns how many members of the due-set were, also those that have to wait.

        Args:
            decided_to: arrival of the latest article that was decided, Unix seconds: whether silence lasted longer is
                not known yet while articles wait.
        """
        await self._sweep()
        now = self._context.clock()
        redis = cast(Any, self._context.store.redis)
        found = await redis.zrangebyscore(keys.DUE, "-inf", now, start=0, num=DUE_AT_ONCE, withscores=True)
        for member, at in found:
            kind, _, rest = member.partition("\x1f")
            if kind == keys.HELD:
                await self._release(member, at)
            elif kind == keys.QUIET:
                await self._quiet(member, at, rest, decided_to)
        return len(found)

    async def _sweep(self) -> None:
        """Take away what is held and was raised by rules that are gone, when rules came or went, or at the start."""
        if self._context.monotonic() - self._swept_at < _SWEEP:
            return
        self._swept_at = self._context.monotonic()
        standing = await self._standing.now()
        if standing != self._swept:
            await sweep_held(self._context, standing)
            self._swept = standing

    async def _release(self, member: str, at: float) -> None:
        """Hand alerts over that waited for their time; those of rules that are gone by now are not told any more."""
        now = self._context.clock()
        name = keys.held(member)
        texts = await cast(Any, self._context.store.redis).lrange(name, 0, -1)
        standing = await self._standing.now()
        told, gone = [], []
        for text in texts:
            together, body = json.loads(text)
            alert = loads(Alert, body)
            if standing.gone(alert):
                gone.append((text, alert))
                continue
            digest = f"{member} {alert.destination}" if together else ""
            told.append(replace(alert, created=now, digest=digest))
        if gone:
            await from_held(self._context, member, gone)
        await self._woken(member, at, None, told, name, len(told))
        if told:
            logger.info("%d alerts that were held are told", len(told), extra={"stage": "decide"})

    async def _quiet(self, member: str, at: float, key: str, decided_to: float) -> None:
        """Tell that nothing came, if the rule still asks for it and the polls prove it."""
        context = self._context
        name, issuer, _ = key.split("\x1f")
        rule = context.now.book.by_name.get(name)
        if rule is None or not rule.quiet or kind_key(rule, issuer) != key:
            await self._woken(member, at, None)
            return
        if decided_to < at and await self._behind():
            return  # what waits may be about it
        now = context.clock()
        polls = await self._polls(rule)
        proven = proven_at(polls, now, rule.quiet)
        if proven > now:
            logger.info(
                "rule %s: silence is not proven before %.0f s from now, for a feed was not polled throughout",
                rule.name, proven - now, extra={"stage": "decide"},
            )  # fmt: skip
            await self._woken(member, at, min(proven, now + max(_LOOK_AGAIN, rule.quiet)))
            return
        text = await cast(Any, context.store.redis).get(keys.rule_state(key))
        feeds = sum(not feed.ended for feed in polls.values())
        alerts = self._silence(rule, issuer, Heard.load(text).at if text else None, at, feeds)
        await self._woken(member, at, None, alerts)
        if alerts:
            logger.info("alerted: %s", alerts[0].text, extra={"stage": "decide", "rule": rule.name})

    async def _behind(self) -> bool:
        """Whether articles wait for their decision."""
        accepted, decided = await cast(Any, self._context.store.redis).mget([keys.SEQUENCE, keys.DECIDED_UP_TO])
        return int(accepted or 0) > int(decided or 0)

    async def _polls(self, rule: RuleLike) -> dict[str, Listening]:
        settings = self._context.now.configuration.settings
        feeds = {feed.name: feed for feed in settings.feeds}
        wanted = feeds_of(rule, list(feeds))
        async with cast(Any, self._context.store.redis).pipeline(transaction=False) as pipe:
            for name in wanted:
                pipe.hgetall(keys.feed(name))
            rows = await pipe.execute()
        found = {}
        for name, row in zip(wanted, rows, strict=True):
            state = of_address(FeedState.from_fields(row), feeds[name].url)
            found[name] = Listening(state.unbroken, state.last_success, patience(feeds[name]), state.stopped)
        return found

    def _silence(self, rule: RuleLike, issuer: str, last: float | None, at: float, feeds: int) -> list[Alert]:
        context = self._context
        now, settings = context.clock(), context.now.configuration.settings
        known = context.now.book.companies.get(issuer)
        company = Company(known.symbol, known.symbols, known.name, "subject", 1.0, None, (), issuer) if known else None
        text = sentence(known.name if known else issuer, rule, last, now, feeds)
        return [
            Alert(
                key=_key(rule.name, issuer, at, destination), kind="post", rule=rule.name, destination=destination,
                reason="nothing came, and its feeds were polled throughout", created=now, company=company,
                generation=context.now.configuration.generation, text=text, severity=rule.severity,
                mentions=tuple(rule.mentions),
            )
            for destination in dict.fromkeys(rule.destinations or (settings.slack.channel,))
        ]  # fmt: skip

    async def _woken(
        self, member: str, at: float, again: float | None, alerts: Sequence[Alert] = (), held: str = "", read: int = 0
    ) -> None:  # fmt: skip
        now = []
        for alert in alerts:
            when = self._teller.when(alert) if not held else None
            if when is not None and when.dropped:
                continue
            if when is not None and when.at:
                # it came up outside the hours of its rule
                await self._hold(alert, when.at, when.together)
            else:
                now.append(alert)
        outcome = await self._context.store.run(
            "woken",
            [
                self._lease.key, keys.DUE, held or keys.DUE, keys.CHANNELS, keys.COUNTS,
                *(name for a in now for name in (keys.alert(a.key), keys.sent(a.key), keys.outbox(a.destination))),
            ],
            [
                self._lease.token, member, f"{at:.3f}", "" if again is None else f"{again:.3f}", read,
                *(part for a in now for part in (a.key, dumps(a), a.destination)),
            ],
        )  # fmt: skip
        if outcome == "fenced":
            self._lease.lost()
        if outcome == "woken" and now:
            await self._counted(now, fresh=not held)

    async def _counted(self, alerts: Sequence[Alert], *, fresh: bool) -> None:
        """Count what was woken; what was held had been counted for its rule when it was decided."""
        for alert in alerts:
            self._context.metrics.alerts.labels(rule=alert.rule, kind=alert.kind).inc()
        if fresh:
            day = day_of(self._context.clock())
            async with cast(Any, self._context.store.redis).pipeline(transaction=False) as pipe:
                for alert in alerts:
                    pipe.hincrby(keys.rule_days(day), alert.rule, 1)
                    pipe.expire(keys.rule_days(day), KEPT)
                    pipe.hset(keys.RULE_LAST, alert.rule, last_of(alert.created, "", alert.text))
                await pipe.execute()

    async def _hold(self, alert: Alert, at: float, together: bool) -> None:
        redis = cast(Any, self._context.store.redis)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.rpush(keys.held(held_member(at)), held_entry(alert, together))
            pipe.zadd(keys.DUE, {held_member(at): at})
            await pipe.execute()


def _key(rule: str, issuer: str, at: float, destination: str) -> str:
    parts = "\x1f".join(("quiet", rule, issuer, f"{at:.0f}", destination))
    return hashlib.blake2b(parts.encode("utf-8", "replace"), digest_size=12).hexdigest()
