"""An article that kills its worker, for real: the others go on, and it is set aside after five lone tries."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.articles import Article, loads
from alertd.stages.dead_letters import find, replay
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.streams import MAX_TRIES, lag
from tests.stages.dying import POISON
from tests.stages.world import at_work, context, entry, stream, taken, until


async def test_a_text_that_kills_its_worker_is_set_aside_and_the_others_go_on(redis: Redis, tmp_path: Path) -> None:
    titles = [f"Xiaomi opens shop number {n} in town {n * 7}" for n in range(8)]
    titles.insert(4, POISON)
    async with context(redis, tmp_path) as ctx:
        ids = await taken(ctx, *map(entry, titles))
        poison, others = ids[4], [*ids[:4], *ids[5:]]
        path = redis.connection_pool.connection_kwargs["path"]
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stages.dying", path, str(tmp_path), str(len(ids)), stdout=-1,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        said, _ = await asyncio.wait_for(worker.communicate(), 90)
        assert worker.returncode == 0
        assert int(said) == 1 + MAX_TRIES, "with the others once, then alone"
        (dead,) = await stream(redis, keys.DEAD)
        assert (dead["article"], dead["stage"]) == (poison, "tag")
        assert "its worker died or failed 5 times" in dead["error"]
        assert await tagged(redis) == others, "each once, in their order"
        assert await lag(ctx.store, keys.ARTICLES) == 0
        assert await cast(Any, redis).hgetall(keys.tries("tag")) == {}

        # the fault is mended
        letter = await find(ctx.store, poison)
        assert letter is not None
        assert await replay(ctx.store, letter, ctx.window) == ("back", "")
        async with at_work(TagStage(ctx).work):
            await until(lambda: last_is(redis, poison))


async def tagged(redis: Redis) -> list[str]:
    return [loads(Article, row["article"]).id for row in await stream(redis, keys.TAGGED) if "article" in row]


async def last_is(redis: Redis, ident: str) -> bool:
    return (await tagged(redis))[-1] == ident
