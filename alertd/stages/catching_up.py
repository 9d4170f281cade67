"""After an outage: what the first polls bring is told together, for it waited already, and one by one is a flood."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final, cast

from alertd.config import FeedSettings
from alertd.stages.context import Context
from alertd.store import keys

logger = logging.getLogger(__name__)

SETTLED: Final = 15.0
"""Seconds from the last of the first polls after an outage until what they brought is tagged and decided."""
_LONGEST: Final = 600.0
"""What is further ahead was written before the clock was put back."""


async def begin(context: Context, away: float, feeds: Sequence[FeedSettings], polls: float) -> None:
    """Say that feeds are asked again after a time without any; does nothing where that was short.

    Args:
        away: seconds without a poll that worked.
        feeds: feeds of which one should have been asked meanwhile.
        polls: seconds over which the first polls are spread.
    """
    usual = min((2 * max(feed.interval, feed.max_interval) for feed in feeds), default=0.0)
    if away <= max(usual, context.now.configuration.settings.slack.digest_after):
        return
    until = context.clock() + polls + SETTLED
    await cast(Any, context.store.redis).set(keys.CATCHING_UP, f"{until:.3f}", ex=int(_LONGEST))
    logger.info(
        "no feed could be asked for %.0f min: what comes within %.0f s is told together", away / 60, polls + SETTLED
    )  # fmt: skip


async def until(context: Context) -> float:
    """Until when what comes is kept to be told together, Unix seconds; 0.0 where there was no outage of late."""
    found = float(await cast(Any, context.store.redis).get(keys.CATCHING_UP) or 0.0)
    return found if found - context.clock() < _LONGEST else 0.0
