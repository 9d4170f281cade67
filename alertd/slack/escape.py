"""Untrusted text on its way into a message: cleaned, escaped, split between words; links only where they are safe.

Slack's mrkdwn gives meaning to `&`, `<` and `>` alone (docs.slack.dev/messaging/formatting-message-text); rich text
and plain text are shown literally, so titles go there, and only the fallback text needs escaping.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import urlsplit

LINK_LIMIT = 3_000
"""Longest address that Slack takes in a link, in characters."""

_SPACES = re.compile(r"\s+")
_KEPT = {"\u200c", "\u200d"}
"""Joiners: Persian, Indic scripts and emoji families are wrong without them."""
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def clean(text: str, *, lines: bool = False) -> str:
    """Drop what has no place in a headline: control, bidirectional and invisible characters, lone surrogates.

    Args:
        text: anything.
        lines: keep line breaks (each line is still cleaned); otherwise all white space becomes one space.
    """
    if lines:
        return "\n".join(clean(line) for line in text.splitlines()).strip("\n")
    spaced = _SPACES.sub(" ", text.replace("\u2028", " ").replace("\u2029", " "))
    kept = (c for c in spaced if c in _KEPT or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return _SPACES.sub(" ", "".join(kept)).strip(" \u200c\u200d")


def escape(text: str) -> str:
    """Make text literal in mrkdwn: `<!channel>` pings nobody, `<https://…|Reuters>` is no link."""
    for character, entity in _ENTITIES:
        text = text.replace(character, entity)
    return text


def unescape(text: str) -> str:
    """Turn the three entities back, as Slack does when it shows a message."""
    for character, entity in reversed(_ENTITIES):
        text = text.replace(entity, character)
    return text


def safe_link(url: str) -> str:
    """The address when it may become a link, else "".

    Only absolute http and https addresses with a host, without user information (`https://bank.com@evil.example/`
    reads as another site), without white space or control characters, and of at most `LINK_LIMIT` characters.
    """
    if not 0 < len(url) <= LINK_LIMIT or clean(url) != url or " " in url or set(url) & set('<>|\\"'):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return ""
    allowed = parts.scheme in ("http", "https") and host and "@" not in parts.netloc
    return url if allowed else ""


def size(text: str) -> int:
    """Length as a limit may count it: UTF-16 units after escaping, the largest of the ways in which Slack counts."""
    return len(escape(text).encode("utf-16-le", "surrogatepass")) // 2


def split_words(text: str, limit: int, *, first: int | None = None) -> list[str]:
    """Cut text into pieces of at most `limit` (as `size` counts), between words.

    Args:
        text: anything; an empty text gives no piece.
        limit: largest size of a piece, at least 16.
        first: largest size of the first piece when it differs.

    Returns:
        The pieces in order. A single word longer than a piece is cut, for it has no better place.
    """
    pieces: list[str] = []
    room = limit if first is None else first
    rest = text.strip(" ")
    while size(rest) > room:
        end = _last_fitting(rest, room)
        space = max(rest.rfind(" ", 0, end + 1), rest.rfind("\n", 0, end + 1))
        cut = space if space > 0 else end
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
        room = limit
    return [*pieces, rest] if rest else pieces


def _last_fitting(text: str, room: int) -> int:
    """Largest end at which `text[:end]` fits, not between a letter and what combines with it."""
    end = used = 0
    for character in text:
        used += size(character)
        if used > room:
            break
        end += 1
    back = end
    while back > 1 and (unicodedata.combining(text[back]) or "\u200d" in text[back - 1 : back + 1]):
        back -= 1
    return back if back > 1 else max(end, 1)


def fit(text: str, limit: int) -> str:
    """The text, or as many of its whole words as fit with an ellipsis; for places that cannot be split."""
    if size(text) <= limit:
        return text
    return split_words(text, limit - 2)[0] + " …"


def when(seconds: float) -> str:
    """UTC time in words, for where Slack cannot show the reader's own; "" for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def date_token(seconds: float, pattern: str = "{date_short_pretty} {time}") -> str:
    """A mrkdwn date that each reader sees in their own zone; "" for an impossible time."""
    fallback = when(seconds)
    return f"<!date^{int(seconds)}^{pattern}|{fallback}>" if fallback else ""
