"""What is known of a piece of text that stands between blanks, read once however often it comes.

News says the same words again and again: what rules read out of single words is looked up here, and only what spans
several is read anew in each text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import msgspec

from alertd.stories import sketches
from alertd.stories.marks import COUNTS, DIGIT, JOINS, LEADS, MONTH, PART, SAYS, VERB, YEAR, marks_of
from alertd.stories.words import (
    COMMON,
    COUNTRIES,
    CURRENCIES,
    NUMBERS,
    ORDINALS,
    PERIOD_WORDS,
    POLES,
    SCALES,
    STOP,
    TURNS,
)  # fmt: skip

_TELLING: Final = DIGIT | PART | VERB
_REACHING: Final = MONTH | COUNTS
_MOST: Final = 16_384
_LONGEST: Final = 48
_WORD = re.compile(r"[^\W_]+(?:['\u2019.&-][^\W_]+)*")
_TOKEN = re.compile(r"[^\W_]+(?:[.,'\u2019][^\W_]+)*%?")
_LETTERS = re.compile(r"[a-z]+")
_NAMELESS = frozenset(
    (*STOP, *COMMON, *POLES, *TURNS, *PERIOD_WORDS, *NUMBERS, *ORDINALS, *SCALES, *CURRENCIES, "hk", "gmt", "et")
)
_POINTING = {
    **{word: f"{axis}{'+' if end > 0 else '-'}" for word, (axis, end) in POLES.items()}, **dict.fromkeys(TURNS, "turn")
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """A word with a capital: folded, whether it is written in capitals only, and the names in it."""

    folded: str
    shouted: bool
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is known of a piece of text between blanks.

    Attributes:
        text: the piece itself.
        marks: see `alertd.stories.marks`; 0 for most.
        tokens: its words for comparison.
        codes: of these, see `sketches.codes`.
        written: its words as they are written.
        small: its words that are written small.
        signs: its words of direction, as axis and sign.
        periods: which it names by itself.
        numbers: which it holds as words.
        names: its words with a capital.
        letters: how many of its words begin with a letter and are longer than three.
        capitals: how many of these begin with a capital.
    """

    text: str
    marks: int
    tokens: tuple[str, ...]
    codes: bytes
    written: tuple[str, ...]
    small: tuple[str, ...]
    signs: tuple[str, ...]
    periods: tuple[str, ...]
    numbers: tuple[str, ...]
    names: tuple[Name, ...]
    letters: int
    capitals: int


class Said(msgspec.Struct, frozen=True, gc=False):
    """A text by its pieces.

    Attributes:
        pieces: in order.
        spots: places of those that may be one with their neighbours in what is read of figures and periods.
        telling: those that have signs, periods or numbers of their own.
        marks: of all of them.
    """

    pieces: Sequence[Piece]
    spots: Sequence[int]
    telling: Sequence[Piece]
    marks: int

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Said:
        """Look once through the pieces of a text."""
        spots, telling, found = [], [], 0
        for at, piece in enumerate(pieces):
            if marks := piece.marks:
                found |= marks
                if marks & JOINS:
                    spots.append(at)
                if marks & SAYS:
                    telling.append(piece)
        return cls(pieces, spots, telling, found)


def read(text: str) -> Said:
    """Read a text."""
    return Said.of(pieces(text))


def pieces(text: str) -> list[Piece]:
    """The pieces of a text, in order."""
    return list(map(_known.__getitem__, text.split()))


def runs(said: Said) -> list[str]:
    """The runs of neighbouring pieces that may hold figures or periods: none of these reaches out of its run."""
    if not said.marks & _TELLING:
        return []
    found: list[str] = []
    run: list[str] = []
    seen, last = 0, -1
    pieces = said.pieces
    for at in _with_between(said) if said.marks & _REACHING else said.spots:
        if at != last + 1:
            if seen & _TELLING:
                found.append(" ".join(run))
            run, seen = [], 0
        piece = pieces[at]
        run.append(piece.text)
        seen |= piece.marks
        last = at
    if seen & _TELLING:
        found.append(" ".join(run))
    return found


def _with_between(said: Said) -> Sequence[int]:
    """The places, with those of pieces that stand between a year and what it counts, or lead to a month."""
    pieces, spots = said.pieces, said.spots
    more = [
        at - 1 for at in spots
        if at and (((marks := pieces[at].marks) & MONTH and pieces[at - 1].marks & LEADS)
        or (at > 1 and marks & COUNTS and pieces[at - 2].marks & YEAR))
    ]  # fmt: skip
    return sorted({*spots, *more}) if more else spots


def tokens(said: Iterable[Piece]) -> list[str]:
    """The words of pieces for comparison."""
    return list(chain.from_iterable([piece.tokens for piece in said]))


def are(said: Iterable[Piece], words: Sequence[str]) -> bool:
    """Whether pieces have these words for comparison, and no others."""
    at = 0
    for piece in said:
        for token in piece.tokens:
            if at == len(words) or token != words[at]:
                return False
            at += 1
    return at == len(words)


def written(said: Iterable[Piece]) -> frozenset[str]:
    """The words of pieces as they are written."""
    return frozenset(chain.from_iterable([piece.written for piece in said]))


def fold(text: str) -> list[str]:
    """The words of a text for comparison: NFKC, lower case, no punctuation, possessives or quotes."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return [w.removesuffix("'s") for w in _TOKEN.findall(folded)]


class _Known(dict[str, Piece]):
    def __missing__(self, text: str) -> Piece:
        made = _read(text)
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                # what is common comes again at once
                self.clear()
            self[text] = made
        return made


_known = _Known()


def _read(text: str) -> Piece:
    low = text.lower()
    words = _WORD.findall(text)
    straight = [w.replace("\u2019", "'") for w in words]
    long = [w for w in straight if len(w) > 3 and w[0].isalpha()]
    folded = tuple(fold(text))
    signs = tuple(_signs(_WORD.findall(low.replace("\u2019", "'"))))
    periods = tuple(_periods(_WORD.findall(low)))
    numbers = tuple(sorted(str(NUMBERS[word]) for word in NUMBERS.keys() & set(_LETTERS.findall(low))))
    return Piece(
        text, marks_of(text) | (SAYS if signs or periods or numbers else 0), folded,
        sketches.codes(folded), tuple(words), tuple(w for w in straight if w.islower()), signs,
        periods, numbers, tuple(_name(w) for w in straight if w[0].isupper()), len(long),
        sum(w[0].isupper() for w in long),
    )  # fmt: skip


def _signs(words: list[str]) -> list[str]:
    return [
        _POINTING[part]
        for word in words
        for part in ((word,) if word in TURNS else word.split("-"))
        if part in _POINTING
    ]


def _periods(words: list[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    for word in words:
        period = PERIOD_WORDS.get(word)
        if not period and ("-" in word or "'" in word):
            period = PERIOD_WORDS.get(word.split("-")[0].split("'")[0])
        # "may" and "march" are verbs as well; "Mar", "Sun" and their like are names.
        if period and not (word in ("may", "march") or (len(word) == 3 and period.startswith("month"))):
            found[period] = None
            if period.startswith(("quarter", "half")):
                found[f"span {period.split()[0]}"] = None
    return found


def _name(word: str) -> Name:
    low = word.lower().removesuffix("'s").removesuffix("'")
    low = COUNTRIES.get(low, low)
    parts = [low] if "-" not in low else low.split("-")
    named = tuple(part.replace(".", "") for part in parts if len(part) > 1 and not _nameless(part))
    return Name(low, word.isupper(), named)


def _nameless(word: str) -> bool:
    return word in _NAMELESS or word[0].isdigit()
