"""Placing articles in stories beside `datasketch` MinHashLSH with its Redis storage.

Both get the same window of made-up news and then, in turns, the same articles to place, on Redis servers of the same
kind, on one thread each. Ours is the daemon's own way: `accept` (addresses, fingerprints, copies) and the stage decide
(stories, novelty, what is told, the commit), with tags and embeddings given and no rules; what moves articles between
the two is left out of the time. The peer hashes word pairs, asks for copies and inserts, pipelined by its insertion
session, at the threshold that is best on the labelled stories.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from alertd.articles import Article, Tags, dumps
from alertd.collecting import look_seldom
from alertd.configured import compiled, read
from alertd.feeds.identity import Verdict, content_key
from alertd.stages.accept import Judged
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context, InForce, holding
from alertd.stages.decide import DecideStage
from alertd.stages.tag import TagStage, article_of
from alertd.store import keys
from alertd.store.connection import Store, open_store
from alertd.store.streams import EVERYTHING, Delivery, Reader, trim
from alertd.tagging.gazetteer import Gazetteer
from alertd.web.metrics import Metrics
from benchmarks import Result
from benchmarks.stories_corpus import Given, f1, filler, labelled
from benchmarks.stories_peer import Peer, Server, best_threshold
from benchmarks.tagging import percentile

WINDOW, TINY = 100_000, 300
_CHUNK = 512
_DOCUMENT, _POLLS = 16, 16
"""New entries of a document, and documents that are accepted side by side, as the polls of many feeds bring them."""
_FOLLOWING, _MOST_FOLLOWING = 0.25, 4_096
# a machine that stands still for longer than the usual wait must not decide whether two taggers agree
_SETTINGS = 'feeds: [{name: one, url: "https://example.com/rss"}]\nweb: {port: 0}\n'
_SETTINGS += "stories: {window: 7d, reorder_ms: 2000}\n"
_WATCHLIST = "rules: []\n"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=0, help=f"articles in the window (default {WINDOW}, tiny {TINY})")


def run(options: argparse.Namespace) -> Result:
    count = options.count or (TINY if options.tiny else WINDOW)
    wires = labelled()
    threshold, peer_f1 = best_threshold(wires)
    look_seldom()
    ours, peer = asyncio.run(_measured(count, wires, threshold))
    agree = asyncio.run(_agreement(wires))
    rows = (
        ("alertd", f"{ours['rate']:.0f}", f"{ours['f1']:.3f}", f"{ours['bytes']:.0f}", f"{ours['filled']:.0f}",
         f"{ours['cpu_us']:.0f}"),
        (f"MinHashLSH, {threshold}", f"{peer['rate']:.0f}", f"{peer_f1:.3f}", f"{peer['bytes']:.0f}",
         f"{peer['filled']:.0f}", f"{peer['cpu_us']:.0f}"),
    )  # fmt: skip
    figures = {
        "articles_per_s": round(ours["rate"], 1),
        "peer_articles_per_s": round(peer["rate"], 1),
        "ratio": round(ours["rate"] / peer["rate"], 2),
        "f1": round(ours["f1"], 4),
        "peer_f1": round(peer_f1, 4),
        "lookalikes_merged": int(ours["merged"]),
        "place_p99_ms": round(ours["p99_ms"], 2),
        "bytes_per_article": round(ours["bytes"]),
        "workers_agree": bool(agree),
    }
    note = (
        f"{count} articles in the window, {len(wires)} labelled, {_following(count)} placed by each, in turns; placing "
        f"one alone p99 {figures['place_p99_ms']} ms; 1 million articles take {ours['bytes'] / 1000:.1f} GB in Redis; "
        "all of it expires. Filling is full placement for alertd, insertion alone for the peer"
    )
    return Result(
        ("", "articles/s", "F1 of copies", "bytes/article", "filling/s", "CPU µs/article"), rows, figures, note
    )


def _following(count: int) -> int:
    """Articles that are placed for the time, with so many in the window."""
    return min(_MOST_FOLLOWING, max(64, int(count * _FOLLOWING)))


@asynccontextmanager
async def _context(socket: str, folder: Path, tagger: Any = None) -> AsyncIterator[Context]:
    gazetteer = Gazetteer.open()
    (folder / "alertd.yaml").write_text(_SETTINGS, encoding="utf-8")
    (folder / "watchlist.yaml").write_text(_WATCHLIST, encoding="utf-8")
    configuration = read(folder, gazetteer)
    store: Store = open_store(socket=socket)

    async def revive() -> None:
        return

    async with store:
        await store.prepare()
        force = InForce(configuration, compiled(configuration, gazetteer), tagger)
        yield Context(store, Metrics(time.time), "benchmark", force, time.time, time.monotonic, revive)


async def _measured(
    count: int, wires: Sequence[Given], threshold: float
) -> tuple[dict[str, float], dict[str, float]]:  # fmt: skip
    """Fill two windows, then place in turns: what else the machine does slows both down alike."""
    last = list(filler(_following(count), seed=12))
    with Server() as socket, Server() as other, tempfile.TemporaryDirectory() as name:
        async with _context(socket, Path(name)) as context:
            placing = _Placing(context)
            peer = Peer(other, threshold)
            before, peer_before = await context.store.used_mb(), peer.used()
            filled = await placing.place(filler(count))
            used = (await context.store.used_mb() - before) * 1e6
            peer_filled = peer.fill(filler(count))
            peer_used = peer.used() - peer_before
            seconds = peer_seconds = 0.0
            cpu, peer_cpu = placing.cpu, peer.cpu
            turns = iter(range(0, len(last), _CHUNK))
            async for took in placing.rounds(last):
                seconds += took
                if (start := next(turns, None)) is not None:
                    peer_seconds += peer.place(last[start : start + _CHUNK])
            peer_seconds += peer.close()
            cpu, peer_cpu = placing.cpu - cpu, peer.cpu - peer_cpu
            await placing.place(wires)
            waits = [await placing.place([given]) for given in filler(min(count // 2, 500), seed=13)]
            found = await placing.decisions([w.entry.guid for w in wires])
    marked = [(w.wire, found[w.entry.guid]["relation"] == "copy") for w in wires if w.wire]
    first = {w.event: found[w.id]["story"] for w, _ in marked if w.kind == "original"}
    merged = sum(w.kind == "lookalike" and found[w.id]["story"] == first[w.event] for w, _ in marked)
    return {
        "rate": len(last) / seconds, "f1": f1(marked), "merged": merged, "bytes": used / count,
        "p99_ms": percentile(waits, 0.99) * 1000, "filled": count / filled, "cpu_us": cpu / len(last) * 1e6,
    }, {
        "rate": len(last) / peer_seconds, "bytes": peer_used / count, "filled": count / peer_filled,
        "cpu_us": peer_cpu / len(last) * 1e6,
    }  # fmt: skip


class _Placing:
    """Takes articles through `accept` and the stage decide, and says how long these took."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._redis = cast(Any, context.store.redis)
        self._lease = context.shares()
        self._accepter = Accepter(context, self._lease)
        self._stage = DecideStage(context)
        self._reader = Reader(context.store, keys.TAGGED, "benchmark", idle=60.0)
        self._last = "-"
        self._ids: dict[str, str] = {}
        self.cpu = 0.0
        """Seconds of processor time that placing took, without that of Redis."""

    async def place(self, given: Iterable[Given]) -> float:
        """Place articles; returns the seconds."""
        return sum([took async for took in self.rounds(given)])

    async def rounds(self, given: Iterable[Given]) -> AsyncIterator[float]:
        """Place articles round by round, as the daemon does when many wait; gives the seconds of each round.

        As there, the next ones are accepted, so many at a time as go together, while the last ones are decided. The
        last round only decides.
        """
        await self._stage.lease.acquire()
        left = iter(given)
        deliveries: Sequence[Delivery] = ()
        while (part := list(itertools.islice(left, _CHUNK))) or deliveries:
            # who has shown no life for a while does not trust its shares
            await self._lease.acquire()
            entries = [judged(one) for one in part]
            began, used = time.perf_counter(), time.process_time()
            await asyncio.gather(self._accept(entries), self._stage.decide(deliveries))
            took = time.perf_counter() - began
            self.cpu += time.process_time() - used
            deliveries = await self._tagged({one.entry.guid: one.tags for one in part})
            yield took

    async def _accept(self, entries: Sequence[Judged]) -> None:
        documents = iter([entries[start : start + _DOCUMENT] for start in range(0, len(entries), _DOCUMENT)])

        async def poll() -> None:
            for document in documents:
                await self._accepter.accept(document)

        async with asyncio.TaskGroup() as group:
            for _ in range(_POLLS):
                group.create_task(poll())

    async def _tagged(self, tags: dict[str, Tags]) -> list[Delivery]:
        """Pass on all that was accepted since the last time, as the stage tag would, and read it as decide does."""
        rows = await self._redis.xrange(keys.ARTICLES, min=self._last)
        await trim(self._context.store, keys.TAGGED)
        async with self._redis.pipeline(transaction=False) as pipe:
            for ident, accepted in rows:
                waiting = article_of(Delivery(ident, accepted))
                article: Article = waiting.article
                found = tags[article.entry.guid]
                self._ids[article.entry.guid] = ident
                kept = "copy" if article.copy_of else dumps(replace(found, embedding=""))
                pipe.set(keys.tags(ident), kept, ex=self._context.window)
                fields = {"seq": waiting.seq, "article": dumps(article), "fp": waiting.fingerprint,
                          "tags": "" if article.copy_of else dumps(found)}  # fmt: skip
                pipe.xadd(keys.TAGGED, fields)
            pipe.xtrim(keys.ARTICLES, maxlen=0)
            await pipe.execute()
        self._last = f"({rows[-1][0]}" if rows else self._last
        return await self._reader.fresh(EVERYTHING, 0)

    async def decisions(self, guids: Sequence[str]) -> dict[str, dict[str, Any]]:
        texts = await self._redis.mget([keys.decision(self._ids[guid]) for guid in guids])
        return {guid: json.loads(text) for guid, text in zip(guids, texts, strict=True)}


