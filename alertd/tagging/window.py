"""What the encoder reads of an article: word pieces of title and body, with how each was written and where it stands.

Training and inference both go through here, so that they see the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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

    ids: list[int]
    kinds: list[int]
    fields: list[int]
    starts: list[int]
    ends: list[int]
    words: list[int]

    def inside(self, field: EncoderField, start: int, end: int) -> list[int] | None:
        """The pieces that a span touches; None when the window ends before it or nothing of it was read."""
        number = FIELDS.index(field)
        touched, farthest = [], -1
        for at, own in enumerate(self.fields):
            if own == number:
                farthest = self.ends[at]
                if self.starts[at] < end and farthest > start:
                    touched.append(at)
        return touched if touched and end <= farthest else None

    def by_word(self, wanted: Collection[int]) -> list[tuple[int, range]]:
        """The words of these numbers in order: number and pieces; special pieces are of no word."""
        found = []
        for word in sorted(wanted):
            if word >= 0:
                first = self.words.index(word)
                found.append((word, range(first, first + self.words.count(word))))
        return found


@lru_cache(maxsize=16384)
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
        kinds += [CASES * field + case(text[start:end]) for start, end in offsets]
        starts += [start for start, _ in offsets]
        ends += [end for _, end in offsets]
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
    return Window(ids, kinds, fields, starts, ends, words)
