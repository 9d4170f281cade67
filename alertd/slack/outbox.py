"""What a channel gets next out of what waits for it: one alert, a digest instead of a flood, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from alertd.articles import Alert

MOST_WAITING = 10
"""More messages than this waiting for one channel become a digest."""
MOST_REPLIES = 30
"""More replies than this waiting for one channel are too many to tell: the oldest are dropped."""
OLDEST = 900.0
"""Seconds that the oldest message may wait before what waits becomes a digest."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next in a channel.

    Attributes:
        kind: `post` one alert, `digest` several in one message, `drop` one that nobody needs any more.
        alerts: the alerts that it concerns, in order.
        thread: timestamp of the message to answer; "" for none.
        why: for `drop`, why.
    """

    kind: Literal["post", "digest", "drop"]
    alerts: tuple[Alert, ...]
    thread: str = ""
    why: str = ""


def next_step(
    waiting: Sequence[Alert],
    threads: Mapping[str, str],
    now: float,
    *,
    most: int = MOST_WAITING,
    oldest: float = OLDEST,
) -> Step | None:
    """Decide what a channel gets next.

    Messages go before replies, for somebody waits for them; each in their own order. A reply goes into the thread of
    its story's first message; where there is none (the story alerted nobody here), the reply is dropped.

    Args:
        waiting: what waits, in order.
        threads: story's id → timestamp of its first message in this channel.
        now: Unix seconds.
        most, oldest: the bounds above which what waits becomes a digest.

    Returns:
        The step, or None when nothing waits.
    """
    if not waiting:
        return None
    posts = [alert for alert in waiting if alert.kind != "reply"]
    if len(posts) > most or (len(posts) > 1 and now - min(alert.created for alert in posts) > oldest):
        return Step("digest", tuple(posts))
    if posts:
        together = tuple(alert for alert in posts if alert.digest and alert.digest == posts[0].digest)
        return Step("digest", together) if len(together) > 1 else Step("post", (posts[0],))
    if len(waiting) > MOST_REPLIES:
        return Step("drop", tuple(waiting[:-MOST_REPLIES]), why="too many replies wait for this channel")
    first = waiting[0]
    thread = threads.get(story_of(first), "")
    if not thread:
        return Step("drop", (first,), why="its story has no message in this channel")
    return Step("post", (first,), thread)


def story_of(alert: Alert) -> str:
    """The id of the story that an alert is about, "" for what the daemon says of itself."""
    return alert.placement.story.id if alert.placement else ""
