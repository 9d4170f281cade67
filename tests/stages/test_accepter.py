from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from alertd.articles import Entry
from alertd.stages import accepter as accepter_module
from alertd.stages.accept import Judged
from alertd.stages.accepter import AT_ONCE, Accepter
from alertd.stages.context import Context
from alertd.stages.originals import Accepted, Candidate, Relation, comparable, meetings, places_of, related
from alertd.store import keys
from alertd.stories.bands import bands
from alertd.stories.fingerprints import fingerprint
from alertd.stories.outlines import UNKNOWN, Outlines, outlined
from alertd.stories.records import written
from tests.stages.world import away_once, context, entry, judged, stream

TITLE = "Acme agrees to buy Bolt Industries for $4.7 billion in cash and shares"
OTHERS = (
    "Acme agrees to buy Bolt Industries for $4.7 billion in cash and stock",
    "Acme agrees to buy Bolt Industries for $3.9 billion in cash and shares",
    "Port of Oulu opens a longer quay for the timber trade after two years of work",
    "UPDATE 2-Acme agrees to buy Bolt Industries for $4.7 bln in cash and shares",
)


def candidate(title: str, feed: str = "wire", *, update: bool = False) -> Candidate:
    fp = fingerprint(entry(title, feed=feed))
    return Candidate(fp, bands(fp), update)


def originals(
    entries: Sequence[Candidate], met: Sequence[Iterable[int]], known: Mapping[int, Accepted], accepted: int
) -> list[str]:
    return [relation.original for relation in related(entries, met, known, accepted)]


async def every(ctx: Context, *entries: Entry) -> list[Judged]:
    return [item for one in entries for item in await judged(ctx, one)]


def test_copies_are_found_among_those_that_come_together_and_point_to_one_original() -> None:
    together = [candidate(TITLE), candidate(OTHERS[2]), candidate(TITLE, "post"), candidate(TITLE, "third")]
    assert originals(together, [()] * 4, {}, 7) == ["", "", "#1", "#1"]


def test_only_what_may_be_copied_is_read_and_with_a_copy_its_original() -> None:
    stored = {
        1: f"1-0||{written(candidate('Harbour workers in Turku end their strike').fp)}",
        2: f"2-0|1-0|{written(candidate(TITLE).fp)}",
        3: f"3-0||{written(candidate(OTHERS[2]).fp)}",
    }
    new = candidate(OTHERS[0]).fp
    assert set(comparable([new], [(1, 2, 3, 9)], stored)) == {1, 2}
    assert comparable([new], [(3,)], {3: stored[3]}) == {}


def test_what_is_stored_comes_before_what_comes_together() -> None:
    known = {
        3: Accepted("3-0", "", fingerprint(entry(TITLE, feed="first"))),
        5: Accepted("5-0", "2-0", candidate(TITLE).fp),
    }
    together = [candidate(TITLE), candidate(TITLE, "post")]
    assert originals(together, [(3,), (3,)], known, 7) == ["3-0", "3-0"]
    assert originals(together, [(5,), (9,)], known, 7) == ["2-0", "2-0"], "a copy of a copy points to the original"


def test_what_contradicts_the_original_of_a_copy_is_no_copy_of_that() -> None:
    opening = (
        "The airline said on Monday that it would trim its winter flights by two percent, for fuel had become dearer."
    )
    texts = (f"{opening} It sees $1.60 a share.", opening, f"{opening} It sees $1.20 a share.")
    fps = [fingerprint(entry(OTHERS[2], feed=f"feed{n}", summary=text)) for n, text in enumerate(texts)]
    whole, cut, other = (Candidate(fp, bands(fp), update=False) for fp in fps)
    assert originals([whole, cut, other], [()] * 3, {}, 4) == ["", "#1", ""]
    known = {1: Accepted("1-0", "", whole.fp), 2: Accepted("2-0", "1-0", cut.fp)}
    assert originals([other], [(1, 2)], known, 4) == [""]
    assert originals([cut], [(1, 2)], known, 4) == ["1-0"]


