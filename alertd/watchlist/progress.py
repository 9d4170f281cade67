"""How far a rule is that remembers what matched before, and what is missing until it fires, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from alertd.articles import Tags
from alertd.watchlist import shifts, spikes
from alertd.watchlist.asking import ShiftLike, SpikeLike
from alertd.watchlist.kinds import kind_key, remembers
from alertd.watchlist.pacing import HOUR, Pace, hour_key, pace_key, paced
from alertd.watchlist.quiet import Heard
from alertd.watchlist.rules import RuleBook, companies_of
from alertd.watchlist.settings import RuleLike

_MOST: Final = 100_000


@dataclass(frozen=True, slots=True)
class Past:
    """What rules remember at a moment.

    Attributes:
        now: Unix seconds.
        states: what is remembered, by `kind_key`, `pace_key` and `hour_key`.
        since: rule's name → Unix seconds from which on all that matched it was counted.
    """

    now: float
    states: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, float] = field(default_factory=dict)


def wanted(book: RuleBook, tags: Tags) -> list[str]:
    """Names of all that has to be looked up for `progress` and `restraint` of any rule about an article."""
    names: dict[str, None] = {}
    for rule in book.rules:
        if remembers(rule) or paced(rule):
            for issuer in ("", *companies_of(tags)):
                names[kind_key(rule, issuer)] = None
                names[pace_key(rule.name, issuer)] = None
            names[hour_key(rule.name)] = None
    return list(names)


def progress(rule: RuleLike, issuer: str, events: Sequence[str], past: Past) -> str:
    """How far a rule is about a company; "" for one that does not wait for more than one article.

    Args:
        issuer: the company's key, "" for a rule about articles.
        events: types of event for which a rule that waits for the first one is asked.
    """
    text = past.states.get(kind_key(rule, issuer))
    if rule.spike:
        return _spike(spikes.Counted.load(text, past.since.get(rule.name, past.now)), rule.spike, past.now)
    if rule.sentiment_shift:
        return _shift(shifts.Mood.load(text), rule.sentiment_shift, past.now)
    if rule.new_event:
        return _first(json.loads(text or "{}"), events, rule.new_event, past.now)
    if rule.quiet:
        return _quiet(Heard.load(text).at if text else None, rule.quiet, past.now)
    if rule.stories > 1:
        pace = Pace.load(past.states.get(pace_key(rule.name, issuer)))
        count = sum(at > past.now - rule.within for _, at in pace.stories)
        return f"{count} of {rule.stories} stories within {span(rule.within)}"
    return ""


def restraint(rule: RuleLike, issuer: str, past: Past) -> str:
    """What keeps a rule quiet at present though it fires: its cooldown, or its limit an hour; "" when nothing does."""
    pace = Pace.load(past.states.get(pace_key(rule.name, issuer)))
    if rule.cooldown and past.now < pace.until:
        return f"its cooldown ends in {span(pace.until - past.now)}"
    posts = [at for at in Pace.load(past.states.get(hour_key(rule.name))).posts if at > past.now - HOUR]
    if rule.per_hour and len(posts) >= rule.per_hour:
        return f"{len(posts)} of {rule.per_hour} posts within an hour, the next in {span(posts[0] + HOUR - past.now)}"
    return ""


def span(seconds: float) -> str:
    """A time for people: "50 s", "3 min", "2 h", "1.5 days"; no zero behind the point."""
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size or (seconds >= size and name != "days"):
            return f"{round(seconds / size, 1):g} {name}"
    return f"{max(0.0, seconds):.0f} s"


def _spike(state: spikes.Counted, asked: SpikeLike, now: float) -> str:
    count = sum(at > now - asked.within for at in state.recent)
    within = span(asked.within)
    if state.told and now - state.told < asked.within:
        return f"its spike is told and goes on until no report comes for {within}; {count} within that time"
    if (known := now - state.since) < spikes.ENOUGH:
        reports = f"{count} report{'' if count == 1 else 's'} within {within}"
        return f"{reports}; what is usual is known after 7 days, {span(known)} are over"
    mean, scatter = spikes.usual(state, now, asked.within)
    least = max(asked.least, 1)
    while spikes.tail(least, mean, scatter) > asked.chance and least < _MOST:
        least += 1
    return f"{count} of {least} reports within {within}, where {mean:.1f} are usual now"


def _shift(state: shifts.Mood, asked: ShiftLike, now: float) -> str:
    scores = [score for at, score in state.scores if at > now - asked.within]
    if len(scores) < asked.articles or state.highest is None or state.lowest is None:
        return f"{len(scores)} of {asked.articles} articles within {span(asked.within)} that its mean is of"
    mean = sum(scores) / len(scores)
    fires = []
    if asked.below is not None:
        fires.append(f"below {asked.below:+g}{' (told already)' if state.below else ''}")
    if asked.above is not None:
        fires.append(f"above {asked.above:+g}{' (told already)' if state.above else ''}")
    if asked.drop:
        fires.append(f"at {state.highest - asked.drop:+.2f}, down from {state.highest:+.2f}")
    if asked.rise:
        fires.append(f"at {state.lowest + asked.rise:+.2f}, up from {state.lowest:+.2f}")
    return f"the mean of its sentiment over {len(scores)} articles is {mean:+.2f}, it fires {' or '.join(fires)}"


def _first(seen: Mapping[str, float], events: Sequence[str], within: float, now: float) -> str:
    said = []
    for kind in events:
        at = seen.get(kind)
        if at is None or at <= now - within:
            said.append(f"no {kind} in {span(within)}, the next is the first")
        else:
            said.append(f"first {kind} in {span(within)}: the last was {span(now - at)} ago")
    return "; ".join(said)


def _quiet(last: float | None, quiet: float, now: float) -> str:
    if last is None:
        return f"it fires after {span(quiet)} without news; none was heard yet"
    left = last + quiet - now
    when = f"in {span(left)}" if left > 0 else "as soon as the polls of its feeds prove it"
    return f"the last news was {span(now - last)} ago, it fires after {span(quiet)} without any: {when}"
