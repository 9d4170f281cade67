"""Rules of another kind than "an article matches": they remember what matched before. Pure.

`spike` waits for more news than usual, `sentiment_shift` for another mood, `new_event` for a type of event that a
company had not for long, `quiet` for no news at all (time alone fires that one, see `alertd.watchlist.quiet`). What
each remembers is stored under the rule, its definition and the company: an edit that changes what is asked for starts
anew, filled from the archive.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from alertd.articles import Article, Placement, Tags
from alertd.watchlist import shifts, spikes
from alertd.watchlist.conditions import events_of, sentiment_of
from alertd.watchlist.quiet import Heard
from alertd.watchlist.rules import Match, Matches, issuer_of
from alertd.watchlist.settings import RuleLike

DAY: Final = 86400.0


def remembers(rule: RuleLike) -> bool:
    """Whether a rule is of another kind."""
    return bool(rule.spike or rule.sentiment_shift or rule.new_event or rule.quiet)


def horizon(rule: RuleLike) -> float:
    """Seconds of the past that a rule remembers: of another kind, or one that counts stories."""
    spike = rule.spike.history if rule.spike else 0.0
    shift = rule.sentiment_shift.within if rule.sentiment_shift else 0.0
    return max(spike, shift, rule.new_event, rule.quiet, rule.within if rule.stories > 1 else 0.0)


def mark(rule: RuleLike) -> str:
    """Stands for what a rule asks for: another definition has another mark."""
    return _digest(rule.definition)


@lru_cache(maxsize=4_096)
def _digest(definition: str) -> str:
    return hashlib.blake2b(definition.encode("utf-8", "replace"), digest_size=6).hexdigest()


def kind_key(rule: RuleLike, issuer: str) -> str:
    """Name of what a rule of another kind remembers of a company ("" for articles)."""
    return f"{rule.name}\x1f{issuer}\x1f{mark(rule)}"


def kind_keys(rules: Sequence[tuple[RuleLike, str]], placement: Placement) -> list[str]:
    """Names of all that has to be looked up for rules that matched an article, each with the company's issuer.

    Whatever is remembered, a copy adds nothing to it but that something was heard.
    """
    if placement.relation == "copy":
        return []
    return list(dict.fromkeys(kind_key(rule, issuer) for rule, issuer in rules if remembers(rule)))


class Kinds:
    """Judges the matches of one article by what is remembered; collects what is to be remembered.

    Args:
        rules: the rules by name.
        states: what is remembered, by `kind_key`.
        since: rule's name → Unix seconds from which on all that matched it was counted; now for one that is missing.
    """

    def __init__(self, rules: Mapping[str, RuleLike], states: Mapping[str, str], since: Mapping[str, float]) -> None:
        self._rules = rules
        self._states = dict(states)
        self._since = since
        self.changed: dict[str, tuple[str, float]] = {}
        """By key what is to be remembered, and for how many seconds."""
        self.heard: dict[str, float] = {}
        """By key of a `quiet` rule when it would fire without further news, Unix seconds."""
        self.held: list[str] = []
        """For each match that does not fire yet a line that says why."""

    def judge(self, matches: Matches, article: Article, tags: Tags, placement: Placement) -> Matches:
        """Take in an article, and leave out what does not fire.

        A copy says nothing new, and what may not alert came late or in a crowd: of both only `quiet` takes note, and
        `new_event` of the latter.
        """
        if not any(remembers(self._rules[found.rule]) for found in matches.fired):
            return matches
        kept = []
        for found in matches.fired:
            rule = self._rules[found.rule]
            if not remembers(rule):
                kept.append(found)
                continue
            if rule.quiet:
                self._hear(rule, kind_key(rule, issuer_of(found.company)), article.arrived)
                continue
            said, why = self._step(rule, found, article, tags, placement)
            if said:
                kept.append(found._replace(occasion=article.id, why=partial(_both, said, found.why)))
            elif why:
                self.held.append(f"rule {rule.name}: {why}")
        return Matches(tuple(kept), matches.stopped)

    def _step(
        self, rule: RuleLike, found: Match, article: Article, tags: Tags, placement: Placement
    ) -> tuple[str, str]:
        key = kind_key(rule, issuer_of(found.company))
        text, now = self._states.get(key), article.arrived
        if placement.relation == "copy":
            return "", "a copy counts as nothing new"
        if rule.new_event:
            events = [e.type for e in events_of(rule, tags, found.company) if e.confidence >= rule.min_confidence]
            state, said, why = first_of(text, events, now, rule.new_event)
            self._remember(key, state, rule.new_event)
            return said if article.may_alert else "", why
        if not article.may_alert:
            return "", "what may not alert does not count"
        if rule.spike:
            counted = spikes.counted(spikes.Counted.load(text, self._since.get(rule.name, now)), now, rule.spike)
            after, said, why = spikes.judged(counted, rule.spike)
            self._remember(key, after.dump(), rule.spike.history)
            return said, why
        mood = sentiment_of(tags, found.company)
        if rule.sentiment_shift is None or mood is None:
            return "", "its sentiment is not known"
        shift, said, why = shifts.shifted(shifts.Mood.load(text), now, mood.score, rule.sentiment_shift)
        self._remember(key, shift.dump(), rule.sentiment_shift.within)
        return said, why

    def _hear(self, rule: RuleLike, key: str, now: float) -> None:
        self._remember(key, Heard(now).dump(), 2 * rule.quiet)
        self.heard[key] = now + rule.quiet
        self.held.append(f"rule {rule.name}: it fires when nothing comes")

    def _remember(self, key: str, state: str, life: float) -> None:
        self.changed[key] = (state, life)
        self._states[key] = state


def first_of(text: str | None, events: Sequence[str], now: float, within: float) -> tuple[str, str, str]:
    """Take in the events of an article.

    Args:
        text: what is remembered, from an earlier call; None for nothing.
        events: their types, surest first.
        now: Unix seconds.
        within: seconds in which no event of a type may have been for it to be new.

    Returns:
        What is remembered then, which event is new, and why none is; one of them is "".
    """
    seen: dict[str, float] = {kind: at for kind, at in json.loads(text or "{}").items() if at > now - within}
    new = [kind for kind in events if kind not in seen]
    after = json.dumps({**seen, **dict.fromkeys(events, round(now, 3))}, separators=(",", ":"))
    days = within / DAY
    if new:
        return after, f"the first {' and '.join(new)} in {days:g} days", ""
    since = (now - min((seen[kind] for kind in events), default=now)) / DAY
    return after, "", f"not the first {' and '.join(events)} in {days:g} days, the last was {since:.1f} days ago"


def _both(said: str, why: Callable[[], str]) -> str:
    return f"{said}: {why()}"
