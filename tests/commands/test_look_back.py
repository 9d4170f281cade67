"""What the commands say of the past, on a real store with an archive in it."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Event, dumps
from alertd.commands.charts import mixture
from alertd.store import keys
from alertd.watchlist.archive import row_of
from alertd.watchlist.pacing import Pace, pace_key
from tests.commands.world import SETTINGS, execute, invoke, write
from tests.slack.world import alert
from tests.watchlist.world import article, company, placed, tags

WATCHLIST = """
rules:
  - {name: phones, companies: [1810.HK]}
  - {name: bad, companies: [1810.HK], sentiment: negative, severity: high}
"""


async def archived(redis: Redis, tmp_path: Path) -> str:
    path = redis.connection_pool.connection_kwargs["path"]
    config = write(tmp_path, f"{SETTINGS}redis: {{url: 'unix://{path}'}}\n", WATCHLIST)
    now = time.time()
    for number in range(3):
        at = now - 3600.0 * (number + 1)
        one = replace(article(f"Xiaomi story {number}"), id=f"{1772445600000 + number}-0", arrived=at)
        one = replace(one, entry=replace(one.entry, url=f"https://x.com/{number}"))
        placement = placed()
        placement = replace(placement, story=replace(placement.story, id=one.id))
        found = tags(replace(company(), issuer="i:1810.HK"), events=(Event("earnings", 0.9),))
        await cast(Any, redis).lpush(keys.ARCHIVE_OPEN, row_of(one, found, placement))
    return str(config)


async def test_explain_looks_an_article_up(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    code, out, err = execute(["explain", "https://x.com/1", "--config", config])
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "article    Xiaomi story 1"
    assert "FIRES      phones: about Xiaomi, positive 0.97, relevance 0.9" in lines
    assert "stopped    bad: the sentiment towards Xiaomi is positive, the rule asks for negative" in lines
    assert "event      earnings 0.90" in lines
    assert execute(["explain", "1772445600001-0", "--config", config])[1] == out
    code, out, err = execute(["explain", "https://x.com/9", "--config", config])
    assert (code, out) == (1, "")
    assert "the archive has no article https://x.com/9" in err


async def test_explain_says_what_became_of_each_alert(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    store = cast(Any, redis)
    decision = {
        "story": "s",
        "outcome": "alerted",
        "why": "phones in #alerts",
        "alerts": list("abcd"),
        "generation": "g",
    }
    await store.set(keys.decision("1772445600001-0"), json.dumps(decision))
    at = time.time()
    await store.set(keys.sent("a"), json.dumps({"rule": "phones", "channel": "#alerts", "how": "posted", "at": at}))
    gone = {"rule": "bad", "channel": "#alerts", "how": "withdrawn", "why": "its rule was deleted", "at": at}
    await store.set(keys.sent("b"), json.dumps(gone))
    await store.set(keys.alert("c"), dumps(alert(key="c")))
    code, out, err = execute(["explain", "https://x.com/1", "--config", config])
    assert (code, err) == (0, "")
    said = [line.removeprefix("alert      ") for line in out.splitlines() if line.startswith("alert ")]
    assert said[0].startswith("of rule phones for #alerts: told at ")
    assert said[1].startswith("of rule bad for #alerts: not told (its rule was deleted), ")
    assert said[2:] == [
        "of rule phones for #alerts: not told yet, it waits for its turn or its hour",
        "held: not told yet, it waits for its turn or its hour",
    ]


async def test_explain_says_how_far_rules_that_remember_are(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    rules = "rules:\n  - {name: burst, companies: [1810.HK], stories: 5, within: 2h}\n"
    (Path(config) / "watchlist.yaml").write_text(rules, encoding="utf-8")
    pace = Pace(stories=(("a", time.time() - 60.0), ("b", time.time() - 90.0)))
    await cast(Any, redis).set(keys.rule_state(pace_key("burst", "i:1810.HK")), pace.dump())
    await cast(Any, redis).hset(keys.WATCHED, "C1 1810.HK", "{}")
    code, out, _ = execute(["explain", "https://x.com/1", "--config", config])
    assert code == 0
    assert "; so far 2 of 5 stories within 2 h\n" in out
    assert "FIRES      1810.HK watched in C1: " in out


async def test_backtest_compares_two_watchlists(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    new = tmp_path / "new.yaml"
    new.write_text("rules:\n  - {name: words, keywords: ['story AND xiaomi']}\n")
    code, out, err = execute(["backtest", "--since", "1d", "--rules", str(new), "--json", "--config", config])
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["in_force"]["articles"], found["in_force"]["by_rule"]) == (3, {"phones": 3})
    assert found["new"]["by_rule"] == {"words": 3}
    assert (len(found["come"]), len(found["go"])) == (3, 3)
    code, out, _ = execute(["backtest", "--since", "150m", "--config", config])
    assert code == 0
    assert "2 articles, 2 of them may alert" in out
    assert "phones" in out
    assert "█" in out
    code, out, err = execute(["backtest", "--since", "1s", "--config", config])
    assert (code, out) == (1, "")
    assert "the archive holds no article of the last 1s" in err


async def test_export_writes_a_line_an_article(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    code, out, _ = execute(["archive", "export", "--company", "Xiaomi", "--config", config])
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["article"]["entry"]["title"] for line in lines] == [f"Xiaomi story {n}" for n in (2, 1, 0)]
    assert execute(["archive", "export", "--company", "AAPL", "--config", config])[1] == ""
    assert code == 0


@pytest.mark.parametrize("words", [["backtest", "--since", "soon"], ["archive", "export", "--since", "soon"]])
def test_no_duration_is_2(words: list[str], tmp_path: Path) -> None:
    result = invoke(*words, "--config", str(write(tmp_path)))
    assert (result.exit_code, result.stdout) == (2, "")


async def test_a_backtest_names_what_only_counted_and_which_versions_are_mixed(redis: Redis, tmp_path: Path) -> None:
    config = await archived(redis, tmp_path)
    (Path(config) / "watchlist.yaml").write_text(
        "rules:\n  - {name: first, companies: [1810.HK], events: [earnings], new_event: 2d}\n"
    )
    code, out, _ = execute(["backtest", "--since", "1d", "--config", config])
    assert code == 0
    assert "1 alerts, 1.0 a day, 2 matches only counted by rules that remember" in out
    assert mixture(Counter({"encoder 1": 5, "encoder 2": 3, "gazetteer 7": 8})) == "2 versions of encoder"
    assert mixture(Counter({"encoder 1": 5})) == ""
