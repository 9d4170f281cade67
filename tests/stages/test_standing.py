from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from alertd.reload import Reloader, agree, insist
from alertd.stages.standing import Standing, StandingReader, renamings, stand
from tests.slack.world import alert
from tests.stages.test_decide import RULES as RULES_OF_TAGS
from tests.stages.test_decide import alerts, through
from tests.stages.world import GAZETTEER, context, entry, in_force, taken
from tests.tagging import fakes
from tests.test_reload import edit


@pytest.mark.parametrize(
    ("before", "now", "renamed", "found"),
    [
        ({"a": "1"}, {"a": "1"}, {}, {}),
        ({"a": "1"}, {"a": "2"}, {}, {}),
        ({"a": "1"}, {}, {}, {}),
        ({"a": "1"}, {"b": "1"}, {}, {"a": "b"}),
        ({"a": "1"}, {"b": "2"}, {}, {}),
        ({"a": "1", "b": "1"}, {"b": "1"}, {}, {}),
        ({"a": "1", "b": "1"}, {"c": "1"}, {}, {"a": "c"}),
        ({"b": "1"}, {"c": "1"}, {"a": "b"}, {"a": "c", "b": "c"}),
        ({"b": "1"}, {"b": "2"}, {"a": "b"}, {"a": "b"}),
        ({"b": "1"}, {"a": "1"}, {"a": "b"}, {"b": "a"}),
        ({"b": "1"}, {}, {"a": "b"}, {}),
        ({}, {"a": "1"}, {}, {}),
    ],
)
def test_a_rule_that_asks_the_same_under_another_name_was_renamed(
    before: Mapping[str, str], now: Mapping[str, str], renamed: Mapping[str, str], found: Mapping[str, str]
) -> None:
    assert renamings(before, now, renamed) == found


RULES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"))


@given(st.lists(RULES, min_size=2, max_size=6))
def test_every_former_name_leads_to_a_rule_that_is_there_and_never_to_two(states: list[dict[str, str]]) -> None:
    renamed: dict[str, str] = {}
    for before, now in pairwise(states):
        earlier, renamed = renamed, renamings(before, now, renamed)
        standing = Standing("1", frozenset(now), renamed)
        for former, name in renamed.items():
            assert former not in now
            assert name in now
            assert former in before or former in earlier
        fresh = [name for former, name in renamed.items() if former in before]
        assert len(fresh) == len(set(fresh)), "one new rule takes the place of one old one"
        for name in before:
            assert standing.gone(alert(rule=name)) == (name not in now and name not in renamed)


def test_before_anybody_said_which_rules_there_are_none_is_gone() -> None:
    assert not Standing().gone(alert())
    assert Standing("1 x").gone(alert())
    assert not Standing("1 x").gone(alert(rule="")), "the daemon itself has no rule"


async def test_a_process_that_comes_late_does_not_bring_old_rules_back(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        (tmp_path / "other").mkdir()
        old = ctx.now.configuration
        new = in_force(
            tmp_path / "other", fakes.Rules(), watchlist="rules: [{name: x, companies: [JEF]}]"
        ).configuration
        await insist(ctx.store, "first", old)
        reader = StandingReader(ctx)
        assert (await reader.now()).names == {"xiaomi", "broker", "deals"}
        assert await agree(ctx.store, "second", new.generation, force=True) == ""
        await stand(ctx.store, new)
        await stand(ctx.store, old)  # a process that has not seen the edit yet, in the midst of its upkeep
        found = await reader.now()
        assert found.names == {"x"}
        assert found.version == f"2 {new.generation}"
        assert await reader.now() is found, "what did not change is not read again"


@pytest.mark.parametrize(
    ("edited", "kinds"),
    [
        ("{name: phones, companies: [1810.HK]}", ["post", "reply"]),
        ("{name: xiaomi, companies: [1810.HK], severity: high}", ["post", "reply"]),
        ("{name: phones, companies: [1810.HK, JEF]}", ["post", "post"]),
    ],
    ids=["renamed", "edited", "another"],
)
async def test_a_renamed_rule_does_not_say_again_what_it_said(
    redis: Redis, tmp_path: Path, edited: str, kinds: list[str]
) -> None:
    before = "rules: [{name: xiaomi, companies: [1810.HK]}]"
    first, second = "Xiaomi recalls its pad over a fault", "Xiaomi calls its pad back over a fault"
    async with context(redis, tmp_path, RULES_OF_TAGS, watchlist=before) as ctx:
        await insist(ctx.store, ctx.process, ctx.now.configuration)
        ids = await taken(ctx, entry(first))
        await through(ctx, redis, ids)
        edit(tmp_path, f"rules: [{edited}]")
        await Reloader(ctx, tmp_path / "config", GAZETTEER, lambda _: None).reload()
        ids += await taken(ctx, entry(second, feed="post"))
        found = await through(ctx, redis, ids)
        assert found[1]["story"] == found[0]["story"], "another report of the same"
        assert found[1]["relation"] == "same_event"
        assert [one.kind for one in await alerts(redis)] == kinds
