from __future__ import annotations

from pathlib import Path

import pytest

from alertd.tagging.gazetteer import AMBIGUOUS, NO_COMPANY, Gazetteer
from alertd.tagging.naming import tidy
from alertd.tagging.words import normalise
from training.aliases import Entry
from training.gazetteer import readable, write
from training.issuers import Group, group
from training.listings import Listing, misplaced

NOTHING = {"show": {}, "codes": {"BMWG.DE": "BMW.DE"}}


def listing(symbol: str, name: str, exchange: str, country: str, *, isin: str = "", cik: str = "") -> Listing:
    return Listing(symbol, [name], exchange, country, isin, cik, normals=[normalise(name)])


def grouped(*listings: Listing) -> set[frozenset[str]]:
    return {frozenset(x.symbol for x in g.listings) for g in group(listings, [])[0]}


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        # one registrant
        (listing("A", "Alpha Inc", "NYSE", "", cik="1"), listing("A-P", "Beta Inc", "NYSE", "", cik="1"), True),
        # one security, names that begin alike; then names that do not
        (
            listing("A.L", "Alpha plc", "LSE", "United Kingdom", isin="X1"),
            listing("A.F", "ALPHA", "FRA", "", isin="X1"),
            True,
        ),
        (
            listing("A.L", "Alpha plc", "LSE", "United Kingdom", isin="X1"),
            listing("B.F", "Two", "FRA", "", isin="X1"),
            False,
        ),
        # one name in one country; with another legal form in one market; two registrants
        (
            listing("A.L", "Alpha plc", "LSE", "United Kingdom"),
            listing("A2.L", "ALPHA PLC", "LSE", "United Kingdom"),
            True,
        ),
        (listing("A", "Alpha Inc", "NYSE", "United States"), listing("B", "Alpha Corp", "PNK", "United States"), False),
        (
            listing("A", "Alpha Inc", "NYSE", "United States", cik="1"),
            listing("B", "Alpha Inc", "PNK", "United States", cik="2"),
            False,
        ),
        # a depositary receipt abroad; a namesake in a market of domestic companies
        (listing("1.HK", "Alphabeta Corp", "HKG", "China"), listing("ABCF", "Alphabeta Corp", "PNK", ""), True),
        (listing("A.NS", "Alphabeta Ltd", "NSE", "India"), listing("A.DE", "Alphabeta Ltd", "GER", "Germany"), False),
    ],
)
def test_listings_are_joined_only_for_a_reason(one: Listing, other: Listing, together: bool) -> None:
    assert (len(grouped(one, other)) == 1) is together


def test_doubtful_joins_are_listed_and_overrides_win() -> None:
    one = listing("A", "Alpha Inc", "NYSE", "United States", cik="1")
    other = listing("B", "Alpha Inc", "PNK", "United States", cik="2")
    assert {frozenset(d[:2]) for d in group([one, other], [])[1]} == {frozenset(["A", "B"])}
    assert len(group([one, other], [["A", "B"]])[0]) == 1


@pytest.mark.parametrize(
    ("listings", "primary"),
    [
        ([("XIACF", "PNK"), ("1810.HK", "HKG"), ("3CP.F", "FRA")], "1810.HK"),
        ([("1211.HK", "HKG"), ("002594.SZ", "SHZ")], "1211.HK"),
    ],
)
def test_the_home_listing_is_primary(listings: list[tuple[str, str]], primary: str) -> None:
    groups, _ = group([listing(s, "Alphabeta Corp", e, "China") for s, e in listings], [])
    assert [g.primary for g in groups] == [primary]


def test_names_given_to_the_wrong_symbol_are_found() -> None:
    rows = [
        {"symbol": s, "name": n, "exchange": "GER", "source": "FinanceDatabase@HEAD"}
        for s, n in (("RUI.PA", "Rubis"), ("NDA.DE", "Rubis"), ("NDA.F", "Rubis"), ("XYZ", "Block, Inc."))
    ]
    older = {"RUI.PA": "Rubis SCA", "NDA.DE": "Aurubis AG", "NDA.F": "Aurubis AG", "XYZ": "Square, Inc."}
    assert misplaced(rows, older) == {"NDA.DE", "NDA.F"}


@pytest.mark.parametrize(
    ("given", "tidied"),
    [
        ("MATTEL INC /DE/", "MATTEL INC"),
        ("Agilent Technologies, Inc. Common Stock", "Agilent Technologies, Inc."),
        ("Artius II Acquisition Inc. - Class A Ordinary Shares", "Artius II Acquisition Inc."),
        ("ENCORE CAP.  DL-,01", "ENCORE CAP."),
        ("Gap Inc", "Gap Inc"),
    ],
)
def test_kinds_of_security_are_taken_off_names(given: str, tidied: str) -> None:
    assert tidy(given) == tidied


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    bmw = Group([listing("BMW.DE", "BAYERISCHE MOTOREN WERKE AG", "GER", "Germany")], "Germany", "Cars", 200)
    gap = Group([listing("GAP", "The Gap, Inc.", "NYSE", "United States")], "United States", "", 90)
    entries = {"bmw": Entry(0, 0), "gap": Entry(1, AMBIGUOUS), "gap year": Entry(None, NO_COMPANY)}
    write(tmp_path, [bmw, gap], entries, NOTHING, {"SPY"})
    gazetteer = Gazetteer.open(tmp_path)
    found = gazetteer.resolve("BMWG.DE")
    assert found is not None
    assert (found.symbols, found.name, found.sector) == (("BMW.DE",), "Bayerische Motoren Werke", "Cars")
    assert gazetteer.is_fund("SPY")
    longest = gazetteer.longest("gap year in rome ")
    assert longest is not None
    assert (longest.issuer, longest.length, longest.flags) == (None, len("gap year "), NO_COMPANY)
    assert (gazetteer.named("gap"), gazetteer.prior(1)) == (gazetteer.longest("gap "), 90)
    assert gazetteer.longest("gapyear ") is None
    assert readable(gap, NOTHING) == "Gap"
