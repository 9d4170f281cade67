"""The gazetteer: which names and symbols belong to which issuer, memory-mapped.

Three files, built by `python -m training.gazetteer`: `names.marisa` (a trie of folded names, each with a
space at its end so that a prefix is always whole words), `symbols.marisa` (a trie of symbols) and `table.bin`
(a line of JSON that gives the place of each array, then the arrays). Opening reads nothing but that line.
"""

from __future__ import annotations

import json
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

import marisa_trie

from alertd.errors import GazetteerError
from alertd.tagging import exchanges
from alertd.tagging.words import core, normalise

FORMAT = 2
AMBIGUOUS = 1
"""Flag of a name that is an ordinary word, a place, a person's name or too short to stand alone."""
UPPER = 2
"""Flag of a name that counts only when written in capitals (GM, IBM)."""
NO_COMPANY = 4
"""Flag of a phrase that is no company and hides the names inside it (S&P 500)."""
SHORT = 8
"""Flag of a name that is a part of the issuer's (Acme for Acme United): with a legal form it is another company."""
LARGE = 165
"""From this size, 0 to 255, an issuer is one of about five hundred that all papers call by a short name."""
NO_ISSUER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Issuer:
    """A company with all its listings.

    Attributes:
        key: "i:<primary symbol>", or "n:<normalised name>" for a company that no exchange lists.
        symbol: primary listing (US bare, elsewhere with Yahoo's suffix); None when unlisted.
        symbols: all listings, primary first.
        name: short readable name.
        country: as the sources say, or "".
        sector: as the sources say, or "".
    """

    key: str
    symbol: str | None
    symbols: tuple[str, ...]
    name: str
    country: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name's entry: its length in characters of normal form, its issuer's number (None: no company), its flags."""

    length: int
    issuer: int | None
    flags: int


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of a symbol that does not stand for its company any more.

    Attributes:
        symbol: as it was.
        name: the company that it stood for.
        instead: that company's symbols of today, the first one first to write; none when nothing is left.
        owner: the company whose symbol it is now, or "".
    """

    symbol: str
    name: str
    instead: tuple[str, ...]
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Tables:
    """The built files, mapped into memory."""

    names: marisa_trie.Trie
    symbols: marisa_trie.Trie
    arrays: Mapping[str, memoryview]
    strings: memoryview
    version: str


