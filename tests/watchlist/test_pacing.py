"""Cooldowns widen and come back, limits count an hour, and the same article gets the same answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Alert
from alertd.watchlist.alerts import alerts_for
from alertd.watchlist.pacing import Pace, Pacing, hour_key, keys_for, pace_key, widened
from alertd.watchlist.rules import Matches

from .test_alerts import MATCH
from .world import NOW, Rule, article, company, placed, tags


def run(rule: Rule, times: list[float], issuers: list[str] | None = None) -> list[bool]:
    """Whether posts at times are admitted, with what is remembered written and read between them."""
    kept: dict[str, str] = {}
    answers = []
    for number, now in enumerate(times):
        issuer = issuers[number] if issuers else "i:a"
        wanted = keys_for([(rule, issuer)])
        pacing = Pacing({rule.name: rule}, {key: Pace.load(kept.get(key)) for key in wanted}, now)
        answers.append(pacing.admit(rule.name, issuer))
        assert pacing.admit(rule.name, issuer) is answers[-1]
        assert bool(pacing.held) is not answers[-1]
        kept |= {key: pace.dump() for key, (pace, _) in pacing.changed.items()}
    return answers


def test_a_rule_without_a_pace_remembers_nothing() -> None:
    assert run(Rule(), [0, 0, 0]) == [True, True, True]
    assert keys_for([(Rule(), "i:a")]) == []


def test_a_cooldown_is_a_companys_own() -> None:
    rule = Rule(cooldown=100)
    assert run(rule, [0, 99, 100, 150, 201]) == [True, False, True, False, True]
    assert run(rule, [0, 1, 2], ["i:a", "i:b", "i:a"]) == [True, True, False]


def test_a_cooldown_widens_while_news_goes_on_and_comes_back_when_it_is_quiet() -> None:
    rule = Rule(cooldown=100, cooldown_max=350)
    assert run(rule, [0, 150, 349, 351, 700, 702, 2000, 2101]) == [True, True, False, True, False, True, True, True]


@pytest.mark.parametrize(
    ("pace", "longest", "now", "expected"),
    [
        (Pace(), 400, 0, 100),
        (Pace(until=100, width=100), 400, 150, 200),
        (Pace(until=100, width=100), 400, 200, 100),
        (Pace(until=100, width=300), 400, 150, 400),
        (Pace(until=100, width=100), 0, 150, 100),
    ],
)
def test_widening(pace: Pace, longest: float, now: float, expected: float) -> None:
    assert widened(pace, 100, longest, now) == expected


def test_a_limit_counts_an_hour_of_all_companies() -> None:
    times = [0.0, 10, 20, 3599, 3601, 3605]
    assert run(Rule(per_hour=2), times, list("abcdef")) == [True, True, False, False, True, False]


@given(st.lists(st.floats(0, 20_000), max_size=30), st.integers(1, 3))
def test_no_hour_holds_more_than_the_limit(times: list[float], limit: int) -> None:
    times.sort()
    told = [t for t, admitted in zip(times, run(Rule(per_hour=limit), times), strict=True) if admitted]
    assert all(sum(t - 3600 < other <= t for other in told) <= limit for t in told)


def test_what_is_held_is_counted_until_the_next_post() -> None:
    rule = Rule(cooldown=100)
    pacing = Pacing({"rule": rule}, {pace_key("rule", ""): Pace(until=50, width=100)}, 10)
    assert not pacing.admit("rule", "")
    (pace, life) = pacing.changed[pace_key("rule", "")]
    assert (pace.held, life) == (1, 3600.0)
    assert pacing.held == {pace_key("rule", ""): "rule rule spoke already; its cooldown ends in 40 s"}
    assert Pace.load(pace.dump()) == pace
    assert hour_key("rule") not in pacing.changed


def said(rule: Rule, pace: Pace, posted: tuple[str, ...] = (), revision: int = 1) -> list[Alert]:
    pacing = Pacing({"xiaomi": rule}, {pace_key("xiaomi", "i:xiaomi"): pace}, NOW)
    match = MATCH._replace(once=rule.once)
    placement = placed("first" if revision == 1 else "follow", 1.0, revision)
    return list(
        alerts_for(
            Matches((match,)), article(), tags(company()), placement, default_channel="#alerts", posted=posted,
            now=NOW, pacing=pacing,
        )
    )  # fmt: skip


def test_what_a_cooldown_holds_back_goes_to_the_thread_that_is_there() -> None:
    rule, cooling = Rule("xiaomi", cooldown=100), Pace(until=NOW + 10, width=100)
    assert [a.kind for a in said(rule, Pace())] == ["post"]
    assert said(rule, cooling) == []
    (first,) = said(rule, Pace())
    assert [a.kind for a in said(rule, cooling, (first.key,), 2)] == ["reply"]
    assert [a.kind for a in said(rule, Pace(), (first.key,), 2)] == ["post"]


def test_only_the_first_match_of_a_story_posts_when_a_rule_asks_for_it() -> None:
    (first,) = said(Rule("xiaomi", once=True), Pace())
    assert [a.kind for a in said(Rule("xiaomi", once=True), Pace(), (first.key,), 2)] == ["reply"]
