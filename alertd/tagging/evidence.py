"""Which spans of an article count as companies: candidates of the linker, judged by the encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from alertd.articles import FieldName
from alertd.tagging.companies import Found, Given, Scores
from alertd.tagging.continued import is_another
from alertd.tagging.encoder import Encoded
from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.tagging.layout import Layout
from alertd.tagging.linker import Candidate, Spellings, link, unlisted
from alertd.tagging.words import core

Span = tuple[FieldName, int, int]
Linked = tuple[FieldName, Candidate]
"""A candidate with the field where it stands."""
_LONGEST_UNKNOWN = 60
_NEAR_CODE = 25
_WORD = re.compile(r"[^\W_]+")
_OPENING = re.compile(r"(?:^|[.!?][\"'\u201d\u2019)]{0,2}\s)[\s\"'\u201c\u2018(]{0,4}\Z")
"""What stands before the first word of a sentence."""
_LONGEST_OPENING = 8
_PARTED = re.compile(r"[^\w &.'\u2019-]|\band\b")
"""What parts two names, so that the first is not the beginning of the second."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which P(company) a span counts.

    Attributes:
        name: a distinctive name of the gazetteer.
        ambiguous: an ordinary word, place or short form that is also a name.
        lower: a name without a capital letter.
        used: an ambiguous name whose word the article also uses in lower case: one sense per discourse is the rule
            (W. Gale, K. Church, D. Yarowsky, One Sense Per Discourse, 1992), so that the encoder has to be sure.
        unknown: a span that the encoder found and the gazetteer does not know.
        opening: the same for a single word that opens a sentence, where a capital letter says nothing.
    """

    name: float = 0.1
    ambiguous: float = 0.5
    lower: float = 0.7
    used: float = 0.97
    unknown: float = 0.6
    opening: float = 0.9


def given_names(entities: Sequence[tuple[str, str]], gazetteer: Gazetteer) -> list[Given]:
    """The names that the caller gave, each with its issuer; repeated and empty ones once or not at all."""
    found = {}
    for name, symbol in entities:
        if name.strip() and name not in found:
            issuer = (gazetteer.resolve(symbol) if symbol else None) or gazetteer.resolve(name) or unlisted(name)
            found[name] = Given(name, issuer)
    return list(found.values())


def counts(candidate: Candidate, scores: Scores | None, thresholds: Thresholds, *, used: bool = False) -> bool:
    """Whether a candidate is the company that it may be; `used` says that its word stands in lower case elsewhere."""
    if candidate.kind in ("code", "watched"):
        return True
    if scores is None:
        return candidate.kind == "name"
    if candidate.lower:
        return scores.company >= thresholds.lower
    if candidate.kind == "name":
        return scores.company >= thresholds.name
    return scores.company >= (thresholds.used if used else thresholds.ambiguous)


def linked(layout: Layout, gazetteer: Gazetteer, watched: Spellings) -> list[Linked]:
    """What the linker finds in the fields of an article, boilerplate left out. Needs no encoder."""
    return [
        (field, candidate)
        for field, text in layout.fields.items()
        for candidate in (link(text, gazetteer, [watched]) if text else ())
        if layout.kept(field, candidate.start, candidate.end)
    ]


def find(
    layout: Layout,
    candidates: Sequence[Linked],
    given: Sequence[Given],
    encoded: Encoded | None,
    thresholds: Thresholds,
) -> list[Found]:
    """All spans that count: given names, what the linker found and the encoder confirms, what it finds itself.

    Args:
        layout: the article.
        candidates: as `linked` gives them.
        given: the names that the caller gave.
        encoded: what the encoder says; None where it does not read the article.
        thresholds: from which P(company) a span counts.
    """
    found = _given_spans(layout, given, encoded)
    own: list[Span] = [(f.field, f.start, f.end) for f in found]
    seen = list(own)
    known = {g.issuer.key: g.name for g in given}
    codes: list[Linked] = []
    names = _seen_names(layout, encoded, thresholds)
    plain = _PlainWords(layout)
    for field, c in candidates:
        text = layout.fields[field]
        if _meets(own, field, c.start, c.end):
            continue
        if c.kind == "ambiguous" and part_of_longer(text, (field, c.start, c.end), names):
            continue
        if c.kind in ("ambiguous", "name") and begins_another(text, field, c, names):
            continue
        seen.append((field, c.start, c.end))
        scores = _scores(layout, encoded, field, c.start, c.end)
        span = text[c.start : c.end]
        if counts(c, scores, thresholds, used=c.kind == "ambiguous" and span.lower() in plain):
            found.append(Found(field, c.start, c.end, span, c.issuer, scores, known.get(c.issuer.key, "")))
            if c.kind == "code":
                codes.append((field, c))
    return found + _unknown(layout, encoded, names, seen, found, codes)


def part_of_longer(text: str, span: Span, names: Sequence[Span]) -> bool:
    """Whether a span ends a longer name that the encoder sees: "Waters" in "Muddy Waters", "Webster" in a hyphen.

    What comes before a name makes it another company's; what comes behind it is mostly a unit or a legal form.
    """
    field, start, end = span
    for f, first, last in names:
        before = text[first:start]
        if f == field and first < start and end <= last and not _PARTED.search(before):
            return any(w[0].isupper() for w in _WORD.findall(before))
    return False


def begins_another(text: str, field: FieldName, candidate: Candidate, names: Sequence[Span]) -> bool:
    """Whether a candidate only begins the name of another company, as the encoder sees it: "Apple" in "Apple Bank"."""
    return any(
        f == field and first == candidate.start and last > candidate.end and is_another(text, candidate, last)
        for f, first, last in names
    )


class _PlainWords:
    """The words that an article uses in lower case, and their singulars."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def __contains__(self, word: str) -> bool:
        # to look for the letters spares the cutting of almost all texts
        return any(word in text for text in self._layout.fields.values()) and word in self._all

    @cached_property
    def _all(self) -> frozenset[str]:
        words = {
            word
            for piece in self._layout.pieces
            for word in _WORD.findall(self._layout.fields[piece.field][piece.start : piece.end])
            if word.islower()
        }
        return frozenset(words | {word.removesuffix("s") for word in words})


