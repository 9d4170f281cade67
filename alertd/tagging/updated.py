"""The companies as they are since the last `alertd symbols update`: the built gazetteer, and what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import marisa_trie

from alertd.tagging.gazetteer import AMBIGUOUS, Alias, Gazetteer, Issuer, Retired, abroad, same_class
from alertd.tagging.overlay import Overlay, place, read
from alertd.tagging.registrants import Standing
from alertd.tagging.words import core, normalise


def open_companies(state: Path | None) -> Gazetteer:
    """The built gazetteer, with what the last update brought where there was one.

    Args:
        state: the folder of the state; None for the built gazetteer alone.

    Raises:
        GazetteerError: a file cannot be read.
    """
    built = Gazetteer.open()
    overlay = read(place(state)) if state is not None else None
    return Updated(built, overlay) if overlay and overlay.standings else built


class Updated(Gazetteer):
    """The built gazetteer with the standings of an update."""

    def __init__(self, built: Gazetteer, overlay: Overlay) -> None:
        super().__init__(built.tables)
        self._built = built
        self.version = f"{built.version}+{_digest(overlay.standings)}"
        self._new: list[Standing] = []
        self._held: dict[str, int] = {}
        self._past: dict[str, Standing] = {}
        self._at: dict[int, list[Standing]] = {}
        for standing in overlay.standings:
            self._take(standing)
        for symbol, standing in self._past.items():
            self._held.setdefault(symbol, self._number(standing))
        self._own_names = self._names_of_new()
        self._own = marisa_trie.Trie(list(self._own_names))
        self._issuer = lru_cache(maxsize=4096)(self._read_updated)

    def _take(self, standing: Standing) -> None:
        number = self._number(standing)
        if number == len(self):
            self._new.append(standing)
        self._at.setdefault(number, []).append(standing)
        self._held.update(dict.fromkeys(standing.current, number))
        self._past.update(dict.fromkeys(standing.former, standing))

    def _number(self, standing: Standing) -> int:
        """The number of the issuer whose standing it is; those of new companies follow the built ones."""
        built = self._built.number(standing.anchor) if standing.anchor else None
        if built is not None:
            return built
        count = len(self._built)
        return next((count + at for at, new in enumerate(self._new) if new.cik == standing.cik), count + len(self._new))

    def _names_of_new(self) -> dict[str, int]:
        """The names of the new companies; which of their words are ordinary ones, only the encoder can tell."""
        found: dict[str, int] = {}
        for at, standing in enumerate(self._new, len(self._built)):
            for name in {core(standing.name), normalise(standing.name)}:
                if len(name) > 1 and self._built.named(name) is None:
                    found.setdefault(name + " ", at)
        return found

    def __len__(self) -> int:
        return len(self._built) + len(self._new)

    @property
    def listings(self) -> int:
        """The number of symbols known, those of funds included."""
        return self._built.listings + sum(self._built.number(symbol) is None for symbol in self._held)

    def longest(self, text: str) -> Alias | None:
        """The longest name that a text starts with; the built one where both know it."""
        built = self._built.longest(text)
        own = self._own.prefixes(text)
        if not own or (built and built.length >= len(own[-1])):
            return built
        return Alias(len(own[-1]), self._own_names[own[-1]], AMBIGUOUS)

    def _begins(self, word: str) -> bool:
        return super()._begins(word) or next(self._own.iterkeys(word + " "), None) is not None

    def named(self, normal: str) -> Alias | None:
        """The entry of exactly this name, if any."""
        key = normal + " "
        number = self._own_names.get(key)
        return self._built.named(normal) if number is None else Alias(len(key), number, AMBIGUOUS)

    def number(self, symbol: str) -> int | None:
        """The number of the issuer of a symbol, as it is today."""
        held = self._held.get(symbol)
        return self._built.number(symbol) if held is None else held

    def is_fund(self, symbol: str) -> bool:
        """Whether a symbol is known to be no company's."""
        return symbol not in self._held and self._built.is_fund(symbol)

    def prior(self, number: int) -> int:
        """How big an issuer is, 0 to 255."""
        count = len(self._built)
        return self._built.prior(number) if number < count else self._new[number - count].prior

    def cik(self, issuer: Issuer) -> int | None:
        """The number under which an issuer is registered with the SEC, if it is."""
        number = self.number(issuer.symbols[0])
        standings = self._at.get(number, []) if number is not None else []
        return next((s.cik for s in standings if s.current), None) or self._built.cik(issuer)

    def retired(self, symbol: str) -> Retired | None:
        """What became of a symbol, when it does not stand for its company any more."""
        held = self._held.get(symbol)
        past = self._past.get(symbol)
        if held is None:
            found = self._built.retired(symbol)
            issuer = self.by_symbol(symbol)
            return Retired(symbol, issuer.name, self.instead(issuer, symbol)) if found and issuer else None
        before = self._number(past) if past else self._built.number(symbol)
        if before is not None and before != held:
            return Retired(symbol, self.issuer(before).name, (), self.issuer(held).name)
        if past and symbol not in self._current(held):
            issuer = self.issuer(held)
            return Retired(symbol, issuer.name, self.instead(issuer, symbol))
        return None

    def instead(self, issuer: Issuer, symbol: str) -> tuple[str, ...]:
        """The symbols to write for one of an issuer that is gone."""
        number = self.number(issuer.symbols[0])
        if number in self._at:
            return same_class(symbol, self._current(number)) or abroad(issuer)
        return super().instead(issuer, symbol)

    def _current(self, number: int | None) -> tuple[str, ...]:
        return tuple(s for standing in self._at.get(number or 0, []) for s in standing.current)

    def names_of(self, issuer: Issuer) -> list[tuple[str, int]]:
        """The names by which texts may mean an issuer, each with its flags."""
        number = self.number(issuer.symbols[0])
        own = [(name.rstrip(), AMBIGUOUS) for name, at in self._own_names.items() if at == number]
        return (
            own if number is not None and number >= len(self._built) else [*self._built.names_of_number(number), *own]
        )

    def beginning(self, text: str) -> list[Issuer]:
        """The issuers of whose names one begins with a text."""
        own = dict.fromkeys(self._own_names[key] for key in self._own.keys(text))
        return [*super().beginning(text), *(self.issuer(number) for number in own)]

    def _read_updated(self, number: int) -> Issuer:
        standings = self._at.get(number, [])
        current = [s for standing in standings for s in standing.current]
        former = [s for standing in standings for s in standing.former]
        if number >= len(self._built):
            [standing] = standings
            symbols = tuple(dict.fromkeys((*current, *former)))
            key = "i:" + symbols[0]
            if self._built.by_symbol(symbols[0]):
                key += f":{standing.cik}"  # that of the company that had the symbol before
            return Issuer(key, symbols[0], symbols, standing.name)
        built = self._built.issuer(number)
        if not standings and not any(s in self._held for s in built.symbols):
            return built
        kept = [s for s in built.symbols if self._held.get(s, number) == number]
        ours = dict.fromkeys(s for s in (*kept, *current, *former) if self._held.get(s, number) == number)
        first = current if kept[:1] and kept[0] in former else []
        last = former if current else ()  # the symbols of a company that is gone say best who it was
        symbols = (*first, *(s for s in ours if s not in last), *(s for s in ours if s in last))
        symbols = tuple(dict.fromkeys(symbols)) or built.symbols
        return Issuer(built.key, symbols[0], symbols, built.name, built.country, built.sector)


def _digest(standings: Iterable[Standing]) -> str:
    return hashlib.sha256(json.dumps([asdict(s) for s in standings]).encode()).hexdigest()[:6]
