"""What feeds offer, and the life of a subscription."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.hubs import (
    FIRST_RETRY,
    LEASE,
    LONGEST_RETRY,
    RENEWED,
    UNCONFIRMED,
    Offer,
    Subscription,
    offered,
)

from .world import NOW, rss

URL = "https://example.com/feed"
HUB, SELF = "https://hub.example.com/", "https://example.com/rss.xml"
ATOM = '<link rel="{}" href="{}"/>'
NEW = Subscription(HUB, SELF, "token", "secret")


def document(*links: tuple[str, str], prefix: str = "atom:") -> bytes:
    head = "".join(f'<{prefix}link rel="{rel}" href="{href}" />' for rel, href in links)
    return rss("<title>t</title><link>http://example.com/1</link>", head=head)


@pytest.mark.parametrize(
    ("headers", "body", "want"),
    [
        ({}, document(("hub", HUB), ("self", SELF)), Offer(HUB, SELF)),
        ({}, document(("self", "rss.xml"), ("hub", "//hub.example.com/"), prefix="atom10:"), Offer(HUB, SELF)),
        ({}, document(("self hub", SELF)), Offer(SELF, SELF)),
        ({}, b"<feed xmlns='x'><link href='a?b&amp;c' rel='self'/><link href='/hub' rel='hub'/></feed>",
         Offer("https://example.com/hub", "https://example.com/a?b&c")),
        ({}, f'{{"version": "https://jsonfeed.org/version/1.1", "feed_url": "{SELF}", "items": [], '
             f'"hubs": [{{"type": "rssCloud", "url": "x"}}, {{"type": "WebSub", "url": "{HUB}"}}]}}'.encode(),
         Offer(HUB, SELF)),
        ({"link": f'<{HUB}>; rel="hub", <{SELF}>; rel=self'}, b"", Offer(HUB, SELF)),
        ({"link": f'<{HUB}>; type="a,b"; rel="hub"'}, document(("hub", "http://other/"), ("self", SELF)),
         Offer(HUB, SELF)),
        ({}, document(("hub", HUB)), None),
        ({}, document(("self", SELF)), None),
        ({}, document(("hub", "javascript:alert(1)"), ("self", SELF)), None),
        ({}, rss(f"<title>t</title>{ATOM.format('hub', HUB)}{ATOM.format('self', SELF)}"), None),
        ({}, b'{"hubs": [1, {"type": "WebSub"}], "feed_url": 3}', None),
        ({}, b'{"hubs"', None),
        ({"link": "garbage; rel=hub, <"}, b"", None),
    ],
)  # fmt: skip
def test_what_is_offered(headers: dict[str, str], body: bytes, want: Offer | None) -> None:
    assert offered(headers, body, URL) == want


@given(st.binary(max_size=400), st.text(max_size=200))
def test_anything_is_read(body: bytes, header: str) -> None:
    found = offered({"link": header}, body, URL)
    assert found is None or found.hub.startswith("http")


def test_a_lease_is_renewed_before_it_ends() -> None:
    active = NEW.asked(NOW).confirmed(LEASE, NOW)
    assert active.active(NOW + LEASE - 1) and not active.active(NOW + LEASE)
    assert not active.due(NOW + RENEWED * LEASE - 1)
    assert active.due(NOW + RENEWED * LEASE + 1)
    renewing = active.asked(NOW + RENEWED * LEASE)
    assert renewing.active(NOW + LEASE - 1), "a renewal under way changes nothing"
    assert renewing.failures == 0


@pytest.mark.parametrize(("asked", "lasts"), [(3600, 3600), (0, 60), (-5, 60), (1e12, 30 * 86400)])
def test_the_hub_decides_how_long_it_lasts_within_reason(asked: float, lasts: float) -> None:
    assert NEW.confirmed(asked, NOW).until == NOW + lasts


def test_a_hub_that_does_not_answer_is_asked_ever_more_seldom() -> None:
    assert NEW.due(NOW)
    state, waits, now = NEW, [], NOW
    for _ in range(12):
        state = state.asked(now)
        before = now
        while not state.due(now):
            now += 60
        waits.append(now - before)
    assert waits[0] == UNCONFIRMED
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_RETRY
    assert FIRST_RETRY <= UNCONFIRMED


def test_a_refusal_ends_the_lease() -> None:
    refused = NEW.asked(NOW).confirmed(LEASE, NOW).refused(NOW + 5)
    assert not refused.active(NOW + 6)
    assert not refused.due(NOW + 60) and refused.due(NOW + 86400)


@given(st.builds(Subscription, *[st.text(max_size=9)] * 4, asked_at=st.floats(0, 1e10), failures=st.integers(0, 99)))
def test_what_is_stored_is_read_again(state: Subscription) -> None:
    assert Subscription.loads(state.dumps()) == state


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_signatures(method: str) -> None:
    good = hmac.new(b"secret", b"body", getattr(hashlib, method)).hexdigest()
    assert NEW.signed(f"{method}={good}", b"body")
    assert NEW.signed(f"{method.upper()}={good.upper()}", b"body")
    last = "1" if good.endswith("0") else "0"
    assert not NEW.signed(f"{method}={good}", b"other")
    for header in (f"{method}={good[:-1]}{last}", "", good, f"md5={good}", f"{method}=", f"{method}=ü\udc80"):
        assert not NEW.signed(header, b"body"), header
