"""What of a document is new: its items, cut apart without reading them, held against those of the document before.

Most documents repeat what the one before showed, byte for byte, and reading costs a hundred times what comparing does.
Only what can be cut apart beyond doubt is; the rest is read whole: pages, JSON, other encodings than UTF-8, DTDs, items
inside of items, markup that does not close. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from alertd.feeds.identity import Identity

LARGEST: Final = 4_000_000
"""Bytes of a document up to which it is cut apart."""
MOST_ITEMS: Final = 5_000
"""Items up to which it is."""

MOST_KEPT: Final = 64_000_000
"""Bytes of hashes that are kept of documents: about a million items."""

_MARK = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<[!?]|<(/?)((?:[\w.-]+:)?(?:item|entry))(?=[\s/>])[^<>]*>", re.DOTALL
)
_DATE = re.compile(
    rb"<((?:[\w.-]+:)?(?:lastBuildDate|pubDate|updated|modified|published|date))(?:\s[^<>]*)?>[^<]*</\1\s*>"
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_SIZE: Final = 8
_HASH: Final = 12
_NONE: Final = "0" * 2 * _HASH


@dataclass(frozen=True, slots=True)
class Cut:
    """A document cut apart.

    Attributes:
        pieces: what stands before, between and behind its items: one more than there are items.
        items: its items as they stand there.
        frame: hash of the pieces, but for dates and comments, which change with every document.
        digests: a hash of each item.
    """

    pieces: tuple[bytes, ...]
    items: tuple[bytes, ...]
    frame: str
    digests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is kept of a document to hold the next one against; small, for there are many feeds.

    Attributes:
        frame: that of its `Cut`.
        items: hash and identity of each item, one after another.
        listed_at: Unix seconds at which it was stored last that all of its entries are there.
    """

    frame: str
    items: bytes
    listed_at: float

    @classmethod
    def of(cls, cut: Cut, identities: Sequence[Identity], listed_at: float) -> Shown:
        """Keep what the items of a document were found to be."""
        parts: list[str] = []
        for digest, one in zip(cut.digests, identities, strict=True):
            parts += (digest, one.guid or _NONE, one.link or _NONE, one.title, one.said)
        return cls(cut.frame, bytes.fromhex("".join(parts)), listed_at)

    def identities(self) -> dict[str, Identity]:
        """The identity of each item by its hash."""
        text, found = self.items.hex(), {}
        for at in range(0, len(text), 2 * (_SIZE + 4 * _HASH)):
            start, *hashes, end = (at + 2 * (_SIZE + number * _HASH) for number in range(5))
            guid, link = text[start : hashes[0]], text[hashes[0] : hashes[1]]
            found[text[at:start]] = Identity(
                "" if guid == _NONE else guid, "" if link == _NONE else link,
                text[hashes[1] : hashes[2]], text[hashes[2] : end],
            )  # fmt: skip
        return found


class Shelf:
    """What documents showed, by feed, up to a number of bytes: what was put there first goes first.

    Args:
        most: bytes of all hashes together; the rest of a place takes about as much again for small documents.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: dict[str, Shown] = {}
        self._size = 0

    def get(self, feed: str) -> Shown | None:
        """What the last document of a feed showed, None when it is not there."""
        return self._kept.get(feed)

    def put(self, feed: str, shown: Shown) -> None:
        """Keep what a document showed in the place of the one before."""
        self.pop(feed)
        self._kept[feed] = shown
        self._size += len(shown.items)
        while self._size > self._most:
            self.pop(next(iter(self._kept)))

    def pop(self, feed: str) -> None:
        """Drop what is kept of a feed, if anything is."""
        shown = self._kept.pop(feed, None)
        self._size -= len(shown.items) if shown else 0

    def clear(self) -> None:
        """Drop all."""
        self._kept.clear()
        self._size = 0


def cut(body: bytes) -> Cut | None:
    """Cut a document apart; None when it cannot be done beyond doubt."""
    # what shifts, UTF-16 and UTF-32, and gzip are not text of one byte a sign
    if len(body) > LARGEST or b"\x1b" in body or b"\0" in body or body.startswith(b"\x1f\x8b") or not _is_utf8(body):
        return None
    pieces: list[bytes] = []
    items: list[bytes] = []
    name, start, end = b"", -1, 0
    for found in _MARK.finditer(body):
        begin, stop = found.span()
        slash, tag = found.groups()
        if tag is None:
            if stop - begin == len(b"<!"):
                return None
            continue
        name = name or tag
        closing = start >= 0
        if tag != name or bool(slash) != closing or body[stop - 2 : stop] == b"/>" or len(items) == MOST_ITEMS:
            return None
        if closing:
            end = stop
            items.append(body[start:end])
            start = -1
        else:
            pieces.append(body[end:begin])
            start = begin
    if start >= 0 or not items:
        return None
    pieces.append(body[end:])
    return Cut(tuple(pieces), tuple(items), _frame(pieces), tuple(map(_digest, items)))


def only(document: Cut, numbers: Collection[int]) -> bytes:
    """The document with some of its items only.

    Args:
        numbers: those that are kept, from 0.
    """
    parts = [document.pieces[0]]
    for number, (item, piece) in enumerate(zip(document.items, document.pieces[1:], strict=True)):
        parts += (item, piece) if number in numbers else (piece.strip(),)
    return b"".join(parts)


def _frame(pieces: Sequence[bytes]) -> str:
    # how many items stand between must not count
    outside = b"".join((pieces[0], *(piece.strip() for piece in pieces[1:])))
    return _digest(_DATE.sub(rb"<\1>", _COMMENT.sub(b"", outside)))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=_SIZE).hexdigest()


def _is_utf8(body: bytes) -> bool:
    if body.isascii():
        return True
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
