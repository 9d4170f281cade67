"""What tells many stories apart from an article side by side, so that most are ruled out at one price."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice, takewhile
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from alertd.stories.events import HOPELESS, LEAST_COMPANY, LEAST_OTHERS, Report, meetings, raw, unit

_FIRST_ROWS: Final = 256
_NAMES: Final = 8
"""Names of a story that are held against those of an article; of one with more only the vectors count."""
_WORDS: Final = 2
"""Of 64 bits, in which a story's issuers are noted: one for each, and as a rule another one."""
_ROUNDING: Final = 1e-4
"""What a product of many rows may differ by from one of each."""
_ANY: Final = -1
_NONE: Final = -1
_USUAL: Final = 2


class Nearby:
    """What is compared first of stories, by their ids: vectors, of the first article and the mean of all, the issuers,
    and the names in the first headline.

    Args:
        size: values of a vector; one of another size is never compared, and tells nothing apart.
    """

    def __init__(self, size: int = 384) -> None:
        self._size = size
        self._row: dict[str, int] = {}
        self._ident: list[str] = []
        self._free: list[int] = []
        self._encoders: dict[str, int] = {"": _ANY}
        self._values = np.zeros((0, size), np.int8)
        # what makes a vector's length 1; 0 where there is no vector
        self._scale = np.zeros(0, np.float32)
        # bits of the issuers, codes of the names, and whether both are of all that the story has
        self._issuers = np.zeros((0, _WORDS), np.uint64)
        self._names = np.zeros((0, _NAMES), np.uint32)
        self._whole = np.zeros(0, np.bool_)
        self._encoder = np.zeros(0, np.int16)
        self._seen = np.zeros(0, np.float64)
        # the mean has a row of its own, which most stories do not need
        self._mean = np.zeros(0, np.int32)

    def put(
        self, ident: str, first: str, mean: str, encoder: str, seen: float,
        issuers: tuple[str, ...] = (), names: tuple[str, ...] | None = None,
    ) -> int:  # fmt: skip
        """Remember a story.

        Args:
            ident: its id.
            first, mean: vectors, packed as in `Tags.embedding`; "" for none.
            encoder: what made them.
            seen: when its latest article came, Unix seconds.
            issuers: of its subjects.
            names: in its first article's headline, None where they are not known.

        Returns:
            The row in which they are until the story is dropped.
        """
        row = self._row.pop(ident, None)
        if row is None:
            row = self._taken()
            self._ident[row] = ident
        self._row[ident] = row
        self._seen[row] = seen
        self._encoder[row] = self._encoders.setdefault(encoder, len(self._encoders))
        self._code(row, issuers, names)
        self._write(row, first)
        if mean and self._mean[row] < 0:
            # not in one statement: to take a row may put a longer array in the place of this one
            taken = self._taken()
            self._mean[row] = taken
        if self._mean[row] >= 0:
            self._write(self._mean[row], mean)
        return row

    def _taken(self) -> int:
        if not self._free:
            rows = len(self._scale)
            more = max(_FIRST_ROWS, rows)
            self._values = np.concatenate((self._values, np.zeros((more, self._size), np.int8)))
            self._scale = np.concatenate((self._scale, np.zeros(more, np.float32)))
            self._issuers = np.concatenate((self._issuers, np.zeros((more, _WORDS), np.uint64)))
            self._names = np.concatenate((self._names, np.zeros((more, _NAMES), np.uint32)))
            self._whole = np.concatenate((self._whole, np.zeros(more, np.bool_)))
            self._encoder = np.concatenate((self._encoder, np.zeros(more, np.int16)))
            self._seen = np.concatenate((self._seen, np.zeros(more, np.float64)))
            self._mean = np.concatenate((self._mean, np.full(more, _NONE, np.int32)))
            self._free = list(range(rows + more - 1, rows - 1, -1))
            self._ident += [""] * more
        return self._free.pop()

    def _write(self, row: int, packed: str) -> None:
        values, scale = raw(packed) if packed else (b"", 0.0)
        same = len(values) == self._size
        self._scale[row] = scale if same else 0.0
        if same:
            self._values[row] = np.frombuffer(values, np.int8)

    def _code(self, row: int, issuers: tuple[str, ...], names: tuple[str, ...] | None) -> None:
        coded = _codes(names or ())
        whole = bool(issuers) and names is not None and len(coded) <= _NAMES
        self._whole[row] = whole
        if whole:
            self._issuers[row] = _bits(issuers)
            self._names[row, : len(coded)] = coded
            self._names[row, len(coded) :] = _NO_CODE

    def touch(self, ident: str, seen: float) -> int:
        """Remember that a story had an article that leaves all else as it is; returns its row."""
        row = self._row.pop(ident)
        self._row[ident] = row
        self._seen[row] = seen
        return row

    def __len__(self) -> int:
        """Of how many stories it has vectors."""
        return len(self._row)

    def row(self, ident: str) -> int:
        """The row of a story that was put."""
        return self._row[ident]

    def __contains__(self, ident: str) -> bool:
        """Whether it has a story's vectors."""
        return ident in self._row

    def stale(self, before: float) -> int:
        """How many stories, of those that were put first, had their latest article before a time (Unix seconds)."""
        seen = self._seen
        return sum(1 for _ in takewhile(lambda row: seen[row] < before, self._row.values()))

    def drop(self, count: int) -> list[int]:
        """Forget so many stories, those that were put first; returns their rows, which may be others' from now on."""
        dropped = []
        for ident in list(islice(self._row, count)):
            row = self._row.pop(ident)
            self._free.append(row)
            dropped.append(row)
            if self._mean[row] >= 0:
                self._free.append(int(self._mean[row]))
                self._mean[row] = _NONE
        return dropped

    def clear(self) -> None:
        """Forget all."""
        self.drop(len(self._row))

    def worth(self, rows: NDArray[np.int32], new: Report) -> list[str]:
        """Those of some stories that are worth a comparison with an article, by their ids, each once.

        None is missing for which `events.worth_comparing` holds; others may be there.

        Args:
            rows: of stories that were put, in any order.
            new: the article. Vectors of different encoders are not compared; "" is unknown.
        """
        if len(rows) and new.embedding and len(raw(new.embedding)[0]) == self._size:
            rows = rows[self._near(rows, new)]
        return [self._ident[row] for row in dict.fromkeys(rows.tolist())]

    def _near(self, rows: NDArray[np.int32], new: Report) -> NDArray[np.bool_]:
        vector = unit(new.embedding)
        first = likest = self._cosines(rows, vector)
        means = self._mean.take(rows)
        if means.max() >= 0:
            of_many = np.flatnonzero(means >= 0)
            likest = first.copy()
            likest[of_many] = np.maximum(first[of_many], self._cosines(means[of_many], vector))
        keep = likest >= HOPELESS - _ROUNDING
        if new.issuers:
            keep &= ~self._whole.take(rows) | self._may_join(rows, new, first, likest)
        # as a rule there is one encoder, and all is made by it
        if new.encoder and not (len(self._encoders) <= _USUAL and new.encoder in self._encoders):
            made = self._encoder.take(rows)
            keep |= (made != self._encoders.get(new.encoder, len(self._encoders))) & (made != _ANY)
        return keep

    def _cosines(self, rows: NDArray[np.int32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Those of rows with a vector of length 1, endless where a row has none."""
        scale = self._scale.take(rows)
        cosines: NDArray[np.float32] = (self._values.take(rows, axis=0).astype(np.float32) @ vector) * scale
        cosines[scale == 0] = np.inf
        return cosines

    def _may_join(
        self, rows: NDArray[np.int32], new: Report, first: NDArray[np.float32], likest: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Whether stories with issuers may be of the event of an article with issuers, or of one like it before."""
        names = _shared(self._names.take(rows, axis=0), _codes(new.fp.head.names))
        common = (self._issuers.take(rows, axis=0) & _bits(new.issuers)).any(1)
        # issuers may be different ones in spite of their bits: what names and meaning say counts all the same
        may: NDArray[np.bool_] = (likest >= _OTHERS.take(names, mode="clip")) | (common & (first >= _COMPANY))
        return may


_NO_CODE: Final = 0
_OTHERS: Final = np.array(LEAST_OTHERS, np.float32) - np.float32(_ROUNDING)
_COMPANY: Final = np.float32(LEAST_COMPANY - _ROUNDING)


def _shared(codes: NDArray[np.uint32], sought: NDArray[np.uint32]) -> NDArray[np.intp]:
    """How many of the codes sought are in each row."""
    found: NDArray[np.intp] = (codes[:, :, np.newaxis] == sought).any(1).sum(1)
    return found


@lru_cache(maxsize=2_048)
def _bits(issuers: tuple[str, ...]) -> NDArray[np.uint64]:
    """A bit for each of some issuers; two that have one in common may be one."""
    flags = np.zeros(64 * _WORDS, np.bool_)
    flags[[crc32(issuer.encode("utf-8", "replace")) % len(flags) for issuer in meetings(issuers)]] = True
    return np.packbits(flags).view(np.uint64)


@lru_cache(maxsize=2_048)
def _codes(names: tuple[str, ...]) -> NDArray[np.uint32]:
    """Codes of names, none of them `_NO_CODE`; two that have one code count as two."""
    return np.array([crc32(name.encode("utf-8", "replace")) or 1 for name in set(names)], np.uint32)
