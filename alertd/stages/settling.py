"""What is remembered of a feed after a poll that worked, and where it is asked next. Pure."""

from __future__ import annotations

from dataclasses import replace

from yarl import URL

from alertd.config import FeedSettings
from alertd.feeds import Fetched
from alertd.feeds.habit import Bounds, learned, listened, outrun, paced, timed
from alertd.feeds.hints import fresh_for
from alertd.feeds.moves import asked_at, followed
from alertd.feeds.network import same_site
from alertd.feeds.schedule import FeedState, succeeded
from alertd.stages.sight import Sight

_SHORTEST_GAP = 900.0


def at_its_address(feed: FeedSettings, state: FeedState) -> FeedSettings:
    """The feed as it is asked: at its new address when it moved for good; its secrets go there if that is its own."""
    address = asked_at(state, feed.url)
    if address == feed.url:
        return feed
    own = same_site(URL(feed.url), URL(address))
    return feed.model_copy(update={"url": address, "headers": feed.headers if own else {}})


def patience(feed: FeedSettings) -> float:
    """Seconds between two polls that worked beyond which entries may have come and gone unseen."""
    return max(_SHORTEST_GAP, 3 * max(feed.interval, feed.max_interval) + feed.timeout)


def settled(
    feed: FeedSettings, state: FeedState, fetched: Fetched, *, body: str, now: float,
    sight: Sight | None = None, pushed: bool = False,
) -> tuple[FeedState, list[str]]:  # fmt: skip
    """The state after a poll that worked, and what the operator should know. Pure.

    Args:
        body: hash of the document that the validators belong to.
        now: Unix seconds.
        sight: the document, None when it is the one before.
        pushed: its hub tells us what is new, so that it need only be asked as seldom as the user allows.
    """
    after, back = succeeded(state, feed.name, validators=fetched.validators, body=body, now=now)
    new = sum(item.verdict.kind == "new" for item in sight.judged) if sight and state.first_at else 0
    after = learned(after, new=new, now=now)
    bounds, fresh = Bounds(feed.interval, feed.max_interval), fresh_for(fetched.headers, now)
    after = paced(after, bounds, hints=sight.parsed.hints if sight else None, fresh=fresh, now=now)
    if pushed and bounds.high > bounds.low:
        after = replace(after, next_at=now + bounds.high, wait=bounds.high, why="its hub tells us at once")
    after, quiet = listened(after, feed.name, now=now)
    gap = not state.last_success or now - state.last_success > patience(feed)
    missed = None
    if sight is not None:
        new_ones = [item.entry for item in sight.judged if item.verdict.kind == "new" and item.verdict.may_alert]
        delays = [now - entry.published for entry in new_ones if entry.date_source in ("published", "updated")]
        after = timed(after, seconds=fetched.seconds, delays=delays if state.first_at else ())
        after, missed = outrun(after, feed.name, entries=sight.entries, known=sight.known, now=now)
        gap = gap or after.outruns > state.outruns
    unbroken = now if gap else state.unbroken or now
    if unbroken != after.unbroken:
        after = replace(after, unbroken=unbroken)
    after, moved = followed(after, feed.name, fetched.moved)
    return after, [notice for notice in (back, quiet, missed, moved) if notice]
