"""Which examples are held out: by text, near duplicates on one side."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

HELD_OUT = 0.08
"""Share of the groups of near duplicates that is kept for measuring."""
_ALIKE = 0.6
_COMMON = 40
_WORD = re.compile(r"[a-z]+|\d+")


def held_out(texts: Sequence[str], share: float = HELD_OUT) -> list[bool]:
    """Say for each text whether it is held out; the same texts give the same answer in any order."""
    groups = group(texts)
    smallest: dict[int, str] = {}
    for text, g in zip(texts, groups, strict=True):
        key = " ".join(_WORD.findall(text.lower()))
        smallest[g] = min(smallest.get(g, key), key)
    chosen = {g: int(hashlib.sha256(k.encode()).hexdigest()[:8], 16) / 2**32 < share for g, k in smallest.items()}
    return [chosen[g] for g in groups]


def group(texts: Sequence[str]) -> list[int]:
    """Number the groups of near duplicates: texts that share more than 0.6 of their pairs of words (Jaccard).

    Pairs are compared over their rare shingles only, so that ten thousands of headlines take seconds.
    """
    shingles = [_shingles(t) for t in texts]
    counts = Counter(s for found in shingles for s in found)
    places: dict[str, list[int]] = defaultdict(list)
    parent = list(range(len(texts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, found in enumerate(shingles):
        rare = sorted(found, key=lambda s: (counts[s], s))[: max(3, int(len(found) * (1 - _ALIKE)) + 1)]
        near = {j for s in rare if counts[s] <= _COMMON for j in places[s]}
        for j in near:
            if root(i) != root(j) and len(found & shingles[j]) >= _ALIKE * len(found | shingles[j]):
                parent[root(i)] = root(j)
        for s in found:
            if counts[s] <= _COMMON:
                places[s].append(i)
    return [root(i) for i in range(len(texts))]


def _shingles(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[i : i + 2]) for i in range(max(1, len(words) - 1)))
