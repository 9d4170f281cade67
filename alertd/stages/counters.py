"""Keeps the counter of a story's first message up to date ("6 sources"), whenever a channel has nothing else to do."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any, Final, cast

from alertd.articles import Alert, loads
from alertd.errors import PostError
from alertd.slack.compose import compose
from alertd.slack.sink import Sink
from alertd.stages.context import Context
from alertd.store import keys

logger = logging.getLogger(__name__)

_INTERVAL_MS: Final = 1_300
"""Slack allows about 50 edits a minute, all channels together (tier 3 of its rate limits)."""
_BURST: Final = 5


class Counters:
    """Edits the first messages of one channel. A counter is set, never incremented, so that doing it twice is harmless.

    Args:
        context: what stages share.
        sink: where messages are.
        channel: the channel as configured.
    """

    def __init__(self, context: Context, sink: Sink, channel: str) -> None:
        self.pending = True
        """Whether there may be something to bring up to date; at a start too, for another process may have left it."""
        self._context = context
        self._sink = sink
        self._channel = channel
        self._redis = cast(Any, context.store.redis)
        self._not_before = float("-inf")

    async def catch_up(self) -> float | None:
        """Bring one message up to date; returns the seconds to wait before the next one, or None when none is left."""
        if not self.pending:
            return None
        left = self._not_before - self._context.monotonic()
        if left > 0:
            return left
        name = keys.recount(self._channel)
        stories = await self._redis.hkeys(name)
        if not stories:
            self.pending = False
            return None
        wait = float(await self._context.store.run("paced", [keys.UPDATES], [_INTERVAL_MS, _BURST])) / 1000
        if wait > 0:
            return wait
        story = stories[0]
        sources = await self._redis.hget(name, story)
        try:
            await self._edit(story, json.loads(sources or "[]"))
        except PostError as error:
            if error.kind != "refused":
                pause = error.retry_after if error.retry_after is not None else 5.0
                self._not_before = self._context.monotonic() + pause
                return pause
            # deleted, or too old for the workspace's rules: it keeps its count
            logger.info("a counter stays as it is: %s", error, extra={"channel": self._channel, "story": story})
        await self._redis.hdel(name, story)
        return 0.0

    async def _edit(self, story: str, sources: list[str]) -> None:
        ts, opening = await self._redis.mget([keys.thread(story, self._channel), keys.opening(story, self._channel)])
        if not ts or not opening:
            return  # told in a digest, or closed by now
        stored = json.loads(opening)
        alert = loads(Alert, stored["alert"])
        if alert.placement is None or len(sources) <= len(alert.placement.story.sources):
            return
        told = replace(alert.placement, story=replace(alert.placement.story, sources=tuple(sources)))
        answers = self._context.now.configuration.settings.slack.app_token is not None
        message = compose(replace(alert, placement=told), stored["at"], answers=answers)
        await self._sink.update(self._channel, ts, message)
        self._context.metrics.posts.labels(outcome="updated").inc()
