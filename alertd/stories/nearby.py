"""The vectors of many stories side by side, so that most of what an article cannot belong to is told at one price."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alertd.stories.events import HOPELESS, raw, unit

_FIRST_ROWS: Final = 256
_ANY: Final = -1
_NONE: Final = -1
_USUAL: Final = 2


class Nearby:
    """Vectors of stories by the stories' ids: of each that of its first article, and the mean of all.

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
        # the product with a vector of length 1 from which on two are worth a comparison: any, where there is no vector
        self._enough = np.zeros(0, np.float32)
        self._encoder = np.zeros(0, np.int16)
        self._seen = np.zeros(0, np.float64)
        # the mean has a row of its own, which most stories do not need
        self._mean = np.zeros(0, np.int32)

    def put(self, ident: str, first: str, mean: str, encoder: str, seen: float) -> int:
        """Remember a story's vectors, packed as in `Tags.embedding`; "" for none.

        Args:
            seen: when its latest article came, Unix seconds.

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
            rows = len(self._enough)
            more = max(_FIRST_ROWS, rows)
            self._values = np.concatenate((self._values, np.zeros((more, self._size), np.int8)))
            self._enough = np.concatenate((self._enough, np.zeros(more, np.float32)))
            self._encoder = np.concatenate((self._encoder, np.zeros(more, np.int16)))
            self._seen = np.concatenate((self._seen, np.zeros(more, np.float64)))
            self._mean = np.concatenate((self._mean, np.full(more, _NONE, np.int32)))
            self._free = list(range(rows + more - 1, rows - 1, -1))
            self._ident += [""] * more
        return self._free.pop()

    def _write(self, row: int, packed: str) -> None:
        values, scale = raw(packed) if packed else (b"", 0.0)
        same = len(values) == self._size
        self._enough[row] = HOPELESS / scale if same and scale else -np.inf
        if same:
            self._values[row] = np.frombuffer(values, np.int8)

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

    def worth(self, rows: NDArray[np.int32], embedding: str, encoder: str) -> list[str]:
        """Those of some stories that are not hopelessly unlike an article in meaning, by their ids, each once.

        Args:
            rows: of stories that were put, in any order.
            embedding: the article's vector, "" for none.
            encoder: what made it; vectors of different encoders are not compared. "" is unknown.
        """
        if len(rows) and embedding and len(raw(embedding)[0]) == self._size:
            rows = rows[self._near(rows, unit(embedding), encoder)]
        return [self._ident[row] for row in dict.fromkeys(rows.tolist())]

    def _near(self, rows: NDArray[np.int32], vector: NDArray[np.float32], encoder: str) -> NDArray[np.bool_]:
        keep = self._like(rows, vector)
        means = self._mean.take(rows)
        if means.max() >= 0:
            of_many = np.flatnonzero(means >= 0)
            keep[of_many] |= self._like(means[of_many], vector)
        # as a rule there is one encoder, and all is made by it
        if encoder and not (len(self._encoders) <= _USUAL and encoder in self._encoders):
            made = self._encoder.take(rows)
            keep |= (made != self._encoders.get(encoder, len(self._encoders))) & (made != _ANY)
        return keep

    def _like(self, rows: NDArray[np.int32], vector: NDArray[np.float32]) -> NDArray[np.bool_]:
        product = self._values.take(rows, axis=0).astype(np.float32) @ vector
        like: NDArray[np.bool_] = product >= self._enough.take(rows)
        return like
