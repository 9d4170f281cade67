from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from alertd.errors import StoreError
from alertd.reload import GONE, Reloader, agree, insist
from alertd.stages.context import Context, persist
from alertd.store import keys
from alertd.tagging import overlay
from alertd.tagging.overlay import Overlay
from alertd.tagging.registrants import Standing
from alertd.tagging.tagger import TagInput
from tests.config import folders
from tests.stages.world import GAZETTEER, SETTINGS, WATCHLIST, at_work, context, until

hidden: list[str] = []


def edit(folder: Path, watchlist: str) -> None:
    """As an editor does: a new file takes the place of the old one."""
    fresh = folder / "config" / "watchlist.yaml.tmp"
    fresh.write_text(watchlist, encoding="utf-8")
    fresh.replace(folder / "config" / "watchlist.yaml")


async def rules(ctx: Context, *names: str) -> bool:
    await asyncio.sleep(0)
    return tuple(rule.name for rule in ctx.now.book.rules) == names


async def refused(ctx: Context, text: str) -> bool:
    await asyncio.sleep(0)
    return text in ctx.ready.get("config", (True, ""))[1]


async def test_a_valid_edit_is_put_in_force_as_a_whole(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        before = ctx.now
        async with at_work(Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend).work):
            await asyncio.sleep(0.3)
            edit(tmp_path, "rules: [{name: solo, companies: [{name: OpenAI, aliases: [ChatGPT]}]}]")
            await until(lambda: rules(ctx, "solo"), "the new rules")
        assert ctx.now.configuration.generation != before.configuration.generation
        assert await cast(Any, redis).get(keys.GENERATION) == ctx.now.configuration.generation
        assert ctx.now.tagger is not None
        assert ctx.now.tagger is not before.tagger
        assert ctx.metrics.registry.get_sample_value("alertd_config_refused") == 0


async def test_a_wrong_edit_changes_nothing_and_is_told_once(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        before = ctx.now
        async with at_work(Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend).work):
            await asyncio.sleep(0.3)
            edit(tmp_path, "rules: [{name: solo, companies: [XIAMO]}]")
            await until(lambda: refused(ctx, "no company has the symbol"), "the refusal")
            edit(tmp_path, "rules: [{name: solo, companies: [XIAMO]}]")
            edit(tmp_path, WATCHLIST)
            await until(lambda: refused(ctx, f"generation {before.configuration.generation}"), "the correction")
        assert await rules(ctx, "xiaomi", "broker", "deals")
        assert ctx.now.configuration.generation == before.configuration.generation
        told = await cast(Any, redis).keys(keys.alert("*"))
        assert len(told) == 1
        body = await cast(Any, redis).get(told[0])
        assert "watchlist.yaml:1:" in body
        assert "what was in force stays" in body


async def test_asked_by_a_signal_it_reads_anew(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        reloader = Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend)
        (tmp_path / "config" / "watchlist.yaml").write_text("rules: [{name: x, companies: [JEF]}]", encoding="utf-8")
        await reloader.reload()
        assert await rules(ctx, "x")


async def test_what_needs_a_restart_is_named(redis: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with context(redis, tmp_path) as ctx:
        text = SETTINGS.replace("web: {port: 0}", "web: {port: 8321}\ntagging: {threads: 2}")
        (tmp_path / "config" / "alertd.yaml").write_text(text, encoding="utf-8")
        await Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend).reload()
        assert "web, tagging.threads: takes effect at the next start" in caplog.text


