"""What is kept of a text's words: a short code for each in order, from which likeness and exchanged words are read.

Codes are 16 bits of a CRC of the word's stem, the same in every process. Likeness is containment of word pairs;
articles that may be alike meet by MinHash (A. Broder, On the resemblance and containment of documents, 1997).
"""

from __future__ import annotations

import base64
from array import array
from binascii import a2b_base64
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from alertd.stories.words import IRREGULAR, POLES, STOP, TURNS, UNITS

LONGEST = 64
"""Words of a text that are kept."""
_CODE = 2
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""), ("e", ""))

_random = np.random.Generator(np.random.PCG64(1997))
_MULTIPLY = _random.integers(1, 2**63, 32, dtype=np.uint64) | np.uint64(1)
_ADD = _random.integers(0, 2**63, 32, dtype=np.uint64)


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word without its ending, so that "raises" and "raised" are one; numbers and short words stay as they are."""
    word = IRREGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha() or word.endswith("ss"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + instead
    return word


@lru_cache(maxsize=16_384)
def code(word: str) -> int:
    """The code of a folded word."""
    return crc32(stem(word).encode("utf-8", "replace")) & 0xFFFF


def codes(words: Iterable[str]) -> bytes:
    """The codes of folded words, two bytes each."""
    return array("H", map(code, words)).tobytes()


def pack(coded: Iterable[bytes]) -> str:
    """The codes of the first words of a text, given as `codes` of its parts, base64."""
    return base64.b64encode(b"".join(coded)[: LONGEST * _CODE]).decode()


@lru_cache(maxsize=8_192)
def unpack(packed: str) -> tuple[int, ...]:
    """The codes that `pack` wrote."""
    return tuple(array("H", a2b_base64(packed)))


def beginning(packed: str, count: int) -> array[int]:
    """The codes of the first words of a packed text."""
    # four letters hold three bytes
    return array("H", a2b_base64(packed[: -(-count * _CODE // 3) * 4])[: count * _CODE])


@lru_cache(maxsize=8_192)
def pairs(packed: str) -> frozenset[int]:
    """The pairs of neighbouring words of a packed text."""
    found = unpack(packed)
    return frozenset(a << 16 | b for a, b in pairwise(found))


def containment(a: str, b: str) -> float:
    """How much of the shorter packed text is in the longer one, 0..1; 0 when one has none."""
    x, y = pairs(a), pairs(b)
    return len(x & y) / min(len(x), len(y)) if x and y else 0.0


def least(sets: Sequence[Collection[int]], count: int) -> NDArray[np.uint16]:
    """The MinHash of each of some sets, none empty, of numbers below 2**32: a row of `count` values of 16 bits."""
    sizes = [len(values) for values in sets]
    return _least(np.fromiter(chain.from_iterable(sets), np.uint64, sum(sizes)), sizes, count)


def least_pairs(parts: Sequence[Sequence[int]], count: int) -> NDArray[np.uint16]:
    """The same of the pairs of neighbours in each of some sequences of codes, of two at least."""
    sizes = [len(part) for part in parts]
    every = np.fromiter(chain.from_iterable(parts), np.uint64, sum(sizes))
    pairs = every[:-1] << np.uint64(16) | every[1:]
    # what is no pair reaches from one sequence into the next
    pairs = np.delete(pairs, np.cumsum(sizes[:-1], dtype=np.intp) - 1)
    return _least(pairs, [size - 1 for size in sizes], count)


def _least(every: NDArray[np.uint64], sizes: Sequence[int], count: int) -> NDArray[np.uint16]:
    if not sizes:
        return np.zeros((0, count), "<u2")
    hashed = every[:, None] * _MULTIPLY[:count] + _ADD[:count]
    starts = np.cumsum([0, *sizes[:-1]])
    lowest: NDArray[np.uint64] = np.minimum.reduceat(hashed, starts, axis=0) >> np.uint64(32)
    return (lowest & np.uint64(0xFFFF)).astype("<u2")


def opposites(a: Iterable[int], b: Iterable[int]) -> bool:
    """Whether two sets of codes, each without the other's words, hold words at opposite ends of one axis."""
    ends = {_POLES[c] for c in a if c in _POLES}
    return any((axis, -sign) in ends for axis, sign in (_POLES[c] for c in b if c in _POLES))


def synonyms(a: int, others: Iterable[int]) -> bool:
    """Whether a code is a word at the same end of an axis as one of the others."""
    return a in _POLES and any(_POLES.get(c) == _POLES[a] for c in others)


def turns(codes: Sequence[int]) -> int:
    """How often a text turns itself around ("not", "fails")."""
    return sum(c in _TURNS for c in codes)


def meaningful(codes: Iterable[int]) -> set[int]:
    """The codes without those of words that carry no meaning, and of units, which figures are compared with."""
    return set(codes) - _STOP - _UNITS


_STOP = frozenset(code(w) for w in STOP)
_UNITS = frozenset(code(w) for w in UNITS)
_TURNS = frozenset(code(w) for w in TURNS)
_POLES: dict[int, tuple[str, int]] = {}
for _word, _end in POLES.items():
    _POLES.setdefault(code(_word), _end)
