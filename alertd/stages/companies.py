"""How companies and rules did lately, out of what decide counts; see `alertd.watchlist.pulse`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, cast

from alertd.store import keys
from alertd.store.connection import Store
from alertd.watchlist.pulse import day_of, weeks

DAY: Final = 86_400.0


async def pulses(store: Store, issuers: Sequence[str], since: float, until: float) -> dict[str, list[dict[str, str]]]:
    """The stored weeks of issuers that a span touches."""
    wanted = weeks(since, until)
    async with cast(Any, store.redis).pipeline(transaction=False) as pipe:
        for issuer in issuers:
            for week in wanted:
                pipe.hgetall(keys.pulse(issuer, week))
        answers = await pipe.execute() if issuers else []
    count = len(wanted)
    return {issuer: answers[n * count : (n + 1) * count] for n, issuer in enumerate(issuers)}


async def loudest(store: Store, now: float, days: int, most: int) -> list[str]:
    """The issuers with most articles of the latest days, today included; of each day those of most articles count."""
    async with cast(Any, store.redis).pipeline(transaction=False) as pipe:
        for number in range(days):
            pipe.zrevrange(keys.heard(day_of(now - number * DAY)), 0, 2 * most - 1, withscores=True)
        answers = await pipe.execute()
    counts: Counter[str] = Counter()
    for answer in answers:
        for issuer, count in answer:
            counts[issuer] += int(count)
    return [issuer for issuer, _ in counts.most_common(most)]


async def rule_days(store: Store, now: float, days: int) -> list[dict[str, int]]:
    """For each of the latest days, today first, how many posts the rules led to."""
    async with cast(Any, store.redis).pipeline(transaction=False) as pipe:
        for number in range(days):
            pipe.hgetall(keys.rule_days(day_of(now - number * DAY)))
        answers = await pipe.execute()
    return [{rule: int(count) for rule, count in answer.items()} for answer in answers]


async def rule_last(store: Store) -> dict[str, tuple[float, str, str]]:
    """For each rule when it last led to an alert, on which article, and its title."""
    found = await cast(Any, store.redis).hgetall(keys.RULE_LAST)
    return {rule: tuple(json.loads(text)) for rule, text in found.items()}