def judged(given: Given) -> Judged:
    """An entry as a poll finds it: new, and not to alert."""
    entry = given.entry
    return Judged(
        entry, entry.guid, "", Verdict("new", may_alert=False, held="a benchmark"), content_key(entry), keep=True
    )


class _Slow:
    """A tagger that gives what it was given, after a while that differs from call to call."""

    def __init__(self, wires: Sequence[Given]) -> None:
        self._tags = {(w.entry.title, w.entry.summary): w.tags for w in wires}
        self._calls = 0

    def tag(self, texts: Sequence[Any]) -> list[Tags]:
        self._calls += 1
        time.sleep(0.002 * (self._calls % 3))
        return [self._tags[t.title, t.summary] for t in texts]


async def _agreement(wires: Sequence[Given]) -> bool:
    """Whether two taggers give the same stories as one on the same stream."""
    outcomes = [await _stories(wires, taggers) for taggers in (1, 2)]
    return outcomes[0] == outcomes[1]


async def _stories(wires: Sequence[Given], taggers: int) -> list[tuple[int, str]]:
    with Server() as socket, tempfile.TemporaryDirectory() as name:
        async with _context(socket, Path(name), _Slow(wires)) as context:
            lease = context.shares()
            await lease.acquire()
            ids = [ident for _, ident in await Accepter(context, lease).accept([judged(w) for w in wires])]
            await lease.release()
            stop = asyncio.Event()
            stage = DecideStage(context)
            others = [replace(context, process=f"tagger{n}") for n in range(taggers)]
            works = [asyncio.ensure_future(TagStage(other).work(stop)) for other in others]
            works.append(asyncio.ensure_future(holding(context, stage.lease, lambda: stage.work(stop), stop)))
            redis = cast(Any, context.store.redis)
            # what happens in Redis sets no event here
            while None in (found := await redis.mget([keys.decision(ident) for ident in ids])):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            stop.set()
            await asyncio.gather(*works)
    place = {ident: number for number, ident in enumerate(ids)}
    rows = [json.loads(text) for text in found]
    return [(place[row["story"]], row["relation"]) for row in rows]
