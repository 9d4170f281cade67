"""By what the entries of a document are known again under new guids, small enough to be stored for every feed. Pure."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from alertd.feeds.identity import Identity

MOST: Final = 2_000
"""Entries of a document of which it is kept; the rest are known by their guids alone."""
_TWIN: Final = 6
_KEY: Final = 12
_BLOCK: Final = (_TWIN + _KEY) * 4 // 3


def twin(one: Identity) -> str:
    """What an entry keeps when its feed gives it a new guid: link and title together, or source and title."""
    words = f"{one.link}\x1f{one.said}" if one.link else f"\x1f{one.title}"
    return hashlib.blake2b(words.encode(), digest_size=_TWIN).hexdigest()


def packed(identities: Mapping[str, Identity]) -> str:
    """Write what the entries of a document are known again by.

    Args:
        identities: key of an entry → its identity, in the order of the document.
    """
    rows = [twin(one) + key for key, one in list(identities.items())[:MOST]]
    return b64encode(bytes.fromhex("".join(rows))).decode()


def unpacked(text: str) -> dict[str, str]:
    """Read what `packed` wrote: twin → key; what is damaged counts as nothing, for it only spares copies."""
    found: dict[str, str] = {}
    for at in range(0, len(text) - _BLOCK + 1, _BLOCK):
        try:
            row = b64decode(text[at : at + _BLOCK], validate=True).hex()
        except ValueError:
            return {}
        found.setdefault(row[: 2 * _TWIN], row[2 * _TWIN :])
    return found
