"""Records in Redis, small: JSON, deflated with a dictionary of what all of them hold, as text."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Final

_COMMON: Final = (
    b'"published":17"generic":false,"issuers":["i:"],"events":["commentary"],"sources":["Reuters"],'
    b'"embedding":"","encoder":"minilm-l6-","reports":1,"mean":"","first_seen":17"last_seen":17"first_url":"https://www.'
    b'"direction":0,"revision":1,"articles":1,"title":"directions":["move+","move-","trade+"],"periods":["weekday '
    b'","month ","year 2026","quarter ","span quarter"],"figures":[" $"," %"," eur"],"names":["{"address":"","title":"'
    b'"outlet":"","words":"","head":{"figures":[],"periods":[],"directions":[],"names":[]},"lead":{"figures":[],'
    b'"periods":[],"directions":[],"names":[]}}'
)
"""What the deflater may refer to from the start; records written with another text here cannot be read."""


def pack(plain: Any) -> str:
    """Write plain data."""
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15, zdict=_COMMON)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return base64.b64encode(deflater.compress(text) + deflater.flush()).decode("ascii")


def unpack(text: str) -> Any:
    """Read what `pack` wrote.

    Raises:
        ValueError: it was not written by `pack`.
    """
    inflater = zlib.decompressobj(-15, zdict=_COMMON)
    try:
        return json.loads(inflater.decompress(base64.b64decode(text)).decode("utf-8", "surrogatepass"))
    except zlib.error as error:
        raise ValueError(f"no packed record: {error}") from error
