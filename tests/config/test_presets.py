"""Presets stand for one feed or for one of each company, under the names and addresses that the documents say."""

from __future__ import annotations

from pathlib import Path

import pytest

from alertd.config import Configuration, load
from alertd.config.expansion import PER_REQUEST, Listed
from alertd.config.presets import PRESETS
from alertd.config.values import split

from . import folders

ROOT = Path(__file__).parent.parent.parent
COMPANIES = {
    "TSLA": Listed(("TSLA",), "Tesla"),
    "BRK-B": Listed(("BRK-B", "BRK-A"), "Berkshire Hathaway"),
    "1810.HK": Listed(("1810.HK", "XIACF", "XIACY"), "Xiaomi"),
    "7203.T": Listed(("7203.T", "TOYOF", "TM"), "Toyota Motor"),
    "XIACF": Listed(("1810.HK", "XIACF", "XIACY"), "Xiaomi"),
}
WATCHLIST = """
rules:
  - {name: cars, companies: [TSLA, 7203.T, 1810.HK]}
  - {name: more, companies: [XIACF, {name: Deep Sea Labs}], feeds: [news]}
  - {name: rest, events: [macro], not_feeds: [news]}
"""


def loaded(folder: Path, *feeds: str, watchlist: str = WATCHLIST) -> Configuration:
    rows = "".join(f"  - {{{feed}}}\n" for feed in (*feeds, "name: news, url: 'https://example.com/rss'"))
    text = f"contact: desk@example.com\nfeeds:\n{rows}"
    return load(folders.write(folder, text, watchlist), {}, listed=COMPANIES.get)


def feeds(configuration: Configuration) -> dict[str, str]:
    return {feed.name: feed.url for feed in configuration.settings.feeds if feed.name != "news"}


@pytest.mark.parametrize(
    ("preset", "want"),
    [
        ("yahoo-finance", {"yahoo-finance TSLA": "s=TSLA", "yahoo-finance 7203.T": "s=7203.T",
                           "yahoo-finance 1810.HK": "s=1810.HK"}),
        ("sec-edgar", {"sec-edgar TSLA": "CIK=TSLA&", "sec-edgar TM": "CIK=TM&"}),
        ("nasdaq", {"nasdaq TSLA": "symbol=TSLA", "nasdaq TM": "symbol=TM"}),
        ("google-news", {"google-news Tesla": "%22Tesla%22", "google-news Toyota Motor": "%22Toyota+Motor%22",
                         "google-news Xiaomi": "%22Xiaomi%22", "google-news Deep Sea Labs": "%22Deep+Sea+Labs%22"}),
    ],
)  # fmt: skip
def test_one_feed_for_each_company_of_the_watchlist(preset: str, want: dict[str, str], tmp_path: Path) -> None:
    found = feeds(loaded(tmp_path, f"preset: {preset}"))
    assert list(found) == list(want), "in the order of the watchlist, each company once"
    assert all(part in found[name] for name, part in want.items())


@pytest.mark.parametrize("preset", [name for name, preset in PRESETS.items() if not preset.asked_by])
def test_one_feed_for_all(preset: str, tmp_path: Path) -> None:
    found = feeds(loaded(tmp_path, f"preset: {preset}"))
    assert list(found.values()) == [address for _, address in PRESETS[preset].addresses]
    assert all(name.startswith(preset) for name in found)


def test_what_an_entry_says_itself_counts_before_the_preset(tmp_path: Path) -> None:
    both = loaded(
        tmp_path, "preset: nasdaq, name: mine, symbols: [BRK-B], interval: 10m, source: Us", "preset: prnewswire"
    )
    mine, wire, _ = both.settings.feeds
    assert (mine.name, mine.interval, mine.source) == ("mine BRK-B", 600.0, "Us")
    assert mine.url.endswith("symbol=BRK.B"), "Nasdaq writes classes with a dot"
    assert (wire.name, wire.interval, wire.source) == ("prnewswire", 60.0, "PR Newswire")


def test_a_rule_names_a_presets_feeds_by_the_entry(tmp_path: Path) -> None:
    watchlist = WATCHLIST.replace(", feeds: [news]", ", feeds: [yahoo-finance]")
    watchlist = watchlist.replace("not_feeds: [news]", "not_feeds: [news, yahoo-finance]")
    rules = loaded(tmp_path, "preset: yahoo-finance", watchlist=watchlist).watchlist.rules
    names = ("yahoo-finance TSLA", "yahoo-finance 7203.T", "yahoo-finance 1810.HK")
    assert rules[1].feeds == names
    assert rules[2].not_feeds == ("news", *names)


def test_a_rule_may_name_one_of_a_presets_feeds(tmp_path: Path) -> None:
    watchlist = WATCHLIST.replace(", feeds: [news]", ", feeds: [yahoo-finance TSLA]")
    rules = loaded(tmp_path, "preset: yahoo-finance", watchlist=watchlist).watchlist.rules
    assert rules[1].feeds == ("yahoo-finance TSLA",)


def test_many_companies_stay_below_ten_requests_a_second_to_the_sec(tmp_path: Path) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    symbols = [f"Q{a}{b}{c}" for a in letters for b in letters for c in "ABC"]
    configuration = loaded(tmp_path, f"preset: sec-edgar, interval: 5s, symbols: [{', '.join(symbols)}]")
    intervals = {feed.interval for feed in configuration.settings.feeds if feed.name != "news"}
    assert intervals == {len(symbols) * PER_REQUEST}


def test_every_address_is_one_and_is_documented() -> None:
    document = (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8")
    for preset in PRESETS.values():
        assert all(split(address.replace("{}", "X")) for _, address in preset.addresses)
        assert f"| `{preset.name}` | {preset.what} |" in document, preset.name
        assert f"<{preset.documented}>" in document, preset.name
