"""What is remembered of a feed between polls, and when it is asked again. Pure: the caller keeps it, passes the clock.

A feed that fails is asked for ever, ever more seldom (exponential back-off with full jitter: M. Brooker, Exponential
Backoff And Jitter, 2015), and reported once, then at widening intervals, and once more when it is back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from alertd.errors import FeedError
from alertd.feeds.fetch import Validators

LONGEST_WAIT = 3600.0
"""Seconds after which a failing feed is asked again at the latest, unless its publisher asks for more."""
MOST_OBEYED = 86400.0
"""Seconds of a publisher's Retry-After that are obeyed at most."""
GONE = "http_410"
"""Kind of the error that ends a feed."""
PATIENCE = 3
"""Failed polls in a row before a feed is reported whose trouble may pass by itself."""
REPORTS = (0.0, 3600.0, 6 * 3600.0, 86400.0)
"""Seconds between one report of a failing feed and the next; the last one repeats."""

EARLY = 0.1
"""Seconds by which a poll may come before its time."""
CALM = 3600.0
"""Seconds without trouble after which new trouble is reported at once."""

_PASSING = frozenset(["timeout", "dns", "unreachable", "tls", "truncated", "protocol", "empty", "http_429", "overrun"])


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed.

    Attributes:
        address: hash of its address; another one makes it another feed.
        etag, last_modified, origin: the validators of its last document, see `Validators`.
        body: hash of its last document.
        first_at: Unix seconds at which its first document was read; 0 before.
        polls, failures: how many there were.
        failing: failed polls in a row.
        failing_since: Unix seconds of the first of those.
        last_success: Unix seconds at which it was last fetched and read.
        next_at: Unix seconds before which it is not asked.
        kind: kind of its latest error, "" when the last poll was fine.
        error: the same in words.
        reports: reports of its trouble, until it was fine for an hour.
        reported_at: Unix seconds of the latest report.
        told: 1 while the operator's last word is that it fails.
        ttl, skip_hours, skip_days: what its document says about itself, see `Hints`.
        habit: new entries an hour for each hour of the day, see `habit.rates`.
        hour, hour_new: the hour (since 1970) of its last poll, and new entries in it so far.
        news, last_new, gap: new entries after its first document, the time of the last, the longest silence between
            two, in seconds; the latter fades.
        unbroken: Unix seconds since when its polls succeeded without a gap; 0 before the first.
        quiet_told: Unix seconds at which its silence was reported; 0 when it is not silent.
        shown: entries of its last document.
        outruns, outrun_told: documents that shared no entry with the one before, and when that was reported.
        moved, moved_times: where permanent redirects led, and how many polls in a row.
        seconds, delay: how long it takes to answer with a document, and how long after their own dates its new entries
            are seen, in seconds, smoothed; 0 when unknown.
        wait, why: seconds from its last poll to the next, and the reason in words.
    """

    address: str = ""
    etag: str = ""
    last_modified: str = ""
    origin: str = ""
    body: str = ""
    first_at: float = 0.0
    polls: int = 0
    failures: int = 0
    failing: int = 0
    failing_since: float = 0.0
    last_success: float = 0.0
    next_at: float = 0.0
    kind: str = ""
    error: str = ""
    reports: int = 0
    reported_at: float = 0.0
    told: int = 0
    ttl: float = 0.0
    skip_hours: str = ""
    skip_days: str = ""
    habit: str = ""
    hour: int = 0
    hour_new: int = 0
    news: int = 0
    last_new: float = 0.0
    gap: float = 0.0
    unbroken: float = 0.0
    quiet_told: float = 0.0
    shown: int = 0
    outruns: int = 0
    outrun_told: float = 0.0
    moved: str = ""
    moved_times: int = 0
    seconds: float = 0.0
    delay: float = 0.0
    wait: float = 0.0
    why: str = ""

    @property
    def stopped(self) -> bool:
        """Whether its publisher has ended it (HTTP 410), so that it is not asked any more."""
        return self.kind == GONE

    @property
    def validators(self) -> Validators:
        """What the next request asks with."""
        return Validators(self.etag, self.last_modified, self.origin)

    def to_fields(self) -> dict[str, str]:
        """The state as a flat mapping of texts, for Redis."""
        return {f.name: str(getattr(self, f.name)) for f in fields(self)}

    def changes(self, stored: FeedState | None) -> dict[str, str]:
        """What differs from the stored state, as `to_fields` writes it; all of it when that is None."""
        if stored is None:
            return self.to_fields()
        pairs = zip(_NAMES, _values(self), _values(stored), strict=True)
        return {name: str(mine) for name, mine, theirs in pairs if mine != theirs}

    @classmethod
    def from_fields(cls, given: Mapping[str, str]) -> FeedState:
        """Read what `to_fields` wrote; unknown names are ignored, missing ones have their defaults."""
        return cls(**{name: _KINDS[name](value) for name, value in given.items() if name in _KINDS})


_NAMES = tuple(field.name for field in fields(FeedState))
_KINDS: dict[str, type[Any]] = {field.name: type(field.default) for field in fields(FeedState)}
_values = attrgetter(*_NAMES)


def of_address(state: FeedState, url: str) -> FeedState:
    """The state for a feed's address: a new one when the address is another than the one it was kept for."""
    address = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
    return state if state.address == address else FeedState(address=address)


