"""How an article is laid out for the encoder: boilerplate cut, offsets kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from alertd import boilerplate
from alertd.articles import FieldName

EncoderField = Literal["title", "body"]
TITLE_LIMIT, SUMMARY_LIMIT, TEXT_LIMIT = 1_000, 4_000, 20_000
"""How much of each field is read, in code points."""
BODY_LIMIT = 2_500
"""How much of summary and text goes to the encoder, which reads 256 word pieces at most."""


_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a field: `start` to `end` there; `at` is where it stands in the encoder's body, -1 when it does not."""

    field: FieldName
    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Layout:
    """An article's fields as given (bounded), their pieces worth reading, and the two texts for the encoder."""

    fields: dict[FieldName, str]
    pieces: tuple[Piece, ...]
    title: str
    body: str

    def encoded(self, field: FieldName, start: int, end: int) -> tuple[EncoderField, int, int] | None:
        """Where a span of a field stands in the encoder's input, if it does."""
        for p in self.pieces:
            if p.field == field and p.start <= start and end <= p.end and p.at >= 0:
                return ("title" if field == "title" else "body"), start - p.start + p.at, end - p.start + p.at
        return None

    def given(self, field: EncoderField, start: int, end: int) -> tuple[FieldName, int, int] | None:
        """Where a span of the encoder's input stands in the fields as given, if within one piece."""
        for p in self.pieces:
            inside = p.at >= 0 and p.at <= start and end <= p.at + p.end - p.start
            if inside and (p.field == "title") == (field == "title"):
                return p.field, start - p.at + p.start, end - p.at + p.start
        return None

    def kept(self, field: FieldName, start: int, end: int) -> bool:
        """Whether a span of a field is no boilerplate."""
        return any(p.field == field and p.start <= start and end <= p.end for p in self.pieces)


def lay_out(title: str, summary: str = "", text: str = "") -> Layout:
    """Cut boilerplate and put summary and text together.

    A text that begins with the summary, or a summary that begins with the title, is not read twice.
    """
    fields: dict[FieldName, str] = {
        "title": _whole(title[:TITLE_LIMIT]),
        "summary": _whole(summary[:SUMMARY_LIMIT]),
        "text": _whole(text[:TEXT_LIMIT]),
    }
    pieces = [Piece("title", 0, len(fields["title"]), 0)] if fields["title"] else []
    body: list[str] = []
    length = 0
    names: tuple[FieldName, FieldName] = ("summary", "text")
    for name in names:
        value = fields[name]
        for start, end in boilerplate.keep(value):
            part = value[start:end]
            at = -1
            repeats = part == fields["title"] or (name == "text" and part == fields["summary"])
            if length < BODY_LIMIT and not repeats:
                at = length + bool(body)
                body.append(part)
                length = at + len(part)
            pieces.append(Piece(name, start, end, at))
    return Layout(fields, tuple(pieces), fields["title"], " ".join(body))


def _whole(text: str) -> str:
    """Half a surrogate pair is no character: tokenizers and UTF-8 refuse it."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)
