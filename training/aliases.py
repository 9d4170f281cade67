"""Which names stand for an issuer in a text, and which of them are ordinary words."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertd.tagging.gazetteer import AMBIGUOUS, LARGE, NO_COMPANY, SHORT, UPPER
from alertd.tagging.words import LEGAL, core, normalise, vocabulary, words
from training.issuers import Group, strict
from training.listings import REGISTRAR, US_MAIN

# Words that a newspaper drops from the end of a name.
_TRADE = vocabulary(
    "group groupe gruppe technologies technology motors motor pharmaceuticals pharmaceutical pharma industries "
    "international global worldwide systems energy resources bank bancorp financial laboratories labs entertainment "
    "airlines airways networks network software semiconductor semiconductors communications therapeutics biosciences "
    "industry biopharma mining minerals metals gold silver brands stores enterprises services solutions "
    "platforms interactive digital media pictures foods beverage chemical chemicals materials petroleum oil gas power "
    "electric electronics insurance assurance capital partners realty trust properties trading aerospace automotive "
    "automobile cars logistics shipping marine steel cement finance investment investments medical health healthcare "
    "sciences science biologics oncology genetics genomics engineering construction infrastructure telecom "
    "telecommunications mobile com corporation & india usa america europe japan motorcycles watches outdoors wholesale "
    "micro devices instruments controls products works machines petroleum exploration development"
)
_CAPITALISED = re.compile(r"^[A-Z]")
_FULL = 60.0
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A name's final entry: number of its issuer or None, and flags."""

    issuer: int | None
    flags: int


class Usage:
    """How often words stand in lower case and capitalised in running text: what tells "gap" from "nvidia"."""

    def __init__(self, data: Path) -> None:
        self.lower: Counter[str] = Counter()
        self.upper: Counter[str] = Counter()
        for text in _texts(data):
            found = words(text)
            capitals = sum(bool(_CAPITALISED.match(text[w.start : w.end])) for w in found)
            if capitals * 2 > len(found):
                continue  # a headline in title case says nothing about its words
            for w in found[1:]:
                (self.upper if text[w.start : w.end][0].isupper() else self.lower)[w.folded] += 1

    def ordinary(self, word: str) -> bool:
        """Whether a folded word is one of the language's own."""
        lower = self.lower[word]
        return (lower >= 2 and lower >= 0.03 * self.upper[word]) or (lower == 1 and not self.upper[word])

    def common(self, word: str) -> bool:
        """Whether a folded word is a frequent one."""
        return self.lower[word] >= 8 and self.ordinary(word)


