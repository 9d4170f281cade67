"""Fills what new rules of other kinds remember from the archive, and forgets what nobody asks for any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from alertd.stages import archive
from alertd.stages.context import Context
from alertd.stages.telling import quiet_member
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.watchlist.kinds import LONGEST, horizon, mark, remembers
from alertd.watchlist.quiet import due_at_first
from alertd.watchlist.recall import Recall
from alertd.watchlist.rules import RuleBook, compile_rules, match
from alertd.watchlist.settings import RuleLike

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: Sequence[RuleLike]


async def fill(context: Context, lease: Lease, book: RuleBook) -> Mapping[str, float]:
    """See that every rule of another kind remembers what the archive knows. Call it under the lease of decide.

    A rule that is new, or that asks for something else than before, is filled by replaying the archive through it; one
    that only tells it elsewhere goes on. What would have been told in the past counts as told.

    Returns:
        Rule's name → Unix seconds from which on it counted.

    Raises:
        FencedError: the lease went to another process.
    """
    redis = cast(Any, context.store.redis)
    known = {name: text.split(" ") for name, text in (await redis.hgetall(keys.RULES)).items()}
    rules = [rule for rule in book.rules if remembers(rule)]
    if gone := known.keys() - {rule.name for rule in rules}:
        await redis.hdel(keys.RULES, *gone)
    since = {rule.name: float(known[rule.name][1]) for rule in rules if known.get(rule.name, [""])[0] == mark(rule)}
    if new := [rule for rule in rules if rule.name not in since]:
        since |= await _fill(context, lease, new, book)
    return since


async def _fill(context: Context, lease: Lease, rules: Sequence[RuleLike], book: RuleBook) -> dict[str, float]:
    began, now = context.monotonic(), context.clock()
    own = compile_rules(_Rules(rules), book.resolve, book.profile)
    start = now - max(LONGEST, *map(horizon, rules))
    recall, articles = None, 0
    async for chunk in archive.since(context.store, start):
        for filed in chunk:
            recall = recall or Recall(own, filed.article.arrived)
            matches = match(own, filed.article, filed.tags, filed.placement)
            if matches.fired:
                recall.judge(matches, filed.article, filed.tags, filed.placement)
        articles += len(chunk)
    first = recall.since if recall else now
    recall = recall or Recall(own, now)
    states = [(keys.rule_state(key), text, int(life) + 1) for key, (text, life) in recall.states.items()]
    due = {
        quiet_member(key): due_at_first(recall.last.get(key), now, rule.quiet)
        for key, (rule, _) in recall.waits.items()
    }
    await _store(context, lease, states, due)
    marks = {rule.name: f"{mark(rule)} {first:.3f}" for rule in rules}
    await cast(Any, context.store.redis).hset(keys.RULES, mapping=marks)
    logger.info(
        "%d rules that remember were filled from %d archived articles in %.1f s: %s", len(rules), articles,
        context.monotonic() - began, ", ".join(rule.name for rule in rules[:5]) + (", …" if len(rules) > 5 else ""),
    )  # fmt: skip
    return dict.fromkeys((rule.name for rule in rules), first)


async def _store(
    context: Context, lease: Lease, states: Sequence[tuple[str, str, int]], due: Mapping[str, float]
) -> None:  # fmt: skip
    members = list(due.items())
    for at in range(0, max(len(states), len(members)), _AT_ONCE):
        some, waits = states[at : at + _AT_ONCE], members[at : at + _AT_ONCE]
        outcome = await context.store.run(
            "remember", [lease.key, keys.DUE, *(name for name, _, _ in some)],
            [lease.token, len(waits), *(part for member, moment in waits for part in (f"{moment:.3f}", member)),
             *(part for _, text, life in some for part in (text, life))],
        )  # fmt: skip
        if outcome == "fenced":
            lease.lost()
