from __future__ import annotations

import asyncio

import pytest

from alertd.stages.aside import Aside


async def test_one_piece_of_work_is_under_way_and_its_result_is_taken_once() -> None:
    go = asyncio.Event()
    started = []

    async def work() -> str:
        started.append(1)
        await go.wait()
        return "done"

    async with Aside[str]("test") as aside:
        assert aside.taken() is None
        await aside.wait()
        assert aside.start(work)
        assert not aside.start(work)
        assert aside.taken() is None, "it is under way"
        go.set()
        await aside.wait()
        assert not aside.start(work), "its result was not taken"
        assert (aside.taken(), aside.taken()) == ("done", None)
        assert aside.start(work)
    assert len(started) == 2


async def test_what_fails_is_told_to_who_takes_it_or_ends() -> None:
    async def fails() -> None:
        raise ZeroDivisionError

    async with Aside[None]("test") as aside:
        aside.start(fails)
        await aside.wait()
        with pytest.raises(ZeroDivisionError):
            aside.taken()
    with pytest.raises(ZeroDivisionError):
        async with Aside[None]("test") as aside:
            aside.start(fails)


async def test_work_is_awaited_at_the_end_and_ended_with_a_block_that_fails() -> None:
    ended = []
    begun = asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def short() -> None:
        await asyncio.sleep(0)
        ended.append("short")

    async with Aside[None]("test") as aside:
        aside.start(short)
    with pytest.raises(ZeroDivisionError):
        async with Aside[None]("test") as aside:
            aside.start(work)
            await begun.wait()
            raise ZeroDivisionError
    assert ended == ["short", "cancelled"]