def test_what_contradicts_another_in_nearly_the_same_words_is_told_whom() -> None:
    text = "The maker won leave from the regulator on Monday to make {} of its jets a month, up from 30 a year before."
    title = "Acme gets nod to raise output of jets to {} a month"
    fps = [
        fingerprint(entry(title.format(count), feed=f"feed{n}", summary=text.format(count)))
        for n, count in enumerate((42, 42, 47))
    ]
    first, copy, other = (Candidate(fp, bands(fp), update=False) for fp in fps)
    together = related([first, copy, other], [()] * 3, {}, 4)
    assert together == [Relation(), Relation("#1"), Relation(unlike=("#1", "#2"))], (
        "a copy is decided after its original"
    )
    known = {1: Accepted("1-0", "", first.fp), 2: Accepted("2-0", "1-0", copy.fp)}
    assert related([other], [(2, 1)], known, 4) == [Relation(unlike=("1-0", "2-0"))]
    many = {n: Accepted(f"{n}-0", "", first.fp) for n in range(1, 31)}
    (found,) = related([other], [range(1, 31)], many, 30)
    assert found.unlike == tuple(f"{n}-0" for n in range(30, 14, -1)), "the latest, of whose stories more are open"
    edit = Candidate(other.fp, other.bands, update=True)
    assert related([edit], [(2, 1)], known, 4) == [Relation()], "an edit is its outlet's next word"


def test_an_edit_copies_nothing_and_may_be_copied() -> None:
    together = [candidate(TITLE), candidate(TITLE, "post", update=True), candidate(TITLE, "third")]
    assert originals(together, [()] * 3, {}, 0) == ["", "", "#1"]


def test_who_shares_most_bands_comes_first_and_few_are_looked_at() -> None:
    assert meetings("4 4 9 12 9 9 13", 12) == [9, 4, 12]
    assert len(meetings(" ".join(map(str, range(300))), 300)) == 50


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from((TITLE, *OTHERS)), max_size=8), st.lists(st.integers(1, 4), max_size=8))
def test_together_or_one_by_one_is_the_same(titles: list[str], cuts: list[int]) -> None:
    entries = [candidate(title, f"feed{n}") for n, title in enumerate(titles)]

    def accepted(sizes: list[int]) -> list[Relation]:
        """What each is to others when so many at a time are accepted, called by their places in the order."""
        done: list[tuple[Candidate, Relation]] = []
        rest = list(entries)
        while rest:
            size = sizes.pop(0) if sizes else 1
            batch, rest = rest[:size], rest[size:]
            known = {n: Accepted(str(n), of.original, c.fp) for n, (c, of) in enumerate(done, 1)}
            met = [[n for n, (c, _) in enumerate(done, 1) if set(c.bands) & set(one.bands)] for one in batch]
            before = len(done)

            def called(ident: str, before: int = before) -> str:
                return str(before + int(ident[1:])) if ident.startswith("#") else ident

            found = related(batch, met, known, before)
            done += [
                (one, Relation(called(of.original), tuple(map(called, of.unlike))))
                for one, of in zip(batch, found, strict=True)
            ]
        return [of for _, of in done]

    assert accepted([]) == accepted(list(cuts))


titles = st.sampled_from((TITLE, *OTHERS, "Acme agrees to buy Bolt", "Timber trade of Oulu", "Cash for the quay"))


@settings(max_examples=100, deadline=None)
@given(st.lists(titles, max_size=12), st.lists(titles, min_size=1, max_size=5), st.integers(0, 4))
def test_what_outlines_leave_out_changes_nothing(before: list[str], now: list[str], lost: int) -> None:
    """Articles accepted one by one, then some together, with all that was ever accepted met by each."""
    outlines = Outlines(8)
    stored: dict[int, str] = {}
    for place, title in enumerate(before, 1):
        one = candidate(title, f"feed{place}")
        outlines.put(place - 1, outlined([one.fp]), [_accept(place, one, stored)])
        if place == lost:
            outlines.clear()
    entries = [candidate(title, f"later{n}") for n, title in enumerate(now)]
    met = [list(stored)] * len(entries)
    kept = outlines.kept(outlined([one.fp for one in entries]), met)
    outcomes = [
        related(entries, there, comparable([one.fp for one in entries], there, stored), len(before))
        for there in (met, kept)
    ]
    assert outcomes[0] == outcomes[1]


