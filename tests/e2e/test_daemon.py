"""The real daemon, its real model and Redis, against feeds and a Slack on loopback."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest
from aiohttp import web

from tests.conftest import servers_in
from tests.e2e.world import Daemon, configure, serving, until
from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.timeout(300)

WATCHLIST = (
    "defaults: {roles: [subject, source, passing], min_relevance: 0}\nrules: [{name: all, companies: [XIACF]}]\n"
)
PLACES = (
    "Wuhan",
    "Chengdu",
    "Xi'an",
    "Harbin",
    "Ningbo",
    "Foshan",
    "Dalian",
    "Jinan",
    "Hefei",
    "Suzhou",
    "Xiamen",
    "Lanzhou",
)
THINGS = (
    "a battery plant", "a design studio", "a test track", "a chip laboratory", "a repair school", "a parts depot",
    "a showroom", "a data centre", "a wind farm", "a rail terminal", "a paint shop", "a call centre",
)  # fmt: skip


def titles(count: int) -> list[str]:
    """Headlines about as many different events of one company."""
    return [f"Xiaomi opens {THINGS[n % 12]} in {PLACES[(n + n // 12 * 5) % 12]}" for n in range(count)]


async def posted(slack: FakeSlack, wanted: list[str]) -> bool:
    return {t for t in wanted if any(t in text for text in texts(slack))} == set(wanted)


def texts(slack: FakeSlack) -> list[str]:
    return [message["text"].replace("&amp;", "&") for message in slack.messages("alerts")]


async def test_from_feed_to_slack_and_to_a_clean_end(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, slack):
        feeds.add("wire", "Xiaomi opened a shop in Oslo", age=90000)
        await daemon.start()
        await until(daemon.ready, "readiness")
        await until(lambda: daemon.polled(feeds), "a first poll")
        (title,) = titles(1)
        feeds.add("wire", title)
        await until(lambda: posted(slack, [title]), "the alert")
        assert await daemon.end() == 0
        assert len(slack.messages("alerts")) == 1, "the first sight of a feed is silent"
        ids = {
            (row["article"], row["logger"]) for row in map(json.loads, daemon.log.splitlines()) if row.get("article")
        }
        (article,) = {a for a, name in ids if name == "alertd.stages.sender"}
        assert {name for a, name in ids if a == article} >= {
            "alertd.stages.accepter", "alertd.stages.tag", "alertd.stages.deciding", "alertd.stages.sender",
        }, "one id from feed to Slack"  # fmt: skip
        assert not (tmp_path / "state" / "daemon.json").exists()


async def test_kill_9_in_mid_day_loses_none_and_repeats_none(tmp_path: Path) -> None:
    chance = random.Random(20261126)
    async with serving(tmp_path, WATCHLIST, "wire", "post") as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        wanted = titles(36)
        for number, title in enumerate(wanted):
            feeds.add("wire", title)
            if number % 3 == 0:
                feeds.add("post", title)
            await asyncio.sleep(chance.uniform(0, 0.12))
            if number % 9 == 8:
                await asyncio.sleep(chance.uniform(0, 1.5))
                await daemon.kill()
                await daemon.start()
        await until(lambda: posted_somewhere(slack, wanted), "every alert")
        await until(daemon.ready, "readiness")
        await asyncio.sleep(1.0)  # a doubled one would come now
        assert await daemon.end() == 0
        keys = [key for message in slack.messages("alerts") for key in told(message)]
        assert len(keys) == len(set(keys)), "no alert twice"
        said = [message["text"] for message in slack.messages("alerts") if "thread_ts" not in message]
        firsts = [text for text in said if "alerts about" not in text]
        assert len(firsts) == len(set(firsts)), "no first message twice"


def told(message: dict[str, object]) -> list[str]:
    payload = message["metadata"]["event_payload"]  # type: ignore[index]
    return str(payload.get("keys") or payload["key"]).split()


async def posted_somewhere(slack: FakeSlack, wanted: list[str]) -> bool:
    """Whether each headline was told in a message of its own, in a thread or in a digest."""
    whole = json.dumps([message["blocks"] for message in slack.messages("alerts")], ensure_ascii=False)
    return all(title in whole for title in wanted)


async def test_kill_9_of_redis_is_survived(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        first, second, third = titles(3)
        feeds.add("wire", first)
        await until(lambda: posted(slack, [first]), "the first alert")
        (server,) = [p for p in servers_in(tmp_path) if "redis-server" in p.name()]
        server.kill()
        feeds.add("wire", second)
        await until(lambda: posted(slack, [second]), "the second alert")
        await until(daemon.ready, "readiness again")
        feeds.add("wire", third)
        await until(lambda: posted(slack, [third]), "the third alert")
        assert await daemon.end() == 0
        assert len(slack.messages("alerts")) == 3


async def test_a_second_daemon_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, _, _):
        await daemon.start()
        await until(daemon.ready, "readiness")
        second = Daemon(tmp_path)
        second.err = tmp_path / "second.txt"
        await second.start()
        assert second.process is not None
        assert daemon.process is not None
        assert await asyncio.wait_for(second.process.wait(), 60) == 1
        assert f"another alertd works in this folder: process {daemon.process.pid}" in second.log
        assert await daemon.ready()


async def test_an_edit_is_in_force_at_once_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, slack):
        await daemon.start()
        await until(lambda: daemon.polled(feeds), "a first poll")
        watchlist = daemon.config / "watchlist.yaml"
        watchlist.write_text("rules: [{name: all, companys: [XIACF]}]\n", encoding="utf-8")
        await until(lambda: _operator(slack, "unknown key 'companys'"), "the refusal")
        one, two = titles(2)
        feeds.add("wire", one)
        await until(lambda: posted(slack, [one]), "an alert of the old rules")
        fresh = watchlist.with_suffix(".new")
        # another rule: one that only got another name would go on in the thread of the story
        other = WATCHLIST.replace("name: all", "name: renamed").replace("min_relevance: 0", "min_relevance: 0.01")
        fresh.write_text(other, encoding="utf-8")
        fresh.replace(watchlist)
        await until(lambda: daemon.logged("is in force: 1 feeds, 1 rules"), "the new rules")
        feeds.add("wire", two)
        await until(lambda: posted(slack, [two]), "an alert of the new rules")
        assert "Rule renamed" in json.dumps(slack.messages("alerts")[-1]["blocks"])
        assert await daemon.end() == 0


async def _operator(slack: FakeSlack, text: str) -> bool:
    return any(text in message["text"] for message in slack.messages("alertd"))


async def test_a_feed_that_answers_nonsense_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST, "wire", "post") as (daemon, feeds, slack):
        feeds.broken["post"] = web.Response(text="<html><title>Just a moment...</title></html>")
        await daemon.start()
        await until(lambda: _operator(slack, "a bot challenge by Cloudflare"), "the report")
        (title,) = titles(1)
        feeds.add("wire", title)
        await until(lambda: posted(slack, [title]), "the alert")
        del feeds.broken["post"]
        await until(lambda: _operator(slack, "Feed post works again"), "the report that it is back")
        assert await daemon.end() == 0


async def test_without_a_token_alerts_are_printed_and_it_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, _):
        configure(tmp_path, feeds, None, WATCHLIST)
        (title,) = titles(1)
        feeds.add("wire", title)
        await daemon.start()
        await until(lambda: _printed(daemon, title), "the alert on stdout")
        assert "no Slack token, so alerts are printed here" in daemon.log
        assert await daemon.end() == 0


async def _printed(daemon: Daemon, text: str) -> bool:
    return text in daemon.out.read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [("--once",), ("--once", "--dry-run")])
async def test_once_polls_all_works_it_off_and_ends(tmp_path: Path, options: tuple[str, ...]) -> None:
    async with serving(tmp_path, WATCHLIST) as (daemon, feeds, slack):
        (title,) = titles(1)
        feeds.add("wire", title)
        feeds.add("wire", "Xiaomi opened a shop in Oslo", age=90000)
        daemon.arguments = options
        await daemon.start()
        assert daemon.process is not None
        assert await asyncio.wait_for(daemon.process.wait(), 60) == 0, daemon.log
        if "--dry-run" in options:
            assert slack.calls == {}
            assert title in daemon.out.read_text(encoding="utf-8")
            assert not (tmp_path / "state").exists()
        else:
            assert [title in text for text in texts(slack)] == [True]
