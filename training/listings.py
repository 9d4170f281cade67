"""Read the public lists of symbols into one table of listings, leaving out what is no company."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alertd.tagging.naming import akin, is_no_company, tidy
from alertd.tagging.words import normalise

US_MAIN = frozenset(
    ["Nasdaq", "NASDAQ", "NYSE", "NMS", "NYQ", "NCM", "NGM", "ASE", "AMEX", "PCX", "CBOE", "NAS", "NAE"]
)
US_OTC = frozenset(["PNK", "OTC", "OID", "OQB", "OEM", "OQX"])
REGISTRAR = frozenset(
    ["FRA", "BER", "MUN", "DUS", "HAM", "HAN", "STU", "IOB", "VIE", "MEX", "BUE", "SGO", "AQS", "CCS"]
)
"""Exchanges that trade foreign shares under a registrar's spelling of the name."""

# Exchanges that list domestic companies only; the sources' countries are often wrong there.
COUNTRY_OF_EXCHANGE = {
    "KLS": "Malaysia", "NSE": "India", "NSI": "India", "BSE": "India", "JKT": "Indonesia", "SET": "Thailand",
    "SHH": "China", "SHZ": "China", "KSC": "South Korea", "KOE": "South Korea", "TAI": "Taiwan", "TWO": "Taiwan",
    "JPX": "Japan", "SAU": "Saudi Arabia", "IST": "Turkey",
}  # fmt: skip
_OFTEN = 2
_CROWD = 5


@dataclass(slots=True)
class Listing:
    """One symbol: `names` in order of trust, `cap` the market value's class of the source."""

    symbol: str
    names: list[str]
    exchange: str
    country: str
    isin: str
    cik: str
    sector: str = ""
    cap: str = ""
    rank: int = 1_000_000
    normals: list[str] = field(default_factory=list)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, compressed or not."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode()
    yield from csv.DictReader(text.splitlines())


def funds(folder: Path) -> set[str]:
    """Symbols that the exchanges mark as funds, tests, warrants, units or rights."""
    found = set()
    for name in ("nasdaq-listed-symbols.csv", "other-listed.csv"):
        for row in rows(folder / "us_listings" / name):
            symbol = (row.get("Symbol") or row.get("ACT Symbol") or "").replace(".", "-")
            if row["ETF"] == "Y" or row["Test Issue"] == "Y" or is_no_company(row["Security Name"]):
                found.add(symbol)
    return found


@dataclass(frozen=True, slots=True)
class Registered:
    """A line of the SEC's list: its CIK, its name, and its place, for the list is in order of market value."""

    cik: str
    name: str
    rank: int


def registered(folder: Path) -> dict[str, Registered]:
    """The SEC's list by symbol."""
    listed = json.loads((folder / "sec" / "company_tickers.json").read_text())
    return {
        row["ticker"]: Registered(str(row["cik_str"]), row["title"], place) for place, row in enumerate(listed.values())
    }


def gone(folder: Path, listings: Sequence[Listing]) -> set[str]:
    """Symbols of United States exchanges that neither the SEC's list nor the exchanges' own lists have any more."""
    current = set(registered(folder))
    for name, key in (("nasdaq-listed-symbols.csv", "Symbol"), ("other-listed.csv", "ACT Symbol")):
        current |= {row[key].replace(".", "-") for row in rows(folder / "us_listings" / name)}
    return {
        x.symbol
        for x in listings
        if x.symbol not in current and (x.cik or x.exchange in US_MAIN) and "." not in x.symbol and x.symbol.isascii()
    }


def read(folder: Path) -> list[Listing]:
    """All listings of companies.

    Args:
        folder: `../shared/data/gazetteer`.
    """
    no_company, sec = funds(folder), registered(folder)
    details = {row["symbol"]: row for row in rows(folder / "financedatabase" / "equities_merged.csv.gz")}
    second = {row["symbol"]: row["long_name"] for row in rows(folder / "financedatabase" / "aliases_2022.csv.gz")}
    clean = {row["symbol"]: row["name"] for row in rows(folder / "financedatabase" / "name_to_symbols_2022.csv.gz")}
    indexed = {row["Symbol"].replace(".", "-"): row for row in rows(folder / "us_listings" / "sp500_constituents.csv")}
    all_rows = list(rows(folder / "all_tickers.csv.gz"))
    junk = misplaced(all_rows, second)
    found = []
    for row in all_rows:
        symbol, exchange = row["symbol"], row["exchange"]
        detail = details.get(symbol, {})
        registrar = exchange in REGISTRAR
        wrong = symbol in junk
        given = ["" if wrong else row["name"], second.get(symbol, ""), clean.get(symbol, "")]
        if symbol in indexed:
            given.insert(0, indexed[symbol]["Security"])
        names = [
            n for n in dict.fromkeys(tidy(n) for n in (reversed(given) if registrar else given) if n) if normalise(n)
        ]
        if not names or symbol in no_company or any(is_no_company(n) for n in given if n):
            continue
        if exchange == "MIL" and not row["country"]:
            continue  # leveraged products listed in Milan
        registrant = sec.get(symbol)
        if registrant and not row["cik"] and any(akin(registrant.name, name) for name in names):
            row["cik"] = registrant.cik  # the merged list is older than the SEC's
        large = symbol in indexed and detail.get("market_cap") != "Mega Cap"
        found.append(
            Listing(
                symbol=symbol,
                names=names,
                exchange=exchange,
                country=COUNTRY_OF_EXCHANGE.get(exchange, row["country"]),
                isin="" if wrong else row["isin"],
                cik=row["cik"],
                sector=detail.get("sector", ""),
                cap="Large Cap" if large else detail.get("market_cap", ""),
                rank=registrant.rank if registrant else 1_000_000,
                normals=[normalise(n) for n in names],
            )
        )
    return found


def misplaced(all_rows: list[dict[str, str]], second: dict[str, str]) -> set[str]:
    """Symbols whose name in the newer list is another company's.

    That list looked names up by parts of words ("two" in "network", "Rubis" in "Aurubis") and gave them to symbols,
    structured products among them, that are none of theirs. A name that often disagrees with the older list, or
    stands many times at one exchange, is believed only where the older list agrees.
    """
    newer = [row for row in all_rows if row["source"] == "FinanceDatabase@HEAD"]
    disagree: Counter[str] = Counter()
    crowd: Counter[tuple[str, str]] = Counter()
    for row in newer:
        crowd[row["name"], row["exchange"]] += 1
        old = second.get(row["symbol"], "")
        disagree[row["name"]] += bool(old) and not akin(row["name"], old)
    return {
        row["symbol"]
        for row in newer
        if (disagree[row["name"]] >= _OFTEN or crowd[row["name"], row["exchange"]] >= _CROWD)
        and not akin(row["name"], second.get(row["symbol"], ""))
    }
