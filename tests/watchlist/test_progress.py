"""What is missing until a rule fires, in words; the states are made by the same code that judges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.articles import Event
from alertd.config.kinds import ShiftSettings, SpikeSettings
from alertd.watchlist import spikes
from alertd.watchlist.explain import verdicts
from alertd.watchlist.kinds import Kinds, kind_key
from alertd.watchlist.pacing import Pace, Pacing, hour_key, pace_key
from alertd.watchlist.progress import Past, progress, restraint, span, wanted
from alertd.watchlist.rules import compile_rules, match

from .world import NOW, XIAOMI, Rule, Rules, article, company, placed, profile, resolve, tags

HOUR, DAY = 3600.0, 86400.0
MI = "i:xiaomi"


def after(rule: Rule, hours: list[float], **more: Any) -> Past:
    """What is remembered once a matching article came at each of these hours, and now is hour 0."""
    book = compile_rules(Rules((rule,)), resolve, profile)
    states: dict[str, str] = {}
    since = {rule.name: NOW - 30 * DAY} | more.pop("since", {})
    for number, hour in enumerate(hours):
        at = NOW + hour * HOUR
        one = replace(article(f"{number}"), id=f"{number}-0", arrived=at, **more)
        found = tags(company(), events=(Event("earnings", 0.9),))
        matches = match(book, one, found, placed())
        kinds = Kinds(book.by_name, states, since)
        pacing = Pacing(book.by_name, {key: Pace.load(text) for key, text in states.items() if kind_of(key)}, at)
        for fired in kinds.judge(matches, one, found, placed()).fired:
            pacing.admit(fired.rule, MI, f"story {number}")
        states |= {key: text for key, (text, _) in kinds.changed.items()}
        states |= {key: pace.dump() for key, (pace, _) in pacing.changed.items()}
    return Past(NOW, states, since)


def kind_of(key: str) -> bool:
    return key in (pace_key("rule", MI), hour_key("rule"))


@pytest.mark.parametrize(
    ("asked", "hours", "said"),
    [
        ({"new_event": 30 * DAY}, [], "no earnings in 30 days, the next is the first"),
        ({"new_event": 30 * DAY}, [-96.0], "first earnings in 30 days: the last was 4 days ago"),
        ({"new_event": 3 * DAY}, [-96.0], "no earnings in 3 days, the next is the first"),
        ({"quiet": 6 * HOUR}, [], "it fires after 6 h without news; none was heard yet"),
        ({"quiet": 6 * HOUR}, [-2.5], "the last news was 2.5 h ago, it fires after 6 h without any: in 3.5 h"),
        (
            {"quiet": 6 * HOUR}, [-7],
            "the last news was 7 h ago, it fires after 6 h without any: as soon as the polls of its feeds prove it",
        ),
        ({"stories": 5, "within": 2 * HOUR}, [], "0 of 5 stories within 2 h"),
        ({"stories": 5, "within": 2 * HOUR}, [-3, -1.5, -1, -0.5], "3 of 5 stories within 2 h"),
        ({"stories": 3, "within": 2 * HOUR}, [-1.5, -1, -0.5], "0 of 3 stories within 2 h"),
        ({"spike": SpikeSettings()}, [], "0 of 4 reports within 1 h, where 0.0 are usual now"),
        ({"spike": SpikeSettings()}, [-0.7, -0.5], "2 of 4 reports within 1 h, where 0.0 are usual now"),
        (
            {"spike": SpikeSettings()}, [-0.5 - n / 60 for n in range(9, 0, -1)],
            "its spike is told and goes on until no report comes for 1 h; 9 within that time",
        ),
        (
            {"sentiment_shift": ShiftSettings(below=-0.2, articles=3)}, [-5, -4],
            "2 of 3 articles within 7 days that its mean is of",
        ),
        (
            {"sentiment_shift": ShiftSettings(below=-0.2, drop=0.5, articles=3)}, [-5, -4, -3, -2],
            "the mean of its sentiment over 3 articles is +0.95, it fires below -0.2 or at +0.45, down from +0.95",
        ),
        ({}, [], ""),
    ],
)  # fmt: skip
def test_what_is_missing(asked: dict[str, Any], hours: list[float], said: str) -> None:
    rule = Rule(companies=(XIAOMI,), event_types=("earnings",), **asked)
    assert progress(rule, MI, ["earnings"], after(rule, hours)) == said


def test_a_spike_needs_a_known_past() -> None:
    rule = Rule(companies=(XIAOMI,), spike=SpikeSettings())
    past = after(rule, [-0.5], since={"rule": NOW - 3 * DAY})
    assert progress(rule, MI, [], past) == ("1 report within 1 h; what is usual is known after 7 days, 3 days are over")


@given(st.lists(st.floats(-600, -1.1), max_size=60), st.integers(2, 12))
def test_as_many_reports_as_are_said_to_be_missing_make_a_spike(hours: list[float], least: int) -> None:
    asked = SpikeSettings(least=least)
    state = spikes.Counted(NOW - 28 * DAY)
    for hour in sorted(hours):
        state = spikes.counted(state, NOW + hour * HOUR, asked)
    rule = Rule(companies=(XIAOMI,), spike=asked)
    said = progress(rule, MI, [], Past(NOW, {kind_key(rule, MI): state.dump()}))
    missing = int(said.split(" of ")[1].split()[0])
    for number in range(1, missing + 1):
        state = spikes.counted(state, NOW, asked)
        _, spike, _ = spikes.judged(state, asked)
        assert bool(spike) == (number == missing)


def test_what_keeps_a_rule_quiet_that_fires() -> None:
    rule = Rule(companies=(XIAOMI,), cooldown=HOUR, per_hour=2)
    assert restraint(rule, MI, after(rule, [-0.75])) == "its cooldown ends in 15 min"
    assert restraint(rule, MI, after(rule, [-2])) == ""
    often = Rule(companies=(XIAOMI,), per_hour=2)
    assert restraint(often, MI, after(often, [-0.75, -0.5])) == "2 of 2 posts within an hour, the next in 15 min"


def test_verdicts_say_how_far_rules_are() -> None:
    rules = (
        Rule("many", companies=(XIAOMI,), stories=3, within=2 * HOUR),
        Rule("calm", companies=(XIAOMI,), cooldown=HOUR),
        Rule("wide", companies=(XIAOMI,), min_sources=4),
    )
    book = compile_rules(Rules(rules), resolve, profile)
    found = tags(company())
    past = Past(NOW, {
        pace_key("many", MI): Pace(stories=(("a", NOW - 60.0),)).dump(),
        pace_key("calm", MI): Pace(NOW + 90.0, HOUR).dump(),
    })  # fmt: skip
    assert {*wanted(book, found)} >= {*past.states, hour_key("many")}
    said = {v.rule: (v.fires, v.why.partition(", ")[2].partition("; ")[2] or v.why) for v in verdicts(
        book, article(), found, placed(), past
    )}  # fmt: skip
    assert said == {
        "many": (False, "so far 1 of 3 stories within 2 h"),
        "calm": (True, "its cooldown ends in 1.5 min"),
        "wide": (False, "1 of the 4 outlets that the rule asks for carry the story so far"),
    }


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (0, "0 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1 h"), (86400, "24 h"), (90 * 3600, "3.8 days")],
)
def test_spans(seconds: float, said: str) -> None:
    assert span(seconds) == said
