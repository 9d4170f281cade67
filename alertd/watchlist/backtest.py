"""What rules would have said: archived articles through matching, pace and the keys of posts, without any inference.

Pure: time is that of the articles. What the archive does not hold is not replayed: silences, and the text beyond the
start of the summary; for `quiet` rules all polls count as successful.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from alertd.articles import Alert
from alertd.collecting import uncollected
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.archive import Filed
from alertd.watchlist.hours import Sessions, telling
from alertd.watchlist.pacing import Pace, Pacing, keys_for
from alertd.watchlist.recall import Recall, Silent
from alertd.watchlist.rules import Match, Matches, RuleBook, in_one_place, issuer_of, match

SAMPLES = 3
"""Alerts of a rule that are kept as samples: its latest."""
_FORGET = 50_000


@dataclass(frozen=True, slots=True)
class Sample:
    """An alert that would have been posted."""

    at: float
    rule: str
    company: str
    title: str


@dataclass(repr=False)
class Tally:
    """What a watchlist would have posted.

    Attributes:
        articles, may_alert: articles replayed, and those among them that may alert.
        by_day: alerts by day (UTC, yyyy-mm-dd).
        by_rule, by_company: the same by rule and by company's name.
        posts: alerts by their identity, channels left out, for comparing two watchlists.
        held: posts that pace held back, or that came outside the hours of a rule that drops them.
        waiting: matches of rules of other kinds that did not fire yet.
        samples: the latest alerts of each rule, each with what words its reason.
        versions: component and version → articles that were tagged by it.
    """

    articles: int = 0
    may_alert: int = 0
    by_day: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)
    by_company: Counter[str] = field(default_factory=Counter)
    posts: dict[str, Sample] = field(default_factory=dict)
    held: int = 0
    waiting: int = 0
    samples: dict[str, list[tuple[Sample, Callable[[], str]]]] = field(default_factory=dict)
    versions: Counter[str] = field(default_factory=Counter)

    def __repr__(self) -> str:
        """Short: asyncio writes out what a task returns."""
        return f"<Tally of {self.alerts} alerts>"

    @property
    def alerts(self) -> int:
        """All alerts."""
        return self.by_rule.total()


class Replay:
    """Replays articles in their order through a watchlist.

    Args:
        book: the watchlist, compiled.
        sessions: looks up the sessions of exchanges, for rules that drop alerts outside market hours.
    """

    def __init__(self, book: RuleBook, sessions: Sessions = lambda _, __: ()) -> None:
        self._sessions = sessions
        self.tally = Tally()
        # a watchlist is judged by what it says, not by how many channels it says it in
        self._book = in_one_place(book)
        self._posted: dict[str, set[str]] = {}
        self._paces: dict[str, Pace] = {}
        self._recall: Recall | None = None

    def take(self, articles: Iterable[Filed]) -> None:
        """Replay some more articles."""
        with uncollected():
            self._take(articles)

    def _take(self, articles: Iterable[Filed]) -> None:
        tally, book = self.tally, self._book
        versions: Counter[int] = Counter()
        known: dict[int, dict[str, str]] = {}
        for filed in articles:
            tally.articles += 1
            found = filed.tags.versions
            versions[id(found)] += 1
            known[id(found)] = found
            if self._recall is None:
                self._recall = Recall(book, filed.article.arrived)
            if self._recall:
                self._remember(self._recall, filed)
                continue
            if not filed.article.may_alert:
                continue
            tally.may_alert += 1
            matches = match(book, filed.article, filed.tags, filed.placement)
            if matches.fired:
                self._tell(filed, matches.fired)
        for number, count in versions.items():
            for component, version in known[number].items():
                tally.versions[f"{component} {version}"] += count

    def _remember(self, recall: Recall, filed: Filed) -> None:
        """Take an article where some rule remembers what came before: for it, articles count that may not alert."""
        for silent in recall.silent(filed.article.arrived):
            self._count_silence(silent)
        matches = match(self._book, filed.article, filed.tags, filed.placement)
        if matches.fired:
            matches, held = recall.judge(matches, filed.article, filed.tags, filed.placement)
            self.tally.waiting += len(held)
        self.tally.may_alert += filed.article.may_alert
        if matches.fired and filed.article.may_alert:
            self._tell(filed, matches.fired)

    def _count_silence(self, silent: Silent) -> None:
        company = self._book.companies.get(silent.issuer)
        sample = Sample(silent.at, silent.rule.name, company.name if company else silent.issuer, "(no news)")
        self._counted(f"{sample.rule}\x1f{silent.issuer}\x1f{silent.at:.0f}", sample, _unworded)

    def _tell(self, filed: Filed, fired: Sequence[Match]) -> None:
        book, placement = self._book, filed.placement
        story = placement.story
        posted = self._posted.setdefault(story.id, set())
        if out := [found for found in fired if self._dropped(found.rule, filed.article.arrived)]:
            self.tally.held += len(out)
            fired = [found for found in fired if found not in out]
        wanted = [(book.by_name[found.rule], issuer_of(found.company)) for found in fired]
        paces = {key: self._paces[key] for key in keys_for(wanted) if key in self._paces}
        pacing = Pacing(book.by_name, paces, filed.article.arrived)
        alerts = alerts_for(
            Matches(tuple(fired)), filed.article, filed.tags, placement, default_channel="", posted=posted,
            now=filed.article.arrived, pacing=pacing, worded=False,
        )  # fmt: skip
        self._paces.update((name, pace) for name, (pace, _) in pacing.changed.items())
        self.tally.held += len(pacing.held)
        for alert in alerts:
            if alert.kind == "post":
                posted.add(alert.key)
                self._count(alert, fired)
        if len(self._posted) > _FORGET:
            # stories come and go: the oldest are closed long since
            for ident in list(self._posted)[: _FORGET // 2]:
                del self._posted[ident]

    def _dropped(self, name: str, now: float) -> bool:
        """Whether a rule drops what it says at a time, for that is outside its hours."""
        rule = self._book.by_name[name]
        return rule.outside == "drop" and telling(rule, now, self._sessions).dropped

    def _count(self, alert: Alert, fired: Sequence[Match]) -> None:
        name = alert.company.name if alert.company else ""
        title = alert.article.entry.title if alert.article else ""
        why = next(found.why for found in fired if found.rule == alert.rule and found.company is alert.company)
        self._counted(alert.key, Sample(alert.created, alert.rule, name, title), why)

    def _counted(self, key: str, sample: Sample, why: Callable[[], str]) -> None:
        tally = self.tally
        tally.by_day[_day(sample.at // 86400)] += 1
        tally.by_rule[sample.rule] += 1
        tally.by_company[sample.company or "(no company)"] += 1
        tally.posts[key] = sample
        latest = tally.samples.setdefault(sample.rule, [])
        latest.append((sample, why))
        del latest[:-SAMPLES]


def _unworded() -> str:
    return ""  # reasons are worded for samples only


@lru_cache(maxsize=512)
def _day(number: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86400))


def difference(before: Tally, after: Tally) -> tuple[list[Sample], list[Sample]]:
    """What a watchlist says that another does not: alerts that come with the second, and those that go."""
    come = [sample for key, sample in after.posts.items() if key not in before.posts]
    go = [sample for key, sample in before.posts.items() if key not in after.posts]
    return come, go
