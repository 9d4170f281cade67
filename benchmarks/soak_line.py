"""The line of `python -m benchmarks soak`: what it is fed with, and the process that is measured.

`python -m benchmarks.soak_line record FILE COUNT` has the model tag the reports of COUNT events and keeps what it says.
`python -m benchmarks.soak_line line FOLDER ARTICLES PER_DAY CLOCK` passes that many articles through accept, tag,
decide and notify, moves the clock (a file that libfaketime reads; "" for none), and prints a sample now and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import json
import os
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from alertd.articles import Entry, Tags, dumps, loads
from alertd.collecting import look_seldom
from alertd.config.listfiles import builtin_lists
from alertd.configured import compiled, read
from alertd.daemon import open_configured, upkeep
from alertd.feeds import entry_keys
from alertd.feeds.schedule import FeedState
from alertd.report import outboxes
from alertd.slack.sinks import sink_of
from alertd.stages.accept import judge_document, read_marks
from alertd.stages.accepter import Accepter
from alertd.stages.context import Context, InForce, holding
from alertd.stages.decide import DecideStage
from alertd.stages.memory import FeedMemory
from alertd.stages.notify import NotifyStage
from alertd.stages.tag import TagStage
from alertd.store.connection import Store
from alertd.tagging.gazetteer import Gazetteer
from alertd.tagging.tagger import Tagger, TagInput
from alertd.web.metrics import Metrics
from benchmarks.feed_server import WORDS
from benchmarks.soak import SAMPLES, SHARE_OF_FIRSTS

FEEDS = 200
"""Feeds that the entries come from, in turn."""
NEW, SHOWN = 20, 40
"""Entries of a document that are new, and all of them."""
DOCUMENTS = 8
"""Documents of different feeds that are accepted side by side, as polls do: one after the other they show how long a
round trip to Redis takes."""
WITHIN = 400
"""Events that are in the news at the same time."""
REPORTS, SECOND = 2, 0.4
"""Reports of an event in words of their own, and the share of the second; all others are copies of the two."""
WAITING = 1_000
"""Articles under way from which on none is accepted."""
DEEDS = (
    "to buy {a} {b} for ${n} million",
    "recalls heaters sold by {a} {b}",
    "raises its outlook after {a} {b}",
    "names {a} {b} as chief executive",
    "is sued by {a} {b} over {n} patents",
    "opens a plant in {a} {b}",
    "reports a quarterly loss of ${n} million in {a} {b}",
    "and {a} {b} sign a supply contract",
    "cuts {n}00 jobs at {a} {b}",
    "pays {a} {b} a dividend of {n} cents",
)
_VARIANTS = ("", "Update: ", "Factbox: ")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A report and what the model said of it, as JSON."""

    title: str
    summary: str
    tags: str


class RecordedTagger:
    """Says of a headline what the model said of it."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self._tags = {one.summary: one.tags for one in recorded}

    def tag(self, texts: Sequence[TagInput]) -> list[Tags]:
        """Tag articles; their summaries begin as one of the recorded ones."""
        return [loads(Tags, self._tags[text.summary]) for text in texts]


def record(target: Path, count: int) -> None:
    """Have the model tag reports about the companies of an index."""
    gazetteer = Gazetteer.open()
    chance = random.Random(3)
    names = [issuer.name for symbol in builtin_lists()["sp500"] if (issuer := gazetteer.resolve(symbol))]
    tagger = Tagger.load()
    pairs = [pair for number in range(count) for pair in _reports(number, chance, names)]
    with target.open("w", encoding="utf-8") as out:
        for start in range(0, len(pairs), 64):
            part = pairs[start : start + 64]
            for (title, summary), tags in zip(part, tagger.tag([TagInput(*pair) for pair in part]), strict=True):
                out.write(json.dumps([title, summary, dumps(tags)]) + "\n")


def _reports(number: int, chance: random.Random, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Two reports of an event, each in its own words; events share few words, as real ones do."""
    company, deed, where = chance.choice(names), chance.choice(DEEDS), chance.choice(WORDS)
    said = deed.format(a=where.title(), b=chance.choice(WORDS).title(), n=chance.randint(2, 99))
    for form in range(REPORTS):
        words = [chance.choice(WORDS) for _ in range(16)]
        title = f"{company} {said}, {' '.join(words[:4])}"
        yield title, f"{' '.join(words[4:]).capitalize()}. {company} said so in {where}, file {number:06d}-{form}."


