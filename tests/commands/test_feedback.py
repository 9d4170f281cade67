"""Labels by the command line, on a real store."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from alertd.store import keys
from alertd.watchlist.archive import row_of
from tests.commands.world import SETTINGS, execute, write
from tests.slack.world import alert

RULES = "rules:\n  - {name: phones, companies: [1810.HK]}\n"


async def label(redis: Redis, key: str, said: str, relevance: float) -> None:
    row = {
        "label": said, "by": "U1", "at": float(relevance), "key": key, "rule": "phones", "relevance": relevance,
        "novelty": 1.0, "events": {}, "title": f"title of {key}",
    }  # fmt: skip
    await cast(Any, redis).hset(keys.FEEDBACK, f"{key}:U1", json.dumps(row))


async def test_export_and_tune_with_the_effect_on_the_past(redis: Redis, tmp_path: Path) -> None:
    path = redis.connection_pool.connection_kwargs["path"]
    config = str(write(tmp_path, f"{SETTINGS}redis: {{url: 'unix://{path}'}}\n", RULES))
    assert "nobody has labelled" in execute(["feedback", "tune", "--config", config])[1]
    await label(redis, "b", "not_relevant", 0.6)
    await label(redis, "a", "acknowledge", 0.95)
    code, out, err = execute(["feedback", "export", "--config", config])
    assert (code, err) == (0, "")
    assert [json.loads(line)["key"] for line in out.splitlines()] == ["b", "a"], "oldest first"
    one = alert()
    assert one.article is not None
    assert one.tags is not None
    assert one.placement is not None
    for number, relevance in enumerate((0.55, 0.9)):
        ident, now = f"{number}-0", time.time() - 60 + number
        article = replace(one.article, id=ident, arrived=now)
        tags = replace(one.tags, companies=(replace(one.tags.companies[0], relevance=relevance),))
        placement = replace(one.placement, story=replace(one.placement.story, id=ident))
        await cast(Any, redis).rpush(keys.ARCHIVE_OPEN, row_of(article, tags, placement))
    code, out, err = execute(["feedback", "tune", "--config", config])
    assert (code, err) == (0, "")
    assert "min_relevance: 0.61      # now 0.5" in out
    assert "spares 1 of 1 unwanted; all 1 acknowledged still come" in out
    assert "last 30 days: 2 alerts would have been 1, of 2 articles" in out
    (found,) = json.loads(execute(["feedback", "tune", "--json", "--config", config])[1])
    assert (found["alerts_before"], found["alerts_after"], found["after"]) == (2, 1, 0.61)
