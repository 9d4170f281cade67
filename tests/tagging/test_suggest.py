"""What is suggested for a symbol that is none."""

from __future__ import annotations

import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.suggest import MOST, is_symbol, suggest

GAZETTEER = Gazetteer.open()


@pytest.mark.parametrize(
    ("written", "first"),
    [
        # one slip
        ("TSLAA", "TSLA (Tesla, US)"),
        ("AAPPL", "AAPL (Apple, US)"),
        ("APPL", "AAPL (Apple, US)"),
        ("NVDIA", "NVDA (Nvidia, US)"),
        ("MSTF", "MSFT (Microsoft, US)"),
        ("1810.H", "1810.HK (Xiaomi, Hong Kong)"),
        ("XIACFF", "XIACF (Xiaomi, US)"),
        ("BRK.C", "BRK-A (Berkshire Hathaway, US)"),
        # how others write the exchange
        ("1810.HKG", "1810.HK (Xiaomi, Hong Kong)"),
        ("1810 HK", "1810.HK (Xiaomi, Hong Kong)"),
        ("700.HK", "0700.HK (Tencent, Hong Kong)"),
        ("00700.HK", "0700.HK (Tencent, Hong Kong)"),
        ("VOW3.XETRA", "VOW3.DE (Volkswagen, Xetra)"),
        ("VOW3 GR", "VOW3.DE (Volkswagen, Xetra)"),
        ("7203.TYO", "7203.T (Toyota Motor, Tokyo)"),
        ("SHEL.LON", "SHEL.L (Shell, London)"),
        ("600519.SH", "600519.SS (Kweichow Moutai, Shanghai)"),
        ("TSLA.US", "TSLA (Tesla, US)"),
        ("TSLA US Equity", "TSLA (Tesla, US)"),
        ("NVDA.OQ", "NVDA (Nvidia, US)"),
        ("tsla", "TSLA (Tesla, US)"),
        # the exchange left out, or another one
        ("1810", "1810.HK (Xiaomi, Hong Kong)"),
        ("VOW", "VOW.DE (Volkswagen, Xetra)"),
        ("XIACF.HK", "XIACF (Xiaomi, US)"),
        # a name
        ("Xiaomi", "1810.HK (Xiaomi, Hong Kong)"),
        ("XIAOMI", "1810.HK (Xiaomi, Hong Kong)"),
        ("TSMC", "2330.TW (TSMC, Taipei)"),
        ("Toyota Motor", "7203.T (Toyota Motor, Tokyo)"),
        # a name with a slip
        ("MICROSFT", "MSFT (Microsoft, US)"),
        ("XAIOMI", "1810.HK (Xiaomi, Hong Kong)"),
        ("TELSA", "TSLA (Tesla, US)"),
        ("Volkswagon", "VOW3.DE (Volkswagen, Xetra)"),
    ],
)
def test_the_company_that_was_meant_comes_first(written: str, first: str) -> None:
    assert not is_symbol(GAZETTEER, written)
    assert suggest(GAZETTEER, written)[0] == first


@pytest.mark.parametrize("written", ["", "  ", "SPY", "ZZZZ", "OpenAI", "\x00", "X" * 10_000, "é" * 50])
def test_nothing_is_suggested_where_nothing_is_alike(written: str) -> None:
    assert suggest(GAZETTEER, written) == ()


@pytest.mark.parametrize(
    "symbol",
    [
        "TSLA",
        "1810.HK",
        "BRK-B",
        "BRK.B",
        "$AAPL",
        "NYSE: GE",
        " TSLA ",
        "FB",
        "EPA:MC",
        "LSE: VOD",
        "HKEX:1810",
        "TSE:7203",
        "nyse: GE",
    ],
)
def test_symbols_are_known(symbol: str) -> None:
    assert is_symbol(GAZETTEER, symbol)


@pytest.mark.parametrize(
    "text", ["Xiaomi", "TSMC", "SPY", "1810.HKG", "NYSE:MC.PA", "LSE:GE", "FOO:GE", "", "NYSE:", ":GE"]
)
def test_names_funds_and_other_listings_are_no_symbols(text: str) -> None:
    assert not is_symbol(GAZETTEER, text)


def test_an_exchange_that_does_not_list_a_code_is_not_passed_over() -> None:
    assert suggest(GAZETTEER, "LSE:TSLA")[0] == "TSLA (Tesla, US)"


@given(st.text(max_size=30) | st.from_regex(r"[A-Z0-9]{1,6}([.-][A-Z]{1,4})?", fullmatch=True))
def test_whatever_is_written_suggestions_are_few_known_and_of_different_companies(written: str) -> None:
    found = suggest(GAZETTEER, written)
    issuers = [GAZETTEER.by_symbol(text.partition(" (")[0]) for text in found]
    assert len(found) <= MOST
    assert None not in issuers
    assert len(set(issuers)) == len(issuers)


def test_it_takes_milliseconds() -> None:
    times = []
    for written in ("TSLAA", "1811.HK", "BRK.C", "MICROSFT", "Volkswagon", "ZZZZZZZZ.ZZ") * 3:
        began = time.perf_counter()
        suggest(GAZETTEER, written)
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < 0.02