class Gazetteer:
    """Read access to the built files; safe to share between threads."""

    def __init__(self, tables: Tables) -> None:
        arrays = tables.arrays
        self.tables = tables
        self._names = tables.names
        self._symbols = tables.symbols
        self._alias_issuer = arrays["alias_issuer"]
        self._alias_flags = arrays["alias_flags"]
        self._symbol_issuer = arrays["symbol_issuer"]
        self._offsets = arrays["issuer_offset"]
        self._priors = arrays["issuer_prior"]
        self._strings = tables.strings
        self.version = tables.version
        self._issuer = lru_cache(maxsize=4096)(self._read_issuer)
        self.begins = lru_cache(maxsize=16384)(self._begins)
        """Whether a name begins with a word in normal form."""

    @classmethod
    def open(cls, folder: Path | None = None) -> Gazetteer:
        """Open the built files.

        Args:
            folder: where they are; None for those of the package.

        Raises:
            GazetteerError: a file is missing or was written in another format.
        """
        return cls(_mapped(folder or Path(str(resources.files("alertd.tagging") / "data"))))

    def __len__(self) -> int:
        """The number of issuers."""
        return len(self._priors)

    @property
    def listings(self) -> int:
        """The number of symbols known, those of funds included."""
        return len(self._symbols)

    def longest(self, text: str) -> Alias | None:
        """The longest name that `text` (normal form with a space at its end) starts with, if any."""
        found = self._names.prefixes(text)
        return self._alias(found[-1]) if found else None

    def _begins(self, word: str) -> bool:
        return next(self._names.iterkeys(word + " "), None) is not None

    def named(self, normal: str) -> Alias | None:
        """The entry of exactly this name in normal form, if any."""
        key = normal + " "
        return self._alias(key) if key in self._names else None

    def by_symbol(self, symbol: str) -> Issuer | None:
        """The issuer of a symbol in Yahoo's spelling ("BRK-B", "1810.HK")."""
        number = self.number(symbol)
        return None if number is None else self.issuer(number)

    def number(self, symbol: str) -> int | None:
        """The number of the issuer of a symbol."""
        at = self._symbols.get(symbol)
        issuer = NO_ISSUER if at is None else self._symbol_issuer[at]
        return None if issuer == NO_ISSUER else int(issuer)

    def is_fund(self, symbol: str) -> bool:
        """Whether a symbol is known to be a fund, warrant, unit or right: no company."""
        number = self._symbols.get(symbol)
        return number is not None and self._symbol_issuer[number] == NO_ISSUER

    def issuer(self, number: int) -> Issuer:
        """The issuer of this number."""
        return self._issuer(number)

    def prior(self, number: int) -> int:
        """How big the issuer of this number is, 0 to 255."""
        return int(self._priors[number])

    def resolve(self, name_or_symbol: str) -> Issuer | None:
        """Find an issuer by symbol ("1810.HK", "$AAPL", "LSE: VOD") or by name ("Xiaomi", "The Gap, Inc.").

        What has no lower-case letter is tried as a symbol first. An exchange before it decides: LSE:VOD is no symbol of
        New York.
        """
        given = name_or_symbol.strip()
        if given == given.upper() or ":" in given:
            for symbol in spelled(given):
                if found := self.by_symbol(symbol):
                    return found
        for normal in (normalise(given), core(given)):
            alias = self.named(normal)
            if alias and alias.issuer is not None:
                return self.issuer(alias.issuer)
        return None

    @cached_property
    def registered(self) -> Mapping[int, tuple[str, ...]]:
        """The CIK of every company that is registered with the SEC to its symbols of today, the largest first."""
        former, found = frozenset(self._former), dict[int, list[str]]()
        for cik, symbol in zip(self.tables.arrays["cik"], self.tables.arrays["cik_symbol"], strict=True):
            held = found.setdefault(cik, [])
            if symbol not in former:
                held.append(self._symbols.restore_key(symbol))
        return {cik: tuple(held) for cik, held in found.items()}

    @cached_property
    def ciks(self) -> Mapping[str, int]:
        """Symbol to the CIK of its company, for those that the SEC knows; also symbols of the past."""
        pairs = zip(self.tables.arrays["cik"], self.tables.arrays["cik_symbol"], strict=True)
        return {self._symbols.restore_key(symbol): cik for cik, symbol in pairs}

    def cik(self, issuer: Issuer) -> int | None:
        """The number under which an issuer is registered with the SEC, if it is."""
        return next((self.ciks[symbol] for symbol in issuer.symbols if symbol in self.ciks), None)

    def retired(self, symbol: str) -> Retired | None:
        """What became of a symbol, when it does not stand for its company any more."""
        number = self._symbols.get(symbol)
        at = bisect_left(self._former, number) if number is not None else len(self._former)
        if at == len(self._former) or self._former[at] != number:
            return None
        issuer = self.by_symbol(symbol)
        return Retired(symbol, issuer.name, self.instead(issuer, symbol)) if issuer else None

    def instead(self, issuer: Issuer, symbol: str) -> tuple[str, ...]:
        """The symbols to write for one of an issuer that is gone: those of today, of the same class first.

        The home listing of a company from abroad only where none is left in the United States.
        """
        cik = self.cik(issuer)
        current = self.registered.get(cik, ()) if cik else ()
        return same_class(symbol, current) or abroad(issuer)

    @property
    def _former(self) -> memoryview:
        return self.tables.arrays["former"]

    def names_of(self, issuer: Issuer) -> list[tuple[str, int]]:
        """The names, in normal form, by which texts may mean an issuer, each with its flags."""
        return self.names_of_number(self.number(issuer.symbols[0]))

    def names_of_number(self, number: int | None) -> list[tuple[str, int]]:
        """The names of the issuer of this number, as `names_of` gives them."""
        return [
            (self._names.restore_key(at).rstrip(), self._alias_flags[at])
            for at, owner in enumerate(self._alias_issuer)
            if owner == number
        ]

    def beginning(self, text: str) -> list[Issuer]:
        """The issuers of whose names, in normal form, one begins with a text."""
        numbers = dict.fromkeys(self._alias_issuer[self._names[key]] for key in self._names.keys(text))
        return [self.issuer(number) for number in numbers if number != NO_ISSUER]

    def size(self, issuer: Issuer) -> int:
        """How big an issuer is, 0 to 255."""
        number = self.number(issuer.symbols[0])
        return 0 if number is None else self.prior(number)

    def _alias(self, key: str) -> Alias:
        number = self._names[key]
        issuer = self._alias_issuer[number]
        return Alias(len(key), None if issuer == NO_ISSUER else issuer, self._alias_flags[number])

    def _read_issuer(self, number: int) -> Issuer:
        record = bytes(self._strings[self._offsets[number] : self._offsets[number + 1]]).decode()
        name, country, sector, listed = record.split("\t")
        symbols = tuple(listed.split(" "))
        return Issuer("i:" + symbols[0], symbols[0], symbols, name, country, sector)


def spelled(text: str) -> tuple[str, ...]:
    """The symbols, in Yahoo's spelling, that a text may be as a person writes one."""
    if ":" in text:
        return exchanges.stated(text) or ()
    bare = text.removeprefix("$")
    return tuple(dict.fromkeys((text, bare, bare.replace(".", "-"))))


def same_class(symbol: str, current: Iterable[str]) -> tuple[str, ...]:
    """Symbols of today, those of the same class of shares as one of the past first ("BF-B" for "OLD-B")."""
    like = symbol.partition("-")[2]
    return tuple(sorted(current, key=lambda s: s.partition("-")[2] != like))


def abroad(issuer: Issuer) -> tuple[str, ...]:
    """The home listing of an issuer whose home is outside of the United States."""
    return tuple(s for s in issuer.symbols[:1] if "." in s)


def _mapped(place: Path) -> Tables:
    try:
        with (place / "table.bin").open("rb") as file:
            table = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = json.loads(table[: table.find(b"\n")])
        if header["format"] != FORMAT:
            raise GazetteerError(
                f"format {header['format']}, this version reads {FORMAT}",
                where=str(place),
                hint="build it again with python -m training.gazetteer",
            )
        view = memoryview(table)
        parts = {k: view[a:b] for k, (a, b, _) in header["parts"].items()}
        arrays = {k: parts[k].cast(code) for k, (_, _, code) in header["parts"].items() if code != "s"}
        names = marisa_trie.Trie().mmap(str(place / "names.marisa"))
        symbols = marisa_trie.Trie().mmap(str(place / "symbols.marisa"))
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise GazetteerError(
            f"the gazetteer cannot be read: {error}", where=str(place), hint="install alertd again"
        ) from error
    return Tables(names, symbols, arrays, parts["strings"], header["version"])
