"""Known symbols that are like an unknown one, for the mistakes that people make when they write a watchlist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alertd.tagging.codes import find_codes
from alertd.tagging.gazetteer import Gazetteer, Issuer, spelled
from alertd.tagging.words import core, normalise

MOST = 3
"""Suggestions for one symbol."""
LONGEST_SYMBOL = 20
"""Longer texts are looked up as a name only: no symbol has so many characters."""

_PLACES = {
    ".HK": "Hong Kong", ".L": "London", ".DE": "Xetra", ".T": "Tokyo", ".PA": "Paris", ".TO": "Toronto",
    ".AX": "Sydney", ".NS": "NSE India", ".BO": "BSE India", ".AS": "Amsterdam", ".MI": "Milan", ".MC": "Madrid",
    ".SW": "Zurich", ".ST": "Stockholm", ".CO": "Copenhagen", ".OL": "Oslo", ".HE": "Helsinki", ".BR": "Brussels",
    ".LS": "Lisbon", ".VI": "Vienna", ".IR": "Dublin", ".KS": "Seoul", ".KQ": "Kosdaq", ".TW": "Taipei",
    ".TWO": "Taipei OTC", ".SS": "Shanghai", ".SZ": "Shenzhen", ".SI": "Singapore", ".JK": "Jakarta",
    ".BK": "Bangkok", ".KL": "Kuala Lumpur", ".NZ": "Wellington", ".SA": "Sao Paulo", ".MX": "Mexico",
    ".JO": "Johannesburg", ".TA": "Tel Aviv", ".IS": "Istanbul", ".WA": "Warsaw", ".AT": "Athens",
    ".V": "TSX Venture", ".CN": "Canadian CSE", ".NE": "Cboe Canada", ".F": "Frankfurt", ".SR": "Riyadh",
    ".QA": "Doha", ".CA": "Cairo", ".SN": "Santiago", ".BA": "Buenos Aires", ".ME": "Moscow",
}  # fmt: skip
"""Yahoo's suffixes of the exchanges where a company is looked for under the same code, with where that is."""
# What Bloomberg and others write behind a symbol, where it differs from Yahoo's suffixes.
_FOREIGN = {
    "US": "", "UN": "", "UW": "", "UQ": "", "GR": ".DE", "GY": ".DE", "LN": ".L", "JP": ".T", "JT": ".T", "FP": ".PA",
    "NA": ".AS", "IM": ".MI", "SM": ".MC", "SQ": ".MC", "SE": ".SW", "VX": ".SW", "DC": ".CO", "NO": ".OL",
    "FH": ".HE", "BB": ".BR", "PL": ".LS", "AV": ".VI", "ID": ".IR", "AU": ".AX", "AT": ".AX", "CT": ".TO", "IN": ".NS",
    "IB": ".BO", "IS": ".NS", "TT": ".TW", "C1": ".SS", "CG": ".SS", "CS": ".SZ", "C2": ".SZ", "SH": ".SS", "KP": ".KS",
    "SP": ".SI", "IJ": ".JK", "TB": ".BK", "MK": ".KL", "NZ": ".NZ", "BZ": ".SA", "MM": ".MX", "SJ": ".JO",
    "PW": ".WA", "GA": ".AT",
}  # fmt: skip
_PARTED = re.compile(r"\$?([A-Z0-9&/-]{1,12})[. :]([A-Z0-9]{1,12})(?: EQUITY)?")
_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz &"
_SHORTEST = 3
"""In a shorter code any sign could stand for any other: replacing one says nothing."""
_SHORTEST_NAME = 5
_LONGEST_NAME = 40


def is_symbol(gazetteer: Gazetteer, text: str) -> bool:
    """Whether a text is the symbol of a company, as `Gazetteer.resolve` reads symbols; its name is not enough.

    A name in the place of a symbol is refused so that the user sees which company it would have been.
    """
    issuer = gazetteer.resolve(text)
    return issuer is not None and not set(spelled(text.strip())).isdisjoint(issuer.symbols)


def outdated(gazetteer: Gazetteer, text: str) -> str:
    """What became of a symbol of the past, and what to write instead; "" for one of today."""
    retired = next((r for symbol in spelled(text.strip()) if (r := gazetteer.retired(symbol))), None)
    if retired is None:
        return ""
    symbol, name = retired.symbol, retired.name
    if retired.owner:
        return f"{symbol} was the symbol of {name} and is now that of {retired.owner}; make sure that it is meant"
    if retired.instead:
        return f"{symbol} is a former symbol of {name}, and still read as such; write {retired.instead[0]}"
    return f"{symbol} ({name}) is not listed any more; remove it, or watch the company by {{name: {name}}}"


