"""The daemon's health as plain data: one part per thing that it needs, each fine or not, with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the daemon needs.

    Attributes:
        name: short and stable ("redis", "model", "poll"); a key in the JSON of /readyz.
        ok: whether it works now.
        detail: what a person should know about it; never holds a secret or an address with a key in it.
    """

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """All parts; the daemon is ready when every part is fine. Without parts it is not ready yet."""

    parts: tuple[Part, ...]

    @property
    def ok(self) -> bool:
        """Whether the daemon can do its work."""
        return bool(self.parts) and all(part.ok for part in self.parts)

    def to_plain(self) -> dict[str, Any]:
        """Give the JSON form: ``{"ready": bool, "parts": {name: {"ok": bool, "detail": str}}}``."""
        return {"ready": self.ok, "parts": {part.name: {"ok": part.ok, "detail": part.detail} for part in self.parts}}


HealthCheck = Callable[[], Awaitable[Health]]
"""Asks every part how it is; may be slow or hang when a part does, the caller sets the time limit."""
