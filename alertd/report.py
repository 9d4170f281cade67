"""What a daemon has done and is doing, read from its store: the counts of `alertd status`, and of its metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Set
from typing import Any, NamedTuple, cast

from alertd.articles import Story, to_plain
from alertd.feeds.habit import rates
from alertd.feeds.schedule import FeedState
from alertd.stages.dead_letters import DeadCounts
from alertd.stages.shelf import shelved
from alertd.store import keys
from alertd.store.connection import Store
from alertd.store.streams import lag
from alertd.stories.placing import OPEN
from alertd.web.metrics import Metrics

_RECENT = 100
_SHOWN = (
    "polls", "failures", "failing", "last_success", "next_at", "error", "kind", "wait", "why", "habit", "outruns",
    "seconds", "delay",
)  # fmt: skip


async def overview(store: Store) -> dict[str, Any]:
    """Counts and states of everything in the store, JSON-ready.

    Keys: `generation`; `feeds` (name, polls, failures, failing, last_success, next, state in words, interval and why,
    per_day for entries a day, habit for entries an hour by the hour of the day, outruns, stopped, latency of its
    answers and delay of its entries in seconds); `articles`, `copies`, `stories`; `alerts` (post, reply, operator);
    `posted`, `found` (arrived although the answer was lost), `dropped`, `withdrawn` (their rules were deleted before
    they were told); `refused` (Slack's code to how often a channel began to answer it); `held` (reason to count);
    `relations`; `dead`; `streams` (stage to lag); `outbox` (channel to length); `later` (alerts that are held, by the
    time at which they are told); `recent` (the latest decisions, newest first).
    """
    redis = cast(Any, store.redis)
    numbers, generation, polled, dead, streams, outbox, held, recent = await asyncio.gather(
        redis.hgetall(keys.COUNTS), redis.get(keys.GENERATION), feeds(store), redis.xlen(keys.DEAD), lags(store),
        outboxes(store), later(store), redis.lrange(keys.RECENT, 0, _RECENT - 1),
    )  # fmt: skip
    counts = {name: int(value) for name, value in numbers.items()}
    return {
        "generation": generation or "",
        "feeds": polled,
        "articles": counts.get("articles", 0),
        "copies": counts.get("copies", 0),
        "stories": counts.get("stories", 0),
        "alerts": {kind: counts.get(f"alerts:{kind}", 0) for kind in ("post", "reply", "operator")},
        "posted": counts.get("posted", 0),
        "found": counts.get("found", 0),
        "dropped": counts.get("dropped", 0),
        "withdrawn": counts.get("withdrawn", 0),
        "refused": _part(counts, "refused:"),
        "held": _part(counts, "held:"),
        "relations": _part(counts, "relation:"),
        "dead": int(dead),
        "streams": streams,
        "outbox": outbox,
        "later": held,
        "recent": [json.loads(row) for row in recent],
    }


async def feeds(store: Store, named: Set[str] = frozenset()) -> list[dict[str, Any]]:
    """How each feed does that was ever polled, by name; see `overview`.

    Args:
        named: only these; all when it is empty.
    """
    redis = cast(Any, store.redis)
    names = sorted(name for name in await redis.smembers(keys.FEEDS) if not named or name in named)
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hmget(keys.feed(name), _SHOWN)
        rows = await pipe.execute() if names else []
    given = ({n: v for n, v in zip(_SHOWN, row, strict=True) if v is not None} for row in rows)
    return [_feed(name, FeedState.from_fields(fields)) for name, fields in zip(names, given, strict=True)]


async def story(store: Store, ident: str) -> dict[str, Any] | None:
    """A story, JSON-ready, or None when it is closed and forgotten, or never was.

    Args:
        ident: of the story, or of any of its articles.

    Returns:
        What `articles.Story` has, `open` (whether articles may still join), and `timeline`: for each article, oldest
        first, `at` (Unix seconds), `article`, `source`, `relation`, `novelty`, `title`, `reason`.
    """
    found = await told_story(store, ident)
    if found is None:
        return None
    return {**to_plain(found.story), "open": found.is_open, "timeline": found.timeline}


class ToldStory(NamedTuple):
    """A story as it is known: see `story` for its parts."""

    story: Story
    is_open: bool
    timeline: list[dict[str, Any]]


async def told_story(store: Store, ident: str) -> ToldStory | None:
    """The same as `story`, not yet JSON-ready."""
    redis = cast(Any, store.redis)
    decision = await redis.get(keys.decision(ident))
    name = json.loads(decision)["story"] if decision else ident
    found = (await shelved(redis, [name])).get(name)
    if found is None:
        return None
    told = found.candidate.story
    rows = [json.loads(row) for row in await redis.lrange(keys.told(name), 0, -1)]
    columns = ("at", "article", "source", "relation", "novelty", "title", "reason")
    timeline = [dict(zip(columns, row, strict=True)) for row in rows]
    return ToldStory(told, await store.time() - told.last_seen <= OPEN, timeline)


async def lags(store: Store) -> dict[str, int]:
    """For each stage how many entries of its stream wait or are unacknowledged."""
    return {group: await lag(store, stream) for stream, group in keys.GROUPS.items()}


async def later(store: Store) -> dict[str, int]:
    """Alerts that are held for the hours of their rules or a digest: when they are told, Unix seconds → how many."""
    redis = cast(Any, store.redis)
    members = await redis.zrange(keys.DUE, 0, -1, withscores=True)
    return {f"{at:.0f}": int(await redis.llen(keys.held(m))) for m, at in members if m.startswith(keys.HELD)}


async def outboxes(store: Store) -> dict[str, int]:
    """For each channel how many alerts wait for it."""
    redis = cast(Any, store.redis)
    return {name: int(await redis.llen(keys.outbox(name))) for name in sorted(await redis.smembers(keys.CHANNELS))}


async def observe(store: Store, metrics: Metrics, dead: DeadCounts) -> None:
    """Bring the metrics that only the store knows up to date.

    Args:
        dead: counts the dead letters of this store.
    """
    for stage, waiting in (await lags(store)).items():
        metrics.stage_lag.labels(stage=stage).set(waiting)
    for channel, waiting in (await outboxes(store)).items():
        metrics.outbox_depth.labels(channel=channel).set(waiting)
    for stage, count in {**dict.fromkeys(keys.GROUPS.values(), 0), **await dead.now()}.items():
        metrics.dead_letters.labels(stage=stage).set(count)


def _feed(name: str, state: FeedState) -> dict[str, Any]:
    return {
        "name": name, "polls": state.polls, "failures": state.failures, "failing": state.failing,
        "last_success": state.last_success, "next": state.next_at, "state": state.error or "fine",
        "interval": state.wait, "why": state.why, "per_day": sum(max(0.0, rate) for rate in rates(state.habit)),
        "habit": rates(state.habit),
        "outruns": state.outruns, "stopped": state.stopped, "latency": state.seconds, "delay": state.delay,
    }  # fmt: skip


def _part(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    found = {name.removeprefix(prefix): count for name, count in counts.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))
