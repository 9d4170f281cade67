"""A deleted rule stops at once: what stands in an outbox leaves it with its reason, whichever process delivers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from alertd import report
from alertd.articles import dumps
from alertd.reload import Reloader, insist
from alertd.slack.answers import Asked
from alertd.stages.answering import Answering
from alertd.stages.claims import Claim
from alertd.stages.context import Context
from alertd.stages.outbox import Outbox, delivered
from alertd.store import keys
from tests.fakes.slack import FakeSlack, Fault
from tests.slack.world import alert
from tests.stages.test_notify import PACED, _calls, _nothing, _of_story, posts, raised, sent, working
from tests.stages.world import GAZETTEER, SETTINGS, at_work, context, until
from tests.test_reload import edit

PHONES = "{name: phones, companies: [1810.HK]}"
DEALS = "{name: deals, events: [merger_acquisition]}"
BOTH = f"rules: [{PHONES}, {DEALS}]"
ONLY_DEALS = f"rules: [{DEALS}]"


@asynccontextmanager
async def two(redis: Redis, folder: Path, settings: str = SETTINGS) -> AsyncIterator[tuple[Context, Context]]:
    """A process that delivers and does not look at the files, and one that does."""
    async with (
        context(redis, folder, settings=settings, watchlist=BOTH) as notify,
        context(redis, folder, process="edits", now=notify.now) as other,
    ):
        await insist(other.store, other.process, other.now.configuration)
        yield notify, other


async def edited(ctx: Context, folder: Path, watchlist: str) -> None:
    edit(folder, watchlist)
    before = ctx.now
    await Reloader(ctx, folder / "config", GAZETTEER, lambda _: None).reload()
    assert ctx.now is not before, "the edit is valid"


async def record(redis: Redis, key: str) -> tuple[str, str]:
    found = json.loads(await cast(Any, redis).get(keys.sent(key)))
    return found["how"], found.get("why", "")


GONE = ("withdrawn", "its rule was deleted")


@pytest.mark.parametrize("why", ["refused", "pace", "rate"])
async def test_what_waits_leaves_at_once_and_what_others_raised_is_told(redis: Redis, tmp_path: Path, why: str) -> None:
    settings = SETTINGS.replace("pace: 0s", "pace: 30s, burst: 1, digest_above: 100") if why == "pace" else SETTINGS
    faults = [Fault("chat.postMessage", 1, "429", seconds=3.0)] if why == "rate" else []
    async with two(redis, tmp_path, settings) as (notify, other), FakeSlack(faults) as slack:
        slack.channel("alerts").member = why != "refused"
        made = [replace(one, rule="phones" if n else "deals") for n, one in enumerate(posts(notify, 4))]
        await raised(redis, made)
        async with at_work(working(notify, slack)):
            await until(lambda: _waiting(redis, 3), "what waits")
            await edited(other, tmp_path, ONLY_DEALS)
            await until(lambda: sent(redis, [a.key for a in made[1:]]), "the records")
            slack.channel("alerts").member = True
            await until(lambda: sent(redis, [made[0].key]))
        assert slack.keys("alerts") == [made[0].key]
        assert {await record(redis, one.key) for one in made[1:]} == {GONE}
        assert await _nothing(redis, keys.alert(made[1].key))
        assert notify.metrics.registry.get_sample_value("alertd_posts_total", {"outcome": "withdrawn"}) == 3
        assert (await report.overview(notify.store))["withdrawn"] == 3
        rows = await delivered(redis, 0.0, withdrawn=True)
        assert sorted(row["how"] for row in rows if row["rule"]) == ["posted", "withdrawn", "withdrawn", "withdrawn"]
        assert [row["how"] for row in await delivered(redis, 0.0) if row["rule"]] == ["posted"]


async def _waiting(redis: Redis, least: int) -> bool:
    return int(await cast(Any, redis).llen(keys.outbox("#alerts"))) >= least


@pytest.mark.parametrize(
    "edit_of_it",
    [
        "{name: phones, companies: [1810.HK], min_relevance: 0.9}",
        "{name: handsets, companies: [1810.HK]}",
        "{name: handsets, companies: [1810.HK], channel: '#more', severity: high}",
    ],
)
async def test_what_an_edited_or_renamed_rule_raised_is_told(redis: Redis, tmp_path: Path, edit_of_it: str) -> None:
    async with two(redis, tmp_path) as (notify, other), FakeSlack() as slack:
        slack.channel("alerts").member = False
        made = posts(notify, 2)
        await raised(redis, made)
        async with at_work(working(notify, slack)):
            await until(lambda: _waiting(redis, 2))
            await edited(other, tmp_path, f"rules: [{edit_of_it}, {DEALS}]")
            await edited(other, tmp_path, f"rules: [{edit_of_it}]")
            slack.channel("alerts").member = True
            await until(lambda: sent(redis, [a.key for a in made]))
        assert slack.keys("alerts") == [a.key for a in made]


@pytest.mark.parametrize(("fault", "how", "kept"), [("drop_after", "found", 1), ("drop_before", "withdrawn", 0)])
async def test_a_message_in_doubt_is_resolved_though_its_rule_is_gone(
    redis: Redis, tmp_path: Path, fault: Any, how: str, kept: int
) -> None:
    faults = [Fault("chat.postMessage", 1, fault), Fault("conversations.history", 2, "500", times=2)]
    async with two(redis, tmp_path) as (notify, other), FakeSlack(faults) as slack:
        (one,) = posts(notify, 1)
        await raised(redis, [one])
        async with at_work(working(notify, slack)):
            await until(lambda: _calls(slack, "chat.postMessage", 1))
            await edited(other, tmp_path, ONLY_DEALS)
            await until(lambda: sent(redis, [one.key]))
        assert (await record(redis, one.key))[0] == how
        assert slack.keys("alerts") == [one.key] * kept
        assert await _nothing(redis, keys.sending("#alerts"))


async def test_a_rule_that_is_deleted_between_claim_and_post_is_not_told(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two(redis, tmp_path) as (notify, other), FakeSlack() as slack:
        real = Outbox.claim

        async def claim(self: Outbox, claim: Claim) -> float | None:
            wait = await real(self, claim)
            monkeypatch.setattr(Outbox, "claim", real)
            await edited(other, tmp_path, ONLY_DEALS)
            return wait

        monkeypatch.setattr(Outbox, "claim", claim)
        first, last = posts(notify, 2)
        last = replace(last, rule="deals")
        await raised(redis, [first, last])
        async with at_work(working(notify, slack)):
            await until(lambda: sent(redis, [first.key, last.key]))
        assert slack.keys("alerts") == [last.key]
        assert await record(redis, first.key) == GONE


async def test_a_digest_goes_on_without_what_a_deleted_rule_said(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two(redis, tmp_path) as (notify, other), FakeSlack() as slack:
        real = Outbox.claim

        async def claim(self: Outbox, claim: Claim) -> float | None:
            assert len(claim.alerts) == 12
            monkeypatch.setattr(Outbox, "claim", real)
            wait = await real(self, claim)
            await edited(other, tmp_path, ONLY_DEALS)
            return wait

        monkeypatch.setattr(Outbox, "claim", claim)
        made = [
            replace(one, rule="phones" if n % 2 else "deals", digest="d") for n, one in enumerate(posts(notify, 12))
        ]
        for one in made:
            await cast(Any, redis).set(keys.alert(one.key), dumps(one))
            await cast(Any, redis).rpush(keys.outbox("#alerts"), one.key)
        await cast(Any, redis).sadd(keys.CHANNELS, "#alerts")
        async with at_work(working(notify, slack)):
            await until(lambda: sent(redis, [a.key for a in made]))
        (message,) = slack.messages("alerts")
        assert sorted(message["metadata"]["event_payload"]["keys"].split()) == sorted(a.key for a in made[::2])


async def test_replies_in_the_thread_of_a_deleted_rule_stop(redis: Redis, tmp_path: Path) -> None:
    async with two(redis, tmp_path, PACED) as (notify, other), FakeSlack() as slack:
        (one,) = posts(notify, 1)
        await raised(redis, [one])
        async with at_work(working(notify, slack)):
            await until(lambda: sent(redis, [one.key]))
            await edited(other, tmp_path, ONLY_DEALS)
            # raised by a process that still had the rule
            answer = replace(
                _of_story(alert(key="answer", kind="reply", relation="copy"), "0-0"), created=notify.clock()
            )
            await raised(redis, [answer])
            await until(lambda: sent(redis, ["answer"]))
        assert slack.keys("alerts") == [one.key]
        assert await record(redis, "answer") == GONE


async def test_what_a_new_rule_raised_is_told_by_a_process_that_has_the_old_files(redis: Redis, tmp_path: Path) -> None:
    async with two(redis, tmp_path) as (notify, other), FakeSlack() as slack:
        made = [replace(one, rule="cars") for one in posts(notify, 1)]
        async with at_work(working(notify, slack)):
            await edited(other, tmp_path, f"rules: [{DEALS}, {{name: cars, companies: [TSLA]}}]")
            await raised(redis, made)
            await until(lambda: sent(redis, [made[0].key]))
        assert "cars" not in notify.now.book.by_name
        assert slack.keys("alerts") == [made[0].key]


async def test_a_watch_that_was_ended_in_slack_stops_too(redis: Redis, tmp_path: Path) -> None:
    async with (
        two(redis, tmp_path, SETTINGS.replace("slack: {", "slack: {editors: [U0000BOSS], ")) as (notify, other),
        FakeSlack() as slack,
    ):
        answering = Answering(other)
        for number, symbol in enumerate(("1810.HK", "AAPL")):
            await answering.answer(_typed(f"w{number}", "watch", symbol))
        slack.channel("alerts").member = False
        ended, kept = (
            replace(one, rule=f"{symbol} watched in C1")
            for one, symbol in zip(posts(notify, 2), ("1810.HK", "AAPL"), strict=True)
        )
        await raised(redis, [ended, kept])
        async with at_work(working(notify, slack)):
            await until(lambda: _waiting(redis, 2))
            assert "ended the watch" in await answering.answer(_typed("u", "unwatch", "1810.HK"))
            await until(lambda: sent(redis, [ended.key]))
            slack.channel("alerts").member = True
            await until(lambda: sent(redis, [kept.key]))
        assert slack.keys("alerts") == [kept.key]
        assert await record(redis, ended.key) == GONE


def _typed(ident: str, verb: str, *words: str) -> Asked:
    return Asked(ident, "U0000BOSS", "boss", "C1", "desk", verb, words, "", "", "")


async def test_without_word_on_the_rules_nothing_is_taken_for_deleted(redis: Redis, tmp_path: Path) -> None:
    async with two(redis, tmp_path) as (notify, _), FakeSlack() as slack:
        await cast(Any, redis).delete(keys.STANDING)  # as after a loss of the store
        made = [replace(one, rule="unheard of") for one in posts(notify, 1)]
        await raised(redis, made)
        async with at_work(working(notify, slack)):
            await until(lambda: sent(redis, [made[0].key]))
        assert slack.keys("alerts") == [made[0].key]
