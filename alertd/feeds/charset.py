"""Which encoding a document is in, and the same document in UTF-8.

Order: byte order mark, the shape of UTF-16 and UTF-32, valid UTF-8 (it does not happen by chance), the charset of
Content-Type, the XML declaration, and Windows-1252 as the last resort. Names of old encodings stand for the
supersets that publishers really write (Big5 with HKSCS, Shift_JIS as Windows-31J, GB2312 as GB18030).
"""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SHAPES = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
# In these ASCII bytes may be part of a longer character, or markup may be hidden: never taken at their word.
_REFUSED = {"utf-7", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "hz", "idna", "punycode"}
_ASCII = bytes(range(0x80))
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


def to_utf8(body: bytes, content_type: str = "") -> bytes:
    """Return the document in UTF-8 with a byte order mark, which outranks any other declaration.

    Bytes that are wrong in an otherwise plausible UTF-8 document become U+FFFD instead of turning all of it into
    Windows-1252.

    Args:
        body: the document, decompressed.
        content_type: value of the Content-Type header, or "".
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _encode(body[len(mark) :].decode(name, "replace"))
    start = body[:64].lstrip(b" \t\r\n")
    for shape, name in _SHAPES:
        if start.startswith(shape):
            return _encode(body.decode(name, "replace"))
    claimed = [name for name in (charset_of_header(content_type), _declared(body)) if name]
    shifting = next((name for name in claimed if name.startswith("iso2022")), "")
    if _is_valid(body, shifting or "utf-8"):
        return _encode(body.decode(shifting)) if shifting else codecs.BOM_UTF8 + body
    for name in claimed:
        if name != "utf-8" and _is_valid(body, name):
            return _encode(body.decode(name))
    loose = body.decode("utf-8", "replace")
    wrong = loose.count("\ufffd")
    right = len(loose) - wrong - (len(body) - len(body.translate(None, _ASCII)))
    if right > 2 * wrong:
        return _encode(loose)
    best = next((name for name in claimed if _multibyte(name)), "cp1252")
    return _encode(body.decode(best, "replace"))


def _encode(text: str) -> bytes:
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def charset_of_header(content_type: str) -> str:
    """The encoding that a Content-Type header names, as Python knows it; "" when it names none that can be used."""
    found = _IN_HEADER.search(content_type)
    return _known(found.group(1)) if found else ""


def _declared(body: bytes) -> str:
    found = _DECLARED.search(body[:1024])
    return _known(found.group(1).decode("ascii")) if found else ""


def _known(name: str) -> str:
    try:
        standard = codecs.lookup(name).name
    except LookupError:
        return ""
    standard = _SUPERSETS.get(standard, standard)
    return "" if standard in _REFUSED else standard


def _multibyte(name: str) -> bool:
    return name in {"big5hkscs", "cp932", "gb18030", "cp949", "euc_jp", "cp950"}


def _is_valid(body: bytes, name: str) -> bool:
    try:
        body.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
