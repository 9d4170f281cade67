"""What robots.txt allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.feeds.robots import Robots

PAGE = "https://www.example.com/news/2026/port.html"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /*", False),
        ("User-agent: *\nDisallow: /news/*\n", False),
        ("User-agent: *\nAllow: /news/2026*\nDisallow: /news/", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: alertd\nDisallow: /private/", True),
        ("User-agent: Alertd\nDisallow: /news\n\nUser-agent: *\nDisallow:", False),
        ("User-agent: other\nDisallow: /", True),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("<html>no such page</html>", True),
    ],
)
def test_what_is_allowed(text: str, allowed: bool) -> None:
    assert Robots(text).allows(PAGE) is allowed


def test_a_site_whose_rules_cannot_be_had_is_closed() -> None:
    assert not Robots(closed=True).allows(PAGE)


@pytest.mark.parametrize(
    ("text", "delay"), [("", 0.0), ("User-agent: *\nCrawl-delay: 7", 7.0), ("User-agent: *\nCrawl-delay: soon", 0.0)]
)
def test_the_delay_that_it_asks_for(text: str, delay: float) -> None:
    assert Robots(text).delay == delay


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    rules = Robots(f"User-agent: *\nDisallow: /\n{text}")
    assert isinstance(rules.allows(PAGE), bool)
    assert rules.delay >= 0.0
