"""Brings what an older alertd left in the store into the form of this one, before anything else touches it.

Whatever was under way goes on: articles and alerts on their way keep their ids and their order, what was seen and told
stays known. Each record is replaced at once or not at all and is recognised by its form, so that a migration that was
interrupted is simply begun again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, cast

import msgspec

from alertd.articles import Article, Entry, Story, dumps, loads
from alertd.errors import StoreError
from alertd.stages.entries import article_in
from alertd.stages.shelf import Shelved
from alertd.store import keys
from alertd.store.connection import SCHEMA, Store
from alertd.store.leases import Lease
from alertd.stories.events import places
from alertd.stories.fingerprints import Fingerprint, fingerprint
from alertd.stories.placing import StoryCandidate
from alertd.stories.records import written

logger = logging.getLogger(__name__)

_ALIVE: Final = 30.0
_AT_ONCE: Final = 500
_WAIT: Final = 0.5


async def migrate(store: Store, schema: int) -> None:
    """Migrate a store from an older schema; of several processes one does it and the others wait.

    Args:
        schema: of the store.

    Raises:
        StoreError: processes of the older version still work on it.
    """
    redis = cast(Any, store.redis)
    if not store.exclusive and await redis.zcount(keys.PROCESSES, await store.time() - _ALIVE, "+inf"):
        raise StoreError(
            f"processes of an older alertd (schema {schema}) still work on this store",
            where=store.where,
            hint="stop all of them, wait half a minute, and start this version",
        )
    lease = Lease(store, "migration", f"{os.getpid()}-{os.urandom(3).hex()}")
    while not await lease.acquire():  # noqa: ASYNC110 - another process has it, and tells nobody
        await asyncio.sleep(_WAIT)
    beats = asyncio.create_task(lease.keep(), name="migration lease")
    try:
        now = int(await redis.hget(keys.META, "schema") or schema)
        while now < SCHEMA:
            logger.warning("the store is migrated from schema %d to %d", now, now + 1)
            await _STEPS[now](store)
            now += 1
            await redis.hset(keys.META, "schema", now)
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)
    await lease.release()


async def _from_1(store: Store) -> None:
    """Schema 2 has other fingerprints, stories that are sought by more than their companies, and bands in tables."""
    for stream, converted in ((keys.ARTICLES, _article), (keys.TAGGED, _tagged)):
        await _rewrite(store, stream, converted)
    redis = cast(Any, store.redis)
    async for name in _named(redis, keys.parked("*")):
        rows = [_parked(row) for row in await redis.lrange(name, 0, -1)]
        async with redis.pipeline(transaction=True) as pipe:
            pipe.delete(name)
            pipe.rpush(name, *rows)
            await pipe.execute()
    await _stories(redis)
    old = [name async for name in _named(redis, keys.fingerprint("*")) if "-" in name.rpartition(":")[2]]
    old += [name async for name in _named(redis, f"{keys.PREFIX}issuer:*")]
    old += [name async for name in _named(redis, f"{keys.BANDS}*") if await redis.type(name) == "list"]
    for start in range(0, len(old), _AT_ONCE):
        await redis.unlink(*old[start : start + _AT_ONCE])


_STEPS: Final[Mapping[int, Callable[[Store], Awaitable[None]]]] = {1: _from_1}
"""By the schema that a step begins with."""


async def _named(redis: Any, pattern: str) -> AsyncIterator[str]:
    async for name in redis.scan_iter(match=pattern, count=_AT_ONCE):
        yield name


async def _rewrite(
    store: Store, stream: str, converted: Callable[[str, Mapping[str, str]], Mapping[str, str] | None]
) -> None:
    """Put what nobody is done with at the end of its stream in its new form, in its order."""
    redis, group = cast(Any, store.redis), keys.GROUPS[stream]
    if not await redis.exists(stream):
        return
    groups = {row["name"]: row for row in await redis.xinfo_groups(stream)}
    delivered = groups[group]["last-delivered-id"] if group in groups else "0-0"
    pending = await redis.xpending_range(stream, group, "-", "+", 1_000_000) if group in groups else []
    waiting = {row["message_id"] for row in pending}
    last = (await redis.xinfo_stream(stream))["last-generated-id"]
    cursor = "-"
    while rows := await redis.xrange(stream, cursor, last, count=_AT_ONCE):
        for ident, fields in rows:
            fresh = converted(ident, fields) if ident in waiting or _order(ident) > _order(delivered) else None
            if fresh is None:
                continue
            async with redis.pipeline(transaction=True) as pipe:
                pipe.xadd(stream, dict(fresh))
                pipe.xack(stream, group, ident)
                pipe.xdel(stream, ident)
                await pipe.execute()
        cursor = f"({rows[-1][0]}"


def _order(ident: str) -> tuple[int, int]:
    milliseconds, _, number = ident.partition("-")
    return int(milliseconds), int(number)


def _is_old(fields: Mapping[str, str]) -> bool:
    return fields.get("fp", "").startswith("{")


def _article(ident: str, fields: Mapping[str, str]) -> Mapping[str, str] | None:
    """An entry of `articles`: its id in the stream was the article's, so that the article goes on with its own."""
    if not _is_old(fields):
        return None
    article = article_in(ident, fields)
    return {
        "seq": fields["seq"], "again": dumps(article), "fp": written(fingerprint(article.entry)),
        "copy": article.copy_of,
    }  # fmt: skip


def _tagged(_: str, fields: Mapping[str, str]) -> Mapping[str, str] | None:
    if not _is_old(fields):
        return None
    return {**fields, "fp": written(fingerprint(loads(Article, fields["article"]).entry))}


def _parked(row: str) -> str:
    bundle = json.loads(row)
    if _is_old(bundle):
        bundle["fp"] = written(fingerprint(loads(Article, bundle["article"]).entry))
    return json.dumps(bundle, ensure_ascii=False)


async def _stories(redis: Any) -> None:
    """Bring open stories into their new form, and list them under all by which they are sought now."""
    found = []
    async for name in _named(redis, keys.story("*")):
        text, life = await redis.get(name), await redis.pttl(name)
        if text and text.startswith("{") and life > 0:
            found.append((name, json.loads(text), life))
    found.sort(key=lambda one: one[1]["story"]["last_seen"])
    for place, (name, plain, life) in enumerate(found, 1):
        told = msgspec.convert(plain["story"], Story)
        # the text of its first article is not known any more, only what was in its headline
        first = fingerprint(Entry("", "", told.first_url, told.title))
        shelved = _shelved(told, first, plain)
        async with redis.pipeline(transaction=True) as pipe:
            for key in shelved.listed:
                pipe.zadd(keys.listed(key), {told.id: place})
                pipe.pexpire(keys.listed(key), life)
            pipe.set(name, shelved.record(), px=life)
            await pipe.execute()


def _shelved(told: Story, first: Fingerprint, plain: Mapping[str, Any]) -> Shelved:
    candidate = StoryCandidate(
        told, first, plain["embedding"], plain["encoder"], reports=told.articles, voices=told.articles
    )
    return Shelved(candidate, "0", tuple(places(first, told.issuers)))
