"""The vectors of many stories side by side, so that most of what an article cannot belong to is told at one price."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from alertd.stories.events import HOPELESS, raw, unit

_FIRST_ROWS: Final = 256
_ANY: Final = -1
_KINDS: Final = 2
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
        self._values = np.zeros((_KINDS, 0, size), np.int8)
        self._scale = np.zeros((_KINDS, 0), np.float32)
        self._encoder = np.zeros(0, np.int16)

    def put(self, ident: str, first: str, mean: str, encoder: str) -> int:
        """Remember a story's vectors, packed as in `Tags.embedding`; "" for none.

        Returns:
            The row in which they are until the story is dropped.
        """
        row = self._row.get(ident)
        if row is None:
            if not self._free:
                self._grow()
            row = self._row[ident] = self._free.pop()
            self._ident[row] = ident
        self._encoder[row] = self._encoders.setdefault(encoder, len(self._encoders))
        for kind, packed in enumerate((first, mean)):
            values, scale = raw(packed) if packed else (b"", 0.0)
            same = len(values) == self._size
            self._scale[kind, row] = scale if same else 0.0
            if same:
                self._values[kind, row] = np.frombuffer(values, np.int8)
        return row

    def _grow(self) -> None:
        rows = len(self._encoder)
        more = max(_FIRST_ROWS, rows)
        self._values = np.concatenate((self._values, np.zeros((_KINDS, more, self._size), np.int8)), axis=1)
        self._scale = np.concatenate((self._scale, np.zeros((_KINDS, more), np.float32)), axis=1)
        self._encoder = np.concatenate((self._encoder, np.zeros(more, np.int16)))
        self._free = list(range(rows + more - 1, rows - 1, -1))
        self._ident += [""] * more

    def __len__(self) -> int:
        """Of how many stories it has vectors."""
        return len(self._row)

    def row(self, ident: str) -> int:
        """The row of a story that was put."""
        return self._row[ident]

    def drop(self, ident: str) -> int:
        """Forget a story; its row, which is given back, may be another one's from now on."""
        row = self._row.pop(ident)
        self._free.append(row)
        return row

    def clear(self) -> None:
        """Forget all."""
        for ident in list(self._row):
            self.drop(ident)

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
        scales, means = self._scale[0].take(rows), self._scale[1].take(rows)
        # as a rule there is one encoder, and all is made by it
        if encoder and not (len(self._encoders) <= _USUAL and encoder in self._encoders):
            made = self._encoder.take(rows)
            comparable = (made == self._encoders.get(encoder, len(self._encoders))) | (made == _ANY)
            scales, means = scales * comparable, means * comparable
        keep: NDArray[np.bool_] = (self._values[0].take(rows, axis=0).astype(np.float32) @ vector) * scales >= HOPELESS
        keep |= scales == 0
        of_many = np.flatnonzero(means)
        if len(of_many):
            vectors = self._values[1].take(rows[of_many], axis=0).astype(np.float32)
            keep[of_many] |= (vectors @ vector) * means[of_many] >= HOPELESS
        return keep
