"""Bounds a document before a parser sees it: entity bombs, depth, attributes, elements, number of items.

A linear scan over the markup; it understands comments, CDATA and processing instructions and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DEPTH = 2_500
"""Elements inside each other; feedparser's time grows with the square of it."""
MAX_ATTRIBUTE_PAIRS = 50_000_000
"""Sum of the squares of the numbers of attributes: feedparser takes about 16 ns for each."""
MAX_ELEMENTS = 80_000
"""Elements of one document."""
MAX_STRAY = 20_000
"""Signs that open markup and are none, outside of CDATA; each costs feedparser's lenient reader up to 20 µs."""
MAX_REFERENCES = 2_000_000
"""Ampersands of one document."""
MAX_RUN = 200_000
"""Bytes of one stretch of text that are kept: ten times what is ever used of it."""
MAX_EXPANSION = 200_000
"""Bytes that all references to the document's own entities together may become."""

_TOKEN = re.compile(rb"<!--|<!\[CDATA\[|<\?|<(/?)([A-Za-z_][^\s<>/]*+)([^<>]*+)>")
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_ROOT = re.compile(rb"<[A-Za-z_]")
_ENTITY = re.compile(rb"<!ENTITY\s+([^\s%\"'<>]+)\s+(?:\"([^\"]*)\"|'([^']*)')\s*>")
_ANY_ENTITY = re.compile(rb"<!ENTITY[^>]*>")
# References to halves of a pair, and beyond the last character: readers of markup fail at them.
_UNSOUND = re.compile(
    rb"(?:&#(?:0*5[5-7]\d{3}|[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2});?)+|&#(?:\d{7,}|[xX][0-9a-fA-F]{6,});?"
)
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|(\d+))")
_HIGHEST = 0x10FFFF
_FEW_ATTRIBUTES = 50
_LONG_GAP = 1_000_000
_LONGEST_REFERENCE = 12

MAX_JSON = 30_000_000
"""Bytes of memory that the values of a JSON document may take, as far as its signs tell."""
# What CPython takes for a string (two quotes each), an object, a list and a place in a list.
_JSON_COSTS = ((b'"', 29), (b"{", 240), (b"[", 64), (b",", 8))


