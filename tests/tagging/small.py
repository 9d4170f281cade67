"""A gazetteer of a few companies, built as the shipped one is, and lists of the SEC's form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from alertd.tagging.gazetteer import AMBIGUOUS, Gazetteer
from alertd.tagging.words import core, normalise
from training.aliases import Entry
from training.gazetteer import write
from training.issuers import Group
from training.listings import Listing

Line = tuple[int, str, str]
"""CIK, symbol, name."""
LINES: tuple[Line, ...] = (
    (1, "ALPH", "Alpha Widgets, Inc."),
    (2, "BETA", "BETA LOGISTICS CORP"),
    (2, "BETA-B", "BETA LOGISTICS CORP"),
    (3, "GAMM", "Gamma Foods Co /DE/"),
    (4, "DELT", "Deltoid Ltd"),
)
"""The list when the small gazetteer was built."""


def gazetteer(folder: Path) -> Gazetteer:
    """Build it: the companies of `LINES`, one of Hong Kong without a CIK, a fund, and a symbol of the past."""
    named = {
        "ALPH": "Alpha Widgets Inc",
        "BETA": "Beta Logistics Corp",
        "GAMM": "Gamma Foods Co",
        "DELT": "Deltoid Ltd",
    }
    more = {"BETA": ["BETA-B"], "GAMM": ["GMMA"]}
    groups = []
    for cik, symbol, _ in LINES:
        if name := named.get(symbol):
            listings = [_listing(s, name, "NYSE", str(cik)) for s in (symbol, *more.get(symbol, ()))]
            groups.append(Group(listings, "United States", "Industrials", 100))
    groups.append(Group([_listing("1234.HK", "Epsilon Motors Ltd", "HKG", "")], "China", "", 120))
    entries = {core(g.listings[0].names[0]): Entry(i, 0) for i, g in enumerate(groups)}
    entries["deltoid"] = Entry(3, AMBIGUOUS)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder, groups, entries, {"show": {}, "codes": {}}, {"FUND"}, {"GMMA"})
    return Gazetteer.open(folder)


def _listing(symbol: str, name: str, exchange: str, cik: str) -> Listing:
    return Listing(symbol, [name], exchange, "", "", cik, normals=[normalise(name)])


def tickers(lines: Sequence[Line]) -> bytes:
    """The list in the form of company_tickers.json."""
    return json.dumps(
        {str(at): {"cik_str": cik, "ticker": symbol, "title": name} for at, (cik, symbol, name) in enumerate(lines)}
    ).encode()


def by_exchange(lines: Sequence[Line]) -> bytes:
    """The list in the form of company_tickers_exchange.json."""
    rows = [[cik, name, symbol, "NYSE"] for cik, symbol, name in lines]
    return json.dumps({"fields": ["cik", "name", "ticker", "exchange"], "data": rows}).encode()
