"""The dead-man ping: asks an address of the user's as long as news gets through, so that its silence is the alarm.

Every process counts up for each stage that works in it. The one that holds the lease pings, and only while the count of
every stage rises: no clock is compared, and a stage that no process runs any more is missed whichever host died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import aiohttp

from alertd.stages.context import Context, pause
from alertd.store import keys

logger = logging.getLogger(__name__)

_TIMEOUT: Final = 10.0


async def show(context: Context, stages: Sequence[str]) -> None:
    """Count up for the stages that work in this process.

    Args:
        stages: all stages that there are.
    """
    working = [stage for stage in stages if context.ready.get(stage, (False, ""))[0]]
    if "poll" in working and not context.ready.get("room", (True, ""))[0]:
        working.remove("poll")  # while the store is full nothing is taken in
    async with cast(Any, context.store.redis).pipeline(transaction=False) as pipe:
        for stage in working:
            pipe.hincrby(keys.WORKS, stage, 1)
        await pipe.execute()


def stalled(before: Mapping[str, str], now: Mapping[str, str], stages: Sequence[str]) -> list[str]:
    """The stages whose count did not rise: none of their processes works. Pure."""
    return [stage for stage in stages if now.get(stage, "") == before.get(stage, "")]


class Heartbeat:
    """Pings `operator.ping_url` every `operator.ping_every` seconds while all stages work somewhere.

    Args:
        context: what stages share.
        stages: all stages that there are.
    """

    def __init__(self, context: Context, stages: Sequence[str]) -> None:
        self._context = context
        self._stages = stages
        self._said = ""

    async def work(self, stop: asyncio.Event) -> None:
        """Ping until the stop."""
        redis = cast(Any, self._context.store.redis)
        limit = aiohttp.ClientTimeout(total=_TIMEOUT)
        async with aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar()) as session:
            before = await redis.hgetall(keys.WORKS)
            while not stop.is_set():
                self._context.ready.pop("ping", None)
                operator = self._context.now.configuration.settings.operator
                await pause(stop, operator.ping_every)
                if stop.is_set() or operator.ping_url is None:
                    continue
                now = await redis.hgetall(keys.WORKS)
                if missing := stalled(before, now, self._stages):
                    self._note("withheld", f"no process does its work: {', '.join(missing)}")
                else:
                    await self._ping(session, operator.ping_url.get_secret_value())
                before = now

    async def _ping(self, session: aiohttp.ClientSession, url: str) -> None:
        try:
            async with session.get(url, allow_redirects=False) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note("failed", f"operator.ping_url cannot be reached: {type(error).__name__}")
            return
        if status < 300:
            self._note("sent", "")
        else:
            self._note("failed", f"operator.ping_url answers HTTP {status}")

    def _note(self, outcome: str, why: str) -> None:
        """Count it, and say once what keeps a ping from being sent."""
        self._context.metrics.pings.labels(outcome=outcome).inc()
        if why and why != self._said:
            logger.warning("no ping gets through: %s", why)
        elif self._said and not why:
            logger.info("pings get through again")
        self._said = why
