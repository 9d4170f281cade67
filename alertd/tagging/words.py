"""Words of a text as the gazetteer knows them: folded, with their place in the input as given."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Initials ("J.P.", "U.S") are one word, a possessive and an ampersand are words of their own.
_WORD = re.compile(r"(?<!\w)[^\W\d_](?:\.[^\W\d_])+(?!\w)|(?<=\w)['\u2019][sS](?!\w)|[^\W_]+|&")
MAX_WORD = 40
"""Longer words are cut before they are looked up: no company's name has one."""


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


LEGAL = vocabulary(
    "inc incorporated corp corporation co company ltd limited plc llc lp ag sa se nv spa ab asa oyj oy as kgaa gmbh "
    "aktiengesellschaft bhd berhad tbk pcl pjsc jsc ojsc sab sarl bv kk holdings holding pvt pty publ"
)
"""Legal forms: they end a name and are no part of what people say."""


class Word(NamedTuple):
    """One word: `text[start:end]` of the input, and its folded form."""

    start: int
    end: int
    folded: str


@lru_cache(maxsize=16384)
def fold(word: str) -> str:
    """Fold a word for comparison: lower case, no accents, no dots; "and" is an ampersand."""
    if word.isascii():
        folded = word.lower().replace(".", "")
    else:
        plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
        folded = plain.casefold().replace(".", "").replace("\u2019", "'")
    return "&" if folded == "and" else folded[:MAX_WORD]


Columns = tuple[list[int], list[int], list[str]]
"""Words, one column each for their starts, ends and folded forms."""


def columns(text: str) -> Columns:
    """Split a text into words in order; offsets are code points of `text`."""
    starts: list[int] = []
    ends: list[int] = []
    folded: list[str] = []
    at = 0
    # no word looks across a blank, and most parts between two have been seen in other texts
    for part in text.split(" "):
        for start, end, word in _known(part) if len(part) <= MAX_WORD else _split(part):
            starts.append(at + start)
            ends.append(at + end)
            folded.append(word)
        at += len(part) + 1
    return starts, ends, folded


def words(text: str) -> list[Word]:
    """The same, one record a word."""
    return [Word(*word) for word in zip(*columns(text), strict=True)]


def _split(part: str) -> tuple[Word, ...]:
    if part.isascii() and part.isalnum():
        return (Word(0, len(part), fold(part)),)
    return tuple(Word(m.start(), m.end(), fold(m.group())) for m in _WORD.finditer(part))


_known = lru_cache(maxsize=16384)(_split)


def normalise(name: str) -> str:
    """The form under which a name is looked up: folded words joined by one space."""
    return " ".join(columns(name)[2])


def core(name: str) -> str:
    """A name's normal form without "the" before it and legal forms after it ("The Gap, Inc." gives "gap").

    A name of nothing else ("Holdings Inc") stays whole.
    """
    parts = normalise(name).split()
    end = len(parts)
    while end > 1 and (parts[end - 1] in LEGAL or parts[end - 1] == "&"):
        end -= 1
    start = 1 if end > 1 and parts[0] == "the" else 0
    return " ".join(parts[start:end])
