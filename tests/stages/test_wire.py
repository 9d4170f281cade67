"""Successive polls of a real wire, served one after another: exactly its new items, through restarts."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from redis.asyncio import Redis

from alertd.store import keys
from tests.feeds.world import CORPORA
from tests.stages.test_behaviour import daemon, site
from tests.stages.world import polling

POLLS = CORPORA / "polls" / "otcmarkets"
RESTARTS = (1, 2, 50)
"""Polls before which the daemon is started anew."""
FEW = 80
"""Polls that are served unless ALERTD_WHOLE_CORPORA is set: all 300 take a minute and more."""


@pytest.mark.skipif(not POLLS.is_dir(), reason="the corpus is not here")
@pytest.mark.timeout(240)
async def test_polls_give_exactly_the_new_items(redis: Redis, tmp_path: Path) -> None:
    with POLLS.with_suffix(".tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))[: None if os.environ.get("ALERTD_WHOLE_CORPORA") else FEW]
    body = b""

    def answer() -> web.Response:
        return web.Response(body=body, content_type="application/rss+xml")

    counted = _Counted(redis)
    async with site(answer) as world:
        for start, end in zip((0, *RESTARTS), (*RESTARTS, len(rows)), strict=True):
            async with daemon(redis, tmp_path, world.url, process=f"start{start}") as ctx, polling(ctx) as poller:
                (feed,) = ctx.now.configuration.settings.feeds
                assert await poller.shares.acquire()
                for row in rows[start:end]:
                    if (POLLS / row["file"]).is_file():
                        body = (POLLS / row["file"]).read_bytes()
                    await poller.poll(feed, due=True)
                    known, articles, updates = await counted.since()
                    assert known == int(row["new_ids"]), row["file"]
                    # all of them are articles, but for the old ones that were there before us
                    assert articles == (known if int(row["seq"]) else 0), row["file"]
                    assert updates <= int(row["same_id_title_changed"]), row["file"]
                await poller.shares.release()
    assert len(world.seen) == len(rows)
    assert counted.updates > 0


class _Counted:
    """What a poll added to the store."""

    def __init__(self, redis: Redis) -> None:
        self._redis = cast(Any, redis)
        self._known = 0
        self._last = "-"
        self.updates = 0

    async def since(self) -> tuple[int, int, int]:
        """Known entries, articles and updates that were added since the last call."""
        known = int(await self._redis.hlen(keys.seen("wire")))
        rows = await self._redis.xrange(keys.ARTICLES, self._last)
        added, self._known = known - self._known, known
        if rows:
            self._last = f"({rows[-1][0]}"
        updates = sum(bool(fields["update"]) for _, fields in rows)
        self.updates += updates
        return added, len(rows) - updates, updates
