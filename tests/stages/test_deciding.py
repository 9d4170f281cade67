"""What comes together is decided as if it had come one by one, in one commit."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Alert, Article, Entry, dumps, loads
from alertd.stages import archive
from alertd.stages import decide as decide_module
from alertd.stages import deciding as deciding_module
from alertd.stages.backfill import fill
from alertd.stages.context import Context
from alertd.stages.decide import DecideStage
from alertd.stages.deciding import Decider
from alertd.stages.decisions import Arrived, Known, Placed, placed_in
from alertd.stages.shelf import Shelved
from alertd.stages.tag import TagStage
from alertd.stages.telling import Teller
from alertd.store import keys
from alertd.store.streams import Delivery, lag
from alertd.watchlist.pulse import KEPT
from alertd.watchlist.silences import Silence
from tests.stages.world import at_work, away_once, context, decided, entry, stream, taken, until
from tests.tagging import fakes

TITLE = "Xiaomi to build a second car plant near Beijing in two years"
RULES = fakes.Rules(role={"Jefferies": fakes.SOURCE}, events={"operations": 0.9})
PACED = "rules: [{name: works, events: [operations], cooldown: 1h, per_hour: 5}]\n"


async def waiting(ctx: Context, redis: Redis, *entries: Entry) -> tuple[list[str], list[Delivery]]:
    """Accept and tag entries; returns the articles' ids and what waits for a decision, in order."""
    ids = await taken(ctx, *entries)
    before = int(await cast(Any, redis).xlen(keys.TAGGED))
    async with at_work(TagStage(ctx).work):
        await until(lambda: _tagged(redis, before + len(entries)))
    return ids, sorted(await delivered(redis), key=lambda d: int(d.fields["seq"]))


async def delivered(redis: Redis) -> list[Delivery]:
    """What came to be decided and was not read before."""
    answer = await cast(Any, redis).xreadgroup("decide", "here", {keys.TAGGED: ">"})
    return [Delivery(i, f) for _, rows in answer for i, f in rows]


async def _tagged(redis: Redis, count: int) -> bool:
    return int(await cast(Any, redis).xlen(keys.TAGGED)) >= count


async def stage(ctx: Context) -> DecideStage:
    made = DecideStage(ctx)
    assert await made.lease.acquire()
    return made


async def decisions(redis: Redis, ids: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in await decided(redis, ids)]


async def raised(redis: Redis) -> list[Alert]:
    return [loads(Alert, row["alert"]) for row in await stream(redis, keys.ALERTS)]