class HostileError(ValueError):
    """The document is beyond a bound; the message says which, in words."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """A document that is safe to parse.

    Attributes:
        body: the document, cut behind its last accepted item if it had too many.
        cut: True when items were cut off.
    """

    body: bytes
    cut: bool


def bound(body: bytes, max_items: int) -> Bounded:
    """Return the document with at most `max_items` items, no endless text, and no entities that would blow it up.

    Args:
        body: the document in UTF-8.
        max_items: items (RSS) or entries (Atom) that are kept, in the order of the document.

    Raises:
        HostileError: it is nested too deep or has too many elements or attributes.
    """
    body = _without_bombs(_with_sound_references(body))
    if body.count(b"&") > MAX_REFERENCES:
        raise HostileError(f"more than {MAX_REFERENCES:,} references")
    items = elements = pairs = stray = position = 0
    stack: list[bytes] = []
    cuts: list[tuple[int, int]] = []
    while found := _TOKEN.search(body, position):
        if found.start() > position + 1:
            stray = _count_stray(body, position, found.start(), stray)
            _note_run(body, position, found.start(), cuts)
        name = found.group(2)
        if name is None:
            end = body.find(_ENDS[found.group()], found.end())
            if end < 0:
                break
            _note_run(body, found.end(), end, cuts)
            position = end
            continue
        position = found.end()
        if found.group(1):
            if stack:
                stack.pop()
            continue
        elements += 1
        rest = found.group(3)
        if rest.count(b"=") > _FEW_ATTRIBUTES:
            pairs += _attributes(rest) ** 2
        if _is_item(name):
            items += 1
            if items > max_items:
                closing = b"".join(b"</" + open_name + b">" for open_name in reversed(stack))
                return Bounded(_without(body, cuts, found.start()) + closing, cut=True)
        if not rest.endswith(b"/"):
            stack.append(name)
        _check(depth=len(stack), elements=elements, pairs=pairs)
    _count_stray(body, position, len(body), stray)
    _note_run(body, position, len(body), cuts)
    return Bounded(_without(body, cuts, len(body)), cut=False)


def bound_json(body: bytes) -> None:
    """Refuse a JSON document whose values would take far more memory than its text.

    Raises:
        HostileError: it has too many values.
    """
    if sum(body.count(sign) * cost for sign, cost in _JSON_COSTS) > MAX_JSON:
        raise HostileError("more values than a feed could have")


def _note_run(body: bytes, start: int, end: int, cuts: list[tuple[int, int]]) -> None:
    """Note what of a stretch of text is too much; neither a character nor a reference is cut in two."""
    if end - start <= MAX_RUN:
        return
    at = start + MAX_RUN
    while body[at] & 0xC0 == 0x80 and at > start:
        at -= 1
    reference = body.rfind(b"&", at - _LONGEST_REFERENCE, at)
    cuts.append((at if reference < 0 or b";" in body[reference:at] else reference, end))


def _without(body: bytes, cuts: list[tuple[int, int]], end: int) -> bytes:
    if not cuts:
        return body[:end]
    starts = [0, *(stop for _, stop in cuts)]
    ends = [*(start for start, _ in cuts), end]
    return b"".join(body[start:stop] for start, stop in zip(starts, ends, strict=True))


def _is_item(name: bytes) -> bool:
    return name.rpartition(b":")[2].lower() in (b"item", b"entry")


def _check(*, depth: int, elements: int, pairs: int) -> None:
    if depth > MAX_DEPTH:
        raise HostileError(f"elements nested more than {MAX_DEPTH:,} deep")
    if elements > MAX_ELEMENTS:
        raise HostileError(f"more than {MAX_ELEMENTS:,} elements")
    if pairs > MAX_ATTRIBUTE_PAIRS:
        raise HostileError("elements with thousands of attributes")


def _count_stray(body: bytes, start: int, end: int, before: int) -> int:
    """Add up the signs in a stretch of text that open markup but are none."""
    signs = body.count(b"<", start, end)
    if before + signs > MAX_STRAY or (signs and end - start > _LONG_GAP):
        raise HostileError("markup that never closes")
    return before + signs


def _attributes(rest: bytes) -> int:
    return len(re.findall(rb"[\s\"'][^\s\"'=]+=", b" " + re.sub(rb"=\"[^\"]*\"|='[^']*'", b"= ", rest)))


def _with_sound_references(body: bytes) -> bytes:
    """Put the character for two references that stand for the halves of one, and U+FFFD for what is no character."""
    return _UNSOUND.sub(_characters, body) if b"&#" in body else body


def _characters(found: re.Match[bytes]) -> bytes:
    numbers = [_number(*parts) for parts in _REFERENCE.findall(found.group())]
    if numbers[0] <= _HIGHEST and not 0xD800 <= numbers[0] <= 0xDFFF:
        return found.group()  # only written with many zeros
    units = b"".join(min(number, 0xFFFF).to_bytes(2, "little") for number in numbers)
    return units.decode("utf-16-le", "replace").encode() if numbers[0] <= _HIGHEST else b"\xef\xbf\xbd"


def _number(high: bytes, low: bytes) -> int:
    digits = (high or low).lstrip(b"0")
    return int(digits or b"0", 16 if high else 10) if len(digits) <= 8 else _HIGHEST + 1


def _without_bombs(body: bytes) -> bytes:
    root = _ROOT.search(body)
    prolog = body[: root.start()] if root else body
    if b"<!ENTITY" not in prolog:
        return body
    if root is None:
        return _ANY_ENTITY.sub(b"", body)
    rest = body[root.start() :]
    expansion = 0
    for found in _ENTITY.finditer(prolog):
        value = found.group(2) or found.group(3) or b""
        if b"&" in re.sub(rb"&#\w{1,8};", b"", value):
            expansion = MAX_EXPANSION + 1
            break
        expansion += rest.count(b"&" + found.group(1) + b";") * len(value)
        if expansion > MAX_EXPANSION:
            break
    if expansion <= MAX_EXPANSION:
        return body
    return _ANY_ENTITY.sub(b"", prolog) + rest
