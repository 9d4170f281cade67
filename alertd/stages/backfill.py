"""Fills what new rules of other kinds remember from the archive, and forgets what nobody asks for any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from alertd.stages import archive
from alertd.stages.context import Context
from alertd.stages.telling import quiet_member
from alertd.store import keys
from alertd.store.leases import Lease
from alertd.watchlist.archive import Filed
from alertd.watchlist.kinds import horizon, mark, remembers
from alertd.watchlist.pacing import Pace, counted, pace_key
from alertd.watchlist.quiet import due_at_first
from alertd.watchlist.recall import Recall
from alertd.watchlist.rules import Matches, RuleBook, compile_rules, issuer_of, match
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
    rules = [rule for rule in book.rules if remembers(rule) or rule.stories > 1]
    if gone := known.keys() - {rule.name for rule in rules}:
        await redis.hdel(keys.RULES, *gone)
    since = {rule.name: float(known[rule.name][1]) for rule in rules if known.get(rule.name, [""])[0] == mark(rule)}
    if new := [rule for rule in rules if rule.name not in since]:
        since |= await _fill(context, lease, new, book)
    return since


async def _fill(context: Context, lease: Lease, rules: Sequence[RuleLike], book: RuleBook) -> dict[str, float]:
    began, now = context.monotonic(), context.clock()
    own = compile_rules(_Rules(rules), book.resolve, book.profile)
    start = now - max(map(horizon, rules))
    recall, articles = None, 0
    stories: Counted = {}
    for name in [*await archive.chunk_names(context.store, since=start), ""]:
        chunk = await _read(context, name, start)
        for filed in chunk:
            recall = recall or Recall(own, filed.article.arrived)
            matches = match(own, filed.article, filed.tags, filed.placement)
            if matches.fired:
                _count(own, matches, filed, stories)
                recall.judge(matches, filed.article, filed.tags, filed.placement)
        articles += len(chunk)
    first = recall.since if recall else now
    recall = recall or Recall(own, now)
    states = [(keys.rule_state(key), text, int(life) + 1) for key, (text, life) in recall.states.items()]
    due = {
        quiet_member(key): due_at_first(recall.last.get(key), now, rule.quiet)
        for key, (rule, _) in recall.waits.items()
    }
    await _store(context, lease, states + await _paces(context, stories, now), due)
    marks = {rule.name: f"{mark(rule)} {first:.3f}" for rule in rules}
    await cast(Any, context.store.redis).hset(keys.RULES, mapping=marks)
    logger.info(
        "%d rules that remember were filled from %d archived articles in %.1f s: %s", len(rules), articles,
        context.monotonic() - began, ", ".join(rule.name for rule in rules[:5]) + (", …" if len(rules) > 5 else ""),
    )  # fmt: skip
    return dict.fromkeys((rule.name for rule in rules), first)


async def _read(context: Context, name: str, start: float) -> list[Filed]:
    """The articles of a chunk, or ("") of none yet, since a time; one that cannot be read must not stop deciding."""
    try:
        found = await (archive.chunk(context.store, name) if name else archive.unsealed(context.store))
    except ValueError as error:
        logger.warning("new rules are filled without a part of the archive: %s", error, extra={"stage": "decide"})
        return []
    return [filed for filed in found if filed.article.arrived >= start]


Counted = dict[str, tuple[tuple[tuple[str, float], ...], float]]
"""By the name of what is remembered of a rule's pace the stories that count, and the seconds for which they do."""


def _count(book: RuleBook, matches: Matches, filed: Filed, stories: Counted) -> None:
    """Count the stories of rules that wait for several; those that would have been told count no more."""
    if filed.placement.relation == "copy" or not filed.article.may_alert:
        return
    for found in matches.fired:
        rule = book.by_name[found.rule]
        if rule.stories > 1:
            key = pace_key(rule.name, issuer_of(found.company))
            so_far = counted(
                stories.get(key, ((), 0.0))[0], filed.placement.story.id, filed.article.arrived, rule.within
            )  # fmt: skip
            stories[key] = (so_far if len(so_far) < rule.stories else (), rule.within)


async def _paces(context: Context, stories: Counted, now: float) -> list[tuple[str, str, int]]:
    """The counted stories, beside what is remembered of cooldowns already."""
    names = [keys.rule_state(key) for key in stories]
    texts = await cast(Any, context.store.redis).mget(names) if names else []
    found = []
    for name, text, (counted_so_far, within) in zip(names, texts, stories.values(), strict=True):
        pace = replace(Pace.load(text), stories=counted_so_far)
        found.append((name, pace.dump(), int(max(within, pace.until + pace.width - now)) + 1))
    return found


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
