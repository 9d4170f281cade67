"""No news about a company for a time, although its feeds were polled throughout. Pure: time is passed in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alertd.watchlist.settings import RuleLike


@dataclass(frozen=True, slots=True)
class Heard:
    """When something was last heard that a `quiet` rule matches, Unix seconds."""

    at: float

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps([round(self.at, 3)])

    @classmethod
    def load(cls, text: str) -> Heard:
        """Read what `dump` wrote."""
        return cls(*json.loads(text))


@dataclass(frozen=True, slots=True)
class Listening:
    """What is known of the polls of a feed.

    Attributes:
        since: Unix seconds since when its polls succeeded without a gap; 0 when it was never read.
        until: of the last one.
        patience: seconds after which the next one is late.
        ended: its publisher has ended it.
    """

    since: float
    until: float
    patience: float
    ended: bool = False


def due_at_first(last: float | None, now: float, quiet: float) -> float:
    """When a new rule would fire about a company without further news, Unix seconds.

    What has been quiet for so long already is no news: the time starts anew.

    Args:
        last: when the company was last heard of, as far as the archive knows; None for never.
    """
    return last + quiet if last is not None and last + quiet > now else now + quiet


def feeds_of(rule: RuleLike, feeds: Sequence[str]) -> list[str]:
    """The feeds that could have brought what the rule waits for."""
    return [name for name in feeds if (not rule.feeds or name in rule.feeds) and name not in rule.not_feeds]


def proven_at(polls: Mapping[str, Listening], now: float, quiet: float) -> float:
    """When the silence is proven at the earliest: now, or when all feeds were polled for so long without a gap.

    Args:
        polls: the feeds that could have brought news; those that ended prove nothing and are not waited for.
    """
    open_feeds = [feed for feed in polls.values() if not feed.ended]
    if not open_feeds:
        return now + quiet
    late = [feed for feed in open_feeds if now > feed.until + feed.patience]
    if late:
        return now + quiet  # a gap is open: it counts from its end
    return max([now, *(feed.since + quiet for feed in open_feeds)])


def sentence(name: str, rule: RuleLike, last: float | None, now: float, feeds: int) -> str:
    """What a `quiet` rule says.

    Args:
        name: the company's, or "" for a rule about articles.
        last: when something was last heard, None when nothing was since the rule is watched.
        feeds: how many were polled throughout.
    """
    about = f" about {name}" if name else ""
    hours = rule.quiet / 3600
    length = f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
    known = "" if last is None else f" The last was {(now - last) / 3600:.1f} hours ago."
    throughout = "its feed was" if feeds == 1 else f"all {feeds} feeds were"
    return f"No news{about} for {length}, though {throughout} polled throughout (rule {rule.name}).{known}"
