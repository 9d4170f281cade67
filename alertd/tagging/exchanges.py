"""Exchanges as texts and people name them, and the symbols that their codes stand for."""

from __future__ import annotations

import re
from typing import Final

from alertd.tagging.words import vocabulary

# Exchange names of press releases and of data vendors → Yahoo's suffixes to try, in order.
_SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        vocabulary(
            "NASDAQ NASDAQGS NASDAQGM NASDAQCM NYSE NYSEAMERICAN NYSEMKT NYSEARCA AMEX CBOE BATS OTC OTCQB OTCQX OTCBB "
            "OTCPK OTCPINK OTCMKTS OTCMARKET OTCMARKETS OTCID PINK PINKSHEETS"
        ),
        ("",),
    ),
    "TSX": (".TO", ".V"), "TSE": (".TO", ".T"), "TSXV": (".V",), "TSXVENTURE": (".V",), "CVE": (".V",), "CSE": (".CN",),
    "CNSX": (".CN",), "NEO": (".NE",), "CBOECANADA": (".NE",), "LSE": (".L",), "LON": (".L",), "AIM": (".L",),
    "ASX": (".AX",), "HKEX": (".HK",), "HKG": (".HK",), "SEHK": (".HK",), "HKSE": (".HK",), "HK": (".HK",),
    "NSE": (".NS",), "NSI": (".NS",), "BSE": (".BO",), "BOM": (".BO",), "FRA": (".F", ".DE"), "FSE": (".F", ".DE"),
    "FWB": (".F", ".DE"), "XETRA": (".DE",), "ETR": (".DE",), "EURONEXT": (".PA", ".AS", ".BR", ".LS"),
    "EPA": (".PA",), "AMS": (".AS",), "EBR": (".BR",), "ELI": (".LS",), "EURONEXTPARIS": (".PA",),
    "EURONEXTAMSTERDAM": (".AS",), "SIX": (".SW",), "SWX": (".SW",), "BIT": (".MI",), "VIE": (".VI",), "BME": (".MC",),
    "OSE": (".OL",), "OSL": (".OL",), "STO": (".ST",), "CPH": (".CO",), "HEL": (".HE",), "TYO": (".T",),
    "KRX": (".KS", ".KQ"), "KOSDAQ": (".KQ",), "KOSPI": (".KS",), "TWSE": (".TW",), "TPE": (".TW",), "TPEX": (".TWO",),
    "SGX": (".SI",), "SSE": (".SS",), "SHA": (".SS",), "SZSE": (".SZ",), "SHE": (".SZ",), "JSE": (".JO",),
    "NZX": (".NZ",), "NZE": (".NZ",), "TASE": (".TA",), "TLV": (".TA",), "B3": (".SA",), "BVMF": (".SA",),
    "BMV": (".MX",), "IDX": (".JK",), "SET": (".BK",), "BKK": (".BK",), "KLSE": (".KL",), "MYX": (".KL",),
    "WSE": (".WA",), "GPW": (".WA",), "BIST": (".IS",), "ATHEX": (".AT",), "TADAWUL": (".SR",),
}  # fmt: skip
NAMES: Final = (
    r"NASDAQ(?:[ -]?(?:GS|GM|CM))?|NYSE(?:[ -]?(?:American|MKT|Arca))?|AMEX|BATS|"
    r"OTC(?:QB|QX|BB|PK|ID)?(?:[ -]?(?:Pink|Market|Markets|MKTS))?|Pink(?: Sheets)?|TSX[ -]?V(?:enture)?|TSX|TSE|CVE|"
    r"CSE|CNSX|NEO|CBOE(?: Canada)?|LSE|LON|AIM|ASX|HKEX|HKG|SEHK|HKSE|HK|NSE|NSI|BSE|BOM|FRA|FSE|FWB|XETRA|ETR|"
    r"Euronext(?: Paris| Amsterdam)?|EPA|AMS|EBR|ELI|SIX|SWX|BIT|VIE|BME|OSE|OSL|STO|CPH|HEL|TYO|KRX|KOSDAQ|KOSPI|"
    r"TWSE|TPE|TPEX|SGX|SSE|SHA|SZSE|SHE|JSE|NZX|NZE|TASE|TLV|B3|BVMF|BMV|IDX|SET|BKK|KLSE|MYX|WSE|GPW|BIST|ATHEX|"
    r"TADAWUL"
)
"""A regular expression, for any case, of every exchange that `symbols` knows."""
_NUMBERED: Final = frozenset([".T", ".HK", ".KS", ".KQ", ".TW", ".TWO", ".SS", ".SZ", ".SR", ".KL", ".BO"])
"""Where codes are numbers, for the most part; nowhere else are they."""
_STATED: Final = re.compile(rf"({NAMES})\s{{0,2}}:\s{{0,2}}\$?(\S{{1,20}})", re.IGNORECASE)


def symbols(exchange: str, code: str) -> tuple[str, ...]:
    """The symbols that a code at an exchange may be, the most likely first.

    Args:
        exchange: one that `NAMES` matches.
        code: as the exchange has it ("VOD", "1810", "BRK.B").
    """
    suffixes = _SUFFIXES.get(re.sub(r"[ -]", "", exchange).upper(), ())
    number = code.isdigit()
    ordered = sorted(suffixes, key=lambda suffix: (suffix in _NUMBERED) != number)
    return tuple(yahoo(code.upper(), suffix) for suffix in ordered)


def stated(text: str) -> tuple[str, ...] | None:
    """The symbols that a text of exchange and code may be ("LSE: VOD", "HKEX:1810"); None when it is no such text."""
    found = _STATED.fullmatch(text)
    return symbols(*found.groups()) if found else None


def yahoo(code: str, suffix: str) -> str:
    """A code with Yahoo's suffix, in Yahoo's spelling."""
    if suffix == ".HK" and code.isdigit():
        code = code.lstrip("0").zfill(4)
    return code.rstrip(".").replace(".", "-") + suffix  # London writes BP. and RR.
