"""More news about a company than its own past says, by hour of the week. Pure.

What is usual comes from the same hour of earlier weeks and the hours beside it; where there are few of them it is drawn
towards that hour of all days, and that towards the company's mean (Gamma priors, so that the prediction is negative
binomial: A. Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6). How far counts scatter beyond a Poisson's comes from
the same past, and a spike is what exceeds a small probability of the upper tail (C. P. Farrington et al., JRSS A 159,
1996; A. Noufaily et al., Statistics in Medicine 32, 2013).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from operator import sub
from typing import Final, NamedTuple

import msgspec

from alertd.watchlist.asking import SpikeLike

HOUR: Final = 3600.0
WEEK: Final = 168
"""Hours."""
ENOUGH: Final = 7 * 86400.0
"""Seconds of its past that must be known before anything is a spike."""
_DAY: Final = 24
_BESIDE: Final = 1
_PRIOR: Final = 3.0
_MOST_TIMES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Counted:
    """What is remembered of the reports about a company.

    Attributes:
        since: Unix seconds from which on all were counted.
        hours: hour (since 1970) → reports in it; hours without any are missing.
        recent: times of the latest, for the time that is looked back upon.
        told: Unix seconds of the latest report of a spike that was told; 0 for none.
    """

    since: float
    hours: Mapping[int, int] = field(default_factory=dict)
    recent: tuple[float, ...] = ()
    told: float = 0.0

    def dump(self) -> str:
        """Write it as JSON, shortly, for it is stored at each report: of an hour its distance from the one before."""
        hours = list(self.hours)
        steps = [0] * (2 * len(hours))
        steps[::2] = [*hours[:1], *map(sub, hours[1:], hours)]
        steps[1::2] = self.hours.values()
        return msgspec.json.encode((self.since, steps, self.recent, self.told)).decode()

    @classmethod
    def load(cls, text: str | None, since: float) -> Counted:
        """Read what `dump` wrote; without it, nothing was reported since a time."""
        if not text:
            return cls(since)
        began, steps, recent, told = msgspec.json.decode(text)
        if steps and isinstance(steps[0], list):
            # as it was written at first: pairs of an hour and its reports
            return cls(began, dict(steps), tuple(recent), told)
        return cls(began, dict(zip(accumulate(steps[::2]), steps[1::2], strict=True)), tuple(recent), told)


def counted(state: Counted, at: float, asked: SpikeLike) -> Counted:
    """What is remembered after one more report.

    Args:
        at: Unix seconds of its arrival.
    """
    oldest, hour = at - asked.history, int(at // HOUR)
    hours = dict(state.hours)
    # reports come in order, so that what is forgotten stands first
    while hours and (first := next(iter(hours))) < oldest // HOUR:
        del hours[first]
    hours[hour] = hours.get(hour, 0) + 1
    recent = (*(t for t in state.recent if t > at - asked.within), at)[-_MOST_TIMES:]
    return replace(state, since=max(state.since, oldest), hours=hours, recent=recent)


def judged(state: Counted, asked: SpikeLike) -> tuple[Counted, str, str]:
    """Whether the latest report makes a spike.

    A spike is told once: it goes on until no report comes for as long as is looked back upon.

    Args:
        state: with that report counted.

    Returns:
        What is remembered then, why it is a spike, and why it is none; one of them is "".
    """
    now, count = state.recent[-1], len(state.recent)
    if state.told and now - state.told < asked.within:
        return replace(state, told=now), "", f"the spike is told already, this is report {count} of it"
    if count < asked.least:
        return state, "", f"{count} of {asked.least} reports that a spike needs"
    if now - state.since < ENOUGH:
        return state, "", f"only {(now - state.since) / 86400:.1f} of 7 days of its past are known"
    mean, scatter = usual(state, now, asked.within)
    chance = tail(count, mean, scatter)
    if chance > asked.chance:
        return state, "", f"{count} reports where {mean:.1f} are usual, chance {chance:.2g}"
    hours = asked.within / HOUR
    said = (
        f"{count} reports within {hours:g} h where {mean:.1f} are usual at this hour of the week (chance {chance:.1g})"
    )
    return replace(state, told=now), said, ""


def usual(state: Counted, now: float, within: float) -> tuple[float, float]:
    """How many reports are usual up to now, and the variance of their number; what is looked back upon is left out.

    Args:
        now: Unix seconds.
        within: seconds that are looked back upon.
    """
    start = now - within
    first, last = math.ceil(state.since / HOUR), int(start // HOUR)
    known = {hour: n for hour, n in state.hours.items() if first <= hour < last}
    exposure = max(1, last - first)
    overall = (sum(known.values()) + 0.5) / exposure
    by_hour: dict[int, int] = {}
    for hour, count in known.items():
        by_hour[hour % WEEK] = by_hour.get(hour % WEEK, 0) + count
    weeks, rest = divmod(exposure, WEEK)
    hours = [weeks + ((hour - first) % WEEK < rest) for hour in range(WEEK)]
    seen = [by_hour.get(hour, 0) for hour in range(WEEK)]

    of_day = [(sum(seen[h::_DAY]) + overall * _PRIOR) / (sum(hours[h::_DAY]) + _PRIOR) for h in range(_DAY)]
    near = range(-_BESIDE, _BESIDE + 1)
    rates = [
        Rate(
            sum(seen[(hour + n) % WEEK] for n in near) + of_day[hour % _DAY] * _PRIOR,
            sum(hours[(hour + n) % WEEK] for n in near) + _PRIOR,
        )
        for hour in range(WEEK)
    ]
    mean = unsure = 0.0
    for hour in range(int(start // HOUR), int(now // HOUR) + 1):
        share = (min(now, (hour + 1) * HOUR) - max(start, hour * HOUR)) / HOUR
        found = rates[hour % WEEK]
        mean += share * found.mean
        unsure += share * math.sqrt(found.shape) / found.hours
    means = [rate.mean for rate in rates]
    return mean, mean * _scatter(known, exposure, first, means) + unsure**2


class Rate(NamedTuple):
    """What is believed of the reports an hour: a Gamma distribution by its shape and the hours it was learned from."""

    shape: float
    hours: float

    @property
    def mean(self) -> float:
        """Reports an hour."""
        return self.shape / self.hours


def _scatter(known: Mapping[int, int], exposure: int, first: int, rates: Sequence[float]) -> float:
    """Pearson's statistic by the hours it is of: 1 for a Poisson, more where reports come in crowds."""
    # hours without a report add their rate, those with one the rest
    whole, rest = divmod(exposure, WEEK)
    empty = whole * sum(rates) + sum(rates[(first + n) % WEEK] for n in range(rest))
    more = sum((n - rates[h % WEEK]) ** 2 / rates[h % WEEK] - rates[h % WEEK] for h, n in known.items())
    return max(1.0, (empty + more) / exposure)


def tail(count: int, mean: float, variance: float) -> float:
    """Probability of at least so many, by a negative binomial; a Poisson where the variance is not above the mean."""
    if count <= 0:
        return 1.0
    if variance <= mean * (1 + 1e-9):
        term = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
        size, share = math.inf, mean
    else:
        size = mean * mean / (variance - mean)
        share = mean / (size + mean)
        term = math.exp(
            math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
            + size * math.log1p(-share) + count * math.log(share)
        )  # fmt: skip
    total, number = term, count
    while term > total * 1e-9 or number < mean:
        term *= share / (number + 1) if size == math.inf else (number + size) / (number + 1) * share
        total, number = total + term, number + 1
    return min(1.0, total)
