"""How much room the store has left, in memory and on the disk, and what the operator hears well before it is gone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alertd.stages.context import Context
from alertd.stages.operator import tell
from alertd.store import keys
from alertd.store.streams import lag
from alertd.troubles import EARLY, FULL

LEAST_MB: Final = 1000.0
"""Megabytes on the disk below which the operator is warned, however little the store takes."""
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Room:
    """What the store takes and may take, in megabytes.

    Attributes:
        used_mb: memory that its data takes.
        limit_mb: memory that it may take: `store.max_mb`, or Redis' own `maxmemory` where that is less.
        free_mb: what is free on the disk of an embedded server; None where the server is elsewhere.
    """

    used_mb: float
    limit_mb: float
    free_mb: float | None = None

    @property
    def needed_mb(self) -> float:
        """What should be free on the disk: a rewrite of the append-only file stands beside the old one for a while."""
        return max(LEAST_MB, 2 * self.used_mb)

    @property
    def tight(self) -> bool:
        """Whether the memory is short."""
        return self.used_mb >= EARLY * self.limit_mb


def shortages(room: Room, waiting: int) -> dict[str, str]:
    """What is short, by a name for it, in words for the operator; nothing while there is room enough. Pure.

    Args:
        waiting: articles under way between the stages, what grows while one of them lags; counts where memory is short.
    """
    found = {}
    if room.tight:
        cause = (
            f"{waiting:,} articles wait, so that a stage lags: `alertd status` names it."
            if waiting > 1000
            else "No stage lags: what is remembered has grown. Raise store.max_mb, or lower archive.max_mb or "
            "stories.window."
        )
        found["memory"] = (
            f"The store uses {room.used_mb:.0f} of {room.limit_mb:.0f} MB; at {FULL * room.limit_mb:.0f} MB polling "
            f"waits. {cause}"
        )
    if room.free_mb is not None and room.free_mb < room.needed_mb:
        found["disk"] = (
            f"The disk of the store has {room.free_mb:,.0f} MB left and should have {room.needed_mb:,.0f}: when it is "
            "full nothing can be taken in. Free some space, or move store.folder to a larger disk."
        )
    return found


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Rooms:
    """Looks how much room there is, and warns once a day while it is short.

    Args:
        context: what stages share.
        free: gives the free bytes of the disk that holds a folder.
    """

    def __init__(self, context: Context, free: Callable[[Path], int] = _free) -> None:
        self._context = context
        self._free = free
        self._told: dict[str, float] = {}

    async def look(self) -> Room:
        """Measure, show it in metrics and /readyz, and warn."""
        context, settings = self._context, self._context.now.configuration.settings
        used, limit = await context.store.memory(settings.store.max_mb)
        free = None
        if settings.redis.url is None and settings.store.folder.exists():
            free = await asyncio.to_thread(self._free, settings.store.folder) / 1e6
        room = Room(used, limit, free)
        context.metrics.room(room.used_mb, room.limit_mb, room.free_mb)
        waiting = sum([await lag(context.store, stream) for stream in keys.GROUPS]) if room.tight else 0
        short = shortages(room, waiting)
        full = used > FULL * limit
        context.ready["room"] = (not full, f"{used:.0f} of {limit:.0f} MB{': polling waits' if full else ''}")
        now = context.clock()
        for name, text in short.items():
            if now - self._told.get(name, float("-inf")) >= _DAY:
                self._told[name] = now
                # other processes see the same: by the day it is said once
                await tell(context, f"room {name} {now // _DAY:.0f}", text)
        for name in self._told.keys() - short.keys():
            del self._told[name]
        return room
