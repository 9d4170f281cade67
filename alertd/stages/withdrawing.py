"""Takes alerts of deleted rules out of wherever they wait, at once, and writes down why they were not told."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from alertd.articles import Alert, loads
from alertd.slack.outbox import story_of
from alertd.stages.context import Context
from alertd.stages.outbox import MOST_DELIVERED, REMEMBERED, row_of
from alertd.stages.standing import DELETED, Standing
from alertd.store import keys

logger = logging.getLogger(__name__)

WITHDRAWN: Final = "withdrawn"
"""How a delivery is recorded that was none."""
_PAGE: Final = 500


async def from_outbox(context: Context, channel: str, alerts: Sequence[Alert]) -> int:
    """Take alerts out of a channel's outbox; one that is about to be posted stays, for it may have arrived.

    Needs no lease: each leaves once, and a sender looks again before it posts.

    Returns:
        How many were taken out now.
    """
    places = [keys.outbox(channel), keys.sending(channel)]
    return await _withdraw(context, places, [(alert.key, alert) for alert in alerts])


async def from_held(context: Context, member: str, held: Sequence[tuple[str, Alert]]) -> int:
    """Take alerts away that are held until a time.

    Args:
        member: of the due-set.
        held: each as it is stored, and what that says.

    Returns:
        How many were taken away now.
    """
    return await _withdraw(context, [keys.held(member), keys.held(member)], held)


async def sweep_outboxes(context: Context, standing: Standing) -> None:
    """Take all that deleted rules raised out of all outboxes, also of channels that take nothing at present."""
    redis = cast(Any, context.store.redis)
    for channel in sorted(await redis.smembers(keys.CHANNELS)):
        names = await redis.lrange(keys.outbox(channel), 0, -1)
        for start in range(0, len(names), _PAGE):
            bodies = await redis.mget([keys.alert(name) for name in names[start : start + _PAGE]])
            if gone := [alert for body in bodies if body and (alert := _gone(body, standing))]:
                await from_outbox(context, channel, gone)


async def sweep_held(context: Context, standing: Standing) -> None:
    """Take all away that deleted rules raised and that is held for its hour or a digest."""
    redis = cast(Any, context.store.redis)
    for member in await redis.zrange(keys.DUE, 0, -1):
        if member.partition("\x1f")[0] == keys.HELD:
            texts = await redis.lrange(keys.held(member), 0, -1)
            found = [(text, alert) for text in texts if (alert := _gone(json.loads(text)[1], standing))]
            if found:
                await from_held(context, member, found)


def _gone(body: str, standing: Standing) -> Alert | None:
    """The alert, if its rule was deleted; what is no alert is left to the sender, which says so."""
    try:
        alert = loads(Alert, body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return alert if standing.gone(alert) else None


async def _withdraw(context: Context, places: Sequence[str], alerts: Sequence[tuple[str, Alert]]) -> int:
    at = round(context.clock(), 3)
    rows: list[str] = []
    for element, alert in alerts:
        row = {**row_of(alert, alert.destination, "", at, WITHDRAWN), "why": DELETED}
        record = json.dumps(row, ensure_ascii=False)
        rows += [element, alert.key, keys.alert(alert.key), keys.sent(alert.key), record]
    taken = set(
        await context.store.run(
            "withdraw", [*places, keys.COUNTS, keys.DELIVERED], [WITHDRAWN, REMEMBERED, MOST_DELIVERED, *rows]
        )
    )
    context.metrics.posts.labels(outcome=WITHDRAWN).inc(len(taken))
    for _, alert in alerts:
        if alert.key in taken:
            logger.info(
                "not told: %s", DELETED, extra={
                    "rule": alert.rule, "channel": alert.destination, "story": story_of(alert),
                    "article": alert.article.id if alert.article else "",
                },
            )  # fmt: skip
    return len(taken)
