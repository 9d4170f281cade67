"""`alertd init` with companies, feeds and a channel of one's own: whatever is asked for, `alertd check` takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertd.commands.starting import Wishes, channel, company, feed, texts
from alertd.config import Configuration, load
from alertd.config.presets import PRESETS
from alertd.configured import read_with_companies
from alertd.errors import ConfigError
from alertd.tagging.gazetteer import Gazetteer
from tests.commands.world import invoke


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


def made(folder: Path, *words: str, given: str | None = None) -> Configuration:
    result = invoke("init", str(folder), *words, given=given)
    assert result.exit_code == 0, result.stderr
    return read_with_companies(folder)[0]


def test_companies_and_feeds_of_ones_own(tmp_path: Path) -> None:
    found = made(
        tmp_path, "--company", "NVDA", "--company", "xiaomi", "--company", "Klarna", "--channel", "desk",
        "--feed", "http://127.0.0.1:8000/feed.xml", "--feed", "www.example.com/rss", "--feed", "prnewswire",
        "--contact", "desk@example.org",
    )  # fmt: skip
    [rule] = found.watchlist.rules
    assert [one.key for one in rule.companies] == ["NVDA", "1810.HK", "Klarna"]
    assert [(one.name, one.url) for one in found.settings.feeds] == [
        ("local", "http://127.0.0.1:8000/feed.xml"),
        ("example-com", "https://www.example.com/rss"),
        ("prnewswire", PRESETS["prnewswire"].addresses[0][1]),
    ]
    assert (found.settings.slack.channel, found.settings.contact) == ("#desk", "desk@example.org")
    assert found.settings.allow_private_addresses


def test_who_names_no_feed_gets_the_public_ones_and_one_for_each_company(tmp_path: Path) -> None:
    found = made(tmp_path / "config", "--company", "Klarna", "--company", "ON")
    plain = made(tmp_path / "plain")
    public = [one.name for one in plain.settings.feeds]
    assert [one.name for one in found.settings.feeds if one.name in public] == public
    more = [one.url for one in found.settings.feeds if one.name not in public]
    assert len(more) == 2
    assert "Klarna" in more[0]
    assert not found.settings.allow_private_addresses
    # the examples stay where no company is named
    fed = made(tmp_path / "fed", "--feed", "https://example.com/rss")
    assert [rule.name for rule in fed.watchlist.rules] == [rule.name for rule in plain.watchlist.rules]


def test_it_asks_again_until_it_can_read_the_answer(tmp_path: Path) -> None:
    found = made(tmp_path, "--ask", given="NVDAX\nNVDA, Klarna\nnothing\nhttps://example.com/rss\n\n")
    assert [one.key for one in found.watchlist.companies] == ["NVDA", "Klarna"]
    assert [one.url for one in found.settings.feeds] == ["https://example.com/rss"]
    assert found.settings.slack.channel == "#alerts"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--company", "XNVDA"], "--company: no company has the symbol 'XNVDA' (did you mean NVDA"),
        (["--company", " "], "--company: no company is named"),
        (["--feed", "nonsense"], "--feed: 'nonsense' is no web address (write one that starts with https://, or a"),
        (["--feed", "ftp://example.com/rss"], "--feed: 'ftp://example.com/rss' is no web address"),
        (["--feed", "https://example.com/\x7f"], "--feed: a sign in it cannot be printed (type it anew)"),
        (["--channel", "The Desk"], "--channel: 'The Desk' is no channel; write a name such as \"#the-desk\""),
    ],
)  # fmt: skip
def test_what_it_cannot_read_is_named_and_nothing_is_written(words: list[str], says: str, tmp_path: Path) -> None:
    result = invoke("init", str(tmp_path / "config"), *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(says)
    assert not (tmp_path / "config").exists()


def test_it_asks_for_what_was_not_said(tmp_path: Path) -> None:
    result = invoke("init", str(tmp_path / "config"), "--ask", "--company", "NVDA")
    assert result.exit_code == 2
    assert "leave them out" in result.stderr


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(max_size=30), max_size=3),
    paths=st.lists(st.text(max_size=30), max_size=3),
    to=st.text(max_size=20),
)
def test_whatever_it_takes_the_check_takes(
    names: list[str], paths: list[str], to: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    def read(reads: Callable[[str], str], values: list[str]) -> tuple[str, ...]:
        found = []
        for value in values:
            try:
                found.append(reads(value))
            except ConfigError:
                continue
        return tuple(dict.fromkeys(found))

    wishes = Wishes(
        read(lambda text: company(text, gazetteer)[0], names),
        read(lambda text: feed(f"https://example.com/{text}"), paths),
        "".join(read(channel, [to])),
    )
    for name, text in texts(wishes).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert load(tmp_path, {}).watchlist.rules
