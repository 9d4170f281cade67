"""What an article holds in a few bytes: most of those that share a band are told apart without reading them.

Words of the headline and pairs of words of the text become bits, as in a Bloom filter (B. Bloom, Space/time trade-offs
in hash coding, 1970): two articles have at most as many in common as their bits allow.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from alertd.stories import sketches
from alertd.stories.fingerprints import ALIKE, INSIDE, RELATED, SAME_TEXT, Fingerprint, content

UNKNOWN: Final = -1
_NOBODY: Final = 0
_MOST_WORDS: Final = 255
_OF_WORDS, _OF_PAIRS = 64, 256
_SPREAD: Final = np.uint32(2_654_435_761)  # Knuth's multiplier: neighbouring codes go far apart


@dataclass(frozen=True, slots=True)
class Outlined:
    """Outlines of some articles, in their order.

    Attributes:
        words, pairs: bits of the meaningful words of each headline, (articles, 1), and of the pairs of neighbouring
            words in the beginning of each text, (articles, 4).
        said: how many words each headline has, 255 for as many or more, (articles,).
        told: how many pairs each text has, equal ones counted apart, (articles,).
        addresses: a hash of each canonical address, 0 for none, (articles,).
    """

    words: NDArray[np.uint64]
    pairs: NDArray[np.uint64]
    said: NDArray[np.uint8]
    told: NDArray[np.uint8]
    addresses: NDArray[np.uint32]


def outlined(fps: Sequence[Fingerprint]) -> Outlined:
    """The outlines of articles."""
    titles = [list(map(sketches.code, content(fp.title))) for fp in fps]
    said = np.fromiter(map(len, titles), np.intp, len(fps))
    words = np.fromiter(chain.from_iterable(titles), np.uint32, int(said.sum()))
    texts = [a2b_base64(fp.words) for fp in fps]
    sizes = np.fromiter(map(len, texts), np.intp, len(fps)) // 2
    codes = np.frombuffer(b"".join(texts), np.uint16).astype(np.uint32)
    whose = np.repeat(np.arange(len(fps)), sizes)
    # the last word of a text and the first of the next are no pair
    inside = np.flatnonzero(whose[:-1] == whose[1:])
    pairs = (codes[inside] << np.uint32(16) | codes[inside + 1]) * _SPREAD >> np.uint32(24)
    return Outlined(
        _bits(np.repeat(np.arange(len(fps)), said), words % _OF_WORDS, len(fps), _OF_WORDS),
        _bits(whose[inside], pairs, len(fps), _OF_PAIRS),
        np.minimum(said, _MOST_WORDS).astype(np.uint8),
        np.maximum(sizes - 1, 0).astype(np.uint8),
        np.array([crc32(fp.address.encode("utf-8", "replace")) or 1 if fp.address else 0 for fp in fps], np.uint32),
    )


def _bits(whose: NDArray[np.intp], which: NDArray[np.uint32], count: int, width: int) -> NDArray[np.uint64]:
    flags = np.zeros((count, width), np.bool_)
    flags[whose, which] = True
    return np.packbits(flags, axis=1).view(np.uint64)


class Outlines:
    """The outlines of the articles that were accepted last, by their places in the order.

    Args:
        most: articles of which they are kept, 62 bytes for each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._place = np.zeros(most, np.int64)
        self._words = np.zeros((most, _OF_WORDS // 64), np.uint64)
        self._pairs = np.zeros((most, _OF_PAIRS // 64), np.uint64)
        self._said, self._told = np.zeros(most, np.uint8), np.zeros(most, np.uint8)
        self._address = np.zeros(most, np.uint32)
        self._original = np.zeros(most, np.int64)

    def clear(self) -> None:
        """Forget all."""
        self._place[:] = _NOBODY

    def put(self, before: int, new: Outlined, originals: Sequence[int]) -> None:
        """Remember articles.

        Args:
            before: the place of the article before the first of them.
            new: their outlines.
            originals: the places of those that they copy, 0 for none, `UNKNOWN` where it is not known.
        """
        places = np.arange(before + 1, before + 1 + len(originals))
        at = places % self._most
        self._place[at], self._original[at] = places, originals
        self._words[at], self._said[at] = new.words, new.said
        self._pairs[at], self._told[at] = new.pairs, new.told
        self._address[at] = new.addresses

    def kept(self, new: Outlined, met: Sequence[Sequence[int]]) -> list[Sequence[int]]:
        """Leave out those articles that cannot matter to the entries that meet them.

        Args:
            new: the outlines of the entries.
            met: for each entry the places of the articles that it meets.

        Returns:
            The same without those that `fingerprints.compared` neither takes for its original nor for a contradiction
            of it; but for the originals of others that stay, which are compared as well. What is not known stays.
        """
        sizes = [len(places) for places in met]
        if not any(sizes):
            return list(met)
        places = np.fromiter(chain.from_iterable(met), np.int64, sum(sizes))
        entry = np.repeat(np.arange(len(sizes)), sizes)
        at = places % self._most
        known = self._place[at] == places
        stays = ~known | self._alike(new, entry, at)
        original = np.where(known, self._original[at], UNKNOWN)[stays]
        # of what copies an article that is not known, that may be any
        unsure = np.zeros(len(sizes), np.bool_)
        unsure[entry[stays][original == UNKNOWN]] = True
        stays |= unsure[entry]
        stays |= np.isin(places, original[original > _NOBODY])
        kept = iter(stays.tolist())
        return [[place for place in one if next(kept)] for one in met]

    def _alike(self, new: Outlined, entry: NDArray[np.intp], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        here, there = new.said[entry].astype(np.int64), self._said[at].astype(np.int64)
        common, _, _ = _shared(new.words[entry], self._words[at], here)
        titles, inside = here + there - common, np.minimum(here, there)
        pairs, mine, theirs = _shared(new.pairs[entry], self._pairs[at], new.told[entry].astype(np.int64))
        shorter = np.minimum(mine, theirs)
        address = new.addresses[entry]
        found: NDArray[np.bool_] = (
            (common >= ALIKE * titles)
            | (common >= INSIDE * inside)
            | ((common >= RELATED * titles) & (shorter > 0) & (pairs >= SAME_TEXT * shorter))
            | (np.maximum(here, there) == _MOST_WORDS)
            | ((address == self._address[at]) & (address != 0))
        )
        return found


def _shared(
    a: NDArray[np.uint64], b: NDArray[np.uint64], size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How much each two sets have in common at most, and how much each has at least.

    Args:
        a, b: their bits.
        size: how much is in each of the first, what is in it twice counted twice or not.
    """
    both, mine, theirs = (np.bitwise_count(bits).sum(axis=1, dtype=np.int64) for bits in (a & b, a, b))
    # several of one set may have the same bit
    return both + size - mine, mine, theirs
