"""What the encoder reads of an article: word pieces of title and body, with how each was written and where it stands.

Training and inference both go through here, so that they see the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alertd.tagging.layout import EncoderField

PIECES = 256
"""Word pieces that one article may have, the special ones included."""
PAD, CLS, SEP = 0, 101, 102
"""Ids of BERT's vocabulary."""
CASES = 5
"""Ways to write a piece: no letter, lower, Capitalised, UPPER, miXed. The vocabulary itself has no capitals."""
KINDS = 2 * CASES
"""A piece's kind is how it is written, plus `CASES` when it stands in the body."""
FIELDS: tuple[EncoderField, EncoderField] = ("title", "body")


@dataclass(frozen=True, slots=True)
class Window:
    """The pieces of one article, in order.

    Attributes:
        ids: of the vocabulary, special pieces included.
        kinds: how each is written and where, below `KINDS`.
        fields: 0 for the title, 1 for the body, -1 for a special piece.
        starts, ends: code points of that field; 0 for special pieces.
        words: number of the word that the piece belongs to; pieces of one word follow each other.
    """

    ids: NDArray[np.int64]
    kinds: NDArray[np.int64]
    fields: NDArray[np.int8]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    words: NDArray[np.int32]

    def inside(self, field: EncoderField, start: int, end: int) -> NDArray[np.intp] | None:
        """The pieces that a span touches; None when the window ends before it or nothing of it was read."""
        own = self.fields == FIELDS.index(field)
        if not own.any() or end > int(self.ends[own][-1]):
            return None
        touched = np.flatnonzero(own & (self.starts < end) & (self.ends > start))
        return touched if len(touched) else None


def case(piece: str) -> int:
    """How a piece of text is written, as a number below `CASES`."""
    if piece.islower():
        return 1
    if not piece.isupper():
        return 0 if piece.upper() == piece.lower() else 2 if piece[0].isupper() and piece[1:].islower() else 4
    return 3 if len(piece) > 1 else 2


def read(tokenizer: Any, texts: Sequence[tuple[str, str]]) -> list[Window]:
    """Cut articles (title, body) into windows; the body gets what the title leaves.

    Args:
        tokenizer: a `tokenizers.Tokenizer` over BERT's uncased vocabulary.
        texts: pairs of title and body; both may be empty.
    """
    flat = [part for pair in texts for part in pair]
    encodings = tokenizer.encode_batch(flat, add_special_tokens=False) if flat else []
    return [_window(((title, encodings[2 * i]), (body, encodings[2 * i + 1]))) for i, (title, body) in enumerate(texts)]


def _window(parts: tuple[tuple[str, Any], tuple[str, Any]]) -> Window:
    ids, kinds, fields = [CLS], [0], [-1]
    starts, ends, words = [0], [0], [-1]
    word = 0
    for field, (text, encoding) in enumerate(parts):
        room = PIECES - len(ids) - 1
        if field and (room <= 0 or not encoding.ids):
            break
        offsets = encoding.offsets[:room]
        for start, end in offsets:
            kinds.append(CASES * field + case(text[start:end]))
            starts.append(start)
            ends.append(end)
        ids += encoding.ids[:room]
        fields += [field] * len(offsets)
        words += [word + w for w in encoding.word_ids[:room]]
        word = max(word, words[-1] + 1)
        ids.append(SEP)
        kinds.append(CASES * field)
        fields.append(-1)
        starts.append(0)
        ends.append(0)
        words.append(-1)
    return Window(
        np.array(ids, np.int64),
        np.array(kinds, np.int64),
        np.array(fields, np.int8),
        np.array(starts, np.int32),
        np.array(ends, np.int32),
        np.array(words, np.int32),
    )
