"""What became of an article, in words: alerted, told in a thread, held back, and why. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from alertd.articles import Alert, Article, Placement
from alertd.watchlist.rules import Matches

Kind = Literal["alerted", "threaded", "held", "silenced", "paced", "waiting", "copy", "stopped", "quiet"]


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of an article.

    Attributes:
        kind: `alerted` (a message), `threaded` (a reply to one), `held` (it may not alert), `silenced` (by a person),
            `paced` (by a cooldown or limit), `waiting` (a rule of another kind does not fire yet), `copy` (of one on
            which no rule fired), `stopped` (a rule came near), `quiet` (no rule is about it).
        why: one line for a person.
        short: the same without what differs from article to article, for counting; "" when it was told.
    """

    kind: Kind
    why: str
    short: str


def outcome_of(
    article: Article, placement: Placement, matches: Matches, alerts: Sequence[Alert], *,
    silenced: Sequence[str] = (), paced: Sequence[str] = (), waiting: Sequence[str] = (),
    later: Mapping[str, float] | None = None,
) -> Outcome:  # fmt: skip
    """Say what became of an article, given all that was decided about it.

    Args:
        silenced, paced, waiting: for each match that a silence, the pace of its rule, or the kind of its rule held back
            a line that says why.
        later: key of an alert → Unix seconds at which it is told, for those that are not told now.
    """
    posts = [alert for alert in alerts if alert.kind == "post"]
    if posts:
        held = {alert.key: later[alert.key] for alert in posts if later and alert.key in later}
        if len(held) == len(posts):
            at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(min(held.values())))
            return Outcome("alerted", f"{_told(posts)}, at {at}", "")
        return Outcome("alerted", _told(posts), "")
    if alerts:
        return Outcome("threaded", f"{placement.reason}; {_told(alerts)}", "")
    if not article.may_alert:
        return Outcome("held", article.held, article.held.partition(" (")[0].partition(",")[0])
    return _kept_quiet(placement, matches, silenced, paced, waiting)


def _kept_quiet(
    placement: Placement, matches: Matches, silenced: Sequence[str], paced: Sequence[str], waiting: Sequence[str]
) -> Outcome:  # fmt: skip
    if silenced:
        return Outcome("silenced", silenced[0], "silenced")
    if paced:
        return Outcome("paced", paced[0], "a cooldown or a limit an hour")
    if waiting and placement.relation != "copy":
        return Outcome("waiting", waiting[0], "a rule of another kind does not fire yet")
    if placement.relation == "copy":
        return Outcome("copy", placement.reason, "a copy of an article on which no rule fired")
    if matches.stopped:
        near = matches.stopped[0]
        return Outcome("stopped", f"rule {near.rule}: {near.why}", "a rule came near and a condition failed")
    return Outcome("quiet", "no rule is about it", "no rule is about it")


def _told(alerts: Sequence[Alert]) -> str:
    return ", ".join(f"{alert.rule} in {alert.destination}" for alert in alerts)
