"""Dead letters and their way back, on a real store with the real stages."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.articles import Alert, Article, dumps, loads
from alertd.errors import StoreError
from alertd.slack.compose import compose
from alertd.slack.message import Message
from alertd.stages import dead_letters
from alertd.stages.context import Context
from alertd.stages.dead_letters import BackAsArticle, Letter, find, letters, replay, way_back
from alertd.stages.decide import DecideStage
from alertd.stages.tag import TagStage
from alertd.store import keys
from alertd.store.streams import MAX_TRIES
from tests.slack.world import alert
from tests.stages.test_resilience import Paper, all_decided, deciding, exists, notifying
from tests.stages.test_tag import TITLE, Poisoned
from tests.stages.world import at_work, context, entry, stream, taken, until
from tests.tagging import fakes

RULES = fakes.Rules(events={"operations": 0.9})


async def dead(ctx: Context, count: int) -> list[Letter]:
    found = [letter async for letter in letters(ctx.store)]
    return found if len(found) >= count else []


async def killed(ctx: Context, *entries: Any) -> list[str]:
    """Accept entries, and let all of them die in tagging."""
    good = ctx.now
    ctx.now = type(good)(good.configuration, good.book, Poisoned(""))
    ids = await taken(ctx, *entries)
    async with at_work(TagStage(ctx).work):
        await until(lambda: dead(ctx, len(ids)), "death")
    ctx.now = good
    return ids


async def alerts(redis: Redis) -> list[Alert]:
    return [loads(Alert, row["alert"]) for row in await stream(redis, keys.ALERTS)]


async def test_an_article_comes_back_and_is_told_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        (ident,) = await killed(ctx, entry(TITLE, summary="The works are to open in 2028."))
        (letter,) = await dead(ctx, 1)
        assert (letter.stage, letter.article, letter.title) == ("tag", ident, TITLE)
        assert "ZeroDivisionError" in letter.error
        outcomes = await asyncio.gather(*(replay(ctx.store, letter, ctx.window) for _ in range(5)))
        assert sorted(outcomes) == [("back", ""), *[("gone", "")] * 4]
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [ident]))
            # what is said again later is a copy of it, as if it had never been away
            (copy,) = await taken(ctx, entry(TITLE, feed="post", summary="The works are to open in 2028."))
            await until(lambda: all_decided(redis, [copy]))
        (told,) = [one for one in await alerts(redis) if one.kind == "post"]
        assert told.article is not None
        assert (told.article.id, told.article.entry.summary) == (ident, "The works are to open in 2028.")
        assert not await exists(redis, keys.opened(ident))
        assert not await dead(ctx, 1)


async def test_whose_copy_took_its_place_joins_it(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        first, copy = await died_before_its_copy(ctx, redis)
        (letter,) = await dead(ctx, 1)
        assert await replay(ctx.store, letter, ctx.window) == ("back", copy)
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [first, copy]))
        stories = {
            json.loads(text)["story"] for text in await cast(Any, redis).mget(keys.decision(first), keys.decision(copy))
        }
        assert stories == {copy}
        assert [one.kind for one in await alerts(redis)].count("post") == 1


async def died_before_its_copy(ctx: Context, redis: Redis) -> list[str]:
    """An original that died while its copy was parked, so that the copy takes its place."""
    good = ctx.now
    ids = await taken(ctx, entry(TITLE), entry(TITLE, feed="post"))
    await cast(Any, redis).xreadgroup("tag", "dead", {keys.ARTICLES: ">"}, count=1)
    async with at_work(TagStage(ctx).work):
        await until(lambda: exists(redis, keys.parked(ids[0])))
    ctx.now = type(good)(good.configuration, good.book, Poisoned("Xiaomi", times=MAX_TRIES))
    ctx.store.exclusive = True
    async with at_work(TagStage(ctx).work):
        await until(lambda: dead(ctx, 1))
    ctx.now, ctx.store.exclusive = good, False
    return ids


async def test_when_its_stand_in_died_too_it_takes_the_place_of_both(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        good = ctx.now
        ctx.now = type(good)(good.configuration, good.book, Poisoned("Xiaomi"))
        ids = await taken(ctx, entry(TITLE), entry(TITLE, feed="post"))
        async with at_work(TagStage(ctx).work):
            found = {letter.article: letter for letter in await until(lambda: dead(ctx, 2))}
        ctx.now = good
        for ident in (ids[0], ids[1]):
            assert (await replay(ctx.store, found[ident], ctx.window))[0] == "back"
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, ids))
            (late,) = await taken(ctx, entry(TITLE, feed="third"))
            await until(lambda: all_decided(redis, [late]))
        assert [one.kind for one in await alerts(redis)].count("post") == 1


async def test_it_dies_and_comes_back_again_and_again(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        good = ctx.now
        ids = await taken(ctx, *(entry(TITLE, feed=feed) for feed in ("a", "b", "c")))
        for _ in range(3):
            ctx.now = type(good)(good.configuration, good.book, Poisoned("Xiaomi"))
            async with at_work(TagStage(ctx).work):
                found = await until(lambda: dead(ctx, 3))
            for letter in reversed(found):
                assert (await replay(ctx.store, letter, ctx.window))[0] == "back"
        ctx.now = good
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, ids))
        assert [one.kind for one in await alerts(redis)].count("post") == 1
        assert await cast(Any, redis).hgetall(keys.tries("tag")) == {}


async def test_what_died_in_deciding_is_tagged_anew(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path, RULES) as ctx:
        (ident,) = await taken(ctx, entry(TITLE))

        async def fails(*_: Any) -> int:
            raise ZeroDivisionError("poison")

        with monkeypatch.context() as broken:
            broken.setattr(DecideStage, "_decide", fails)
            async with at_work(TagStage(ctx).work, deciding(ctx)):
                (letter,) = await until(lambda: dead(ctx, 1))
        assert (letter.stage, letter.article, letter.rest["seq"]) == ("decide", ident, "1")
        assert "tags" not in letter.rest
        assert await replay(ctx.store, letter, ctx.window) == ("back", "")
        async with at_work(TagStage(ctx).work, deciding(ctx)):
            await until(lambda: all_decided(redis, [ident]))
        assert len(await alerts(redis)) == 1


async def test_what_was_decided_after_all_only_leaves(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        (ident,) = await killed(ctx, entry(TITLE))
        (letter,) = await dead(ctx, 1)
        await cast(Any, redis).set(keys.decision(ident), "{}")
        assert await replay(ctx.store, letter, ctx.window) == ("decided", "")
        assert not await dead(ctx, 1)


async def test_an_alert_goes_back_into_its_outbox_and_is_told_once(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        monkeypatch.setattr("alertd.stages.sender._FIRST_PAUSE", 0.01)

        def failing(one: Alert, now: float, **more: Any) -> Message:
            if one.kind == "post":
                raise ZeroDivisionError("poison")
            return compose(one, now, **more)

        paper = Paper()
        body = dumps(alert(key="k", created=ctx.clock()))
        await cast(Any, redis).xadd(keys.ALERTS, {"key": "k", "alert": body})
        with monkeypatch.context() as broken:
            broken.setattr("alertd.stages.sender.compose", failing)
            async with at_work(notifying(ctx, paper)):
                await until(lambda: exists(redis, keys.sent("k")))
                (letter,) = await dead(ctx, 1)
                # the operator is told what to do
                await until(lambda: told_of(paper, 1))
        assert (letter.stage, letter.field) == ("notify", "alert")
        outcomes = await asyncio.gather(*(replay(ctx.store, letter, ctx.window) for _ in range(5)))
        assert sorted(outcomes) == [("back", ""), *[("gone", "")] * 4]
        # as after a crash between the letter and the record of it, there are two letters of one alert
        await cast(Any, redis).xadd(keys.DEAD, {"stage": "notify", "field": "alert", "payload": body, "at": "1"})
        (again,) = await dead(ctx, 1)
        assert await replay(ctx.store, again, ctx.window) == ("waits", "")
        async with at_work(notifying(ctx, paper)):
            await until(lambda: exists(redis, keys.sent("k")))
        assert await replay(ctx.store, again, ctx.window) == ("told", "")
        assert not await dead(ctx, 1)
        assert paper.posted.count("k") == 1
        assert int((await cast(Any, redis).hgetall(keys.COUNTS))["alerts:post"]) == 1


async def told_of(paper: Paper, count: int) -> bool:
    return len([key for key in paper.posted if key != "k"]) >= count


async def test_the_operator_hears_of_dead_articles_once_an_hour(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        await killed(ctx, entry(TITLE), entry("Nvidia opens an office in Taipei this week"))
        names = await cast(Any, redis).lrange(keys.outbox("#alertd"), 0, -1)
        hour_may_have_turned = 2
        assert 1 <= len(names) <= hour_may_have_turned
        told = loads(Alert, await cast(Any, redis).get(keys.alert(names[0])))
        assert "`alertd dead list`" in told.text
        assert "`alertd dead replay`" in told.text


def letter_of(field: str, payload: str, **rest: str) -> Letter:
    return Letter("5-0", "tag", "1-0", "why", 1.0, payload, field, rest)


ACCEPTED = {"seq": "7", "fp": "{}", "arrived": "12.5", "may": "0", "held": "too old", "copy": "0-1", "update": "0-2"}


def test_an_accepted_entry_comes_back_as_it_was() -> None:
    back = way_back(letter_of("entry", dumps(entry("A title")), **ACCEPTED))
    assert isinstance(back, BackAsArticle)
    found = back.article
    assert (found.id, found.arrived, found.may_alert, found.held) == ("1-0", 12.5, False, "too old")
    assert (found.copy_of, found.update_of, back.seq, back.fingerprint) == ("0-1", "0-2", "7", "{}")


def test_the_original_is_the_one_that_the_stream_names() -> None:
    article = Article("1-0", entry("A title"), 1.0, copy_of="0-1")
    for field, wanted in (("again", "0-9"), ("article", "0-1")):
        back = way_back(letter_of(field, dumps(article), seq="7", fp="{}", copy="0-9"))
        assert isinstance(back, BackAsArticle)
        assert back.article.copy_of == wanted


@pytest.mark.parametrize(
    ("letter", "why"),
    [
        (letter_of("entry", '{"v":1,"feed":"f"}'), "cannot be read"),
        (letter_of("article", "{", seq="1", fp="{}"), "cannot be read"),
        (letter_of("article", '{"v":2}', seq="1", fp="{}"), "cannot be read"),
        (letter_of("article", "[]", seq="1", fp="{}"), "cannot be read"),
        (letter_of("alert", "null"), "cannot be read"),
        (letter_of("again", dumps(Article("1-0", entry("t"), 1.0)), seq="1"), "cannot be read"),
        (letter_of("", "", gap="1"), "no article and no alert"),
        (letter_of("", dumps(entry("of an older version"))), "too little of it was kept"),
    ],
)
async def test_what_cannot_go_back_says_so_and_stays(letter: Letter, why: str, redis: Redis, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=why) as caught:
        way_back(letter)
    assert "alertd dead drop 5-0" in str(caught.value)
    async with context(redis, tmp_path) as ctx:
        await cast(Any, redis).xadd(keys.DEAD, {"stage": "tag"})
        with pytest.raises(StoreError):
            await replay(ctx.store, letter, ctx.window)
        assert len(await dead(ctx, 1)) == 1


async def test_letters_are_found_by_their_ids_and_their_articles(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        rows = [
            {"stage": "tag", "article": "9-0", "at": "1"},
            {"stage": "tag", "article": "9-0", "at": "2", "rest": "["},
        ]
        ids = [await cast(Any, redis).xadd(keys.DEAD, row) for row in rows]
        first, by_article = await find(ctx.store, ids[0]), await find(ctx.store, "9-0")
        assert first is not None
        assert by_article is not None
        assert (first.id, by_article.id, by_article.rest) == (ids[0], ids[1], {})
        assert await find(ctx.store, "1-0") is None
        assert await dead_letters.drop(ctx.store, [first, first]) == 1
        assert await dead_letters.drop(ctx.store, []) == 0


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        (dumps(entry("An entry")), "An entry"), (dumps(Article("1-0", entry("An article"), 1.0)), "An article"),
        (dumps(alert(key="k", created=1.0)), "Xiaomi"), ("{", ""), ("[1]", ""), ("", ""), ('{"title": 3}', ""),
    ],
    ids=["entry", "article", "alert", "cut", "list", "nothing", "number"],
)  # fmt: skip
def test_titles_are_read_as_far_as_they_can_be(payload: str, title: str) -> None:
    assert title in dead_letters.title_of(payload)
    assert bool(dead_letters.title_of(payload)) == bool(title)
