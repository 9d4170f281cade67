"""Silences as decide needs them: read from Redis for every article, compiled anew only when they changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, cast

from pydantic import ValidationError

from alertd.config import RuleSettings
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.connection import Store
from alertd.watchlist.rules import RuleBook, compile_rules
from alertd.watchlist.silences import Silence, Silences

logger = logging.getLogger(__name__)

KEPT: Final = 7 * 86_400.0
"""Seconds for which a silence that ended is still listed."""

_WIDE: Mapping[str, Any] = {
    "roles": ["subject", "source", "passing"], "min_relevance": 0.0, "min_confidence": 0.0, "min_novelty": 0.0
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: Sequence[RuleSettings]


def matcher_rule(silence: Silence) -> RuleSettings:
    """The rule that matches what a silence silences; it asks for no more than the silence says.

    Raises:
        ValidationError: the matcher is none.
    """
    return RuleSettings.model_validate({**_WIDE, **silence.matcher, "name": silence.id})


def compile_silences(silences: Sequence[Silence], book: RuleBook) -> Silences:
    """Make silences ready to use; one that cannot be read does not hold, and is logged."""
    known, rules = {}, []
    for silence in silences:
        try:
            if silence.matcher:
                rules.append(matcher_rule(silence))
        except ValidationError:
            logger.warning("silence %s cannot be read and does not hold", silence.id, extra={"stage": "decide"})
            continue
        known[silence.id] = silence
    return Silences(known, compile_rules(_Rules(rules), book.resolve, book.profile) if rules else None)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def unknown_rule(silence: Silence, rules: Sequence[_Named]) -> str:
    """Say that a silence names a rule that does not exist; "" when it does not."""
    known = {rule.name for rule in rules}
    return next((f"no rule has the name {name!r}" for name in silence.rules if name not in known), "")


async def add(store: Store, made: Silence) -> str:
    """Store a silence under a new id, which is returned."""
    redis = cast(Any, store.redis)
    ident = f"s{await redis.hincrby(keys.COUNTS, 'silences', 1)}"
    await redis.hset(keys.SILENCES, ident, replace(made, id=ident).dump())
    return ident


async def stored(store: Store, now: float) -> list[Silence]:
    """All silences, the earliest first; those that ended long ago are forgotten."""
    redis = cast(Any, store.redis)
    found = [Silence.load(text) for text in (await redis.hgetall(keys.SILENCES)).values()]
    if old := [s.id for s in found if s.until < now - KEPT]:
        await redis.hdel(keys.SILENCES, *old)
    return sorted((s for s in found if s.until >= now - KEPT), key=lambda s: (s.since, s.id))


async def expire(store: Store, idents: Sequence[str], now: float) -> list[str]:
    """End silences; returns the ids of which none held."""
    held = {s.id: s for s in await stored(store, now) if s.holds(now)}
    for name in idents:
        if name in held:
            await cast(Any, store.redis).hset(keys.SILENCES, name, replace(held[name], until=now).dump())
    return [name for name in idents if name not in held]


class SilenceReader:
    """Reads silences.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._texts: Mapping[str, str] = {}
        self._book: RuleBook | None = None
        self._made = Silences()

    async def now(self) -> Silences:
        """All silences that are stored, also those that do not hold at present."""
        texts: dict[str, str] = await cast(Any, self._context.store.redis).hgetall(keys.SILENCES)
        book = self._context.now.book
        if texts != self._texts or book is not self._book:
            self._made = compile_silences([Silence.load(text) for text in texts.values()], book)
            self._texts, self._book = texts, book
        return self._made
