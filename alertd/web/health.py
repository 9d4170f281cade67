"""The daemon's health as plain data: one part per thing that it needs, each fine or not, with a reason."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from alertd.errors import AlertdError

logger = logging.getLogger(__name__)


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


async def answered(check: HealthCheck, limit: float) -> Health | None:
    """Ask how all is, and wait so many seconds for the answer; None when there is none by then.

    A check that fails is an answer as well: a part of its own that is not fine.
    """
    asked = asyncio.ensure_future(check())
    try:
        # asyncio.wait, for wait_for would go on waiting when a part ignores its cancellation
        done, _ = await asyncio.wait({asked}, timeout=limit)
    finally:
        asked.cancel()
    if not done:
        return None
    error = asked.exception()
    if error is None:
        return asked.result()
    logger.warning("the readiness check failed", exc_info=error)
    return Health((Part("check", False, str(error) if isinstance(error, AlertdError) else type(error).__name__),))