def _texts(data: Path) -> Iterable[str]:
    for name, keys in (
        ("events_labelled.jsonl", ("text", "summary")),
        ("events_written.jsonl", ("text",)),
        ("entity_sentiment_sentfin.jsonl", ("text",)),
        ("entity_sentiment_finentity.jsonl", ("text",)),
        ("document_sentiment_twitter.jsonl", ("text",)),
        ("topics_twitter.jsonl", ("text",)),
        ("headline_pairs_sts.jsonl", ("a", "b")),
        ("extra/newsmtsc/train.jsonl", ("sentence_normalized",)),
    ):
        with (data / name).open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                yield from (row[key] for key in keys if row.get(key))
    with (data / "stories_ecbplus.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield from json.loads(line)["annotated_sentences"]


def build(
    groups: Sequence[Group], usage: Usage, overrides: Mapping[str, Any], data: Path
) -> tuple[dict[str, Entry], dict[str, int]]:
    """Decide for each name which issuer it stands for.

    Args:
        groups: the issuers.
        usage: the language's words.
        overrides: training/gazetteer_overrides.yaml.
        data: the folder of training data.

    Returns:
        Name in normal form to entry, and how many names were dropped, by reason.
    """
    by_symbol = {x.symbol: i for i, g in enumerate(groups) for x in g.listings}
    places = {normalise(g.country) for g in groups if g.country} | {normalise(p) for p in overrides["places"]}
    given_names = {normalise(p) for p in overrides["given_names"]}
    best: dict[str, tuple[float, int]] = {}
    sure: set[str] = set()
    whole: set[str] = set()
    dropped: Counter[str] = Counter()
    for number, issuer in enumerate(groups):
        spelled = _names(issuer)
        for name, worth in spelled.items():
            if reason := _unfit(name, worth, issuer.prior, usage, places):
                dropped[reason] += 1
                continue
            score = issuer.prior + worth
            if name not in best or score > best[name][0]:
                best[name] = (score, number)
                (sure.add if (worth == _FULL and issuer.prior >= 45) or issuer.prior >= LARGE else sure.discard)(name)
                part = worth < _FULL or any(_goes_on(n, name) for n, w in spelled.items() if w == _FULL)
                (whole.discard if part else whole.add)(name)
    for number, issuer in enumerate(groups):
        for name in _with_legal_form(issuer):
            if core(name) not in best and name not in best:
                best[name] = (issuer.prior, number)
                sure.add(name)
                whole.add(name)
    for symbol, names in _indian(data / "gazetteer" / "aliases" / "sentfin_nse_aliases.csv", by_symbol):
        issuer = groups[by_symbol[symbol]]
        for name in names:
            if not _unfit(name, 30, max(issuer.prior, 120), usage, places) and name not in best:
                best[name] = (issuer.prior, by_symbol[symbol])
    entries = {
        name: Entry(
            number, _flags(name, usage, places, given_names, sure=name in sure) | (0 if name in whole else SHORT)
        )
        for name, (_, number) in best.items()
    }
    for name, number in _tickers(groups):
        if name not in entries and name not in overrides["no_ticker_names"]:
            entries[name] = Entry(number, AMBIGUOUS | UPPER)
    _override(entries, by_symbol, overrides, usage, places | given_names)
    return entries, dict(dropped)


def _names(issuer: Group) -> dict[str, float]:
    """The names of an issuer with their worth: a full name beats a shortened one."""
    found: dict[str, float] = {}
    trusted = [x for x in issuer.listings if x.exchange not in REGISTRAR] or issuer.listings[:1]
    for listing in trusted:
        for name in listing.names:
            full = core(name)
            for shorter, worth in _shorten(full):
                found[shorter] = max(found.get(shorter, 0), worth)
                if " 's" in shorter:
                    found.setdefault(shorter.replace(" 's", "s"), worth)
    return found


def _goes_on(full: str, name: str) -> bool:
    """Whether a list gives in full what another shortens (Acme United, Acme); a legal form is nothing more."""
    if not full.startswith(name + " "):
        return False
    word = full[len(name) + 1 :].partition(" ")[0]
    return word not in ("hldgs", "unsp") and not any(legal.startswith(word) for legal in LEGAL)


def _shorten(full: str) -> Iterable[tuple[str, float]]:
    yield full, _FULL
    parts = full.split()
    worth = 40.0
    while len(parts) > 1 and (parts[-1] in _TRADE or parts[-1] in LEGAL):
        parts.pop()
        if parts[-1] not in LEGAL:  # Oracle Corp is no short form of Oracle Corp Japan
            yield " ".join(parts), worth
        worth -= 15


def _unfit(name: str, worth: float, prior: int, usage: Usage, places: set[str]) -> str:
    parts = name.split()
    shortened = worth < _FULL
    if len(name) < 2 or not _LETTERS.search(name) or name in places or all(p in LEGAL or p == "&" for p in parts):
        return "no name"
    if len(parts) > 1:
        plain = all(usage.common(p) or p in places or p in _TRADE or p == "&" for p in parts)
        return "ordinary words of a small company" if plain and (prior < 100 or shortened) else ""
    if (usage.ordinary(name) and prior < 165) or (usage.common(name) and shortened):
        return "ordinary word of a small company"
    if (shortened and (prior < 80 or len(name) < 4)) or len(name) < 3:
        return "short form of a small company"
    return ""


def _with_legal_form(issuer: Group) -> Iterable[str]:
    """Full names with their legal form ("Popular, Inc."), for issuers whose name is ordinary words without it."""
    for listing in issuer.listings:
        if listing.exchange not in REGISTRAR:
            for normal in listing.normals:
                if normal.rpartition(" ")[2] in LEGAL and len(normal) > 6:
                    yield normal
                    yield strict(normal)


def _flags(name: str, usage: Usage, places: set[str], given_names: set[str], *, sure: bool = True) -> int:
    parts = name.split()
    if parts[-1] in LEGAL and sure:
        return 0
    if len(parts) == 1:
        plain = (
            not sure or usage.ordinary(name) or name in places or name in given_names or len(name) < 5 or name.isdigit()
        )
        return AMBIGUOUS if plain else 0
    return AMBIGUOUS if all(usage.ordinary(p) or p in places or len(p) < 2 for p in parts) else 0


def _indian(path: Path, by_symbol: Mapping[str, int]) -> Iterable[tuple[str, list[str]]]:
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            symbol = row["Symbol"].strip().replace(" ", "") + ".NS"
            if symbol not in by_symbol:
                symbol = symbol.removesuffix(".NS") + ".BO"
            if symbol in by_symbol:
                names = [part.strip() for part in row["Entity"].split(",")]
                yield symbol, [core(n) for n in names if len(n) > 3 and not n.isupper()]


def _tickers(groups: Sequence[Group]) -> Iterable[tuple[str, int]]:
    """Symbols that people write as names (AMD, IBM, HSBC): of large companies, in capitals only."""
    best: dict[str, int] = defaultdict(lambda: -1)
    for number, issuer in enumerate(groups):
        primary = issuer.listings[0]
        name = primary.symbol.partition(".")[0].lower()
        us = primary.exchange in US_MAIN
        if not name.isalpha() or not 3 <= len(name) <= (5 if us else 9) or issuer.prior < 165:
            continue
        if best[name] < 0 or groups[best[name]].prior < issuer.prior:
            best[name] = number
    yield from best.items()


def _override(
    entries: dict[str, Entry], by_symbol: Mapping[str, int], overrides: Mapping[str, Any], usage: Usage, plain: set[str]
) -> None:
    for symbol, names in overrides["names"].items():
        for name in names:
            normal = normalise(name)
            acronym = name.isupper() and name.isalpha() and len(name) < 5
            entries[normal] = Entry(by_symbol[symbol], _flags(normal, usage, plain, set()) | (UPPER if acronym else 0))
    for name in overrides["drop_names"]:
        entries.pop(normalise(name), None)
    for name in overrides["not_companies"]:
        entries[normalise(name)] = Entry(None, NO_COMPANY)
    for name in overrides["ambiguous"]:
        if entry := entries.get(normalise(name)):
            entries[normalise(name)] = Entry(entry.issuer, entry.flags | AMBIGUOUS)
    for name in overrides["distinctive"]:
        if entry := entries.get(normalise(name)):
            entries[normalise(name)] = Entry(entry.issuer, entry.flags & ~AMBIGUOUS)
