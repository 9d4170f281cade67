"""The file of what `alertd symbols update` learnt: beside the state, small, and replaced as a whole.

The package itself never changes; `alertd/tagging/updated.py` lays one over the other.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from alertd.errors import GazetteerError
from alertd.tagging.registrants import Standing

FOLDER: Final = "symbols"
"""Folder of the file, in that of the state."""
FILE: Final = "sec.json"
LARGEST: Final = 8_000_000
"""Bytes of the file."""
_FORMAT: Final = 1
_HINT: Final = "remove the file, and run `alertd symbols update`"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What an update brought.

    Attributes:
        base: version of the gazetteer that it was made for.
        made: Unix seconds.
        source: the file or address that it came from.
        standings: the companies that are not as that gazetteer has them.
    """

    base: str
    made: float
    source: str
    standings: tuple[Standing, ...]


def place(state: Path) -> Path:
    """Where the file lies, for a folder of state."""
    return state / FOLDER / FILE


def read(file: Path) -> Overlay | None:
    """Read the file; None when there is none.

    Raises:
        GazetteerError: it cannot be read, or is none.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise GazetteerError(f"cannot be read: {error.strerror}", where=str(file), hint=_HINT) from error
    try:
        plain = json.loads(data) if len(data) <= LARGEST else None
        if not isinstance(plain, dict) or plain.get("format") != _FORMAT:
            raise GazetteerError("is no list of symbols of this version", where=str(file), hint=_HINT)
        standings = tuple(_standing(row) for row in plain["standings"])
        return Overlay(str(plain["base"]), float(plain["made"]), str(plain["source"]), standings)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GazetteerError("is damaged", where=str(file), hint=_HINT) from error


def _standing(row: Mapping[str, Any]) -> Standing:
    current, former = (tuple(str(s) for s in row[key]) for key in ("current", "former"))
    return Standing(int(row["cik"]), str(row["name"]), int(row["prior"]), current, former, str(row["anchor"]))


def write(file: Path, overlay: Overlay) -> None:
    """Write the file; who reads it meanwhile has the old one or the new one, whole.

    Raises:
        GazetteerError: it cannot be written, or would be too large.
    """
    plain = {"format": _FORMAT, "base": overlay.base, "made": overlay.made, "source": overlay.source,
             "standings": [asdict(s) for s in overlay.standings]}  # fmt: skip
    data = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > LARGEST:
        raise GazetteerError(f"would have {len(data):,} bytes, more than {LARGEST:,}", where=str(file))
    fresh = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        fresh.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise GazetteerError(
            f"cannot be written: {error.strerror}", where=str(file), hint="check room and rights of the folder"
        ) from error
