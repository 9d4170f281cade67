"""Real daemons that benchmarks start: where they listen once they are ready."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import aiohttp


async def ready_at(word: Path) -> str:
    """The address of a daemon that is ready; "" while it is not.

    Args:
        word: `daemon.json` in its state folder.
    """
    try:
        url: str = json.loads(await asyncio.to_thread(word.read_text, encoding="utf-8"))["url"]
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
            return url if answer.status == 200 else ""
    except (OSError, ValueError, aiohttp.ClientError):
        return ""
