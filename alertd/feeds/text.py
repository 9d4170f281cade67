"""Turns what a feed calls a title or a summary into plain text: no tags, no entities, no control characters."""

from __future__ import annotations

import html
import re
import unicodedata

# Only names that HTML has: "<AAPL> rises" and "a < b" are text, not markup.
_INLINE_NAMES = (
    "a|abbr|acronym|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|nobr|q|s|samp|small|span|strike|"
    "strong|sub|sup|time|tt|u|var|wbr"
)
_BLOCK_NAMES = (
    "address|applet|area|article|aside|audio|base|basefont|blink|blockquote|body|br|button|canvas|caption|center|col|"
    "colgroup|dd|details|dialog|dir|div|dl|dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|"
    "h6|head|header|hgroup|hr|html|iframe|img|input|label|legend|li|link|main|map|marquee|math|menu|meta|meter|nav|noframes|"
    "noscript|object|ol|optgroup|option|output|p|param|path|picture|pre|progress|rp|rt|ruby|script|section|select|"
    "source|style|summary|svg|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
_INLINE = frozenset(_INLINE_NAMES.split("|"))
_BLOCK = frozenset(_BLOCK_NAMES.split("|"))
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]*+)(?:[\s/][^<>]*+)?>")
_HIDDEN = re.compile(r"<!--|<(script|style|template|svg|iframe|noframes)(?=[\s/>])", re.IGNORECASE)
_ENDS = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE)
    for name in ("script", "style", "template", "svg", "iframe", "noframes")
}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
    r"\ud800-\udfff\ufeff\ufffe\uffff]"
)
_MARKS = re.compile(r"([\u0300-\u036f]{3})[\u0300-\u036f]+")
_ROUNDS = 2
_RAW_FACTOR = 8


def plain(value: str, limit: int) -> str:
    """Return the text that a reader would see, on one line.

    Tags are stripped, then entities unescaped, twice, for feeds that escape twice. Terminal escapes, control
    characters, direction overrides and piles of combining marks are dropped; the result is in NFC.

    Args:
        value: text or HTML as the feed gave it.
        limit: longest result, in code points; a longer one is cut and ends with "…".
    """
    text = value[: limit * _RAW_FACTOR]
    if len(text) < len(value) and text.rfind("<") > text.rfind(">"):
        text = text[: text.rfind("<")]
    for _ in range(_ROUNDS):
        if "<" in text:
            text = _strip(text)
        if "&" not in text:
            break
        text = html.unescape(text)
    else:
        text = _strip(text)
    if not text.isascii():
        text = _MARKS.sub(r"\1", unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    if not text.isprintable():
        text = " ".join(_INVISIBLE.sub("", _ESCAPES.sub("", text)).split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + "…"


def shorten(text: str, limit: int) -> str:
    """Cut plain text at a word's end so that it has at most `limit` code points, "…" included."""
    if len(text) <= limit:
        return text
    head, _, _ = text[:limit].rpartition(" ")
    return (head or text[: limit - 1]) + "…"


def _strip(text: str) -> str:
    return _TAG.sub(_in_place_of, _drop_hidden(text))


def _in_place_of(tag: re.Match[str]) -> str:
    name = tag.group(1).lower()
    if name in _INLINE:
        return ""
    return " " if name in _BLOCK else tag.group()


def _drop_hidden(text: str) -> str:
    """Remove comments and elements whose content nobody sees; an unclosed one hides the rest, as in a browser."""
    kept: list[str] = []
    position = 0
    while found := _HIDDEN.search(text, position):
        kept.append(text[position : found.start()])
        name = found.group(1)
        if name is None:
            end = text.find("-->", found.end())
            position = end + 3 if end >= 0 else len(text)
        else:
            close = _ENDS[name.lower()].search(text, found.end())
            position = close.end() if close else len(text)
    kept.append(text[position:])
    return "".join(kept)
