"""How alertd itself does, as data for the page: rules, feeds, and the system; nothing here changes anything."""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import alertd
from alertd import report
from alertd.stages import companies, silences
from alertd.stages.context import Context
from alertd.stages.dead_letters import Letter
from alertd.store import keys
from alertd.store.shares import SHARDS
from alertd.taxonomy import EVENT_TYPES
from alertd.troubles import span, troubles, worst_first
from alertd.watchlist.archive import read_row
from alertd.watchlist.silences import Silence
from alertd.watchlist.wording import rule_words
from alertd.web.asking import Query
from alertd.web.health import Health

DAYS: Final = 14
"""Days of which alerts of rules are shown."""
NOISY: Final = 20
"""Alerts of a rule on a day that are too many for a person."""
LATE: Final = 3
"""Intervals after which a feed that is not asked is late."""
MOST_DEAD: Final = 50
_LEASES: Final = ("decide", "notify", "answers")
_LAST: Final = ("at", "article", "title")


class Operating:
    """Reads how alertd does.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._redis = cast(Any, context.store.redis)

    async def watchlist(self, _: Query) -> dict[str, Any]:
        """The rules in force, with their alerts a day and how they do."""
        configuration, book = self._context.now.configuration, self._context.now.book
        now = self._context.clock()
        days = await companies.rule_days(self._store, now, DAYS)
        last = await companies.rule_last(self._store)
        held = [silence for silence in await silences.stored(self._store, now) if silence.holds(now)]
        named = {name for rule in configuration.watchlist.rules for name in rule.feeds}
        feeds = await report.feeds(self._store, named) if named else []
        failing = {feed["name"] for feed in feeds if feed["failing"] or feed["stopped"]}
        unknown: dict[str, list[str]] = {}
        for rule, company in book.unknown:
            unknown.setdefault(rule, []).append(company)
        items = []
        for one in configuration.watchlist.rules:
            counts = [day.get(one.name, 0) for day in reversed(days)]
            state, words = health_of(
                one.name, counts, last.get(one.name), held, failing & set(one.feeds), unknown.get(one.name, ()), now
            )
            items.append({
                "name": one.name, "asks": rule_words(one), "severity": one.severity,
                "channels": list(one.destinations or (configuration.settings.slack.channel,)), "days": counts,
                "last": dict(zip(_LAST, last[one.name], strict=True)) if one.name in last else None,
                "health": state, "health_words": words,
            })  # fmt: skip
        return {"generation": configuration.generation, "event_types": list(EVENT_TYPES), "items": items}

    async def feeds(self, query: Query) -> dict[str, Any]:
        """How the feeds do, those that fail first; of one that was never polled only name and address are known."""
        known = {feed["name"]: feed for feed in await report.feeds(self._store)}
        configured = {feed.name: feed.redacted_url for feed in self._context.now.configuration.settings.feeds}
        now = self._context.clock()
        rows = [self._feed(name, url, known.get(name), now) for name, url in configured.items()]
        wanted = query.text("q").casefold()
        found = [row for row in worst_first(rows) if wanted in f"{row['name']} {row['url']}".casefold()]
        start, limit = query.number("after", 0, 0, 1_000_000), query.limit(100)
        more = start + limit if start + limit < len(found) else 0
        return {"items": found[start : start + limit], "total": len(found), "after": more}

    def _feed(self, name: str, url: str, known: Mapping[str, Any] | None, now: float) -> dict[str, Any]:
        blank = {
            "polls": 0, "failures": 0, "failing": 0, "last_success": 0.0, "next": 0.0, "interval": 0.0, "why": "",
            "per_day": 0.0, "habit": [-1.0] * 24, "latency": 0.0, "delay": 0.0, "outruns": 0, "state": "",
        }  # fmt: skip
        found = {key: (known or blank)[key] for key in blank}
        if known is None:
            health = "new"
        elif known["stopped"]:
            health = "stopped"
        elif known["failing"]:
            health = "failing"
        elif now - known["last_success"] > LATE * max(known["interval"], 60.0):
            health = "late"
        else:
            health = "fine"
        return {"name": name, "url": url, "health": health, **found}

    async def system(self, health: Health, clients: int) -> dict[str, Any]:
        """How alertd does as a whole.

        Args:
            health: of the process that serves the page.
            clients: browsers that listen.
        """
        redis = self._redis
        found, dead, versions, memory, seen, oldest, chunks, size = await asyncio.gather(
            report.overview(self._store), self._dead(), self._versions(), self._store.used_mb(),
            redis.zrange(keys.PROCESSES, 0, -1, withscores=True),
            redis.zrange(keys.ARCHIVE_CHUNKS, 0, 0, withscores=True), redis.zcard(keys.ARCHIVE_CHUNKS),
            redis.get(keys.ARCHIVE_BYTES),
        )  # fmt: skip
        now = self._context.clock()
        generation = self._context.now.configuration.generation
        plain = {**health.to_plain(), **found, "running": {"pid": 0}}
        wrong = troubles(plain, now=now, on_disk=generation, refused=0)
        counts = {name: found[name] for name in ("articles", "copies", "stories", "posted", "found", "dropped")}
        return {
            "troubles": wrong, "ready": health.ok, "stages": found["streams"], "outboxes": found["outbox"],
            "parts": [{"name": part.name, "ok": part.ok, "detail": part.detail} for part in health.parts],
            "later": found["later"], "held": found["held"],
            "counts": {**counts, **{f"alerts_{kind}": count for kind, count in found["alerts"].items()}},
            "dead_total": found["dead"], "dead": dead, "leases": await self._leases(found["outbox"]),
            "processes": [
                {"name": name, "seen": at, "here": name == self._context.process} for name, at in seen
            ],
            "versions": versions, "generation": found["generation"],
            "archive": {
                "chunks": int(chunks), "bytes": int(size or 0), "since": int(oldest[0][1]) if oldest else 0,
            },
            "memory_mb": round(memory, 1), "clients": clients,
        }  # fmt: skip

    async def _dead(self) -> list[dict[str, Any]]:
        entries = await self._redis.xrevrange(keys.DEAD, count=MOST_DEAD)
        return [Letter.read(entry, row).to_plain() for entry, row in entries]

    async def _leases(self, channels: Mapping[str, int]) -> list[dict[str, Any]]:
        names = [*_LEASES, *(f"channel {name}" for name in list(channels)[:MOST_DEAD])]
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(keys.lease(name), "owner", "token")
            rows = await pipe.execute()
        found = [(name, owner, token) for name, (owner, token) in zip(names, rows, strict=True) if token]
        found = [*await self._pollers(), *found]
        return [{"name": name, "owner": owner or "", "token": int(token)} for name, owner, token in found]

    async def _pollers(self) -> list[tuple[str, str, str]]:
        """Who polls which share of the feeds, with the latest token; one that waits for its share has none yet."""
        held: dict[str, list[int]] = {owner: [] for owner in sorted(await self._redis.hkeys(keys.members("poll")))}
        for shard, text in (await self._redis.hgetall(keys.shards("poll"))).items():
            owner, _, token = text.rpartition(" ")
            if shard and owner in held:
                held[owner].append(int(token))
        return [
            (f"poll ({len(tokens)} of {SHARDS} parts)" if len(held) > 1 else "poll", owner, str(max(tokens)))
            for owner, tokens in held.items() if tokens
        ]  # fmt: skip

    async def _versions(self) -> dict[str, str]:
        meta = await self._redis.hgetall(keys.META)
        server = await self._redis.info("server")
        latest = await self._redis.xrevrange(keys.PASSED, count=1)
        model = read_row(json.loads(latest[0][1]["row"])).tags.versions if latest else {}
        return {
            "alertd": alertd.__version__, "python": platform.python_version(), "redis": str(server["redis_version"]),
            "schema": str(meta.get("schema", "")), **model,
        }  # fmt: skip


def health_of(
    rule: str, days: Sequence[int], last: tuple[float, str, str] | None, silences: Sequence[Silence],
    failing: set[str], unknown: Sequence[str], now: float,
) -> tuple[str, str]:  # fmt: skip
    """How a rule does: a word, and what a person should know about it. Pure.

    Args:
        days: its alerts of the latest days, today last.
        last: when it last led to an alert, or None.
        silences: those that hold.
        failing: feeds that it names and that fail.
        unknown: companies of it that no list knows.
    """
    quiet = next((s for s in silences if rule in s.rules and not s.matcher), None)
    ago = span(now - last[0]) if last else ""
    if failing:
        found = "broken", f"its feed {', '.join(sorted(failing))} fails: see Feeds"
    elif unknown:
        found = "broken", f"no list knows {', '.join(unknown[:3])}: alertd symbols search"
    elif quiet is not None:
        found = "silenced", f"for {span(quiet.until - now)} more, by {quiet.by or 'nobody'}: {quiet.why}"
    elif days and max(days) > NOISY:
        found = "noisy", f"{max(days)} alerts on one day: narrow it, or give it a cooldown"
    elif not ago:
        found = "quiet", "no alert yet: try it with a headline"
    else:
        found = ("fine", f"last {ago} ago") if sum(days) else ("quiet", f"no alert for {ago}")
    return found
