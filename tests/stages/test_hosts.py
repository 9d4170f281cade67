"""What a host held when it died goes on at another one within the time that is promised."""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis

from alertd.stages.context import LEFT_BEHIND, LOOK_BACK, STANDBY
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.leases import BEAT, PATIENCE
from alertd.store.streams import Reader
from tests.stages.world import at_work, context, entry, stream, taken, until

PROMISED = 15.0
"""Seconds after a host's death within which its work has moved; docs/scale.md says so."""


def test_the_promise_holds_for_what_is_leased_and_for_what_is_tagged() -> None:
    assert PATIENCE + BEAT + STANDBY <= PROMISED
    assert LEFT_BEHIND + LOOK_BACK <= PROMISED


async def test_articles_that_a_dead_tagger_held_are_tagged_by_another(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx, context(redis, tmp_path, process="dead", now=ctx.now) as other:
        ids = await taken(ctx, entry("Xiaomi opens a plant"), entry("Jefferies starts Xiaomi at Buy"))
        held = await Reader(other.store, keys.ARTICLES, other.process, idle=LEFT_BEHIND).fresh(10)
        assert [delivery.id for delivery in held] == ids

        async def tagged() -> bool:
            return len(await stream(redis, keys.TAGGED)) == len(ids)

        async with at_work(TagStage(ctx).work):
            await until(tagged, "what the dead one held")
