from __future__ import annotations

import pytest

from alertd.feeds import parse
from alertd.feeds.hints import Hints, fresh_for, read_hints

from .world import NOW, FeedStub, rss

DATE = "Mon, 02 Mar 2026 11:00:00 GMT"


@pytest.mark.parametrize(
    ("head", "want"),
    [
        ("", Hints()),
        ("<ttl>15</ttl>", Hints(900.0)),
        ("<ttl> 5 </ttl><sy:updatePeriod>daily</sy:updatePeriod>", Hints(300.0)),
        ("<ttl>soon</ttl>", Hints()),
        ("<sy:updatePeriod> hourly </sy:updatePeriod>", Hints(3600.0)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", Hints(900.0)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", Hints(86400.0)),
        ("<skipHours><hour>0</hour><hour>24</hour><hour>7</hour></skipHours>", Hints(skip_hours=(0, 7))),
        ("<skipDays><day>Saturday</day><day>Sunday</day></skipDays>", Hints(skip_days=(5, 6))),
    ],
)
def test_hints_of_a_document(head: str, want: Hints) -> None:
    body = rss("<title>x</title><ttl>99</ttl>", head=head)
    assert read_hints(body) == want
    assert parse(body, feed=FeedStub(), headers={}, url="http://example.com/", now=NOW).hints == want


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        ({}, 0.0),
        ({"cache-control": "max-age=300"}, 300.0),
        ({"cache-control": 'public, MAX-AGE="60"'}, 60.0),
        ({"cache-control": "max-age=300", "age": "100"}, 200.0),
        ({"cache-control": "max-age=300", "age": "900"}, 0.0),
        ({"cache-control": "s-maxage=300"}, 0.0),
        ({"cache-control": "no-cache, max-age=300"}, 0.0),
        ({"cache-control": "max-age=60", "expires": "Mon, 02 Mar 2026 12:00:00 GMT", "date": DATE}, 60.0),
        ({"expires": "Mon, 02 Mar 2026 11:10:00 GMT", "date": DATE}, 600.0),
        ({"expires": "Mon, 02 Mar 2026 11:10:00 GMT"}, 600.0),
        ({"expires": "0"}, 0.0),
        ({"expires": "Mon, 02 Mar 2020 11:10:00 GMT"}, 0.0),
    ],
)
def test_freshness(headers: dict[str, str], want: float) -> None:
    assert fresh_for(headers, NOW) == want
