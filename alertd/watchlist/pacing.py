"""How often a rule may speak: a cooldown per rule and company that widens, and a limit an hour. Pure.

Time is that of the articles' arrival, so that a replay decides the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alertd.watchlist.settings import RuleLike

HOUR = 3600.0
_KEPT_AFTER = 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What is remembered of a rule: for a company its cooldown, for the rule as a whole the posts of the last hour.

    Attributes:
        until: Unix seconds up to which it keeps quiet.
        width: seconds of the cooldown that ends then.
        held: alerts held back since it last spoke.
        posts: times of its posts within the last hour.
        stories: id and time of the stories that count towards its next post.
    """

    until: float = 0.0
    width: float = 0.0
    held: int = 0
    posts: tuple[float, ...] = ()
    stories: tuple[tuple[str, float], ...] = ()

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps([self.until, self.width, self.held, self.posts, self.stories])

    @classmethod
    def load(cls, text: str | None) -> Pace:
        """Read what `dump` wrote; what is not there is a fresh start."""
        if not text:
            return cls()
        until, width, held, posts, stories = json.loads(text)
        return cls(until, width, held, tuple(posts), tuple((ident, at) for ident, at in stories))


def pace_key(rule: str, issuer: str) -> str:
    """Name of what is remembered of a rule for a company ("" for articles); of the rule itself, see `hour_key`."""
    return f"{rule}\x1f{issuer}"


def hour_key(rule: str) -> str:
    """Name of what is remembered of a rule as a whole."""
    return f"{rule}\x1f\x1f"


class Pacing:
    """Admits the posts of one article; collects what is to be remembered.

    Args:
        rules: the rules that fired, by name.
        paces: what was remembered, by `pace_key` and `hour_key`.
        now: Unix seconds.
    """

    def __init__(self, rules: Mapping[str, RuleLike], paces: Mapping[str, Pace], now: float) -> None:
        self._rules = rules
        self._paces = dict(paces)
        self._now = now
        self._answers: dict[str, str] = {}
        self.changed: dict[str, tuple[Pace, float]] = {}
        """By key what is to be remembered, and for how many seconds."""
        self.held: dict[str, str] = {}
        """By key why a post was held back."""

    def admit(self, rule: str, issuer: str, story: str = "") -> bool:
        """Whether a rule may post about a company; asked again for the same article, the answer is the same.

        Args:
            story: the story's id; different ones count towards the number of stories that a rule waits for.
        """
        if not paced(self._rules[rule]):
            return True
        key = pace_key(rule, issuer)
        if key not in self._answers:
            self._answers[key] = self._decide(self._rules[rule], key, hour_key(rule), story)
        return not self._answers[key]

    def _decide(self, rule: RuleLike, key: str, hour: str, story: str) -> str:
        now = self._now
        pace = self._paces.get(key, Pace())
        if rule.stories > 1:
            pace = replace(pace, stories=counted(pace.stories, story, now, rule.within))
        whole = self._paces.get(hour, Pace())
        posts = tuple(t for t in whole.posts if t > now - HOUR)
        why = ""
        if rule.cooldown and now < pace.until:
            why = f"rule {rule.name} spoke already; its cooldown ends in {pace.until - now:.0f} s"
        elif rule.per_hour and len(posts) >= rule.per_hour:
            why = f"rule {rule.name} posted {len(posts)} times within an hour, its limit"
        elif rule.stories > 1 and len(pace.stories) < rule.stories:
            why = f"rule {rule.name} waits for {rule.stories} stories, this is number {len(pace.stories)}"
        if why:
            self.held[key] = why
            self._remember(key, replace(pace, held=pace.held + 1), max(pace.until - now, HOUR, rule.within))
            return why
        if rule.stories > 1:
            self._remember(key, Pace(), 1.0)
        if rule.cooldown:
            width = widened(pace, rule.cooldown, rule.cooldown_max, now)
            self._remember(key, Pace(now + width, width), width * _KEPT_AFTER)
        if rule.per_hour:
            self._paces[hour] = fresh = Pace(posts=(*posts, now))
            self._remember(hour, fresh, HOUR)
        return ""

    def _remember(self, key: str, pace: Pace, life: float) -> None:
        self.changed[key] = (pace, life)
        self._paces[key] = pace


def paced(rule: RuleLike) -> bool:
    """Whether anything is remembered of a rule."""
    return bool(rule.cooldown or rule.per_hour or rule.stories > 1)


def counted(
    stories: Sequence[tuple[str, float]], story: str, now: float, within: float
) -> tuple[tuple[str, float], ...]:  # fmt: skip
    """The stories of the last `within` seconds by their first match, with one more."""
    kept = [(ident, at) for ident, at in stories if at > now - within]
    return tuple(kept if any(ident == story for ident, _ in kept) else [*kept, (story, now)])


def widened(pace: Pace, cooldown: float, longest: float, now: float) -> float:
    """The next cooldown: twice the last one when that ended less than its own length ago, else the plain one.

    Args:
        longest: bound of the widening in seconds; no longer than `cooldown`, nothing widens.
    """
    if pace.width and now < pace.until + pace.width:
        return max(cooldown, min(pace.width * 2, longest))
    return cooldown


def keys_for(rules: Sequence[tuple[RuleLike, str]]) -> list[str]:
    """Names of all that has to be looked up for rules that fired, each with the company's issuer."""
    found: dict[str, None] = {}
    for rule, issuer in rules:
        if paced(rule):
            found[pace_key(rule.name, issuer)] = None
        if rule.per_hour:
            found[hour_key(rule.name)] = None
    return list(found)
