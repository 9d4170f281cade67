"""Presets: the addresses of common finance sources, by name, each with where its publisher documents it.

docs/feeds.md prints the same table; a test compares them. `expansion` makes feeds of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Asked = Literal["", "symbol", "us_symbol", "name"]
"""What an address asks for a company by: nothing, its first symbol, its US listing, its name."""

_EDGAR: Final = "https://www.sec.gov/cgi-bin/browse-edgar"
_ATOM: Final = "&output=atom"
_GLOBE: Final = "https://www.globenewswire.com/RssFeed"


@dataclass(frozen=True, slots=True)
class Preset:
    """A source with its address.

    Attributes:
        name: as `preset:` names it.
        what: what it brings, in a few words.
        addresses: suffix of the feed's name → address; `{}` stands for what it is asked by.
        asked_by: what fills the address, for each company; "" for a source that has one feed for all.
        documented: where its publisher documents the address.
        source: outlet to show; "" for the one that the feed or the entry names.
        settings: what differs from the defaults.
    """

    name: str
    what: str
    addresses: tuple[tuple[str, str], ...]
    documented: str
    asked_by: Asked = ""
    source: str = ""
    settings: tuple[tuple[str, Any], ...] = ()


PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset(
            "sec-edgar", "filings of each company with the SEC",
            (("", f"{_EDGAR}?action=getcompany&CIK={{}}&type=&dateb=&owner=exclude&start=0&count=40{_ATOM}"),),
            "https://www.sec.gov/about/rss-feeds", "us_symbol", "SEC EDGAR",
        ),
        Preset(
            "sec-current", "all filings with the SEC as they are accepted",
            (("", f"{_EDGAR}?action=getcurrent&CIK=&type=&company=&dateb=&owner=include&start=0&count=100{_ATOM}"),),
            "https://www.sec.gov/about/rss-feeds", "", "SEC EDGAR", (("interval", 60.0),),
        ),
        Preset(
            "sec-press", "press releases of the SEC", (("", "https://www.sec.gov/news/pressreleases.rss"),),
            "https://www.sec.gov/about/rss-feeds", "", "SEC", (("interval", 300.0),),
        ),
        Preset(
            "yahoo-finance", "headlines about each company",
            (("", "https://finance.yahoo.com/rss/headline?s={}"),),
            "http://developer.yahoo.com/finance/company.html", "symbol",
        ),
        Preset(
            "google-news", "a search for each company's name, the last day",
            (("", "https://news.google.com/rss/search?q=%22{}%22+when:1d&hl=en-US&gl=US&ceid=US:en"),),
            "https://support.google.com/news/", "name", "", (("interval", 300.0), ("priority", "low")),
        ),
        Preset(
            "nasdaq", "articles about each company at nasdaq.com",
            (("", "https://www.nasdaq.com/feed/rssoutbound?symbol={}"),),
            "https://www.nasdaq.com/nasdaq-RSS-Feeds", "us_symbol", "Nasdaq", (("interval", 300.0),),
        ),
        Preset(
            "nasdaq-halts", "halts of trading on the US exchanges",
            (("", "https://www.nasdaqtrader.com/rss.aspx?feed=tradehalts"),),
            "https://www.nasdaqtrader.com/Trader.aspx?id=TradeHaltRSS", "", "Nasdaq Trader", (("interval", 60.0),),
        ),
        Preset(
            "prnewswire", "press releases, all of them",
            (("", "https://www.prnewswire.com/rss/news-releases-list.rss"),),
            "https://www.prnewswire.com/rss/", "", "PR Newswire", (("interval", 60.0),),
        ),
        Preset(
            "globenewswire", "press releases of public companies",
            (("", f"{_GLOBE}/orgclass/1/feedTitle/GlobeNewswire%20-%20News%20about%20Public%20Companies"),),
            "https://www.globenewswire.com/rss/list", "", "GlobeNewswire", (("interval", 60.0),),
        ),
        Preset(
            "hkex", "news and regulatory announcements of the exchange in Hong Kong",
            (
                ("news", "https://www.hkex.com.hk/Services/RSS-Feeds/News-Releases?sc_lang=en"),
                ("regulatory", "https://www.hkex.com.hk/Services/RSS-Feeds/regulatory-announcements?sc_lang=en"),
            ),
            "https://www.hkex.com.hk/Services/RSS-Feeds?sc_lang=en", "", "HKEX",
            (("interval", 300.0), ("timezone", "Asia/Hong_Kong")),
        ),
        Preset(
            "federal-reserve", "press releases of the Federal Reserve",
            (("", "https://www.federalreserve.gov/feeds/press_all.xml"),),
            "https://www.federalreserve.gov/feeds/feeds.htm", "", "Federal Reserve", (("interval", 60.0),),
        ),
    )
}  # fmt: skip
"""All presets by their names."""
