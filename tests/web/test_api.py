"""The JSON addresses, over real HTTP and a real Redis, as their description says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd.stages import archive
from alertd.stages.tag import set_aside
from alertd.store import keys
from alertd.store.shares import Shares
from alertd.store.streams import Reader
from alertd.web import answers
from alertd.web.api import ADDRESSES, OPENAPI
from tests.stages.world import entry, taken
from tests.web.world import Browser, ids_of, news, page, passed, polled, posted

EMPTY: dict[str, type[answers.Answer]] = {
    "/api/now": answers.Now, "/api/alerts": answers.Alerts, "/api/stories": answers.Stories,
    "/api/companies": answers.Companies, "/api/companies/NVDA/series": answers.Series,
    "/api/watchlist": answers.Watchlist, "/api/silences": answers.Silences, "/api/feeds": answers.Feeds,
    "/api/system": answers.SystemState,
}  # fmt: skip


async def test_an_empty_store_answers_everywhere(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (_, server), Browser(server) as browser:
        for path, model in EMPTY.items():
            model.model_validate(await browser.get(path), strict=False)


async def test_the_description_names_every_address_and_their_answers_fit(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (_, server), Browser(server) as browser:
        described = await browser.get(OPENAPI)
        assert described["openapi"] == "3.1.0"
        named = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
        routes = {
            (route.method, route.resource.canonical)
            for route in server.application().router.routes()
            if route.resource is not None and route.resource.canonical.startswith("/api/")
        }
        assert {pair for pair in routes if pair[0] != "HEAD" and pair[1] != OPENAPI} == named
        used = set(_refs(described["paths"]))
        assert used <= {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
        operations = [o for methods in described["paths"].values() for o in methods.values()]
        assert len({o["operationId"] for o in operations}) == len(operations) == len(ADDRESSES)


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [v for k, v in value.items() if k == "$ref"] + [r for v in value.values() for r in _refs(v)]
    return [ref for item in value for ref in _refs(item)] if isinstance(value, list) else []


async def test_what_passed_is_on_every_view(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), Browser(server) as browser:
        ids = await passed(ctx, *news())
        await polled(ctx)
        await posted(ctx, 2)

        now = answers.Now.model_validate(await browser.get("/api/now"))
        assert {item.id for item in now.items} == set(ids)
        by_id = {item.id: item for item in now.items}
        assert by_id[ids[0]].outcome == "alerted"
        assert by_id[ids[0]].companies[0].symbol == "1810.HK"
        assert by_id[ids[1]].story.relation == "copy"
        assert by_id[ids[3]].why == "no rule is about it"
        assert by_id[ids[4]].held.startswith("too old")
        for query, found in (
            ("q=nvidia+oslo", {ids[2]}), ("q=NOBODY", set()), ("company=1810.HK", {ids[0], ids[1]}),
            ("feed=post", {ids[1], ids[3]}), ("only=news&feed=post", {ids[3]}), ("event=recall", set()),
            ("event=earnings&company=NVDA", {ids[2]}), ("mood=positive&company=1810.HK", {ids[0], ids[1]}),
            ("q=%22oslo", set()),
        ):  # fmt: skip
            assert set(ids_of((await browser.get(f"/api/now?{query}"))["items"])) == found, query

        alerts = answers.Alerts.model_validate(await browser.get("/api/alerts"))
        assert {alert.rule for alert in alerts.items} == {"xiaomi", "nvidia"}
        key = next(alert.key for alert in alerts.items if alert.rule == "nvidia")
        shown = answers.ShownAlert.model_validate(await browser.get(f"/api/alerts/{key}"))
        assert shown.exact
        assert shown.message is not None
        assert shown.message.blocks[0]["type"] == "header"
        assert "NVDA" in shown.message.text
        await cast(Any, redis).delete(keys.shown(key))
        rebuilt = answers.ShownAlert.model_validate(await browser.get(f"/api/alerts/{key}"))
        assert not rebuilt.exact
        assert rebuilt.message is not None
        assert rebuilt.message.blocks[:2] == shown.message.blocks[:2]
        only = await browser.get("/api/alerts?rule=nvidia&q=oslo")
        assert [alert["key"] for alert in only["items"]] == [key]

        stories = answers.Stories.model_validate(await browser.get("/api/stories"))
        assert {story.id for story in stories.items} == {ids[0], ids[2], ids[3], ids[4]}
        several = await browser.get("/api/stories?outlets=2")
        assert ids_of(several["items"]) == [ids[0]]
        story = answers.ToldStory.model_validate(await browser.get(f"/api/stories/{ids[1]}"))
        assert (story.story.id, [row.relation for row in story.timeline]) == (ids[0], ["first", "copy"])
        assert {alert.rule for alert in story.alerts} == {"xiaomi"}

        companies = answers.Companies.model_validate(await browser.get("/api/companies"))
        counts = {company.symbol: (company.articles, company.watched) for company in companies.items}
        assert counts["1810.HK"] == (2, True)
        assert counts["NVDA"] == (1, True)
        assert counts["V"] == (1, False)
        series = answers.Series.model_validate(await browser.get("/api/companies/NVDA/series?hours=24"))
        assert sum(point.articles for point in series.points) == 1
        assert {mark.type for mark in series.marks} == {"earnings"}
        assert "Nvidia" in series.marks[0].title
        assert len((await browser.get("/api/companies/NVDA/series?hours=720"))["points"]) <= 180

        watchlist = answers.Watchlist.model_validate(await browser.get("/api/watchlist"))
        rules = {rule.name: rule for rule in watchlist.items}
        assert rules["nvidia"].days[-1] == 1
        assert rules["nvidia"].last is not None
        assert rules["nvidia"].health == "fine"
        assert rules["from-a-dead-feed"].health == "broken"
        assert rules["nobody"].health == "quiet"

        feeds = answers.Feeds.model_validate(await browser.get("/api/feeds"))
        assert [(feed.name, feed.health) for feed in feeds.items] == [
            ("dead", "failing"), ("post", "new"), ("wire", "fine")
        ]  # fmt: skip
        text = str(await browser.get("/api/feeds"))
        assert "s3cret" not in text
        assert "pass@" not in text

        system = answers.SystemState.model_validate(await browser.get("/api/system"))
        assert system.counts["articles"] == 5
        assert any("feed dead" in trouble for trouble in system.troubles)
        assert {lease.name for lease in system.leases} >= {"decide", "notify"}
        assert system.versions["encoder"]


async def test_explain_replay_and_silences(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), Browser(server) as browser:
        ids = await passed(ctx, *news())
        await posted(ctx, 2)
        told = await browser.send("POST", "/api/explain", {"text": "Nvidia raises its forecast"})
        said = answers.Explanation.model_validate(told)
        assert {verdict.rule: verdict.fires for verdict in said.verdicts}["nvidia"]
        archived = answers.Explanation.model_validate(await browser.send("POST", "/api/explain", {"article": ids[2]}))
        assert archived.decided.startswith("alerted: nvidia in #alerts")
        [alert] = (await browser.get("/api/alerts?rule=nvidia"))["items"]
        for body in ({"article": ids[2]}, {"alert": alert["key"]}):
            replay = answers.Replay.model_validate(await browser.send("POST", "/api/replay", body))
            assert [(one.rule, one.destination) for one in replay.told] == [("nvidia", "#alerts")]
        made = await browser.send("POST", "/api/silences", {"rules": ["nvidia"], "lasts": "2h", "why": "we know"})
        answers.Done.model_validate(made)
        [held] = answers.Silences.model_validate(await browser.get("/api/silences")).items
        assert (held.id, held.words, held.holds) == (made["id"], "rule nvidia", True)
        rules = {rule["name"]: rule for rule in (await browser.get("/api/watchlist"))["items"]}
        assert rules["nvidia"]["health"] == "silenced"
        more = await passed(ctx, entry("Nvidia buys a maker of optical switches for 900 million dollars"))
        found = {item["id"]: item for item in (await browser.get("/api/now"))["items"]}
        assert found[more[0]]["outcome"] == "silenced"
        held_back = await browser.send("POST", "/api/explain", {"article": more[0]})
        assert held_back["silences"] == [f"{made['id']} held when it arrived: we know"]
        assert (await browser.send("POST", "/api/explain", {"article": ids[2]}))["silences"] == []
        await browser.send("DELETE", f"/api/silences/{made['id']}")
        assert not (await browser.get("/api/silences"))["items"][0]["holds"]
        await browser.send("DELETE", f"/api/silences/{made['id']}", status=404)


async def test_the_system_says_who_polls_which_part_of_the_feeds(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), Browser(server) as browser:

        async def pollers() -> list[tuple[str, str]]:
            found = answers.SystemState.model_validate(await browser.get("/api/system")).leases
            return [(lease.name, lease.owner) for lease in found if lease.name.startswith("poll")]

        assert await pollers() == []
        mine, theirs = ctx.shares(), Shares(ctx.store, "poll", "there")
        await mine.acquire()
        assert await pollers() == [("poll", ctx.process)]
        await theirs.acquire()
        assert await pollers() == [("poll (256 of 256 parts)", ctx.process)], "the other waits for its share"
        for shares in (mine, theirs) * 2:
            await shares.acquire()
            shares.give(shares.leaving)
        assert await pollers() == [("poll (128 of 256 parts)", ctx.process), ("poll (128 of 256 parts)", "there")]


async def test_a_dead_letter_goes_back_once(redis: Redis, tmp_path: Path) -> None:
    async with page(redis, tmp_path) as (ctx, server), Browser(server) as browser:
        await taken(ctx, entry("Nvidia opens a research centre in Oslo with 200 people"))
        [delivery] = await Reader(ctx.store, keys.ARTICLES, ctx.process, idle=1.0).fresh(1)
        await set_aside(ctx, keys.ARTICLES, delivery, stage="tag", article=delivery.id, error="it failed")
        [letter] = answers.SystemState.model_validate(await browser.get("/api/system")).dead
        assert (letter.stage, letter.error) == ("tag", "it failed")
        moved = answers.Moved.model_validate(await browser.send("POST", f"/api/dead/{letter.id}/replay", {}))
        assert moved.outcome == "back"
        await browser.send("POST", f"/api/dead/{letter.id}/replay", {}, status=404)
        bad = await cast(Any, redis).xadd(keys.DEAD, {"stage": "tag", "article": "", "error": "x", "at": "1"})
        said = await browser.send("POST", f"/api/dead/{bad}/replay", {}, status=409)
        assert "cannot go back" in said["error"]


async def test_pages_of_the_archive_follow_each_other_while_it_is_sealed(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "CHUNK", 4)
    async with page(redis, tmp_path) as (ctx, server), Browser(server) as browser:
        entries = [entry(f"Company {n} of province {n * 13} opens shop {n * 7}", guid=str(n)) for n in range(11)]
        ids = await passed(ctx, *entries)
        first = await browser.get("/api/now?limit=3")
        lease = ctx.lease("decide")
        assert await lease.acquire()
        assert await archive.file(ctx.store, lease) >= 1, "what the page before ended in is sealed now"
        await lease.release()
        assert (await browser.get("/api/now?limit=3&after=20200101:1/9"))["items"] == [], "what is gone has no older"
        found, after = ids_of(first["items"]), first["after"]
        while after:
            page_of = await browser.get(f"/api/now?limit=3&after={after}")
            found += ids_of(page_of["items"])
            after = page_of["after"]
        assert sorted(found, reverse=True) == found
        assert found == sorted(ids, key=lambda i: int(i.partition("-")[0]) * 1000 + int(i.partition("-")[2]))[::-1]


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/api/now?limit=0", 400, "limit"), ("/api/now?mood=angry", 400, "mood"),
        ("/api/alerts?before=x", 400, "place"),
        ("/api/stories/1-1", 404, "remembered"), ("/api/alerts/none", 404, "remembered"),
        ("/api/companies/NVDA/series?hours=9999", 400, "hours"), ("/api/now?q=" + "x" * 600, 400, "longer"),
        ("/api/stories?after=x_y", 400, "place"), ("/api/now?after=20261127:1/x", 400, "place"),
    ],
)  # fmt: skip
async def test_a_wrong_question_is_told_what_is_wrong(
    redis: Redis, tmp_path: Path, path: str, status: int, word: str
) -> None:
    async with page(redis, tmp_path) as (_, server), Browser(server) as browser:
        said = answers.Trouble.model_validate(await browser.get(path, status))
        assert word in said.error
