"""The SEC's public list of tickers, and what it says of companies that the built gazetteer does not know yet. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alertd.errors import GazetteerError
from alertd.tagging.gazetteer import AMBIGUOUS, Gazetteer, same_class
from alertd.tagging.naming import akin, is_no_company, readable, tidy
from alertd.tagging.words import core

LARGEST = 32_000_000
"""Bytes that a list may have; the SEC's has about one million."""
_RANKS = ((60, 235), (250, 210), (700, 175), (1500, 140), (3000, 100), (5000, 60))
_SMALL = 10
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,11}")
_LONGEST_NAME = 200
_MOST_CIK = 0xFFFFFFFF
_LEAST_SHARE = 0.5
_SHORTEST = 6
_HINT = "give the file company_tickers.json or company_tickers_exchange.json of www.sec.gov/files"


@dataclass(frozen=True, slots=True)
class Registrant:
    """A company of the list: its CIK, its name, its symbols, and its place by market value, 0 for the largest."""

    cik: int
    name: str
    symbols: tuple[str, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a company stands in the list, where that is not how the built gazetteer has it.

    Attributes:
        cik: its number with the SEC.
        name: its name, as to be shown.
        prior: how big it is, 0 to 255.
        current: its symbols, the largest first; none when it is listed no more.
        former: symbols that it had.
        anchor: a symbol by which the built gazetteer knows it; "" for a new company.
    """

    cik: int
    name: str
    prior: int
    current: tuple[str, ...]
    former: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a list says that the built gazetteer does not, for a person.

    Attributes:
        new: companies that are not in it.
        more: symbols that a company has besides the known ones, each with its company's name.
        renamed: symbol of the past, the one to write instead, and the company's name.
        delisted: symbols of companies that have none any more, each with its company's name.
    """

    new: tuple[Standing, ...]
    more: tuple[tuple[str, str], ...]
    renamed: tuple[tuple[str, str, str], ...]
    delisted: tuple[tuple[str, str], ...]


def prior_of(rank: int) -> int:
    """How big a company is, 0 to 255, by its place in the list."""
    return next((value for limit, value in _RANKS if rank < limit), _SMALL)


def read_list(data: bytes, where: str) -> tuple[Registrant, ...]:
    """Read the list, in either of the two forms in which the SEC gives it.

    Lines that are none (a symbol with a space, no number) are left out, and so are funds.

    Args:
        data: the file.
        where: what to call it in an error.

    Raises:
        GazetteerError: it is no such list.
    """
    try:
        plain = json.loads(data)
        lines = list(_lines(plain))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise GazetteerError("is no list of tickers", where=where, hint=_HINT) from error
    symbols: dict[int, dict[str, None]] = {}
    names: dict[int, tuple[str, int]] = {}
    for rank, (cik, symbol, name) in enumerate(lines):
        fits = isinstance(cik, int) and isinstance(symbol, str) and isinstance(name, str) and 0 < cik <= _MOST_CIK
        if not fits or not _SYMBOL.fullmatch(symbol) or not name.isprintable() or not core(name) or is_no_company(name):
            continue
        names.setdefault(cik, (name[:_LONGEST_NAME], rank))
        symbols.setdefault(cik, {})[symbol.replace(".", "-")] = None
    return tuple(Registrant(cik, name, tuple(symbols[cik]), rank) for cik, (name, rank) in names.items())


def _lines(plain: Any) -> Iterable[tuple[Any, Any, Any]]:
    if "fields" in plain:
        columns = [plain["fields"].index(name) for name in ("cik", "ticker", "name")]
        return [(row[columns[0]], row[columns[1]], row[columns[2]]) for row in plain["data"]]
    return [(row["cik_str"], row["ticker"], row["title"]) for row in plain.values()]


def settle(
    built: Gazetteer, before: Mapping[int, Standing], listed: Sequence[Registrant], where: str
) -> tuple[Standing, ...]:
    """Decide what has changed since the gazetteer was built: new companies and symbols, renamed and delisted ones.

    Args:
        built: the gazetteer of the package.
        before: what an earlier list said; symbols that it gave are remembered as former ones.
        listed: the list of today.
        where: what to call it in an error.

    Returns:
        One standing for each company that is not as the built gazetteer has it, by CIK.

    Raises:
        GazetteerError: the list lacks most of the companies that are known, so it is not whole.
    """
    today = {r.cik: r for r in listed}
    known = {cik: symbols for cik, symbols in built.registered.items() if symbols}
    missing = sum(cik not in today for cik in known)
    if missing > _LEAST_SHARE * len(known):
        raise GazetteerError(
            f"lacks {missing:,} of the {len(known):,} companies that are known; nothing is changed",
            where=where,
            hint="fetch it again: it is cut off, or another list",
        )
    anchors = {cik: _anchor(built, cik, today.get(cik), before.get(cik), today) for cik in {*today, *known, *before}}
    held = {
        (_key(built, anchors[r.cik]), symbol) for r in listed if anchors[r.cik] for symbol in r.symbols
    }  # what a company still has, under whichever CIK
    found = []
    for cik, anchor in sorted(anchors.items()):
        standing = _standing(built, cik, anchor, today.get(cik), before.get(cik), held)
        if standing:
            found.append(standing)
    return tuple(found)


def changes(built: Gazetteer, standings: Iterable[Standing]) -> Changes:
    """Sort out what standings mean: a gone symbol of a company that has others was renamed to one of these."""
    new: list[Standing] = []
    more: list[tuple[str, str]] = []
    renamed: list[tuple[str, str, str]] = []
    delisted: list[tuple[str, str]] = []
    for s in standings:
        if not s.current:
            delisted += [(old, s.name) for old in s.former]
            continue
        targets = [same_class(old, s.current)[0] for old in s.former]
        renamed += [(old, target, s.name) for old, target in zip(s.former, targets, strict=True)]
        if s.anchor:
            key = _key(built, s.anchor)
            more += [(x, s.name) for x in s.current if x not in targets and _key(built, x) != key]
        else:
            new.append(s)
    return Changes(tuple(new), tuple(more), tuple(renamed), tuple(delisted))


def _standing(
    built: Gazetteer,
    cik: int,
    anchor: str,
    now: Registrant | None,
    before: Standing | None,
    held: set[tuple[str, str]],
) -> Standing | None:
    key = _key(built, anchor)
    current = tuple(s for s in now.symbols if not built.is_fund(s)) if now else ()
    old = dict.fromkeys((*built.registered.get(cik, ()), *(before.current + before.former if before else ())))
    former = tuple(s for s in old if s not in current and (key, s) not in held)
    added = [s for s in current if not key or _key(built, s) != key or built.retired(s)]
    if not added and not former:
        return None
    issuer = built.by_symbol(anchor) if anchor else None
    name = issuer.name if issuer else readable([tidy(now.name)]) if now else before.name if before else ""
    prior = prior_of(now.rank) if now else before.prior if before else _SMALL
    return Standing(cik, name, prior, current, former, anchor)


def _key(built: Gazetteer, symbol: str) -> str:
    issuer = built.by_symbol(symbol) if symbol else None
    return issuer.key if issuer else ""


def _anchor(
    built: Gazetteer, cik: int, now: Registrant | None, before: Standing | None, today: Mapping[int, Registrant]
) -> str:
    """The symbol by which the built gazetteer knows a company: by its CIK, its symbol and name, or its name alone."""
    if symbols := built.registered.get(cik):
        return symbols[0]
    if before and before.anchor and built.by_symbol(before.anchor):
        return before.anchor
    if now is None:
        return ""
    for symbol in now.symbols:
        holder = built.by_symbol(symbol)
        # a company that moved its seat has a new CIK, and its old one is gone
        if holder and akin(now.name, holder.name) and _may_be(built.cik(holder), cik, today):
            return symbol
    name = core(tidy(now.name))
    alias = built.named(name)
    if alias and alias.issuer is not None and not alias.flags & AMBIGUOUS and len(name) >= _SHORTEST:
        holder = built.issuer(alias.issuer)
        if built.cik(holder) is None:
            return holder.symbols[0]
    return ""


def _may_be(known: int | None, cik: int, today: Mapping[int, Registrant]) -> bool:
    """Whether a company with the one number, or none, may have got the other."""
    return known is None or known == cik or known not in today
