"""From what rules say of an article to what is told: kinds of rule, silences, pace, hours, and what is remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from alertd.articles import Alert, Article, Placement, Tags, dumps
from alertd.exchanges import Sessions
from alertd.stages.context import Context
from alertd.stages.silences import SilenceReader
from alertd.store import keys
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.hours import Telling, telling
from alertd.watchlist.kinds import Kinds, kind_keys
from alertd.watchlist.nearness import near_miss
from alertd.watchlist.outcomes import Outcome, outcome_of
from alertd.watchlist.pacing import Pace, Pacing, keys_for
from alertd.watchlist.rules import Matches, issuer_of, match
from alertd.watchlist.silences import silenced

QUIET, HELD = "quiet", "held"
"""What a member of the due-set begins with: a rule that waits for silence, or alerts that wait for a time."""
_PART = "\x1f"


@dataclass(frozen=True, slots=True)
class Told:
    """What an article leads to.

    Attributes:
        alerts: those that are told now; replies among them.
        later: member of the due-set → alerts that are told then, as they are stored.
        due: member of the due-set → Unix seconds at which it is woken.
        outcome: what became of the article, in words.
        states: name of what is remembered, its value, and its life in seconds.
        keys: of all alerts, also of those that are told later.
    """

    alerts: tuple[Alert, ...]
    later: Mapping[str, Sequence[str]]
    due: Mapping[str, float]
    outcome: Outcome
    states: Sequence[tuple[str, str, int]]
    keys: tuple[str, ...]


def quiet_member(key: str) -> str:
    """Member of the due-set for a `quiet` rule and a company, by what the rule remembers of it."""
    return f"{QUIET}{_PART}{key}"


def held_member(at: float) -> str:
    """Member of the due-set for the alerts that are told at a time."""
    return f"{HELD}{_PART}{at:.0f}"


def held_entry(alert: Alert, together: bool) -> str:
    """An alert that waits for its time, as it is stored."""
    return json.dumps([int(together), dumps(alert)])


class Teller:
    """Says what is told of an article.

    Args:
        context: what stages share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._silences = SilenceReader(context)
        self._sessions = Sessions()
        self.since: Mapping[str, float] = {}
        """Rule's name → Unix seconds from which on a rule of another kind counted; see `backfill`."""

    async def tell(self, article: Article, tags: Tags, placement: Placement, *, untold: bool) -> Told:
        """Match an article and decide what is told, given what is remembered.

        Args:
            untold: the article copies one that was held only because it came without a date.
        """
        context, now = self._context, self._context.now
        matches = match(now.book, article, tags, placement)
        if not matches.fired:
            matches = Matches(stopped=near_miss(now.book, article, tags, placement))
        kinds, pacing = await self._remembered(matches, article)
        matches = kinds.judge(matches, article, tags, placement)
        matches, quiet = silenced(await self._silences.now(), matches, article, tags, placement)
        posts = keys.posts(placement.story.id)
        posted = await cast(Any, context.store.redis).smembers(posts) if matches.fired else frozenset()
        alerts = alerts_for(
            matches, article, tags, placement, default_channel=now.configuration.settings.slack.channel,
            posted=posted, now=context.clock(), generation=now.configuration.generation, pacing=pacing, untold=untold,
        )  # fmt: skip
        at = {alert.key: self.when(alert) for alert in alerts}
        dropped = [f"rule {a.rule} speaks only within its hours" for a in alerts if at[a.key].dropped]
        alerts = tuple(alert for alert in alerts if not at[alert.key].dropped)
        outcome = outcome_of(
            article, placement, matches, alerts, silenced=quiet, paced=(*pacing.held.values(), *dropped),
            waiting=kinds.held, later={key: when.at for key, when in at.items() if when.at},
        )  # fmt: skip
        due = {quiet_member(key): moment for key, moment in kinds.heard.items()}
        later: dict[str, list[str]] = {}
        for alert in alerts:
            if when := at[alert.key].at:
                due[held_member(when)] = when
                later.setdefault(held_member(when), []).append(held_entry(alert, at[alert.key].together))
        states = [(key, state, int(life) + 1) for key, (state, life) in kinds.changed.items()]
        states += [(key, pace.dump(), int(life) + 1) for key, (pace, life) in pacing.changed.items()]
        return Told(
            tuple(alert for alert in alerts if not at[alert.key].at), later, due, outcome, states,
            tuple(alert.key for alert in alerts),
        )  # fmt: skip

    def prepare(self) -> None:
        """Look up the market hours that rules name, so that no article waits for it; takes seconds the first time."""
        for rule in self._context.now.book.rules:
            if rule.hours is not None and rule.hours.exchange:
                self._sessions(rule.hours.exchange, self._context.clock())

    def when(self, alert: Alert) -> Telling:
        """When an alert is told; a reply is never held, for it makes no noise."""
        rule = self._context.now.book.by_name.get(alert.rule)
        if rule is None or alert.kind != "post":
            return Telling()
        return telling(rule, self._context.clock(), self._sessions)

    async def _remembered(self, matches: Matches, article: Article) -> tuple[Kinds, Pacing]:
        """What is remembered of the rules that match: looked up at once, or not at all."""
        rules = self._context.now.book.by_name
        wanted = [(rules[found.rule], issuer_of(found.company)) for found in matches.fired]
        kinds, paces = kind_keys(wanted), keys_for(wanted) if article.may_alert else []
        names = [keys.rule_state(key) for key in (*kinds, *paces)]
        texts = await cast(Any, self._context.store.redis).mget(names) if names else []
        known = dict(zip((*kinds, *paces), texts, strict=True))
        states = {key: known[key] for key in kinds if known[key]}
        return Kinds(rules, states, self.since), Pacing(
            rules, {key: Pace.load(known[key]) for key in paces}, article.arrived
        )
