"""What the encoder reads of an article: word pieces of title and body, with how each was written and where it stands.

Training and inference both go through here, so that they see the same.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection
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
_KEPT = 40
"""Longer parts of a text are not remembered: they do not come again."""
_SIGNS = re.compile(rf"[!-Z\\-~\u2018\u2019\u201c\u201d\u2013\u2014\u2026]{{2,{_KEPT}}}")
"""Signs are words of their own, so that "profit," is no news after "profit"; but "[" may begin a special piece."""
_WORD = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]")


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

    def inside(self, field: EncoderField, start: int, end: int) -> range | None:
        """The pieces that a span touches; None when the window ends before it or nothing of it was read."""
        last = self.fields.index(-1, 1)
        first, last = (1, last) if field == "title" else (last + 1, len(self.fields) - 1)
        # pieces follow each other, so that their starts and ends are in order
        touched = range(bisect_right(self.ends, start, first, last), bisect_left(self.starts, end, first, last))
        return touched if touched and end <= self.ends[last - 1] else None

    def by_word(self, wanted: Collection[int]) -> list[tuple[int, range]]:
        """The words of these numbers in order: number and pieces; special pieces are of no word."""
        found = []
        for word in sorted(wanted):
            if word >= 0:
                first = self.words.index(word)
                found.append((word, range(first, first + self.words.count(word))))
        return found


def case(piece: str) -> int:
    """How a piece of text is written, as a number below `CASES`."""
    if piece.islower():
        return 1
    if not piece.isupper():
        return 0 if piece.upper() == piece.lower() else 2 if piece[0].isupper() and piece[1:].islower() else 4
    return 3 if len(piece) > 1 else 2


Cut = tuple[tuple[int, int, int, int, int], ...]
"""Pieces of a part of a text: id, how it is written, start and end there, number of the word there."""


class Reader:
    """Cuts articles into windows; safe to share between threads.

    Nothing of BERT's cutting looks across a blank, so that what stands between two is cut once and remembered: to look
    it up costs a hundredth of the tokenizer's time, and most of a text has been seen in others.

    Args:
        tokenizer: a `tokenizers.Tokenizer` over BERT's uncased vocabulary.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known = lru_cache(maxsize=16384)(self._cut)

    def read(self, title: str, body: str = "") -> Window:
        """Cut one article; the body gets what the title leaves. Both may be empty."""
        ids, kinds, fields = [CLS], [0], [-1]
        starts, ends, words = [0], [0], [-1]
        word = 0
        for field, text in enumerate((title, body)):
            first, shift, at = len(ids), CASES * field, 0
            for part in text.split(" ") if first < PIECES - 1 else ():
                if len(ids) >= PIECES - 1:
                    break
                for piece, written, start, end, number in self._known(part) if len(part) <= _KEPT else self._cut(part):
                    ids.append(piece)
                    kinds.append(shift + written)
                    starts.append(at + start)
                    ends.append(at + end)
                    words.append(word + number)
                word = max(word, words[-1] + 1)
                at += len(part) + 1
            if field and len(ids) == first:
                break
            for column, special in ((ids, SEP), (kinds, shift), (starts, 0), (ends, 0), (words, -1)):
                column[PIECES - 1 :] = [special]
            fields += [field] * (len(ids) - first - 1)
            fields.append(-1)
        return Window(ids, kinds, fields, starts, ends, words)

    def _cut(self, part: str) -> Cut:
        """The pieces of what stands between two blanks."""
        if not part.isascii() or not part.isalnum():
            if _SIGNS.fullmatch(part):
                return tuple(
                    (piece, written, m.start() + start, m.start() + end, word)
                    for word, m in enumerate(_WORD.finditer(part))
                    for piece, written, start, end, _ in self._known(m.group())
                )
        elif (whole := self._tokenizer.token_to_id(part.lower())) is not None:
            # the longest piece wins, and to look one up costs a tenth of the cutting
            return ((whole, case(part), 0, len(part), 0),)
        found = self._tokenizer.encode(part, add_special_tokens=False)
        return tuple(
            (piece, case(part[start:end]), start, end, word)
            for piece, (start, end), word in zip(found.ids, found.offsets, found.word_ids, strict=True)
        )