def _accept(place: int, one: Candidate, stored: dict[int, str]) -> int:
    """Store an article that meets all before it; returns the place of its original."""
    known = comparable([one.fp], [list(stored)], stored)
    found = related([one], [list(stored)], known, place - 1)
    stored[place] = f"{place}-0|{found[0].original}|{written(one.fp)}"
    return places_of(found, known, place - 1)[0]


def test_the_places_of_originals_are_told_where_they_are_at_hand() -> None:
    known = {3: Accepted("3-0", "", candidate(TITLE).fp)}
    found = [Relation(), Relation("#1"), Relation("3-0"), Relation("2-0")]
    assert places_of(found, known, 7) == [0, 8, 3, UNKNOWN]


async def test_a_document_takes_two_round_trips_however_many_entries_it_has(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        items = await every(
            ctx, *(entry(f"Mill number {n} in town {n * 7} burns down", guid=str(n)) for n in range(60))
        )
        accepter = Accepter(ctx, lease)
        asked: list[str] = []
        real = ctx.store.run

        async def counted(name: str, *arguments: Any) -> Any:
            asked.append(name)
            return await real(name, *arguments)

        monkeypatch.setattr(ctx.store, "run", counted)
        found = await accepter.accept(items)
        assert [outcome for outcome, _ in found] == ["accepted"] * 60
        assert asked == ["look", "accept"]
        rows = await cast(Any, redis).xrange(keys.ARTICLES)
        assert [ident for ident, _ in rows] == [ident for _, ident in found]
        assert [row["seq"] for _, row in rows] == [str(n) for n in range(1, 61)]


async def test_what_waits_together_goes_together_and_each_call_hears_of_its_own(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        documents = [
            await every(ctx, *(entry(f"Shop {n} of chain {feed} opens", feed=feed, guid=str(n)) for n in range(40)))
            for feed in ("a", "b", "c", "d")
        ]
        accepter = Accepter(ctx, lease)
        found = await asyncio.gather(*(accepter.accept(items) for items in documents))
        ids = [ident for each in found for _, ident in each]
        assert [len(each) for each in found] == [40] * 4
        rows = dict(await cast(Any, redis).xrange(keys.ARTICLES))
        assert set(ids) == set(rows)
        assert len(ids) == 160 > AT_ONCE
        assert (await cast(Any, redis).hgetall(keys.COUNTS))["articles"] == "160"


async def test_another_ones_article_in_between_is_looked_at_again(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        mine, theirs = Accepter(ctx, lease), Accepter(ctx, lease)
        (here,), (there,) = await every(ctx, entry(TITLE, feed="a")), await every(ctx, entry(TITLE, feed="b"))
        real = ctx.store.run

        async def overtaken(name: str, *arguments: Any) -> Any:
            if name == "accept":
                monkeypatch.setattr(ctx.store, "run", real)
                await theirs.accept([there])
            return await real(name, *arguments)

        monkeypatch.setattr(ctx.store, "run", overtaken)
        ((outcome, ident),) = await mine.accept([here])
        rows = {i: row["copy"] for i, row in await cast(Any, redis).xrange(keys.ARTICLES)}
        first = min(rows)
        assert (outcome, rows) == ("accepted", {first: "", ident: first})


async def test_of_a_batch_that_was_accepted_in_part_the_rest_is_accepted(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        items = await every(ctx, *(entry(title, guid=str(n)) for n, title in enumerate((TITLE, *OTHERS))))
        ((_, before),) = await Accepter(ctx, lease).accept(items[1:2])
        found = await Accepter(ctx, lease).accept(items)
        assert [outcome for outcome, _ in found] == ["accepted", "seen", "accepted", "accepted", "accepted"]
        assert found[1] == ("seen", before)
        assert len(await stream(redis, keys.ARTICLES)) == 5
        assert await Accepter(ctx, lease).accept(items) == [("seen", ident) for _, ident in found]


async def test_an_error_of_the_store_reaches_the_calls_that_waited_and_no_others(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        accepter = Accepter(ctx, lease)
        (first,), (second,) = await every(ctx, entry(TITLE)), await every(ctx, entry(OTHERS[2]))
        away_once(monkeypatch, ctx.store)
        with pytest.raises(ConnectionError):
            await accepter.accept([first])
        assert [outcome for outcome, _ in await accepter.accept([first, second])] == ["accepted", "accepted"]


async def test_what_is_at_hand_is_dropped_with_the_connection(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        accepter = Accepter(ctx, lease)
        await accepter.accept(await every(ctx, entry(TITLE)))
        # another server took its place: it gave the same place in the order to another article
        other = fingerprint(entry(OTHERS[2]))
        await cast(Any, redis).set(keys.fingerprint(1), f"9-9||{written(other)}")
        ctx.store.servers += 1
        await accepter.accept(await every(ctx, entry(TITLE, feed="post")))
        assert [row["copy"] for row in await stream(redis, keys.ARTICLES)] == ["", ""]


async def test_what_is_past_its_life_is_not_asked_for(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepter_module, "_REMEMBERED", 0)
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        accepter = Accepter(ctx, lease)
        await accepter.accept(await every(ctx, entry(TITLE)))
        await accepter.accept(await every(ctx, entry(TITLE, feed="post")))
        noted = accepter._forgotten._notes
        ids = [ident for ident, _ in await cast(Any, redis).xrange(keys.ARTICLES)]
        assert list(noted) == [(int(ids[0].partition("-")[0]) + 1_000 * ctx.window + 1_000, 1)]
        accepter._forgotten.place = 2
        await accepter.accept(await every(ctx, entry(TITLE, feed="times")))
        copies = [row["copy"] for row in await stream(redis, keys.ARTICLES)]
        assert [bool(copy) for copy in copies] == [False, True, False]
        # another server may have given those places to others
        ctx.store.servers += 1
        await accepter.accept(await every(ctx, entry(TITLE, feed="daily")))
        assert (await stream(redis, keys.ARTICLES))[-1]["copy"] == copies[1]


async def test_of_another_server_nothing_is_left_out_by_what_was_at_hand(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        lease = ctx.shares()
        assert await lease.acquire()
        accepter = Accepter(ctx, lease)
        await accepter.accept(await every(ctx, entry(OTHERS[2])))
        # there the first place has another article, which is the original of what comes
        other = candidate(TITLE)
        await cast(Any, redis).set(keys.fingerprint(1), f"9-9||{written(other.fp)}")
        era = int(ctx.clock() // ctx.window)
        for band in other.bands:
            await cast(Any, redis).hset(f"{keys.BANDS}{era}:{keys.band_table(band)}", band, "1")
        ctx.store.servers += 1
        await accepter.accept(await every(ctx, entry(TITLE, feed="post")))
        assert [row["copy"] for row in await stream(redis, keys.ARTICLES)] == ["", "9-9"]


async def test_what_was_looked_for_and_never_came_misleads_nobody(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        accepter = Accepter(ctx, lease := ctx.shares())
        assert await lease.acquire()
        era = int(ctx.clock() // ctx.window)
        fresh, sought = keys.placed([candidate(TITLE).bands], bytearray(keys.BAND_TABLES))
        # a process that died before it accepted what it had looked for
        await ctx.store.run("look", [keys.SEQUENCE], [keys.BANDS, era, 2, ctx.window, fresh, *sought])
        await accepter.accept(await every(ctx, entry(OTHERS[2])))
        ((_, first),) = await accepter.accept(await every(ctx, entry(TITLE)))
        await accepter.accept(await every(ctx, entry(TITLE, feed="post")))
        assert [row["copy"] for row in await stream(redis, keys.ARTICLES)] == ["", "", first]


async def test_every_table_of_bands_has_its_life_on_each_server(redis: Redis, tmp_path: Path) -> None:
    async with context(redis, tmp_path) as ctx:
        accepter = Accepter(ctx, shares := ctx.shares())
        assert await shares.acquire()
        every_table = f"{keys.BANDS}*"
        await accepter.accept(await every(ctx, entry(TITLE)))
        tables = sorted([name async for name in redis.scan_iter(match=every_table)])
        # another server took its place, which has none of them
        await cast(Any, redis).delete(*tables)
        ctx.store.servers += 1
        await accepter.accept(await every(ctx, entry(TITLE, feed="post")))
        again = sorted([name async for name in redis.scan_iter(match=every_table)])
        assert len(again) >= len(tables) > 8
        assert all([await cast(Any, redis).ttl(name) > ctx.window for name in again])
