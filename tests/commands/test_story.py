"""story: a story as a timeline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from alertd import report
from alertd.commands.story import lines
from alertd.stages.context import Context, holding
from alertd.stages.decide import DecideStage
from alertd.stages.tag import TagStage
from tests.commands.world import invoke, write
from tests.stages.world import at_work, context, decided, entry, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"
FOUND: dict[str, Any] = {
    "id": "7-0", "title": "Acme wins\x1b[31m order", "sources": ["Wire", "Post"], "articles": 3, "revision": 2,
    "issuers": ["i:ACME"], "events": [], "figures": ["2e9 $"], "open": False,
    "timeline": [
        {"at": 1_770_000_000.0, "article": "7-0", "source": "Wire", "relation": "first", "novelty": 1.0,
         "title": "Acme wins order", "reason": "no earlier report of it"},
        {"at": 1_770_000_060.0, "article": "8-0", "source": "Post", "relation": "copy", "novelty": 0.0, "title": "",
         "reason": ""},
    ],
}  # fmt: skip


def test_a_story_in_lines() -> None:
    said = list(lines(FOUND, now=1_770_000_100.0))
    assert said[0] == "Acme wins [31m order"
    assert said[1] == "story 7-0, closed, revision 2, 3 articles from 2 outlets"
    assert [line.split() for line in said[2:4]] == [["companies", "i:ACME"], ["figures", "2e9", "$"]]
    assert said[5].endswith("first      1.00  Wire  Acme wins order")
    assert said[-2].endswith("copy       0.00  Post")
    assert said[-1] == "and 1 more"


def test_what_is_from_another_day_has_its_date() -> None:
    assert list(lines(FOUND, now=1_771_000_000.0))[5].startswith("2026-02-0")


async def _all_decided(redis: Redis, ids: list[str]) -> bool:
    return len(await decided(redis, ids)) == len(ids)


async def _through(ctx: Context, redis: Redis, ids: list[str]) -> None:
    decide = DecideStage(ctx)
    async with at_work(TagStage(ctx).work, lambda stop: holding(ctx, decide.lease, lambda: decide.work(stop), stop)):
        await until(lambda: _all_decided(redis, ids))


@pytest.mark.parametrize("by", [0, 1], ids=["its own id", "an article's"])
async def test_a_story_of_the_store(redis: Redis, tmp_path: Path, by: int) -> None:
    async with context(redis, tmp_path, fakes.Rules(events={"operations": 0.9})) as ctx:
        ids = await taken(ctx, entry(TITLE), entry(TITLE, feed="post"))
        await _through(ctx, redis, ids)
        found = await report.story(ctx.store, ids[by])
        assert found is not None
        assert (found["id"], found["open"], found["articles"]) == (ids[0], True, 2)
        assert [(row["article"], row["relation"], row["title"]) for row in found["timeline"]] == [
            (ids[0], "first", TITLE), (ids[1], "copy", ""),
        ]  # fmt: skip
        assert json.dumps(found)
        assert await report.story(ctx.store, "1-1") is None


def test_without_a_state_it_fails_with_a_next_step(tmp_path: Path) -> None:
    shown = invoke("story", "1-0", "--config", str(write(tmp_path)))
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "alertd run" in shown.stderr
