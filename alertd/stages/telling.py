"""From what rules say of an article to what is told: kinds of rule, silences, pace, hours, and what is remembered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from alertd.articles import Alert, Article, Placement, Tags, dumps
from alertd.exchanges import Sessions
from alertd.stages.context import Context, InForce
from alertd.stages.silences import SilenceReader
from alertd.stages.standing import former_names
from alertd.store import keys
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.hours import Telling, telling
from alertd.watchlist.kinds import Kinds, kind_keys
from alertd.watchlist.nearness import near_miss
from alertd.watchlist.outcomes import Outcome, outcome_of
from alertd.watchlist.pacing import Pace, Pacing, keys_for
from alertd.watchlist.rules import NOTHING, Matches, RuleBook, issuer_of, match
from alertd.watchlist.silences import Silences, silenced

_PART = "\x1f"


class Told(msgspec.Struct, frozen=True, gc=False):
    """What an article leads to.

    Attributes:
        alerts: those that are told now; replies among them.
        later: member of the due-set → alerts that are told then, as they are stored.
        due: member of the due-set → Unix seconds at which it is woken.
        outcome: what became of the article, in words.
        states: name of what is remembered, its value, and its life in seconds.
        keys: of all alerts, also of those that are told later.
        rules: rule → how many posts it leads to, also later; 0 when it only answers in threads.
    """

    alerts: tuple[Alert, ...]
    later: Mapping[str, Sequence[str]]
    due: Mapping[str, float]
    outcome: Outcome
    states: Sequence[tuple[str, str, int]]
    keys: tuple[str, ...]
    rules: Mapping[str, int]


class News(msgspec.Struct, frozen=True, gc=False):
    """An article in its story.

    `untold`: it copies one that was held only because it came without a date.
    """

    article: Article
    tags: Tags
    placement: Placement
    untold: bool


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """What is remembered, and what the articles before lead to: keys of the alerts of stories, and states of rules."""

    posted: dict[str, set[str]]
    states: dict[str, str]

    def add(self, story: str, told: Told) -> None:
        """Add what an article of a story leads to."""
        if told.keys:
            self.posted.setdefault(story, set()).update(told.keys)
        self.states.update({key: text for key, text, _ in told.states})


def quiet_member(key: str) -> str:
    """Member of the due-set for a `quiet` rule and a company, by what the rule remembers of it."""
    return f"{keys.QUIET}{_PART}{key}"


def held_member(at: float) -> str:
    """Member of the due-set for the alerts that are told at a time."""
    return f"{keys.HELD}{_PART}{at:.0f}"


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
        self._former: Mapping[str, Sequence[str]] = {}
        self._named = ""
        self.since: Mapping[str, float] = {}
        """Rule's name → Unix seconds from which on a rule of another kind counted; see `backfill`."""

    async def tell(
        self, now: InForce, news: Sequence[News], before: Sequence[tuple[str, Told]] = ()
    ) -> list[Told]:  # fmt: skip
        """Match articles and decide what is told, in their order, given what is remembered.

        What one of them leads to is remembered for the next ones, though nothing is stored yet.

        Args:
            now: the configuration in force, one for all of them.
            before: what may not be stored yet of what articles before these lead to, each with its story.
        """
        if self._named != now.configuration.generation:
            self._former, self._named = await former_names(self._context.store), now.configuration.generation
        matched = [_matched(now.book, one) for one in news]
        asking = asyncio.create_task(self._silences.now(), name="silences")
        try:
            remembered = await self._remembered(now.book, news, matched)
        finally:
            silences = await asking
        for story, one_before in before:
            remembered.add(story, one_before)
        told = []
        for one, found in zip(news, matched, strict=True):
            told.append(self._tell(now, one, found, silences, remembered))
            remembered.add(one.placement.story.id, told[-1])
        return told

    def _tell(
        self, now: InForce, one: News, matches: Matches, silences: Silences, remembered: Remembered
    ) -> Told:  # fmt: skip
        context = self._context
        article, tags, placement = one.article, one.tags, one.placement
        if not matches.fired:
            return Told((), {}, {}, outcome_of(article, placement, matches, ()), (), (), {})
        kinds, pacing = self._recalled(now.book, matches, one, remembered)
        matches = kinds.judge(matches, article, tags, placement)
        matches, quiet = silenced(silences, matches, article, tags, placement)
        # before its pace is asked: what is dropped must not start a cooldown
        matches, dropped = self._within_hours(now.book, matches)
        alerts = alerts_for(
            matches, article, tags, placement, default_channel=now.configuration.settings.slack.channel,
            posted=remembered.posted.get(placement.story.id, frozenset()), now=context.clock(),
            generation=now.configuration.generation, pacing=pacing, untold=one.untold, former=self._former,
        )  # fmt: skip
        at = {alert.key: self.when(alert) for alert in alerts}
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
            {rule: sum(a.kind == "post" for a in alerts if a.rule == rule) for rule in {a.rule for a in alerts}},
        )  # fmt: skip

    def _within_hours(self, book: RuleBook, matches: Matches) -> tuple[Matches, list[str]]:
        """Leave out what rules say outside their hours that drop it then; for each of them also why."""
        clock = self._context.clock()
        out = {
            found.rule
            for found in matches.fired
            if book.by_name[found.rule].outside == "drop"
            and telling(book.by_name[found.rule], clock, self._sessions).dropped
        }
        if not out:
            return matches, []
        kept = tuple(found for found in matches.fired if found.rule not in out)
        return Matches(kept, matches.stopped), [f"rule {name} speaks only within its hours" for name in sorted(out)]

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

    async def _remembered(self, book: RuleBook, news: Sequence[News], matched: Sequence[Matches]) -> Remembered:
        """What is remembered of the rules that match and of the stories that they match, looked up at once."""
        fired = [(one, found) for one, found in zip(news, matched, strict=True) if found.fired]
        if not fired:
            return Remembered({}, {})
        stories = list(dict.fromkeys(one.placement.story.id for one, _ in fired))
        wanted = [_names(book, found, one) for one, found in fired]
        names = list(dict.fromkeys(name for kinds, paces in wanted for name in (*kinds, *paces)))
        async with cast(Any, self._context.store.redis).pipeline(transaction=False) as pipe:
            for story in stories:
                pipe.smembers(keys.posts(story))
            for name in names:
                pipe.get(keys.rule_state(name))
            answers = await pipe.execute()
        told, texts = answers[: len(stories)], answers[len(stories) :]
        return Remembered(
            {story: set(found) for story, found in zip(stories, told, strict=True)},
            {name: text for name, text in zip(names, texts, strict=True) if text},
        )

    def _recalled(
        self, book: RuleBook, matches: Matches, one: News, remembered: Remembered
    ) -> tuple[Kinds, Pacing]:  # fmt: skip
        known = remembered.states
        kinds, paces = _names(book, matches, one)
        return Kinds(book.by_name, {key: known[key] for key in kinds if key in known}, self.since), Pacing(
            book.by_name, {key: Pace.load(known.get(key)) for key in paces}, one.article.arrived
        )


def _matched(book: RuleBook, one: News) -> Matches:
    if not book.rules:
        # what a text says is not sought for nobody
        return NOTHING
    found = match(book, one.article, one.tags, one.placement)
    return found if found.fired else Matches(stopped=near_miss(book, one.article, one.tags, one.placement))


def _names(book: RuleBook, matches: Matches, one: News) -> tuple[Sequence[str], Sequence[str]]:
    """Names of what rules that match remember: by their kind, and of their pace."""
    wanted = [(book.by_name[found.rule], issuer_of(found.company)) for found in matches.fired]
    return kind_keys(wanted, one.placement), keys_for(wanted) if one.article.may_alert else []