class Clock:
    """The time of the line, which goes on with the articles; Redis is told by a file."""

    def __init__(self, place: Path | None, day: int) -> None:
        self._place = place
        self._day = day
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def move(self, articles: int) -> None:
        """Go to where so many articles lead."""
        if self._place is not None:
            self._ahead = articles * 86400 / self._day
            fresh = self._place.with_suffix(".new")
            fresh.write_text(f"+{self._ahead:.0f}", encoding="ascii")
            fresh.replace(self._place)


def entries(recorded: Sequence[Recorded], clock: Clock) -> Iterator[Entry]:
    """Entries without end: every event in the news for a while, told by several feeds, mostly in the words of one."""
    chance = random.Random(5)
    number = 0
    while True:
        front = number // SHARE_OF_FIRSTS
        event = max(0, front - int(chance.expovariate(8 / WITHIN))) % (len(recorded) // REPORTS)
        one = recorded[REPORTS * event + (chance.random() < SECOND)]
        feed = f"f{number // NEW % FEEDS}"
        title = f"{chance.choice(_VARIANTS)}{one.title}"
        url = f"https://{feed}.example/{number}"
        yield Entry(
            feed, f"g{number}", url, title, summary=one.summary, source=feed.title(), published=clock() - 30.0,
            date_source="published",
        )  # fmt: skip
        number += 1


def control() -> float:
    """Time a loop of the kind of work that the line does; returns seconds."""
    began = time.perf_counter()
    for number in range(800):
        text = json.dumps({"id": number, "words": ["shares", "rise", "after", "results"] * 8, "at": 0.25 * number})
        hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        json.loads(text)
    return time.perf_counter() - began


class Line:
    """The stages in one process, as `alertd run` has them, and the feeder before them.

    Args:
        context: what they share.
        clock: moved by the feeder.
    """

    def __init__(self, context: Context, clock: Clock) -> None:
        self._context = context
        self._clock = clock
        self._lease = context.shares()
        self._memory = FeedMemory(context, self._lease)
        self._accepter = Accepter(context, self._lease)
        self._shown: dict[str, deque[str]] = {}
        self._process = psutil.Process()
        self._looked, self._depth = float("-inf"), 0

    async def run(self, recorded: Sequence[Recorded], articles: int) -> None:
        """Pass articles through, and print samples."""
        context, stop = self._context, asyncio.Event()
        decide, sink = DecideStage(context), sink_of(context.now.configuration.settings, dry_run=False, out=sys.stdout)
        notify = NotifyStage(context, sink)
        assert await self._lease.acquire()
        tasks = [
            asyncio.create_task(work) for work in (
                self._lease.keep(), TagStage(context).work(stop),
                holding(context, decide.lease, lambda: decide.work(stop), stop), notify.work(stop),
                upkeep(context, stop),
            )
        ]  # fmt: skip
        feeding = asyncio.create_task(self._feed(recorded, articles))
        try:
            await asyncio.wait([feeding, *tasks], return_when=asyncio.FIRST_COMPLETED)
            if not feeding.done():
                raise next(e for e in (t.exception() for t in tasks if t.done()) if e)
            feeding.result()
        finally:
            stop.set()
            for task in (feeding, *tasks):
                task.cancel()
            await asyncio.gather(feeding, *tasks, return_exceptions=True)
            await sink.close()

    async def _feed(self, recorded: Sequence[Recorded], articles: int) -> None:
        made = entries(recorded, self._clock)
        every, due, fed = articles / SAMPLES, articles / SAMPLES, 0
        free = asyncio.Semaphore(DOCUMENTS)
        began, since = time.perf_counter(), 0
        async with asyncio.TaskGroup() as polls:
            while (decided := self._decided()) < articles:
                if decided >= due:
                    due = max(due + every, decided)
                    wall = time.perf_counter() - began
                    await self._sample(decided - since, wall)
                    began, since = time.perf_counter(), decided
                if fed >= articles or fed - decided > WAITING or await self._unsent() > WAITING:
                    await asyncio.sleep(0.005)
                    continue
                self._clock.move(fed)
                await free.acquire()
                poll = polls.create_task(self._document([next(made) for _ in range(NEW)]))
                poll.add_done_callback(lambda _: free.release())
                fed += NEW
        await self._sample(max(1, decided - since), time.perf_counter() - began)

    async def _document(self, fresh: Sequence[Entry]) -> None:
        """What a poll does with a document once it is read."""
        context, feed = self._context, fresh[0].feed
        found = entry_keys(fresh)
        shown = self._shown.setdefault(feed, deque(maxlen=SHOWN))
        shown.extend(found)
        marks, now = await read_marks(context, feed, found)
        judged = judge_document(
            fresh, found, marks, first_fetch=False, now=now, max_age=21600.0, window=float(context.window)
        )
        await self._accepter.accept([item for item in judged if item.keep])
        settings = context.now.configuration.settings.feeds[0].model_copy(update={"name": feed})
        state = FeedState(first_at=1.0, polls=1, last_success=now)
        await self._memory.commit(settings, state, (), list(shown))

    def _decided(self) -> int:
        return int(sum(s.value for m in self._context.metrics.decided.collect() for s in m.samples))

    async def _unsent(self) -> int:
        if self._context.monotonic() - self._looked > 0.5:
            self._looked, self._depth = self._context.monotonic(), sum((await outboxes(self._context.store)).values())
        return self._depth

    async def _sample(self, articles: int, seconds: float) -> None:
        with self._process.oneshot():
            memory, descriptors = self._process.memory_info().rss, self._process.num_fds()
            used = self._process.cpu_times()
        redis: Any = self._context.store.redis
        info = await redis.info()
        print(json.dumps({
            "articles": articles, "seconds": round(seconds, 4), "control_s": control(), "rss_mb": memory / 1e6,
            "redis_mb": await self._context.store.used_mb(), "descriptors": descriptors,
            "tasks": len(asyncio.all_tasks()), "line_cpu_s": used.user + used.system,
            "redis_cpu_s": float(info["used_cpu_user"]) + float(info["used_cpu_sys"]),
            "commands": int(info["total_commands_processed"]), "sent_bytes": int(info["total_net_input_bytes"]),
        }), flush=True)  # fmt: skip


async def line(folder: Path, articles: int, per_day: int, clock_file: str) -> None:
    """Be the process that is measured."""
    gazetteer = Gazetteer.open()
    configuration = read(folder / "config", gazetteer)
    rows = (folder / "tags.jsonl").read_text(encoding="utf-8").splitlines()
    recorded = [Recorded(*json.loads(row)) for row in rows]
    clock = Clock(Path(clock_file) if clock_file else None, per_day)

    async def revive() -> None:
        return

    store: Store
    async with await open_configured(configuration) as store:
        await store.prepare()
        tagger: Any = RecordedTagger(recorded)
        force = InForce(configuration, compiled(configuration, gazetteer), tagger)
        context = Context(store, Metrics(clock), f"line-{os.getpid()}", force, clock, time.monotonic, revive)
        context.ready["config"] = (True, "")
        del rows
        gc.collect()
        look_seldom()
        await Line(context, clock).run(recorded, articles)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(line(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]))