def suggest(gazetteer: Gazetteer, unknown: str) -> tuple[str, ...]:
    """Name the known symbols that are most like an unknown one, best first, at most `MOST`, one for each company.

    What is certain stands alone: the same listing in another provider's spelling, or the company of that name. Else
    the same code on other exchanges comes before symbols and names that differ in one character; among equals the
    company with more listings is first.

    Args:
        unknown: what the user wrote for a symbol: a symbol with a slip or another provider's suffix, or a name.

    Returns:
        Each as a text to show: "1810.HK (Xiaomi, Hong Kong)". None for a fund: nothing that is like it would be meant.
    """
    text = unknown.strip()
    symbol = text.upper()
    if not text.isprintable() or not text or gazetteer.is_fund(symbol):
        return ()
    fits = len(symbol) <= LONGEST_SYMBOL
    if fits and (sure := _shown(_respelled(gazetteer, symbol))):
        return sure
    named = [gazetteer.resolve(text), gazetteer.resolve(text.lower())]
    if sure := _shown((issuer.symbol, issuer) for issuer in named if issuer and issuer.symbol):
        return sure
    elsewhere = list(_elsewhere(gazetteer, symbol.rpartition(":")[2].strip())) if fits else []
    near = [*_misspelt(gazetteer, text), *(_known(gazetteer, _slips(symbol)) if fits else ())]
    if "." in symbol:
        return _shown(_largest([*elsewhere, *near]))
    return _shown([*_largest(elsewhere)[: MOST - 1], *_largest(near)])


def meant(gazetteer: Gazetteer, text: str) -> list[Issuer]:
    """The companies whose name or symbol differs from a text in one character, the best known first."""
    symbol = text.upper()
    slips = _known(gazetteer, _slips(symbol)) if len(symbol) <= LONGEST_SYMBOL else ()
    return [issuer for _, issuer in _largest([*_misspelt(gazetteer, text), *slips])]


def _shown(found: Iterable[tuple[str | None, Issuer]]) -> tuple[str, ...]:
    best: dict[str, str] = {}
    for symbol, issuer in found:
        best.setdefault(issuer.key, f"{symbol} ({issuer.name}, {_place(symbol or '')})")
    return tuple(best.values())[:MOST]


def _place(symbol: str) -> str:
    """Where a symbol is listed, as a person would say it; a bare one is American."""
    _, dot, suffix = symbol.rpartition(".")
    return _PLACES.get(dot + suffix, suffix) if dot else "US"


def _largest(found: Iterable[tuple[str, Issuer]]) -> list[tuple[str, Issuer]]:
    """Sort by size, for which the number of listings stands."""
    return sorted(set(found), key=lambda pair: (-len(pair[1].symbols), pair[0]))


def _known(gazetteer: Gazetteer, symbols: Iterable[str]) -> Iterator[tuple[str, Issuer]]:
    for symbol in symbols:
        if issuer := gazetteer.by_symbol(symbol):
            yield symbol, issuer


def _respelled(gazetteer: Gazetteer, symbol: str) -> Iterator[tuple[str, Issuer]]:
    """Read a symbol as others write it: 1810.HKG, HKG:1810, 1810 HK, 700.HK, TSLA.OQ, TSLA US Equity, brk.b."""
    yield from _known(gazetteer, (symbol, symbol.replace(".", "-")))
    parted = _PARTED.fullmatch(symbol)
    if not parted:
        return
    first, second = parted.groups()
    yield from _known(gazetteer, (f"{first}{'' if second == 'US' else '.' + second}",))
    for written in (f"{second}:{first}", f"{first}:{second}", f"<{first}.{second}>"):
        for code in find_codes(written, gazetteer):
            if code.issuer:
                yield _listing(code.issuer, first if code.symbol.startswith(first) else code.symbol), code.issuer
    if (suffix := _FOREIGN.get(second)) is not None:
        yield from _known(gazetteer, (f"{first}{suffix}",))
    if first.isdigit():
        # Hong Kong writes four digits, China, Korea and Saudi Arabia six, six and four; others leave zeros out.
        yield from _known(gazetteer, (f"{first.lstrip('0').zfill(width)}.{second}" for width in (4, 6)))


def _listing(issuer: Issuer, code: str) -> str:
    """The listing of an issuer whose code this is, or its primary one."""
    base = code.partition(".")[0].lstrip("0")
    return next((s for s in issuer.symbols if s.partition(".")[0].lstrip("0") == base), issuer.symbols[0])


def _elsewhere(gazetteer: Gazetteer, symbol: str) -> Iterator[tuple[str, Issuer]]:
    """Find the same code on other exchanges, and in the United States."""
    code, dot, _ = symbol.partition(".")
    if dot and code.isdigit():
        return  # a number says nothing on another exchange than the one that was named
    yield from _known(gazetteer, (code, *(code + suffix for suffix in _PLACES)))


def _slips(symbol: str) -> Iterator[str]:
    """Give all texts that differ in one sign: one left out, too many, another, or two that changed places."""
    signs = _SIGNS + ".-"
    for text in {symbol, symbol.replace(".", "-")}:
        for at in range(len(text) + 1):
            before, after = text[:at], text[at:]
            yield before + after[1:]
            yield before + after[1:2] + after[:1] + after[2:]
            for sign in signs:
                yield before + sign + after
                if len(text) >= _SHORTEST:
                    yield before + sign + after[1:]


def _misspelt(gazetteer: Gazetteer, text: str) -> Iterator[tuple[str, Issuer]]:
    """Find companies whose name differs in one character."""
    for name in {normalise(text), core(text)}:
        if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
            continue
        for at in range(len(name) + 1):
            before, after = name[:at], name[at:]
            spelled = [before + after[1:], before + after[1:2] + after[:1] + after[2:]]
            spelled += [before + letter + rest for letter in _LETTERS for rest in (after, after[1:])]
            for other in spelled:
                alias = gazetteer.named(other)
                if alias and alias.issuer is not None:
                    issuer = gazetteer.issuer(alias.issuer)
                    yield issuer.symbols[0], issuer
