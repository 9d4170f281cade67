"""Which rules are in force, as all processes know it: what was raised by a rule that is gone is not told any more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from alertd.articles import Alert
from alertd.config import Configuration
from alertd.errors import StoreError
from alertd.stages.context import Context
from alertd.stages.watched import watch_name
from alertd.store import keys
from alertd.store.connection import Store
from alertd.watchlist.kinds import mark

DELETED: Final = "its rule was deleted"
"""Why an alert is not told whose rule is gone."""
_MOST_CONFLICTS: Final = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """The rules in force: those of the files, and those that people made in Slack.

    Attributes:
        version: another one when the rules of the files were replaced; "" when nobody has said yet which there are.
        names: names of the rules.
        renamed: former name of a rule → its name now.
    """

    version: str = ""
    names: frozenset[str] = frozenset()
    renamed: Mapping[str, str] | None = None

    def gone(self, alert: Alert) -> bool:
        """Whether an alert's rule was deleted; an edited one and one that only has another name were not."""
        if not self.version or not alert.rule or alert.rule in self.names:
            return False
        return (self.renamed or {}).get(alert.rule) not in self.names


def renamings(before: Mapping[str, str], now: Mapping[str, str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Find out which rules only got another name. Pure.

    A rule that is gone was renamed when a new one asks for the same.

    Args:
        before, now: name of a rule → mark of what it asks for.
        renamed: what was found out earlier: former name → later name.

    Returns:
        Former name → name now, of earlier renamings too.
    """
    fresh: dict[str, list[str]] = {}
    for name, asks in now.items():
        if name not in before:
            fresh.setdefault(asks, []).append(name)
    last = {name: fresh[asks].pop(0) for name, asks in before.items() if name not in now and fresh.get(asks)}
    followed = {former: last.get(name, name) for former, name in renamed.items()}
    return {former: name for former, name in {**followed, **last}.items() if former not in now and name in now}


async def stand(store: Store, configuration: Configuration) -> None:
    """Tell all processes which rules the files in force have; does nothing where they know.

    To be called before an alert is raised under this configuration, so that no rule is taken for a deleted one.

    Raises:
        StoreError: others change the rules again and again.
    """
    redis = cast(Any, store.redis)
    version = await redis.hget(keys.STANDING, "") or ""
    for _ in range(_MOST_CONFLICTS):
        if version.endswith(f" {configuration.generation}"):
            return
        before = await redis.hgetall(keys.STANDING)
        version = before.pop("", "")
        now = await asyncio.to_thread(_marks, configuration)
        renamed = renamings(before, now, await redis.hgetall(keys.RENAMED))
        number = int(version.partition(" ")[0] or 0) + 1
        outcome = await store.run(
            "stand",
            [keys.GENERATION, keys.STANDING, keys.RENAMED],
            [
                configuration.generation, version, f"{number} {configuration.generation}", len(now),
                *(part for pair in now.items() for part in pair), *(part for pair in renamed.items() for part in pair),
            ],
        )  # fmt: skip
        if outcome != "changed":
            return
        version = await redis.hget(keys.STANDING, "") or ""
    raise StoreError(
        "the rules in force change faster than they can be read",
        where=store.where,
        hint="give all hosts the same files",
    )


async def former_names(store: Store) -> dict[str, tuple[str, ...]]:
    """The names that rules of the files had before, by their name now."""
    found: dict[str, tuple[str, ...]] = {}
    for former, name in sorted((await cast(Any, store.redis).hgetall(keys.RENAMED)).items()):
        found[name] = (*found.get(name, ()), former)
    return found


def _marks(configuration: Configuration) -> dict[str, str]:
    return {rule.name: mark(rule) for rule in configuration.watchlist.rules}


class StandingReader:
    """Reads which rules are in force; whole only when they were replaced.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._redis = cast(Any, context.store.redis)
        self._files: frozenset[str] = frozenset()
        self._made = Standing()

    async def now(self) -> Standing:
        """The rules in force at this moment: what was raised before it, by a rule that is not among them, is gone."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(keys.STANDING, "")
            pipe.hkeys(keys.WATCHED)
            version, watched = await pipe.execute()
        if (version or "") != self._made.version:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(keys.STANDING)
                pipe.hkeys(keys.WATCHED)
                pipe.hgetall(keys.RENAMED)
                rows, watched, renamed = await pipe.execute()
            version = rows.pop("", "")
            self._files = frozenset(rows)
            self._made = Standing(version, frozenset(), renamed)
        names = self._files | {watch_name(field) for field in watched}
        if names != self._made.names:
            self._made = Standing(self._made.version, names, self._made.renamed)
        return self._made