async def test_reports_that_come_together_know_each_others_stories(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(
            ctx, redis, entry("Xiaomi plans to spend $4 billion on plants", guid="g"),
            entry("Visa opens a data centre in Oslo this spring", feed="post"),
            entry("Xiaomi plans to spend $6 billion on plants", guid="g"),
        )  # fmt: skip
        asked: list[str] = []
        real = ctx.store.run

        async def counted(name: str, *arguments: Any) -> Any:
            asked.append(name)
            return await real(name, *arguments)

        decide = await stage(ctx)
        monkeypatch.setattr(ctx.store, "run", counted)
        await decide.decide(rows)
        assert asked == ["decided"], "one commit for all"
        found = await decisions(redis, ids)
        assert [d["story"] for d in found] == [ids[0], ids[1], ids[0]]
        assert [d["relation"] for d in found] == ["first", "first", "update"]
        story = Shelved.read(await cast(Any, redis).get(keys.story(ids[0]))).candidate.story
        assert (story.articles, story.revision) == (2, 2)
        assert await cast(Any, redis).llen(keys.told(ids[0])) == 2
        assert await lag(ctx.store, keys.TAGGED) == 0
        told = [(a.kind, a.article.id if a.article else "") for a in await raised(redis)]
        assert told == [("post", ids[0]), ("post", ids[2])], "new figures in a known story are told once more"


async def test_a_copy_counts_at_its_place_and_once_wherever_it_waited(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, entry(TITLE), entry(TITLE, feed="post"))
        assert [row.fields.get("gap", "") for row in rows] == ["", ids[0]]
        decide = await stage(ctx)
        await decide.decide(rows)
        (released,) = await delivered(redis)
        await decide.decide([released])
        # this one comes when its original is decided, and waits nowhere
        more, late = await waiting(ctx, redis, entry(TITLE, feed="third"))
        await decide.decide(late)
        story = Shelved.read(await cast(Any, redis).get(keys.story(ids[0]))).candidate
        assert (story.voices, story.story.articles, story.reports) == (3, 3, 1)
        assert len(await decisions(redis, [*ids, *more])) == 3
        assert await lag(ctx.store, keys.TAGGED) == 0


async def test_what_goes_with_a_story_lives_on_with_its_articles(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        (first,), rows = await waiting(ctx, redis, entry(TITLE))
        began = loads(Article, rows[0].fields["article"]).arrived // 3_600 * 3_600
        decide = await stage(ctx)
        await decide.decide([_arrived(rows[0], began + 60.0)])
        lists = await cast(Any, redis).keys(keys.listed("*"))
        assert lists
        beside = [*lists, keys.told(first)]
        lives = [await cast(Any, redis).ttl(name) for name in beside]
        assert min(lives) > ctx.window + 3_000, "longer than its story, for they are not renewed with each article"
        for feed, later, life in (("post", 120.0, 50), ("times", 3_660.0, ctx.window + 3_600)):
            for name in beside:
                await cast(Any, redis).expire(name, 50)
            _, rows = await waiting(ctx, redis, entry(TITLE, feed=feed))
            await decide.decide([_arrived(rows[0], began + later)])
            left = [await cast(Any, redis).ttl(name) for name in beside]
            assert max(left) <= life
            assert min(left) > life - 50
        assert await cast(Any, redis).llen(keys.told(first)) == 3
        # what had expired before its story begins anew, and ends again
        await cast(Any, redis).delete(*beside)
        for feed, later, there in (("daily", 3_720.0, [keys.told(first)]), ("weekly", 7_260.0, beside)):
            _, rows = await waiting(ctx, redis, entry(TITLE, feed=feed))
            await decide.decide([_arrived(rows[0], began + later)])
            assert min([await cast(Any, redis).ttl(name) for name in there]) > ctx.window + 3_000


async def test_a_copy_makes_its_story_the_latest_once_an_hour(redis: Redis, tmp_path: Path) -> None:
    titles = (TITLE, "Visa names a new head of finance in Beijing", "Nvidia recalls cards that were sold in Beijing")
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, *(entry(title) for title in titles))
        began = loads(Article, rows[0].fields["article"]).arrived // 3_600 * 3_600
        decide = await stage(ctx)
        await decide.decide([_arrived(row, began + 60.0 + number) for number, row in enumerate(rows)])
        oldest, *others = ids
        lists = [name for name in await cast(Any, redis).keys(keys.listed("*")) if await _size(redis, name) == len(ids)]
        assert lists, "all three are listed under the name that they share"
        before = [*reversed(others), oldest]
        after = [oldest, *reversed(others)]
        again = [others[0], oldest, others[1]]
        for title, feed, later, order in (
            (TITLE, "post", 120.0, before), (TITLE, "times", 3_660.0, after), (titles[1], "daily", 3_700.0, again),
            (TITLE, "weekly", 3_720.0, again),
        ):  # fmt: skip
            _, rows = await waiting(ctx, redis, entry(title, feed=feed))
            await decide.decide([_arrived(rows[0], began + later)])
            for name in lists:
                assert await cast(Any, redis).zrevrange(name, 0, -1) == order
                shelf = decide._decider._shelf
                at_hand = shelf._lists[name.removeprefix(keys.listed(""))]
                assert [shelf._nearby._ident[row] for row in at_hand] == order


async def _size(redis: Redis, name: str) -> int:
    return int(await cast(Any, redis).zcard(name))


def _arrived(delivery: Delivery, at: float) -> Delivery:
    article = dataclasses.replace(loads(Article, delivery.fields["article"]), arrived=at)
    return dataclasses.replace(delivery, fields={**delivery.fields, "article": dumps(article)})


async def test_a_cooldown_holds_among_those_that_come_together(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=PACED) as ctx:
        titles = (TITLE, "Jefferies hires a chief economist in London", "Visa opens a data centre in Oslo")
        ids, rows = await waiting(ctx, redis, *(entry(title) for title in titles))
        await (await stage(ctx)).decide(rows)
        assert [d["outcome"] for d in await decisions(redis, ids)] == ["alerted", "paced", "paced"]
        counts = await cast(Any, redis).hgetall(keys.COUNTS)
        assert (counts["outcome:paced"], counts["relation:first"]) == ("2", "3")


def slow_to_store(monkeypatch: pytest.MonkeyPatch, ctx: Context) -> None:
    """Let decisions reach the store only once it is said what the next ones lead to, where there are any."""
    real, tell = ctx.store.run, Teller.tell
    said = asyncio.Event()

    async def run(name: str, *arguments: Any) -> Any:
        if name == "decided":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(said.wait(), 1.0)
        return await real(name, *arguments)

    async def telling(teller: Teller, *arguments: Any) -> Any:
        told = await tell(teller, *arguments)
        if arguments[2:]:
            said.set()
        return told

    monkeypatch.setattr(ctx.store, "run", run)
    monkeypatch.setattr(Teller, "tell", telling)


@pytest.mark.parametrize("watchlist", [PACED, "rules: [{name: works, events: [operations], per_hour: 1}]\n"])
async def test_what_is_told_ahead_knows_what_is_being_stored(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watchlist: str
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    async with context(redis, tmp_path, RULES, watchlist=watchlist) as ctx:
        ids, rows = await waiting(ctx, redis, entry(TITLE), entry("Visa opens a data centre in Oslo"))
        slow_to_store(monkeypatch, ctx)
        await (await stage(ctx)).decide(rows)
        assert [d["outcome"] for d in await decisions(redis, ids)] == ["alerted", "paced"]


@pytest.mark.parametrize("reloaded", [False, True])
async def test_what_is_told_ahead_is_told_anew_after_a_reload(redis: Redis, tmp_path: Path, reloaded: bool) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, entry(TITLE), entry("Xiaomi hires a chief economist from Visa"))
        decider = Decider(ctx, (await stage(ctx)).lease, Teller(ctx))
        parts = rows[:1], rows[1:]
        await decider.decide(*parts)
        silence = Silence("s1", ctx.clock() - 5, ctx.clock() + 600, "known", matcher={"companies": ["XIACF"]})
        await cast(Any, redis).hset(keys.SILENCES, "s1", silence.dump())
        if reloaded:
            ctx.now = dataclasses.replace(ctx.now)
        await decider.decide(parts[1])
        assert ((await decisions(redis, ids))[1]["outcome"] == "silenced") == reloaded


async def test_nothing_is_told_ahead_under_rules_that_lack_what_they_are_to_remember(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    first_of_kind = "rules: [{name: new, events: [operations], companies: [1810.HK], new_event: 30d}]\n"
    folder = tmp_path / "after"
    folder.mkdir()
    async with context(redis, tmp_path, RULES) as ctx, context(redis, folder, RULES, watchlist=first_of_kind) as after:
        _, rows = await waiting(ctx, redis, entry(TITLE))
        decide = await stage(ctx)
        await decide.decide(rows)
        ids, rows = await waiting(
            ctx, redis, entry("Visa opens a data centre in Oslo"), entry("Xiaomi starts its plant in Wuhan")
        )
        tell = Teller.tell

        async def reloading(teller: Teller, *arguments: Any) -> Any:
            ctx.now = after.now
            return await tell(teller, *arguments)

        monkeypatch.setattr(Teller, "tell", reloading)
        await decide.decide(rows)
        last = (await decisions(redis, ids))[1]
        assert (last["outcome"], "not the first" in last["why"]) == ("waiting", True)


@pytest.mark.parametrize(("size", "ahead", "between"), [(128, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 1, 0)])
async def test_an_article_that_is_delivered_twice_counts_once(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, ahead: int, between: int
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", size)
    async with context(redis, tmp_path, RULES) as ctx:
        others = (entry("Visa opens a data centre in Oslo"), entry("Jefferies hires a chief economist in London"))
        ids, rows = await waiting(ctx, redis, *others[:ahead], entry(TITLE), *others[:between])
        again = await cast(Any, redis).xadd(keys.TAGGED, rows[ahead].fields)
        rows += await delivered(redis)
        assert rows[-1].id == again
        decide = await stage(ctx)
        await decide.decide(rows)
        _, copy = await waiting(ctx, redis, entry(TITLE, feed="post"))
        await decide.decide(copy)
        story = Shelved.read(await cast(Any, redis).get(keys.story(ids[ahead]))).candidate.story
        assert story.articles == 2, "its own and that of its copy"
        assert sum(alert.article is not None and alert.article.id == ids[ahead] for alert in await raised(redis)) == 1
        assert await lag(ctx.store, keys.TAGGED) == 0
        assert not (await cast(Any, redis).xpending(keys.TAGGED, "decide"))["pending"]


async def test_what_copies_a_report_that_was_held_for_want_of_a_date_is_told(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    async with context(redis, tmp_path, RULES) as ctx:
        await taken(ctx, entry("Visa opens a data centre in Oslo"))
        [dateless] = await taken(ctx, dataclasses.replace(entry(TITLE), date_source="fetched"), first_fetch=True)
        [told], rows = await waiting(ctx, redis, entry(TITLE, feed="post"))
        # as if its original had been decided by the time it came
        fields = json.loads(await cast(Any, redis).lpop(keys.parked(dateless)))
        await cast(Any, redis).xadd(keys.TAGGED, {**fields, "tags": ""})
        await (await stage(ctx)).decide([*rows[:-1], *await delivered(redis)])
        assert [(alert.kind, alert.article and alert.article.id) for alert in await raised(redis)] == [("post", told)]


async def test_a_commit_whose_answer_was_lost_is_not_counted_twice(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, entry(TITLE), entry("Visa opens a data centre in Oslo"))
        decide = await stage(ctx)
        real = ctx.store.run

        async def twice(name: str, *arguments: Any) -> Any:
            if name == "decided":
                await real(name, *arguments)
            return await real(name, *arguments)

        monkeypatch.setattr(ctx.store, "run", twice)
        await decide.decide(rows)
        counts = await cast(Any, redis).hgetall(keys.COUNTS)
        assert (counts["stories"], counts["relation:first"]) == ("2", "2")
        assert len(await raised(redis)) == 1
        assert await cast(Any, redis).llen(keys.RECENT) == 2
        assert len(await decisions(redis, ids)) == 2


async def failed(
    ctx: Context, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[str], list[Delivery], DecideStage]:
    """An article and its edit whose commit failed: their ids, what waits still, and the stage."""
    edited = entry("Xiaomi to build a third car plant near Beijing in 2 years", guid="g")
    ids, rows = await waiting(ctx, redis, entry(TITLE, guid="g"), edited)
    decide = await stage(ctx)
    away_once(monkeypatch, ctx.store)
    with pytest.raises(ConnectionError):
        await decide.decide(rows)
    return ids, rows, decide


async def test_after_a_commit_that_failed_nothing_of_it_is_remembered(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows, decide = await failed(ctx, redis, monkeypatch)
        await decide.decide(rows)
        found = await decisions(redis, ids)
        assert [(d["story"], d["relation"]) for d in found] == [(ids[0], "first"), (ids[0], "update")]
        story = Shelved.read(await cast(Any, redis).get(keys.story(ids[0]))).candidate.story
        assert story.articles == 2


async def test_all_that_is_kept_of_articles_and_stories_expires(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES, watchlist=PACED) as ctx:
        _, rows = await waiting(ctx, redis, entry(TITLE), entry(TITLE, feed="post"), entry("Visa opens a data centre"))
        decide = await stage(ctx)
        await decide.decide(rows)
        await decide.decide(await delivered(redis))
        lasting = {
            name.removeprefix(keys.PREFIX).partition(":")[0]
            for name in await cast(Any, redis).keys("*") if await cast(Any, redis).ttl(name) == -1
        }  # fmt: skip
        # streams are trimmed, lists cut, entries of feeds forgotten by their age, the rest is one key for all articles
        assert lasting <= {
            "articles", "tagged", "alerts", "dead", "seq", "decided", "counts", "recent", "meta", "archive", "lease",
            "shards", "seen", "rules", "due", "passed", "stories", "rule-last",
        }  # fmt: skip
        counted = ("pulse:", "heard:", "rule-days:")
        names = await cast(Any, redis).keys("*")
        assert max([await cast(Any, redis).ttl(n) for n in names if n.split("}:")[1].startswith(counted)]) <= KEPT
        lives = [await cast(Any, redis).ttl(n) for n in names if not n.split("}:")[1].startswith(counted)]
        assert max(lives) <= 2 * ctx.window


async def test_a_list_keeps_the_latest_stories_only(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        titles = [f"Xiaomi opens shop {n} in town {n * 7} of province {n * 13}" for n in range(40)]
        ids, rows = await waiting(ctx, redis, *(entry(title) for title in titles))
        began = loads(Article, rows[0].fields["article"]).arrived // 3_600 * 3_600
        decide = await stage(ctx)
        await decide.decide([_arrived(row, began + 60.0 + number) for number, row in enumerate(rows)])
        assert len(await decisions(redis, ids)) == 40
        lists = [name async for name in cast(Any, redis).scan_iter(keys.listed("*"))]
        sizes = [await cast(Any, redis).zcard(name) for name in lists]
        assert max(sizes) <= 30
        assert all([0 < await cast(Any, redis).ttl(name) <= ctx.window + 3_600 for name in lists])
        full = keys.listed("w:xiaomi")
        assert await cast(Any, redis).zrank(full, ids[0]) is None
        # one that was left out comes back with its next article, of copies the first in an hour, and another one goes
        _, rows = await waiting(ctx, redis, entry(titles[0], feed="post"))
        await decide.decide([_arrived(rows[0], began + 3_660.0)])
        assert await cast(Any, redis).zrange(full, -1, -1) == [ids[0]]
        assert await cast(Any, redis).zcard(full) == 30


GROWING = (
    entry(TITLE, guid="g"), entry("Visa opens a data centre in Oslo this spring"), entry(TITLE, feed="post"),
    entry("Xiaomi picks Beijing for its second car plant, due in two years", feed="third"),
    entry("Xiaomi to build a third car plant near Beijing in 2 years", guid="g"),
    entry("Visa opens a data centre in Oslo this spring, its first in Norway", feed="post"),
    entry("Xiaomi to build a second car plant near Wuhan in two years", feed="fourth"),
    entry("Visa closes its data centre in Oslo", feed="third"), entry("Xiaomi plans to spend $4 billion on plants"),
    entry("Xiaomi plans to spend $6 billion on plants", feed="third"),
    entry("Xiaomi will spend $4 billion on its plants", feed="post"),
    entry("Jefferies hires a chief economist in London"),
)  # fmt: skip
"""Reports of which most concern the one before, or the story of one further back."""


@pytest.mark.parametrize("together", [1, 2, 3, 5])
async def test_what_is_placed_while_others_are_stored_is_placed_as_after_them(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    outcomes = []
    for size in (len(GROWING), together):
        monkeypatch.setattr(decide_module, "_BATCH", size)
        await cast(Any, redis).flushdb()
        folder = tmp_path / str(size)
        folder.mkdir(exist_ok=True)
        async with context(redis, folder, RULES) as ctx:
            ids, rows = await waiting(ctx, redis, *GROWING)
            decide = await stage(ctx)
            await decide.decide(rows)
            await decide.decide(await delivered(redis))
            there = {ident: number for number, ident in enumerate(ids)}
            found = await decisions(redis, ids)
            stories = {row["story"] for row in found}
            shelved = [Shelved.read(await cast(Any, redis).get(keys.story(ident))) for ident in sorted(stories)]
            outcomes.append((
                [(there[d["story"]], d["relation"], d["novelty"], d["reason"], d["outcome"]) for d in found],
                [(s.listed, s.candidate.voices, s.candidate.reports, s.candidate.story.title) for s in shelved],
                [[len(await cast(Any, redis).zrange(keys.listed(key), 0, -1)) for key in s.listed] for s in shelved],
            ))  # fmt: skip
            assert await lag(ctx.store, keys.TAGGED) == 0
    assert outcomes[0] == outcomes[1]


async def test_what_was_placed_ahead_of_a_commit_that_failed_is_placed_anew(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows, decide = await failed(ctx, redis, monkeypatch)
        # the second alone, as if the first had been another's to decide
        await decide.decide(rows[1:])
        await decide.decide(rows)
        found = await decisions(redis, ids)
        assert [(d["story"], d["relation"]) for d in found] == [(ids[1], "same_event"), (ids[1], "first")]


async def test_one_that_cannot_be_placed_ahead_holds_up_nobody(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 2)
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, *(GROWING[number] for number in (1, 3, 7, 8, 11)))
        bad = Delivery(rows[2].id, {**rows[2].fields, "fp": "no fingerprint"})
        await (await stage(ctx)).decide([*rows[:2], bad, *rows[3:]])
        there = await cast(Any, redis).mget([keys.decision(ident) for ident in ids])
        assert [text is not None for text in there] == [True, True, False, True, True]
        assert await cast(Any, redis).xlen(keys.DEAD) == 1


async def test_the_daemons_loop_gives_each_batch_and_the_two_that_follow(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_BATCH", 1), ("_AHEAD", 2), ("_READY", 3)):
        monkeypatch.setattr(decide_module, name, value)
    calls: list[tuple[Sequence[Delivery], ...]] = []
    deciding = Decider.decide

    async def noted(decider: Decider, *parts: Sequence[Delivery]) -> int:
        await until(lambda: _at_hand(redis, min(3, 6 - len(calls))), "what follows is read meanwhile")
        calls.append(parts)
        return await deciding(decider, *parts)

    monkeypatch.setattr(Decider, "decide", noted)
    async with context(redis, tmp_path, RULES) as ctx:
        ids = await taken(ctx, *(GROWING[number] for number in (1, 3, 7, 8, 11, 0)))
        async with at_work(TagStage(ctx).work):
            await until(lambda: _tagged(redis, len(ids)))
        decide = await stage(ctx)
        async with at_work(decide.work):
            await until(lambda: _all(redis, ids))
        assert [[one.fields["seq"] for one in part] for part, *_ in calls] == [[str(n)] for n in range(1, 7)]
        # the first has what came with it
        assert [[len(part) for part in parts] for parts in calls[1:]] == [[1, 1, 1]] * 3 + [[1, 1, 0], [1, 0, 0]]
        for one, two in pairwise(calls[1:-1]):
            assert one[1] is two[0]
            assert one[2] is two[1]


async def _at_hand(redis: Redis, least: int) -> bool:
    return int((await cast(Any, redis).xpending(keys.TAGGED, "decide"))["pending"]) >= least


async def test_an_article_that_cannot_be_placed_ahead_of_its_turn_is_found_out_in_its_turn(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    placed: list[str] = []

    def fails_once(one: Arrived, known: Known) -> Placed:
        placed.append(one.article.id)
        if len(placed) == 2:
            raise ZeroDivisionError
        return placed_in(one, known)

    monkeypatch.setattr(deciding_module, "placed_in", fails_once)
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, GROWING[0], GROWING[3], GROWING[1])
        await (await stage(ctx)).decide(rows)
        assert placed == [ids[0], ids[1], ids[1], ids[2]]
        assert [d["story"] for d in await decisions(redis, ids)] == [ids[0], ids[0], ids[2]]
        assert await lag(ctx.store, keys.TAGGED) == 0


async def test_what_comes_again_while_it_is_stored_counts_once(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide_module, "_BATCH", 1)
    async with context(redis, tmp_path, RULES) as ctx:
        ids, rows = await waiting(ctx, redis, GROWING[0], GROWING[3])
        await cast(Any, redis).xadd(keys.TAGGED, cast(Any, rows[0].fields))
        (again,) = await delivered(redis)
        await (await stage(ctx)).decide([rows[0], again, rows[1]])
        assert [d["story"] for d in await decisions(redis, ids)] == [ids[0], ids[0]]
        shelved = Shelved.read(await cast(Any, redis).get(keys.story(ids[0])))
        assert shelved.candidate.story.articles == 2
        assert await lag(ctx.store, keys.TAGGED) == 0


async def test_rules_learn_what_they_missed_once_what_is_being_filed_is_in_its_place(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    filing, filed = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> int:
        filing.set()
        await filed.wait()
        order.append("filed")
        return 0

    async def noted(*given: Any) -> Any:
        order.append("filled")
        return await fill(*given)

    monkeypatch.setattr(archive, "file", slow)
    monkeypatch.setattr(decide_module, "fill", noted)
    async with context(redis, tmp_path, RULES) as ctx:
        decide = await stage(ctx)
        async with at_work(decide.work):
            await asyncio.wait_for(filing.wait(), 20)
            order.clear()
            # another watchlist comes into force
            ctx.now = dataclasses.replace(ctx.now, book=dataclasses.replace(ctx.now.book))
            ids = await taken(ctx, GROWING[0])
            async with at_work(TagStage(ctx).work):
                await until(lambda: _tagged(redis, 1))
            for _ in range(50):
                await cast(Any, redis).ping()
            assert order == []
            filed.set()
            await until(lambda: _all(redis, ids))
        assert order[:2] == ["filed", "filled"]


async def _all(redis: Redis, ids: Sequence[str]) -> bool:
    return len(await decided(redis, ids)) == len(ids)