def succeeded(
    state: FeedState, name: str, *, validators: Validators, body: str, now: float
) -> tuple[FeedState, str | None]:
    """The state after a poll that brought a document or "unchanged".

    Args:
        validators: those to ask with next time.
        body: hash of the document that they belong to.
        now: Unix seconds.

    Returns:
        The state, and what the operator should know: that it works again, if its trouble was reported.
    """
    notice = None
    # one that comes and goes is not reported each time
    calm = not state.failing and now - state.reported_at > CALM
    if state.told:
        notice = f"Feed {name} works again, after {span(now - state.failing_since)} and {state.failing} failed polls."
    return replace(
        state, etag=validators.etag, last_modified=validators.last_modified, origin=validators.origin, body=body,
        first_at=state.first_at or now, polls=state.polls + 1, failing=0, failing_since=0.0, last_success=now,
        next_at=0.0, kind="", error="", reports=0 if calm else state.reports,
        reported_at=now if notice else state.reported_at, told=0,
    ), notice  # fmt: skip


def failed(
    state: FeedState, name: str, error: FeedError, *, interval: float, now: float, chance: float
) -> tuple[FeedState, str | None]:
    """The state after a poll that failed.

    Args:
        error: what went wrong.
        interval: seconds between two polls when all is well.
        now: Unix seconds.
        chance: a random number, 0..1, that spreads the retries.

    Returns:
        The state, and what the operator should know, if it is time to say it.
    """
    failing = state.failing + 1
    longest = max(interval, min(LONGEST_WAIT, interval * 2.0 ** min(failing, 30)))
    wait = interval + chance * (longest - interval)
    if error.retry_after is not None:
        wait = max(wait, min(error.retry_after, MOST_OBEYED))
    said = f"{error.what} ({error.hint})" if error.hint else error.what
    after = replace(
        state, polls=state.polls + 1, failures=state.failures + 1, failing=failing,
        failing_since=state.failing_since or now, next_at=now + wait, kind=error.kind, error=said,
        wait=wait, why="it fails",
    )  # fmt: skip
    if error.kind == GONE:
        notice = f"Feed {name} has ended: {said}. It is not asked any more."
        ended = replace(after, next_at=0.0, reports=state.reports + 1, reported_at=now, told=1, why="it has ended")
        return ended, notice
    passing = error.kind in _PASSING or error.kind.startswith("http_5")
    due = state.reported_at + REPORTS[min(state.reports, len(REPORTS) - 1)]
    if (passing and failing < PATIENCE) or now < due:
        return after, None
    since = f" for {span(now - after.failing_since)}, {failing} polls" if state.told else ""
    notice = f"Feed {name} fails{since}: {said}. It is asked again, ever more seldom."
    return replace(after, reports=state.reports + 1, reported_at=now, told=1), notice


def is_due(state: FeedState, *, now: float) -> bool:
    """Whether a feed may be asked: its wait is over, or the clock was put back since it began.

    Args:
        now: Unix seconds.
    """
    return now >= state.next_at - EARLY or 0.0 < state.wait < state.next_at - now - EARLY


def after_step(planned: float, *, step: float, interval: float, now: float) -> float:
    """When a feed is asked next after the clock was put forward or back: as long from now as it was before.

    Args:
        planned: when it was to be asked, Unix seconds by the clock of then.
        step: seconds by which the clock was put forward.
        interval: seconds between its polls; whoever was to wait longer finds out by `is_due`.
        now: Unix seconds by the clock of now.
    """
    # what ran between the step and its discovery was planned by the new clock
    return max(now, min(planned + step, now + interval))


def first_poll(state: FeedState, name: str, *, interval: float, now: float, spread: float, crowd: float = 0.0) -> float:
    """When a feed is asked first after a start: never before it was due, and not all at once.

    Args:
        state: as kept.
        interval: seconds between its polls.
        now: Unix seconds.
        spread: seconds over which starts are spread by a hash of the name.
        crowd: seconds that reading all feeds for the first time takes.
    """
    share = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest()) / 2**32
    # a clock that was ahead when it was noted must not keep the feed waiting
    due = max(state.next_at, min(state.last_success, now) + interval if state.last_success else 0.0)
    # one that was never read brings a whole document, so that many of them take longer than an interval
    start = now + share * max(min(spread, interval), 0.0 if state.first_at else crowd)
    return max(start, min(due, now + MOST_OBEYED))


def span(seconds: float) -> str:
    """Write seconds as a person would: 3 d, 5 h, 12 min, 8 s."""
    for unit, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(0.0, seconds):.0f} s"
