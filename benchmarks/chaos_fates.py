"""What became of every article and of every alert in a run of `benchmarks.chaos_run`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from alertd.stages.archive import since
from alertd.stages.claims import Claim
from alertd.store import keys
from alertd.store.connection import Store
from benchmarks.chaos_line import MARK

MOST_STUCK: Final = 1_000
"""Entries that nobody has read yet, counted up to here."""
MOST_NAMED: Final = 20
"""Alerts and articles without a fate that are named."""
WAITS: Final = "waits: "
"""How the fate of an alert begins that is still on its way."""
LOST: Final = "lost"
"""The fate of what is nowhere."""


@dataclass(frozen=True)
class Heard:
    """What Slack was told.

    Attributes:
        messages: key of an alert → how many messages said it, alone.
        digests: the same of those that listed it among others.
    """

    messages: Counter[str] = field(default_factory=Counter)
    digests: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Places:
    """Where alerts wait: place in words → their keys."""

    waiting: Mapping[str, Collection[str]]

    def of(self, key: str) -> str:
        """Where an alert waits, "" for nowhere."""
        return next((place for place, names in self.waiting.items() if key in names), "")


def fate_of(key: str, heard: Heard, record: Mapping[str, Any] | None, places: Places) -> str:
    """What became of an alert, in words. Pure.

    Args:
        key: the alert's.
        heard: what Slack was told.
        record: what the store holds of its delivery, None for nothing.
        places: where alerts wait.
    """
    if heard.messages[key]:
        return "told in a message of its own"
    if heard.digests[key]:
        return "told in a digest"
    if record is not None and record.get("why"):
        return f"{record['how']}: {record['why']}"
    if place := places.of(key):
        return WAITS + place
    return LOST


async def places(store: Store) -> Places:
    """Look where alerts wait."""
    redis = cast(Any, store.redis)
    group = keys.GROUPS[keys.ALERTS]
    pending = {row["message_id"] for row in await redis.xpending_range(keys.ALERTS, group, "-", "+", 1_000_000)}
    fresh = await _unread(redis, keys.ALERTS)
    found: dict[str, set[str]] = {
        "on its way to its outbox": {
            fields["key"] for ident, fields in await redis.xrange(keys.ALERTS) if ident in pending
        } | {fields["key"] for _, fields in fresh},
        "in its outbox": set(), "claimed by a sender": set(), "held until its time": set(),
    }  # fmt: skip
    for channel in await redis.smembers(keys.CHANNELS):
        found["in its outbox"].update(await redis.lrange(keys.outbox(channel), 0, -1))
        if claim := await redis.get(keys.sending(channel)):
            found["claimed by a sender"].update(key for key, _ in Claim.load(claim).alerts)
    for member in await redis.zrange(keys.DUE, 0, -1):
        if member.partition("\x1f")[0] == keys.HELD:
            held = [json.loads(json.loads(text)[1])["key"] for text in await redis.lrange(keys.held(member), 0, -1)]
            found["held until its time"].update(held)
    return Places(found)


async def _unread(redis: Any, stream: str, most: int | None = None) -> list[Any]:
    """The entries of a stream that nobody of its group has read yet."""
    group = keys.GROUPS[stream]
    read = next(row["last-delivered-id"] for row in await redis.xinfo_groups(stream) if row["name"] == group)
    return list(await redis.xrange(stream, f"({read}", "+", count=most))


async def stuck(store: Store) -> int:
    """How many entries are pending or were not read, and how many alerts wait in outboxes."""
    redis = cast(Any, store.redis)
    count = 0
    for stream, group in keys.GROUPS.items():
        count += (await redis.xpending(stream, group))["pending"]
        count += len(await _unread(redis, stream, MOST_STUCK))
    for channel in await redis.smembers(keys.CHANNELS):
        count += await redis.llen(keys.outbox(channel))
    return count


async def looked(store: Store, heard: Heard, published: int, poison: Collection[int]) -> dict[str, Any]:
    """What became of every article and alert so far.

    Args:
        store: the store.
        heard: what Slack was told.
        published: number of articles.
        poison: numbers of those that kill.
    """
    redis = cast(Any, store.redis)
    filed: dict[int, list[str]] = {}
    async for rows in since(store, 0.0):
        for row in rows:
            filed.setdefault(int(row.article.entry.url.rpartition("/")[2]), []).append(row.article.id)
    dead = [fields for _, fields in await redis.xrange(keys.DEAD)]
    killed = [fields for fields in dead if MARK in fields["payload"]]
    fates: Counter[str] = Counter()
    alerts: Counter[str] = Counter()
    missing = [f"article {n}" for n in range(published) if n not in filed and n not in poison]
    waiting = await places(store)
    doubled = sum(heard.messages[key] + heard.digests[key] > 1 for key in {*heard.messages, *heard.digests})
    seen: set[str] = set()
    for number, ids in filed.items():
        decisions = [json.loads(text or "{}") for text in await redis.mget([keys.decision(ident) for ident in ids])]
        # an article that was accepted anew after a failover leads to the same alerts or to none
        doubled += sum(bool(decision.get("alerts")) for decision in decisions) > 1
        for ident, decision in zip(ids, decisions, strict=True):
            fates[f"{decision.get('relation', '?')}, {decision.get('outcome', '?')}"] += 1
            names: Sequence[str] = decision.get("alerts", ())
            records = await redis.mget([keys.sent(key) for key in names]) if names else ()
            for key, record in zip(names, records, strict=True):
                if key in seen:
                    continue
                seen.add(key)
                fate = fate_of(key, heard, json.loads(record) if record else None, waiting)
                alerts[fate] += 1
                if fate == LOST:
                    missing.append(f"alert {key} of article {number} ({ident}), decided {decision}, record {record}")
    fates["dead letter"] = len(dead)
    on_the_way = sum(count for fate, count in alerts.items() if fate.startswith(WAITS))
    return {
        "articles": published, "lost": len(missing), "waiting": on_the_way, "doubled": doubled,
        "stuck": await stuck(store), "dead_lettered": len(killed), "poison_planted": len(poison),
        "dead_innocent": len(dead) - len(killed), "filed_twice": sum(len(ids) > 1 for ids in filed.values()),
        "alerts": len(seen), "fates": dict(fates), "alert_fates": dict(alerts), "missing": missing[:MOST_NAMED],
    }  # fmt: skip
