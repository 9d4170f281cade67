"""Find the spans of a text that may be companies: names of the gazetteer, codes and watched names.

Pure: the same text, gazetteer and watched names give the same candidates. Whether an ambiguous one is the
company is decided later, in context, by the encoder.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from alertd.tagging.codes import IN_BRACKETS, find_codes
from alertd.tagging.gazetteer import AMBIGUOUS, LARGE, NO_COMPANY, SHORT, UPPER, Gazetteer, Issuer
from alertd.tagging.words import LEGAL, Columns, columns, normalise, vocabulary

Kind = Literal["code", "watched", "name", "ambiguous"]
_LOOSE_LEGAL = frozenset(["As", "Se", "AS", "Co", "Company"])
"""Legal forms that are also the next word: they do not settle what stands before them."""
_LONGEST_NAME = 90
_LONGEST_EXCHANGE = 20
_OPENS = re.compile(r",?\s?(?:Inc|Corp|Ltd|plc|Limited)?\.?\s?\(")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
CLOSED_LEGAL = vocabulary("inc corp ltd plc llc ag nv spa gmbh limited corporation incorporated")
"""Legal forms that are nothing else: they settle that what stands before them is a company's whole name."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may be a company.

    Attributes:
        start, end: `text[start:end]`, code points of the text as given.
        issuer: whom it would be.
        kind: `code` and `watched` always count; `name` is distinctive, `ambiguous` needs the encoder.
        lower: the span has no capital letter.
        prior: how big the issuer is, 0 to 255.
        short: the span is only a part of the issuer's name.
    """

    start: int
    end: int
    issuer: Issuer
    kind: Kind
    lower: bool = False
    prior: int = 0
    short: bool = False


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name to find besides those of the gazetteer, with whom it stands for."""

    name: str
    issuer: Issuer
    kind: Kind = "watched"


class Spellings:
    """Names to find as one compiled expression; the longest wins at a place.

    Words of scripts that write spaces are matched whole and without regard to case.
    """

    def __init__(self, spellings: Sequence[Spelling]) -> None:
        self._by_name: dict[str, Spelling] = {}
        for s in spellings:
            if s.name.strip():
                self._by_name.setdefault(s.name.strip().lower(), s)
        longest_first = sorted(self._by_name, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(_bounded(n) for n in longest_first), re.IGNORECASE) if longest_first else None
        )

    def find(self, text: str) -> list[Candidate]:
        """All places of the names in a text."""
        found = []
        for m in self._pattern.finditer(text) if self._pattern else ():
            if spelling := self._by_name.get(m.group().lower()):
                found.append(Candidate(m.start(), m.end(), spelling.issuer, spelling.kind))
        return found


def _bounded(name: str) -> str:
    pattern = re.escape(name)
    if _UNSPACED.search(name):
        return pattern
    left = r"(?<!\w)" if re.match(r"\w", name) else ""
    right = r"(?!\w)" if re.search(r"\w$", name) else ""
    return left + pattern + right


def unlisted(name: str) -> Issuer:
    """A company that no exchange lists, or that the gazetteer does not know."""
    return Issuer("n:" + normalise(name), None, (), name)


def _stated(symbol: str) -> Issuer:
    """A listing that the gazetteer does not know but the text states with its exchange."""
    return Issuer("i:" + symbol, symbol, (symbol,), symbol)


def link(text: str, gazetteer: Gazetteer, spellings: Sequence[Spellings] = ()) -> list[Candidate]:
    """Find candidates in a text, in order, without overlaps.

    Watched names beat codes, codes beat names; among names the longest wins.

    Args:
        text: any text; offsets of the result refer to it.
        gazetteer: the companies.
        spellings: watched names, those that win first.
    """
    taken: list[Candidate] = []
    for more in spellings:
        taken += _free(more.find(text), taken)
    codes = []
    exchanges = []
    for code in find_codes(text, gazetteer):
        stated = code.kind == "exchange" and not gazetteer.is_fund(code.symbol)
        if issuer := code.issuer or (_stated(code.symbol) if stated else None):
            codes.append(Candidate(code.start, code.end, issuer, "code"))
            exchanges.append((code.outer_start, code.outer_end))
        elif code.kind == "cashtag" and not gazetteer.is_fund(code.symbol):
            codes.append(Candidate(code.start, code.end, unlisted(code.symbol), "ambiguous"))
    taken += _free(codes, taken)
    names, renamed = _with_brackets(_names(text, gazetteer), text, gazetteer, taken)
    taken = [replace(t, issuer=renamed[t.start]) if t.start in renamed else t for t in taken]
    names = [n for n in names if not any(n.start < end and start < n.end for start, end in exchanges)]
    taken += _free(names, taken)
    return sorted(taken, key=lambda c: c.start)