async def test_a_process_with_other_files_is_refused_while_the_others_live(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        assert await agree(ctx.store, "first", "aaa") == ""
        assert await agree(ctx.store, "second", "bbb") == "aaa"
        with pytest.raises(StoreError, match="other processes have generation aaa"):
            await insist(ctx.store, "second", ctx.now.configuration, patience=0)
        await cast(Any, redis).zadd(keys.PROCESSES, {"first": 0.0})  # long gone
        assert GONE < 60
        await insist(ctx.store, "second", ctx.now.configuration)
        assert await cast(Any, redis).get(keys.GENERATION) == ctx.now.configuration.generation


async def test_changes_of_other_files_in_the_folder_do_nothing(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        reloader = Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend)
        async with at_work(reloader.work):
            await asyncio.sleep(0.3)
            (tmp_path / "config" / "notes.txt").write_text("x", encoding="utf-8")
            edit(tmp_path, folders.WATCHLIST)
            await until(lambda: rules(ctx, "cars"), "the new rules")
        assert ctx.ready["config"][0]


async def test_an_edit_while_the_store_is_away_is_taken_up_later_and_ends_nothing(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        reloader = Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend)
        away = True

        async def sometimes(*arguments: Any, **more: Any) -> str:
            if away:
                raise RedisConnectionError("gone")
            return await agree(*arguments, **more)

        monkeypatch.setattr("alertd.reload.agree", sometimes)
        stop = asyncio.Event()
        task = asyncio.create_task(persist(ctx, "reload", lambda: reloader.work(stop), stop))
        edit(tmp_path, "rules: [{name: x, companies: [JEF]}]")
        await until(lambda: not_ready(ctx), "the trouble")
        assert not stop.is_set()
        away = False
        await until(lambda: rules(ctx, "x"), "the edit")
        await until(lambda: ready_again(ctx), "readiness")
        stop.set()
        await asyncio.wait_for(task, 20)


async def not_ready(ctx: Context) -> bool:
    await asyncio.sleep(0)
    return ctx.ready.get("reload", (True, ""))[0] is False


async def ready_again(ctx: Context) -> bool:
    await asyncio.sleep(0)
    return "reload" not in ctx.ready


async def test_secrets_of_a_new_configuration_are_hidden_before_it_is_in_force(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        text = SETTINGS.replace("slack: {", "slack: {token: xoxb-quite-new, ")
        (tmp_path / "config" / "alertd.yaml").write_text(text, encoding="utf-8")
        await Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend).reload()
        assert "xoxb-quite-new" in hidden


async def test_an_update_of_symbols_is_in_force_without_an_edit(redis: Redis, tmp_path: Path) -> None:
    watched = "rules: [{name: film, companies: [NFLX]}, {name: new, companies: [{name: Zorblax}]}]"
    async with context(redis, tmp_path, watchlist=watched) as ctx:
        before = ctx.now
        standings = (
            Standing(1065280, "Netflix", 235, ("FLIX",), ("NFLX",), "NFLX"),
            Standing(4_000_000_000, "Zorblax", 10, ("ZRBX",), (), ""),
        )
        update = overlay.place(before.configuration.settings.store.folder)
        reloader = Reloader(ctx, tmp_path / "config", GAZETTEER, hidden.extend)

        async def updated() -> bool:
            await asyncio.sleep(0)
            return ctx.now is not before

        async with at_work(reloader.work):
            await until(lambda: asyncio.to_thread(update.parent.is_dir), "the folder that is watched")
            await asyncio.sleep(0.3)
            overlay.write(update, Overlay(GAZETTEER.version, 0.0, "list", standings))
            await until(updated, "the update")
        assert ctx.now.configuration.generation == before.configuration.generation
        assert ctx.now.tagger is not None
        [tags] = ctx.now.tagger.tag([TagInput("Netflix (NASDAQ: FLIX) and Zorblax Inc. rise")])
        assert {c.issuer for c in tags.companies} == {"i:NFLX", "i:ZRBX"}
        assert {c.symbol for c in tags.companies} == {"FLIX", "ZRBX"}
        [told] = await cast(Any, redis).keys(keys.alert("*"))
        assert "NFLX is a former symbol of Netflix, and still read as such; write FLIX" in await cast(Any, redis).get(
            told
        )
