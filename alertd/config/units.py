"""Amounts as people write them in YAML: durations ("90s", "2m", "1h30m") and sizes ("5MB")."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)"
_DURATION: Final = re.compile(rf"{_PART}(?:\s*{_PART})*", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_BYTES: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?i?b)?", re.ASCII | re.IGNORECASE)


def seconds(text: str) -> float:
    """Read a duration: a number of seconds, or numbers with ms, s, m, h, d or w behind each.

    Raises:
        ValueError: it is no duration.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
    elif _DURATION.fullmatch(text):
        value = sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text, re.ASCII))
    else:
        raise ValueError("no duration; write 90s, 2m, 6h, 3d or a number of seconds")
    if not math.isfinite(value):
        raise ValueError("too long; write 90s, 2m, 6h, 3d or a number of seconds")
    return value


def size(text: str) -> int:
    """Read a size in bytes: a number, or one with kB, MB, GB (powers of 1000) or KiB, MiB, GiB (of 1024) behind.

    Raises:
        ValueError: it is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or len(found[1]) > 20:
        raise ValueError("no size; write 500kB, 5MB, 1GiB or a number of bytes")
    return int(float(found[1]) * _BYTES[(found[2] or "").lower()])


def duration_words(value: float) -> str:
    """Write seconds in the shortest form that `seconds` reads back: 0.2s, 90s, 6h, 3d."""
    for unit in ("w", "d", "h", "m"):
        many = value / _SECONDS[unit]
        if value and many == int(many) and (many > 1 or unit in {"m", "h"}):
            return f"{int(many)}{unit}"
    return f"{int(value)}s" if value == int(value) else f"{value:g}s"


def size_words(value: int) -> str:
    """Write bytes in the shortest form that `size` reads back: 10MB, 500kB, 1234."""
    for unit in ("GB", "MB", "kB"):
        if value and value % _BYTES[unit.lower()] == 0:
            return f"{value // _BYTES[unit.lower()]}{unit}"
    return str(value)


@dataclass(frozen=True)
class Duration:
    """Marks a float field as seconds, written as a duration, within bounds (in seconds)."""

    minimum: float
    maximum: float

    def read(self, value: Any) -> float:
        """Give the seconds of what the user wrote.

        Raises:
            ValueError: it is no duration, or out of bounds.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("no duration; write 90s, 2m, 6h, 3d or a number of seconds")
        found = seconds(value) if isinstance(value, str) else float(value)
        if not self.minimum <= found <= self.maximum:
            low, high = duration_words(self.minimum), duration_words(self.maximum)
            raise ValueError(f"out of range; {low} to {high}")
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": "string", "pattern": r"^[0-9.]+(ms|s|m|h|d|w)?([0-9. ]+(ms|s|m|h|d|w))*$|\$\{"}
        return {"anyOf": [{"type": "number", "minimum": self.minimum, "maximum": self.maximum}, text]}


@dataclass(frozen=True)
class Size:
    """Marks an int field as bytes, written as a size, within bounds (in bytes)."""

    minimum: int
    maximum: int

    def read(self, value: Any) -> int:
        """Give the bytes of what the user wrote.

        Raises:
            ValueError: it is no size, or out of bounds.
        """
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError("no size; write 500kB, 5MB, 1GiB or a number of bytes")
        found = size(value) if isinstance(value, str) else value
        if not self.minimum <= found <= self.maximum:
            raise ValueError(f"out of range; {size_words(self.minimum)} to {size_words(self.maximum)}")
        return found

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        text = {"type": "string", "pattern": r"^[0-9.]+ *([kKmMgG]?i?[bB])?$|\$\{"}
        return {"anyOf": [{"type": "integer", "minimum": self.minimum, "maximum": self.maximum}, text]}
