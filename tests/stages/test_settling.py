"""After a poll that worked: since when the polls of a feed were without a gap."""

from __future__ import annotations

import pytest

from alertd.config import FeedSettings
from alertd.feeds import Fetched
from alertd.feeds.fetch import Validators
from alertd.feeds.schedule import FeedState
from alertd.stages.settling import patience, settled

FEED = FeedSettings(name="wire", url="https://example.com/rss", interval=120.0)
FETCHED = Fetched("unchanged", b"", {}, FEED.url, Validators(), 0.1)


def after(*polls: float) -> FeedState:
    state = FeedState()
    for at in polls:
        state, _ = settled(FEED, state, FETCHED, body="", now=at)
    return state


@pytest.mark.parametrize(
    ("polls", "unbroken"),
    [((1e6,), 1e6), ((1e6, 1e6 + 120, 1e6 + 890), 1e6), ((1e6, 1e6 + 120, 1e6 + 5000, 1e6 + 5120), 1e6 + 5000)],
)
def test_polls_are_unbroken_since_the_last_gap(polls: tuple[float, ...], unbroken: float) -> None:
    assert after(*polls).unbroken == unbroken


def test_a_feed_that_is_asked_seldom_has_longer_gaps() -> None:
    assert patience(FEED) == 900
    assert patience(FEED.model_copy(update={"max_interval": 3600.0})) > 3 * 3600
