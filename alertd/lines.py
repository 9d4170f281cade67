"""What the commands that write lines of JSON have in common."""

from __future__ import annotations

import json
from typing import Any


def dump(record: dict[str, Any]) -> str:
    """A record as one line of JSON, without its end."""
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, which JSON can carry, cannot be written as UTF-8.
    return line if line.isprintable() else json.dumps(record, allow_nan=False)
