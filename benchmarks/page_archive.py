"""An archive for the benchmark of the page: four weeks of decided articles, committed as decide commits them.

Articles, stories and alerts are made up, by a fixed seed; companies are those of the list, drawn by Zipf's law. What
the daemon would have forgotten by now (decisions and stories beyond the window) is not there.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, Final, cast

from msgspec.structs import replace

from alertd.articles import (
    Alert,
    Article,
    Company,
    Entry,
    Event,
    Placement,
    Sentiment,
    SentimentLabel,
    Story,
    Tags,
    dumps,
)
from alertd.feeds.schedule import FeedState
from alertd.stages import archive
from alertd.stages.deciding import commit
from alertd.stages.decisions import Arrived, Known, Placed, decided_of, row
from alertd.stages.outbox import row_of, slim
from alertd.stages.shelf import Shelved
from alertd.stages.telling import Told
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.leases import Lease
from alertd.store.streams import Delivery, Reader
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.placing import StoryCandidate
from alertd.tagging.gazetteer import Gazetteer, Issuer
from alertd.taxonomy import EVENT_TYPES
from alertd.watchlist.outcomes import Outcome
from benchmarks.headlines import headlines
from benchmarks.rules import ROLES, SEED, Zipf

DAYS: Final = 28
WINDOW: Final = 3 * 86_400
FEEDS: Final = 200
_TOGETHER: Final = 64
_ALERTED: Final = 0.05
_KNOWN: Final = 3_000
_KEPT: Final = 1_000


class Made:
    """Makes articles one after another, and commits them as decide does.

    Args:
        store: where they go.
        lease: the lease of decide, held.
        rules: names of the rules that fire.
    """

    def __init__(self, store: Store, lease: Lease, rules: Sequence[str]) -> None:
        self._store, self._lease, self._rules = store, lease, rules
        self._reader = Reader(store, keys.TAGGED, "benchmark", idle=60.0)
        self._rng = random.Random(SEED)
        gazetteer = Gazetteer.open()
        known = sorted(range(len(gazetteer)), key=lambda n: -gazetteer.prior(n))[:_KNOWN]
        self.companies: list[Issuer] = [gazetteer.issuer(number) for number in known]
        self._zipf = Zipf(len(known), self._rng)
        self._texts = headlines(5_000, seed=SEED)
        self._stories: list[Story] = []
        self.count = 0
        self.alerts: list[Alert] = []

    def article(self, at: float) -> tuple[Placed, Told]:
        """The next article, arrived at a time."""
        rng = self._rng
        self.count += 1
        title, summary = self._texts[self.count % len(self._texts)]
        ident = f"{int(at * 1000)}-{self.count % 1000}"
        named = tuple(self._company(number) for number in self._zipf.some(rng.randint(1, 3)))
        title = f"{named[0].name}: {title}, number {self.count}"
        events = tuple(
            Event(kind, round(rng.uniform(0.4, 1), 3)) for kind in rng.sample(EVENT_TYPES, rng.randint(0, 2))
        )
        tags = Tags(named, events, _mood(rng), "en", {}, {"encoder": "made-up", "gazetteer": "made-up"})
        entry = Entry(
            f"feed{rng.randrange(FEEDS)}", "", f"https://news.example/{self.count}?edition=eu", title, summary, "",
            f"Outlet {rng.randrange(40)}", at - 30, "published", "en",
        )  # fmt: skip
        follows = self._stories and rng.random() < 0.4
        before = rng.choice(self._stories[-200:]) if follows else None
        story = Story(
            before.id if before else ident, before.title if before else title,
            tuple(dict.fromkeys((*(before.sources if before else ()), entry.source))),
            before.articles + 1 if before else 1, 1, tuple(company.issuer for company in named),
            tuple(event.type for event in events), ("5.5e9 usd",), 0,
            before.first_seen if before else at, at, entry.url,
        )  # fmt: skip
        self._stories.append(story)
        del self._stories[:-1_000]
        placement = Placement(story, "same_event" if before else "first", 0.2 if before else 1.0, "the same event")
        article = Article(ident, entry, at)
        fired = not before and rng.random() < _ALERTED
        alerts = (self._alert(article, tags, placement),) if fired else ()
        outcome = (
            Outcome("alerted", f"{alerts[0].rule} in #desk", "")
            if alerts
            else Outcome("quiet", "no rule is about it", "")
        )
        told = Told(
            (), {}, {}, outcome, (), tuple(alert.key for alert in alerts), {alert.rule: 1 for alert in alerts}
        )  # fmt: skip
        self.alerts += alerts
        delivery = Delivery("0-1", {"seq": str(self.count)})
        known = Known(tags, Fingerprint(), None, None, (), ())
        after = Shelved(StoryCandidate(story), str(self.count))
        return Placed(Arrived(delivery, article, Fingerprint(), ""), known, placement, after, renews=True), told

    def _company(self, number: int) -> Company:
        issuer, rng = self.companies[number], self._rng
        return Company(
            issuer.symbol, issuer.symbols, issuer.name, rng.choices(ROLES, (8, 1, 1))[0],
            round(rng.uniform(0.3, 1), 3), _mood(rng), (), issuer.key,
        )  # fmt: skip

    def _alert(self, article: Article, tags: Tags, placement: Placement) -> Alert:
        return Alert(
            f"{self.count:024x}", "post", self._rng.choice(self._rules), "#desk", "about it, relevance 0.9",
            article.arrived, article, tags, tags.companies[0], placement,
        )  # fmt: skip

    async def commit(self, made: Sequence[tuple[Placed, Told]], now: float) -> None:
        """Store articles as the stage decide does, with what was told of them."""
        life = max(1, int(WINDOW - (now - made[-1][0].arrived.article.arrived)))
        rows: list[str | int | float | bytes] = []
        # decide takes only what was delivered to it
        deliveries = await self._delivered([placed.arrived.delivery for placed, _ in made])
        for (placed, told), delivery in zip(made, deliveries, strict=True):
            decided = decided_of(replace(placed, arrived=replace(placed.arrived, delivery=delivery)), told, "made-up")
            rows += row(decided, placed.after.record(), placed.arrived.article.arrived)
        counts = {"articles": len(made), "stories": sum(p.placement.relation == "first" for p, _ in made)}
        await commit(self._store, self._lease, life, counts, rows)
        await self._deliver(now)

    async def _delivered(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """The same as entries of the stream that decide reads, read by it."""
        async with cast(Any, self._store.redis).pipeline(transaction=False) as pipe:
            for delivery in deliveries:
                pipe.xadd(keys.TAGGED, delivery.fields, maxlen=_KEPT)
            await pipe.execute()
        return await self._reader.fresh(len(deliveries), 0)

    async def _deliver(self, now: float) -> None:
        async with cast(Any, self._store.redis).pipeline(transaction=False) as pipe:
            for alert in self.alerts:
                at = alert.created
                told = json.dumps(row_of(alert, "#desk", f"{at:.6f}", at, "posted"), ensure_ascii=False)
                pipe.xadd(keys.DELIVERED, {"row": told}, id=f"{int(at * 1000)}-{int(alert.key, 16) % 100_000}")
                pipe.set(keys.sent(alert.key), told)
                if now - at < WINDOW:
                    pipe.set(keys.shown(alert.key), dumps(slim(alert)))
            await pipe.execute()
        self.alerts.clear()


async def fill(made: Made, store: Store, lease: Lease, count: int, now: float) -> None:
    """Fill an archive with so many articles of the latest weeks, sealed into chunks as the daemon seals them."""
    redis = cast(Any, store.redis)
    begin, step = now - DAYS * 86_400, DAYS * 86_400 / count
    for start in range(0, count, _TOGETHER):
        batch = [made.article(begin + n * step) for n in range(start, min(start + _TOGETHER, count))]
        await made.commit(batch, now)
        old = [p.arrived.article.id for p, _ in batch if now - p.arrived.article.arrived > WINDOW + 86_400]
        if old:
            await redis.delete(*(keys.decision(ident) for ident in old))
        await archive.file(store, lease)
    for number in range(FEEDS):
        state = FeedState(
            polls=9_000, last_success=now - 20, next_at=now + 40, wait=60, why="its habit", seconds=0.2, delay=25.0,
            habit=",".join(["0.5"] * 24), failing=int(number % 40 == 0), error="HTTP 503" if number % 40 == 0 else "",
        )  # fmt: skip
        await redis.hset(keys.feed(f"feed{number}"), mapping=state.to_fields())
        await redis.sadd(keys.FEEDS, f"feed{number}")


def _mood(rng: random.Random) -> Sentiment:
    score = round(rng.uniform(-1, 1), 3)
    label: SentimentLabel = "negative" if score < -0.3 else "positive" if score > 0.3 else "neutral"
    return Sentiment(label, score, 0.3, 0.4, 0.3)
