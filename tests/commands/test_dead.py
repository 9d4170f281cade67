"""Dead letters by the command line, on a real store."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import dumps
from alertd.store import keys
from tests.commands.test_silence import folder
from tests.commands.world import execute, invoke, write
from tests.slack.world import alert
from tests.stages.world import entry

ERROR = "ZeroDivisionError: \x1b[31mpoison"


def run(config: str, *words: str) -> tuple[int, str, str]:
    return execute(["dead", *words, "--config", config])


async def planted(redis: Redis) -> list[str]:
    """An article, an alert, and something that nobody can read, set aside."""
    rest = {"seq": "1", "fp": "{}", "arrived": "1.0", "may": "1", "held": "", "copy": "", "update": ""}
    at = f"{time.time() - 3700:.0f}"
    rows = [
        {"stage": "tag", "article": "7-0", "error": ERROR, "payload": dumps(entry("Kettle maker burns its kettles")),
         "at": at, "field": "entry", "rest": json.dumps(rest)},
        {"stage": "notify", "article": "8-0", "error": "invalid_blocks", "payload": dumps(alert(key="k", created=1.0)),
         "at": at, "field": "alert"},
        {"stage": "decide", "article": "", "error": "its worker died", "payload": "", "at": at},
    ]  # fmt: skip
    return [await cast(Any, redis).xadd(keys.DEAD, row) for row in rows]


async def test_they_are_listed_shown_replayed_and_dropped(redis: Redis, tmp_path: Path) -> None:
    config = folder(redis, tmp_path)
    assert run(config, "list") == (0, "no dead letters\n", "")
    ids = await planted(redis)
    code, out, err = run(config, "list")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    lines = out.splitlines()
    found = [line for line in lines if line.startswith(tuple(ids))]
    assert [line.split()[0] for line in found] == ids[::-1], "the latest first"
    for words in ("1h 1m ago", "tag", "Kettle maker burns its kettles", "ZeroDivisionError"):
        assert words in found[-1]
    listed = json.loads(run(config, "list", "--json")[1])
    assert set(listed[-1]) == {"id", "stage", "article", "title", "error", "at"}
    assert (listed[-1]["id"], listed[-1]["error"]) == (ids[0], ERROR)

    for ident in (ids[0], "7-0"):
        out = run(config, "show", ident)[1]
        assert "Kettle maker" in out
        assert '"guid"' in out
    assert json.loads(run(config, "show", ids[0], "--json")[1])["payload"].startswith('{"v":')

    code, out, err = run(config, "replay", "--all")
    assert (code, out) == (1, ""), "one of them cannot go back"
    assert err.splitlines() == [
        f"{ids[0]}: back on its way: Kettle maker burns its kettles",
        f"{ids[1]}: back on its way: {json.loads(dumps(alert(key='k', created=1.0)))['article']['entry']['title']}",
        f"{ids[2]}: cannot go back on its way: it is no article and no alert (alertd dead show {ids[2]} has what was "
        f"kept, alertd dead drop {ids[2]} removes it)",
    ]
    assert await cast(Any, redis).xlen(keys.ARTICLES) == 1
    assert await cast(Any, redis).lrange(keys.outbox("#alerts"), 0, -1) == ["k"]
    assert run(config, "drop", "--all", "--yes") == (0, "", "1 dropped\n")
    assert run(config, "list", "--json") == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "1-1"], "no dead letter has the id 1-1; `alertd dead list` shows"),
        (["replay", "1-1"], "no dead letter has the id 1-1"),
        (["drop", "1-1"], "no dead letter has the id 1-1"),
        (["replay"], "name an id that `alertd dead list` shows"),
        (["replay", "1-1", "--all"], "name an id"),
        (["drop"], "name an id"),
        (["drop", "--all"], "say --yes as well"),
    ],
)
async def test_wrong_ids_and_words_are_2_and_change_nothing(
    words: list[str], said: str, redis: Redis, tmp_path: Path
) -> None:
    await planted(redis)
    code, out, err = run(folder(redis, tmp_path), *words)
    assert (code, out) == (2, "")
    assert said in " ".join(err.replace("│", " ").split())
    assert await cast(Any, redis).xlen(keys.DEAD) == 3


def test_without_a_state_it_says_so(tmp_path: Path) -> None:
    result = invoke("dead", "list", "--config", str(write(tmp_path)))
    assert result.exit_code == 1
    assert "there is no state here yet" in result.stderr