def _seen_names(layout: Layout, encoded: Encoded | None, thresholds: Thresholds) -> list[Span]:
    """Where the encoder sees names of companies, in the fields as given."""
    names = []
    for span in encoded.mentions() if encoded else ():
        place = layout.given(span.field, span.start, span.end)
        if place is None:
            continue
        text = layout.fields[place[0]]
        opens = place[0] != "title" and " " not in text[place[1] : place[2]] and _opens(text, place[1])
        if span.probability >= (thresholds.opening if opens else thresholds.unknown):
            names.append(_bare(text, *place))
    return names


def _opens(text: str, start: int) -> bool:
    """Whether a sentence begins at a place."""
    return _OPENING.search(text, max(0, start - _LONGEST_OPENING), start) is not None


def _scores(layout: Layout, encoded: Encoded | None, field: FieldName, start: int, end: int) -> Scores | None:
    place = layout.encoded(field, start, end) if encoded else None
    span = encoded.span(*place) if encoded and place else None
    return Scores(span.company, span.role, span.sentiment) if span else None


def _meets(spans: Sequence[Span], field: FieldName, start: int, end: int) -> bool:
    return any(f == field and start < b and a < end for f, a, b in spans)


def _given_spans(layout: Layout, given: Sequence[Given], encoded: Encoded | None) -> list[Found]:
    """Where the given names stand; one inside a longer one counts only when it stands nowhere else."""
    places = {g.name: _occurrences(layout, g.name) for g in given}
    found = []
    for g in given:
        longer = [s for name, spans in places.items() if len(name) > len(g.name) for s in spans]
        own = [s for s in places[g.name] if not _meets(longer, *s)] or places[g.name]
        for field, start, end in own:
            text = layout.fields[field][start:end]
            scores = _scores(layout, encoded, field, start, end)
            found.append(Found(field, start, end, text, g.issuer, scores, g.name))
    return found


def _occurrences(layout: Layout, name: str) -> list[Span]:
    bare = re.escape(name.strip())
    for pattern, flags in (
        (rf"(?<!\w){bare}(?!\w)", 0),
        (rf"(?<!\w){bare}(?!\w)", re.IGNORECASE),
        (bare, re.IGNORECASE),
    ):
        spans: list[Span] = [
            (field, m.start(), m.end())
            for field, text in layout.fields.items()
            for m in re.finditer(pattern, text, flags)
            if layout.kept(field, m.start(), m.end())
        ]
        if spans:
            return spans
    return []


def _unknown(
    layout: Layout,
    encoded: Encoded | None,
    names: Sequence[Span],
    seen: Sequence[Span],
    found: Sequence[Found],
    codes: Sequence[Linked],
) -> list[Found]:
    """Companies that the encoder sees and the gazetteer does not know; a code beside one says who it is."""
    more: list[Found] = []
    for field, start, end in names:
        text = layout.fields[field][start:end]
        fit = 2 <= len(text) <= _LONGEST_UNKNOWN and any(c.isalpha() for c in text)
        if (
            not fit
            or _meets(seen, field, start, end)
            or _meets([(m.field, m.start, m.end) for m in more], field, start, end)
        ):
            continue
        issuer = (
            _beside(layout.fields[field], field, start, end, codes) or _same([*found, *more], text) or unlisted(text)
        )
        scores = _scores(layout, encoded, field, start, end)
        more.append(Found(field, start, end, text, issuer, scores))
    return more


def _bare(text: str, field: FieldName, start: int, end: int) -> Span:
    """The span without a possessive, quotes or punctuation at its ends."""
    if text[start:end].endswith(("'s", "\u2019s")):
        end -= 2
    while start < end and not (text[start].isalnum() or text[start] == "$"):
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return field, start, end


def _beside(text: str, field: FieldName, start: int, end: int, codes: Sequence[Linked]) -> Issuer | None:
    for where, code in codes:
        if where != field:
            continue
        behind = text[end : code.start]
        if 0 < len(behind) <= _NEAR_CODE and "(" in behind and ")" not in behind and behind.strip(" (:").isascii():
            return code.issuer
        if text[code.start] == "$" and text[code.end : start] == " ":
            return code.issuer
    return None


def _same(found: Sequence[Found], text: str) -> Issuer | None:
    """Whom an unknown name repeats: "PharmaCyte" after "PharmaCyte Biotech"."""
    name = core(text)
    for f in found:
        other = core(f.text)
        if name == other or other.startswith(name + " ") or name.startswith(other + " "):
            return f.issuer
    return None
