from __future__ import annotations

import pytest
from pydantic import ValidationError

from alertd.config import FeedSettings, RuleSettings, Settings, SlackSettings, WatchedCompany
from alertd.config.values import nearest, reach, redact
from alertd.config.watchlist import looks_like_ticker


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/rss", "https://example.com/rss"),
        ("https://me:pw@example.com:8443/rss", "https://example.com:8443/rss"),
        ("https://example.com/rss?key=s3cret&n=5#frag", "https://example.com/rss?key=…&n=…"),
        ("https://example.com/rss?s3cret", "https://example.com/rss?…"),
        ("http://[::1]:80/rss?a=", "http://[::1]:80/rss?a=…"),
        ("nonsense", "…"),
    ],
)
def test_redacted_addresses_hold_no_secret(url: str, expected: str) -> None:
    assert redact(url) == expected


def test_a_feed_shows_its_address_redacted() -> None:
    feed = FeedSettings(name="one", url="https://example.com/?key=1")
    assert feed.redacted_url == "https://example.com/?key=…"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost/", "loopback"),
        ("http://feeds.localhost/", "loopback"),
        ("http://127.8.0.1/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("http://0.0.0.0/", "private"),
        ("http://[fe80::1]/", "private"),
        ("http://8.8.8.8/", "public"),
        ("https://example.com/", "public"),
    ],
)
def test_reach(url: str, expected: str) -> None:
    assert reach(url) == expected


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://example.com/", "https://", "https://exa mple.com/", "http://a:99999/", "http://["]
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(ValidationError):
        FeedSettings(name="one", url=url)


@pytest.mark.parametrize("channel", ["#alerts", "#m&a-desk".replace("&", ""), "#börse", "C024BE91L", "G1", "terminal"])
def test_channels(channel: str) -> None:
    assert SlackSettings(channel=channel).channel == channel


@pytest.mark.parametrize("channel", ["alerts", "#two words", "#Caps", "##x", "@user", "#a,b", "<!channel>"])
def test_what_is_no_channel(channel: str) -> None:
    with pytest.raises(ValidationError):
        SlackSettings(channel=channel)


@pytest.mark.parametrize(
    "text", ["AAPL", "BRK-B", "1810.HK", "005930.KS", "F", "$TSLA", "600519.SS", "EPA:MC", "LSE: VOD", "LON:BP."]
)
def test_tickers(text: str) -> None:
    assert looks_like_ticker(text)


@pytest.mark.parametrize("text", ["Apple", "aapl", "TOOLONGX", "A B", "A.B.C", "", "Ford", "LSE:", "Re: AAPL", "BP."])
def test_names_are_no_tickers(text: str) -> None:
    assert not looks_like_ticker(text)


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.contact = "x"  # type: ignore[misc]


def test_defaults_are_valid_themselves() -> None:
    assert Settings.model_validate(Settings().model_dump()) == Settings()


def test_models_take_python_values() -> None:
    rule = RuleSettings(name="x", companies=(WatchedCompany(symbol="F"),), keywords=("a b",))
    assert rule.companies[0].key == "F"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("chanel", "channel"), ("max-age", "max_age"), ("MAX AGE", "max_age"), ("weather", ""), ("", "")],
)
def test_nearest(name: str, expected: str) -> None:
    assert nearest(name, ["channel", "max_age", "other"]) == expected
