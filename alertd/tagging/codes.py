"""Ticker codes as texts write them: $AAPL, (NASDAQ: AAPL), <0700.HK>, 1810.HK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from alertd.tagging import exchanges
from alertd.tagging.exchanges import yahoo
from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.tagging.words import vocabulary

CodeKind = Literal["cashtag", "exchange", "reuters", "local"]

# Reuters' exchange codes → Yahoo's suffixes.
_REUTERS = {
    **dict.fromkeys(vocabulary("N O OQ A K P PK OB OQB Z"), ""),
    **{code: "." + code for code in vocabulary(
        "L HK DE PA MI AS NS BO TO V AX SS SZ KS KQ TW TWO SI ST CO HE OL MC LS BR VI AT WA IS MX SA TA NZ BK JK KL T F"
    )},
    "S": ".SW", "J": ".JO", "VX": ".SW", "I": ".IR",
}  # fmt: skip
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Za-z]{1,6}(?:[.-][A-Za-z]{1,2})?)(?![\w$])")
_EXCHANGE = re.compile(
    rf"(?<!\w)({exchanges.NAMES})\s{{0,2}}:\s{{0,2}}\$?([A-Z0-9]{{1,10}}(?:[.-][A-Z0-9]{{1,2}})?)(?!\w)", re.IGNORECASE
)
_REVERSED = re.compile(
    r"\(([A-Z]{1,6})\s?:\s?(?:OTC(?:QB|QX|ID)?|Pink|Grey Market|Expert Market|NASDAQ|NYSE)\b[^()]{0,20}\)",
    re.IGNORECASE,
)
_RIC = re.compile(r"<([A-Z0-9]{1,10}(?:_?[a-z]{1,2})?)\.([A-Z]{1,3})>")
_LOCAL = re.compile(r"(?<![\w.$<])(\d{4,6}|[A-Z][A-Z0-9&-]{1,11})\.([A-Z]{1,3})(?![\w>]|\.\w)")
IN_BRACKETS = re.compile(r"\s?\(\s?(?:ticker:?\s?)?([A-Z]{1,5}(?:[.-][A-Z])?)\s?\)")
"""A bare symbol in brackets behind a name: "Delta (DAL)"."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code found at `text[start:end]`, with its exchange at `text[outer_start:outer_end]`.

    `issuer` is None when no list knows it.
    """

    start: int
    end: int
    kind: CodeKind
    symbol: str
    issuer: Issuer | None
    outer_start: int
    outer_end: int


def find_codes(text: str, gazetteer: Gazetteer) -> Iterator[Code]:
    """Find codes in order of their kind; spans may overlap, and what looks like a code may be unknown."""
    if "$" in text:
        for m in _CASHTAG.finditer(text):
            symbol = m.group(1).upper().replace(".", "-")
            yield Code(m.start(), m.end(), "cashtag", symbol, gazetteer.by_symbol(symbol), *m.span())
    if ":" in text:
        for m in _EXCHANGE.finditer(text):
            symbols = exchanges.symbols(m.group(1), m.group(2))
            issuer = next((found for symbol in symbols if (found := gazetteer.by_symbol(symbol))), None)
            yield Code(m.start(2), m.end(2), "exchange", symbols[0], issuer, *m.span())
        for m in _REVERSED.finditer(text):
            symbol = m.group(1).upper()
            yield Code(m.start(1), m.end(1), "exchange", symbol, gazetteer.by_symbol(symbol), *m.span())
    if "<" in text:
        for m in _RIC.finditer(text):
            yield _reuters(m, gazetteer)
    if "." in text:
        for m in _LOCAL.finditer(text):
            symbol = yahoo(m.group(1), "." + m.group(2))
            if issuer := gazetteer.by_symbol(symbol):
                yield Code(m.start(), m.end(), "local", symbol, issuer, *m.span())


def _reuters(m: re.Match[str], gazetteer: Gazetteer) -> Code:
    code, exchange = m.groups()
    issuer = gazetteer.by_symbol(f"{code}.{exchange}") if code != code.upper() or exchange == "DE" else None
    if issuer is None and exchange in _REUTERS:
        base = re.sub(r"_?([a-z])$", lambda part: "-" + part.group(1).upper(), code)
        for spelled in (base, re.sub(r"(?:G?n|_?[a-z]{1,2})$", "", code), code.removesuffix("G")):
            issuer = issuer or gazetteer.by_symbol(yahoo(spelled.upper(), _REUTERS[exchange]))
    return Code(m.start(), m.end(), "reuters", f"{code}.{exchange}", issuer, *m.span())
