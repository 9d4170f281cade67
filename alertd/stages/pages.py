"""The full text of new entries, where a feed asks for it: fetched before they become articles, left when it is late."""

from __future__ import annotations

import base64
import logging
import zlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, cast

from alertd.config import FeedSettings
from alertd.feeds import Fetcher
from alertd.feeds.extraction import Extractor
from alertd.feeds.fulltext import FullText
from alertd.stages.accept import Judged
from alertd.stages.context import Context
from alertd.stages.pressure import PAGES, Pressure
from alertd.store import keys
from alertd.store.connection import Store

logger = logging.getLogger(__name__)


class StoredTexts:
    """Keeps texts in Redis, deflated, until they expire (`fulltext.Cache`)."""

    def __init__(self, store: Store) -> None:
        self._redis = cast(Any, store.redis)

    async def get(self, name: str) -> str | None:
        """What was kept under a name, None when it was not or is forgotten."""
        kept = await self._redis.get(keys.kept(name))
        return None if kept is None else zlib.decompress(base64.b64decode(kept)).decode("utf-8", "surrogatepass")

    async def put(self, name: str, text: str, seconds: float) -> None:
        """Keep a text for so long."""
        packed = base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"))).decode("ascii")
        await self._redis.set(keys.kept(name), packed, px=int(seconds * 1000))


async def open_pages(stack: AsyncExitStack, context: Context) -> Pages:
    """Build what gets the full text of entries; it costs nothing until a feed asks for it."""
    settings = context.now.configuration.settings
    # a fetcher of its own: no page takes a feed's turn at a host
    fetcher = await stack.enter_async_context(
        Fetcher(contact=settings.contact, allow_private=settings.allow_private_addresses)
    )
    extractor = await stack.enter_async_context(Extractor())
    return Pages(context, FullText(fetcher, extractor, StoredTexts(context.store)))


class Pages:
    """Puts the text of its page into each new entry that may alert.

    Args:
        context: what stages share.
        full_text: gets the texts.
    """

    def __init__(self, context: Context, full_text: FullText) -> None:
        self._context = context
        self._full_text = full_text
        self._pressure = Pressure(context)

    async def filled(self, feed: FeedSettings, items: Sequence[Judged]) -> list[Judged]:
        """Entries that are about to become articles, with the texts of their pages in those that may alert."""
        context = self._context
        new = [item.entry for item in items if item.verdict.may_alert]
        if new and await self._pressure.over(PAGES):
            context.metrics.pages.labels(outcome="shed").inc(len(new))
            return list(items)
        pages = await self._full_text.pages(new, user_agent=feed.user_agent, wait=feed.full_text_wait)
        texts = {}
        for entry, page in zip(new, pages, strict=True):
            context.metrics.pages.labels(outcome=page.outcome).inc()
            if page.text:
                texts[id(entry)] = page.text
        return [
            replace(item, entry=replace(item.entry, text=texts[id(item.entry)])) if id(item.entry) in texts else item
            for item in items
        ]