def _free(found: Sequence[Candidate], taken: Sequence[Candidate]) -> list[Candidate]:
    """The candidates that overlap neither what is taken nor an earlier one of themselves."""
    if not found:
        return []
    starts = sorted(t.start for t in taken)
    ends = sorted(t.end for t in taken)
    kept: list[Candidate] = []
    for c in sorted(found, key=lambda c: (c.start, -c.end)):
        # Taken spans do not overlap: one meets `c` unless all that start before its end also end before its start.
        if bisect_left(starts, c.end) == bisect_right(ends, c.start) and (not kept or kept[-1].end <= c.start):
            kept.append(c)
    return kept


def _names(text: str, gazetteer: Gazetteer) -> list[Candidate]:
    found_words = columns(text)
    words = found_words[2]
    folded = " ".join(words) + " "
    found, i, at = [], 0, 0
    while i < len(words):
        # half of all words begin no name
        alias = gazetteer.longest(folded[at : at + _LONGEST_NAME]) if gazetteer.begins(words[i]) else None
        candidate, count, length = None, 1, len(words[i]) + 1
        if alias is not None:
            named = folded.count(" ", at, at + alias.length)
            if not alias.flags & NO_COMPANY and alias.issuer is not None:
                candidate = _candidate(text, found_words, i, named, alias.issuer, alias.flags, gazetteer)
            if candidate:
                found.append(candidate)
            if candidate or alias.flags & NO_COMPANY:
                count, length = named, alias.length
        i += count
        at += length
    return found


def _candidate(
    text: str, found: Columns, i: int, count: int, issuer: int, flags: int, gazetteer: Gazetteer
) -> Candidate | None:
    starts, ends, folded = found
    start, last = starts[i], i + count - 1
    span = text[start : ends[last]]
    if flags & UPPER and span != span.upper():
        return None
    lower = span == span.lower()
    kind: Kind = "ambiguous" if flags & AMBIGUOUS or lower else "name"
    # A legal form behind the name belongs to it and settles that it is a company.
    while last + 1 < len(starts) and folded[last + 1] in LEGAL and starts[last + 1] - ends[last] <= 2:
        follower = text[starts[last + 1] : ends[last + 1]]
        if follower == follower.lower() or (follower in _LOOSE_LEGAL and kind != "name"):
            break
        if folded[last + 1] in CLOSED_LEGAL:
            if flags & SHORT and gazetteer.prior(issuer) < LARGE:
                return None  # a whole name, and not the issuer's: Acme Corp is not Acme United
            kind = "name"
        last += 1
    short = bool(flags & SHORT)
    return Candidate(start, ends[last], gazetteer.issuer(issuer), kind, lower, gazetteer.prior(issuer), short)


def _with_brackets(
    found: list[Candidate], text: str, gazetteer: Gazetteer, codes: Sequence[Candidate]
) -> tuple[list[Candidate], dict[int, Issuer]]:
    """Let a code in brackets behind a name decide whom the name means: "Delta (DAL)", "Block (NYSE: XYZ)".

    Returns:
        The names, and for codes that no list knows (by their start) the issuer of the name before them, which has that
        listing too.
    """
    if "(" not in text:
        return found, {}
    settled: list[Candidate] = []
    renamed: dict[int, Issuer] = {}
    by_start = {k.start: k for k in codes if k.kind == "code"}
    for c in found:
        bare = IN_BRACKETS.match(text, c.end)
        near = _code_behind(text, c.end, by_start)
        if bare and (issuer := gazetteer.by_symbol(bare.group(1).replace(".", "-"))):
            settled.append(replace(c, issuer=issuer, kind="name"))
            settled.append(Candidate(bare.start(1), bare.end(1), issuer, "name"))
        elif near and gazetteer.by_symbol(near.issuer.symbol or ""):
            settled.append(replace(c, issuer=near.issuer, kind="name"))
        elif near:
            issuer = replace(c.issuer, symbols=(*c.issuer.symbols, *near.issuer.symbols))
            settled.append(replace(c, issuer=issuer, kind="name"))
            renamed[near.start] = issuer
        else:
            settled.append(c)
    return settled, renamed


def _code_behind(text: str, end: int, by_start: Mapping[int, Candidate]) -> Candidate | None:
    """The code in the bracket that opens right behind a name: "(NYSE: XYZ)"."""
    if not (m := _OPENS.match(text, end)):
        return None
    return next((by_start[at] for at in range(m.end(), m.end() + _LONGEST_EXCHANGE) if at in by_start), None)
