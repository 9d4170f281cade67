"""What a channel gets next out of what waits for it: one alert, a digest instead of a flood, or nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from alertd.articles import Alert

MOST_WAITING: Final = 10
"""More messages than this waiting for one channel become a digest."""
MOST_REPLIES: Final = 30
"""More replies than this waiting for one channel are too many to tell: the oldest are dropped."""
OLDEST: Final = 900.0
"""Seconds that the oldest message may wait before what waits becomes a digest."""
_RANKS: Final = {"high": 0, "normal": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next in a channel.

    Attributes:
        kind: `post` one alert, `digest` several in one message, `drop` one that nobody needs any more.
        alerts: the alerts that it concerns, in order.
        thread: timestamp of the message to answer; "" for none.
        back: timestamp of the channel's earlier message about the same story, to link back to; "" for none.
        why: for `drop`, why.
    """

    kind: Literal["post", "digest", "drop"]
    alerts: tuple[Alert, ...]
    thread: str = ""
    back: str = ""
    why: str = ""


def by_severity(alerts: Sequence[Alert]) -> list[Alert]:
    """The severest first; those of one severity in the order in which they came."""
    return sorted(alerts, key=lambda alert: _RANKS.get(alert.severity, _RANKS["normal"]))


def next_step(
    waiting: Sequence[Alert],
    threads: Mapping[str, str],
    now: float,
    *,
    most: int = MOST_WAITING,
    oldest: float = OLDEST,
) -> Step | None:
    """Decide what a channel gets next.

    Messages go before replies, for somebody waits for them; the severest first, those of one severity in their order.
    What is severe is told by itself even beside a backlog, unless there is too much of it or it is old. A reply goes
    into the thread of its story's first message; where there is none (the story alerted nobody here), it is dropped.

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
    posts = by_severity([alert for alert in waiting if alert.kind != "reply"])
    if _too_much(posts, now, most, oldest):
        severe = [alert for alert in posts if alert.severity == "high"]
        if not severe or _too_much(severe, now, most, oldest) or now - severe[0].created > oldest:
            return Step("digest", tuple(posts))
    return _post(posts, threads) if posts else _reply(waiting, threads)


def _post(posts: Sequence[Alert], threads: Mapping[str, str]) -> Step:
    together = tuple(alert for alert in posts if alert.digest and alert.digest == posts[0].digest)
    if len(together) > 1:
        return Step("digest", together)
    return Step("post", (posts[0],), back=threads.get(story_of(posts[0]), ""))


def _reply(waiting: Sequence[Alert], threads: Mapping[str, str]) -> Step:
    if len(waiting) > MOST_REPLIES:
        return Step("drop", tuple(waiting[:-MOST_REPLIES]), why="too many replies wait for this channel")
    first = waiting[0]
    thread = threads.get(story_of(first), "")
    if not thread:
        return Step("drop", (first,), why="its story has no message in this channel")
    return Step("post", (first,), thread)


def _too_much(posts: Sequence[Alert], now: float, most: int, oldest: float) -> bool:
    return len(posts) > most or (len(posts) > 1 and now - min(alert.created for alert in posts) > oldest)


def is_urgent(alert: Alert) -> bool:
    """Whether it is told at once also right after an outage: what is severe, and what the daemon says of itself."""
    return alert.severity == "high" or alert.kind == "operator"


def story_of(alert: Alert) -> str:
    """The id of the story that an alert is about, "" for what the daemon says of itself."""
    return alert.placement.story.id if alert.placement else ""


def may_follow(alert: Alert) -> bool:
    """Whether the channel may have an earlier message about the same story: to answer, or to link back to."""
    return alert.kind == "reply" or (alert.placement is not None and alert.placement.relation != "first")
