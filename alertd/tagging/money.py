"""Sums of money as texts write them: HK$63.25, 82 euros, Rs 3,400 crore, 1,250 pence, a 45-million-euro loan."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NUMBER: Final = r"(?:\d{1,3}(?:,\d{2,3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_SIGNS: Final = {
    "$": "USD", "US$": "USD", "USD": "USD", "HK$": "HKD", "HKD": "HKD", "C$": "CAD", "CA$": "CAD", "CAD": "CAD",
    "A$": "AUD", "AU$": "AUD", "AUD": "AUD", "S$": "SGD", "SGD": "SGD", "NZ$": "NZD", "R$": "BRL", "NT$": "TWD",
    "\u20ac": "EUR", "EUR": "EUR", "\u00a3": "GBP", "GBP": "GBP", "\u00a5": "JPY", "JPY": "JPY",
    "CNY": "CNY", "RMB": "CNY", "\u20b9": "INR", "RS": "INR", "INR": "INR", "\u20a9": "KRW", "KRW": "KRW",
    "CHF": "CHF", "SFR": "CHF", "SEK": "SEK", "NOK": "NOK", "DKK": "DKK",
}  # fmt: skip
SIGN: Final = (
    r"(?:US\$|HK\$|CA?\$|AU?\$|S\$|NZ\$|R\$|NT\$|\$|\u20ac|\u00a3|\u00a5|\u20b9|\u20a9|Rs\.?|SFr\.?|"
    r"USD|HKD|CAD|AUD|SGD|EUR|GBP|JPY|CNY|RMB|INR|KRW|CHF|SEK|NOK|DKK)"
)
"""What stands before a number."""
# Of which country a currency is, where several have one of its name; "" where none is named.
_OF: Final = {
    "dollar": {"": "USD", "us": "USD", "u.s.": "USD", "canadian": "CAD", "australian": "AUD", "hong kong": "HKD",
               "singapore": "SGD", "new zealand": "NZD", "taiwan": "TWD"},
    "crown": {"swedish": "SEK", "norwegian": "NOK", "danish": "DKK", "czech": "CZK"},
    "franc": {"": "CHF", "swiss": "CHF"},
    "pound": {"": "GBP", "british": "GBP", "egyptian": "EGP"},
    "rupee": {"": "INR", "indian": "INR", "pakistani": "PKR", "sri lankan": "LKR"},
    "won": {"": "KRW", "korean": "KRW", "south korean": "KRW"},
}  # fmt: skip
_WORDS: Final = {
    "euro": "EUR", "yen": "JPY", "yuan": "CNY", "renminbi": "CNY", "ringgit": "MYR", "baht": "THB", "rand": "ZAR",
    "shekel": "ILS", "zloty": "PLN", "ruble": "RUB", "rouble": "RUB", "riyal": "SAR", "dirham": "AED", "rupiah": "IDR",
    "reais": "BRL", "kronor": "SEK",
}  # fmt: skip
_COUNTRY: Final = (
    r"U\.S\.|US|Canadian|Australian|Hong Kong|Singapore|New Zealand|Taiwan|Swedish|Norwegian|Danish|Czech|Swiss|"
    r"British|Egyptian|Indian|Pakistani|Sri Lankan|South Korean|Korean"
)
WORD: Final = (
    rf"(?:(?:{_COUNTRY})[ -])?(?:dollars?|pounds?|francs?|rupees?|won|crowns?|kron(?:er?|or|a)|pence|euros?|yen|yuan|"
    r"renminbi|ringgit|baht|rand|shekels?|zlotys?|rou?bles?|riyals?|dirhams?|rupiah|reais)\b"
)
"""What stands behind a number."""
_SCALES: Final = {
    "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lakhs": 1e5, "m": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6,
    "crore": 1e7, "crores": 1e7, "cr": 1e7, "b": 1e9, "bn": 1e9, "bln": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12,
    "trn": 1e12, "trillion": 1e12,
}  # fmt: skip
SCALE: Final = "|".join(sorted(_SCALES, key=len, reverse=True))
_BEFORE: Final = re.compile(rf"(?<![\w$])({SIGN})\s?({NUMBER})(?:\s?-?({SCALE})\b)?(?!\d)", re.IGNORECASE)
# The last letter of a sign with the first digit, in which case soever: to look for them costs a tenth of the whole.
_SIGNED: Final = re.compile(r"[$\u20ac\u00a3\u00a5\u20b9\u20a9bdfkprswyBDFKPRSWY\u017f\u212a]\.?\s?\d")
_LONGEST_SIGN: Final = 3
_BEHIND: Final = re.compile(
    rf"(?<![\w$\u20ac\u00a3\u00a5\u20b9\u20a9.,])({NUMBER})(?:[ -]?({SCALE}))?[ -]?({WORD})", re.IGNORECASE
)
_STEMS: Final = ("dollar", "pound", "franc", "rupee", "won", "crown", "kron", "pence", *_WORDS)
"""Without one of them `_BEHIND` finds nothing, and most texts are without."""
_PENCE: Final = 0.01
_LARGE: Final = 1_000
"""Below it, pounds without a scale are a weight and "12 won" is a win."""


@dataclass(frozen=True, slots=True)
class Money:
    """A sum at `text[start:end]`: its value in units of the currency, and the currency's code (ISO 4217)."""

    start: int
    end: int
    value: float
    currency: str


def number(text: str) -> float:
    """The value of a number with its separators."""
    return float(text.replace(",", ""))


def of_sign(sign: str) -> str:
    """The currency of what stands before a number."""
    return _SIGNS[sign.upper().rstrip(".")]


def of_word(word: str) -> tuple[str, float]:
    """The currency of what stands behind a number, "" when only the country would tell, and the worth of its unit."""
    lower = word.lower().replace("-", " ").strip()
    if lower in ("pence", "p"):
        return "GBP", _PENCE
    country, _, name = lower.rpartition(" ")
    name = name if name in _WORDS else name.removesuffix("s")
    if name in ("krone", "kroner", "krona", "kronor"):
        name = "crown" if country or name != "kronor" else name
    if name in _OF:
        return _OF[name].get(country, ""), 1.0
    return _WORDS.get(name, ""), 1.0


def find(text: str) -> Iterator[Money]:
    """The sums of a text whose currency is clear: first those with a sign, then those with a word."""
    signed = []
    first = _SIGNED.search(text)
    for m in _BEFORE.finditer(text, max(0, first.start() - _LONGEST_SIGN)) if first else ():
        value = round(number(m.group(2)) * _scale(m.group(3)), 2)
        signed.append(m.span())
        yield Money(*m.span(), value, of_sign(m.group(1)))
    lower = text.lower()
    for m in _BEHIND.finditer(text) if any(stem in lower for stem in _STEMS) else ():
        digits, scale, word = m.groups()
        currency, unit = of_word(word)
        doubtful = word.lower() in ("pound", "pounds", "won") and not scale and number(digits) < _LARGE
        if currency and not doubtful and not any(start < m.end() and m.start() < end for start, end in signed):
            yield Money(*m.span(), round(number(digits) * _scale(scale) * unit, 4), currency)


def _scale(word: str | None) -> float:
    return _SCALES.get((word or "").lower(), 1.0)
