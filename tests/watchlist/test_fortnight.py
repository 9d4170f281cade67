"""Each kind of rule over a recorded fortnight, with its own clock: what is told, when, and what is not."""

from __future__ import annotations

import time
from dataclasses import replace

from alertd.config.hours import HoursSettings
from alertd.config.kinds import ShiftSettings, SpikeSettings
from alertd.watchlist.archive import Filed
from alertd.watchlist.backtest import Replay, Tally
from alertd.watchlist.rules import compile_rules

from .fortnight import DAY, HOUR, busy, filed, in_order
from .world import XIAOMI, Rule, Rules, Watched, profile, resolve

APPLE = Watched("AAPL")
SPIKE = Rule("spike", companies=(XIAOMI,), spike=SpikeSettings())
NIGHT = [filed(9 * DAY + 3 * HOUR + n * 300, f"Burst {n}") for n in range(12)]


def replayed(rule: Rule, articles: list[Filed]) -> Tally:
    run = Replay(compile_rules(Rules((rule,)), resolve, profile))
    for one in articles:
        run.take([one])
    return run.tally


def told(rule: Rule, articles: list[Filed]) -> list[tuple[str, str]]:
    """Day and hour (UTC) and title of what is told."""
    posts = replayed(rule, articles).posts.values()
    return [(time.strftime("%a %d %H", time.gmtime(sample.at)), sample.title) for sample in posts]


def test_usual_fortnights_have_next_to_no_spikes() -> None:
    alarms = [len(told(SPIKE, busy(seed))) for seed in range(6)]
    assert sum(alarms) <= 1, "of six weeks in which it could speak"


def test_twelve_reports_at_night_are_one_spike_and_would_be_usual_at_noon() -> None:
    ((at, title),) = told(SPIKE, in_order(busy(), NIGHT))
    assert (at, title.startswith("Burst")) == ("Wed 11 03", True)
    noon = [filed(9 * DAY + 12 * HOUR + n * 900, f"Burst {n}") for n in range(4)]
    assert told(SPIKE, in_order(busy(), noon)) == []


def test_copies_and_what_may_not_alert_are_no_spike() -> None:
    copies = [filed(9 * DAY + 3 * HOUR + n, relation="copy") for n in range(30)]
    backlog = [filed(9 * DAY + 3 * HOUR + n, may_alert=False) for n in range(30)]
    assert told(SPIKE, in_order(busy(), copies, backlog)) == []


def test_a_spike_says_how_many_reports_are_usual() -> None:
    tally = replayed(SPIKE, in_order(busy(), NIGHT))
    ((_, why),) = tally.samples["spike"]
    assert "reports within 1 h where 0." in why()
    assert "about Xiaomi" in why()
    assert tally.waiting > 100


def test_the_mood_turns_once() -> None:
    good = [filed(d * DAY + 9 * HOUR, label="positive") for d in range(8)]
    bad = [filed((8 + n / 4) * DAY, f"Bad {n}", label="negative") for n in range(20)]
    rule = Rule("mood", companies=(XIAOMI,), sentiment_shift=ShiftSettings(below=-0.2, articles=5))
    assert told(rule, in_order(good, bad)) == [("Tue 10 18", "Bad 3")]


def test_only_the_first_event_of_a_type_within_the_days_is_new() -> None:
    rule = Rule("first", companies=(XIAOMI, APPLE), event_types=("product_safety", "litigation"), new_event=7 * DAY)
    articles = [
        filed(1 * DAY, "A", events=("product_safety",)),
        filed(2 * DAY, "B", events=("product_safety",)),
        filed(2 * DAY + 60, "C", events=("litigation", "product_safety")),
        filed(3 * DAY, "D", events=("product_safety",), symbol="AAPL"),
        filed(4 * DAY, "E", events=("dividend",)),
        filed(8.5 * DAY, "F", events=("product_safety",)),
        filed(9 * DAY, "G", events=("litigation",), may_alert=False),
        filed(9.5 * DAY, "H", events=("litigation",)),
    ]
    assert [title for _, title in told(rule, articles)] == ["A", "C", "D"]
    later = [*articles, filed(20 * DAY, "I", events=("product_safety",))]
    assert [title for _, title in told(rule, later)] == ["A", "C", "D", "I"]


def test_silence_is_told_once_for_each_company_until_it_is_in_the_news_again() -> None:
    rule = Rule("quiet", companies=(XIAOMI, APPLE), quiet=3 * DAY)
    articles = [filed(d * DAY, symbol="AAPL") for d in (1, 2, 3, 9, 10.5)] + [filed(d * DAY) for d in range(14)]
    assert told(rule, in_order(articles)) == [("Sun 08 00", "(no news)")]
    assert replayed(rule, in_order(articles)).by_company == {"Apple": 1}
    assert told(rule, [filed(1 * DAY), filed(9 * DAY), filed(13.5 * DAY)]) == [
        ("Fri 06 00", "(no news)"), ("Fri 06 00", "(no news)"), ("Sat 14 00", "(no news)"),
    ]  # fmt: skip


def test_an_article_says_nothing_twice_that_a_kind_told() -> None:
    both = replace(SPIKE, spike=SpikeSettings(least=2, chance=0.1))
    times = [at for at, _ in told(both, in_order(busy(), NIGHT))]
    assert len([at for at in times if at.startswith("Wed 11 0")]) == 1


def test_what_is_dropped_outside_the_hours_is_not_told_and_starts_no_cooldown() -> None:
    hours = HoursSettings.model_validate({"open": "07:00", "close": "17:00", "days": "mon-fri"})
    rule = Rule("office", companies=(XIAOMI,), hours=hours, outside="drop", cooldown=4 * HOUR)
    articles = [filed(6.5 * HOUR, "early"), filed(7.5 * HOUR, "first"), filed(5 * DAY + 9 * HOUR, "on a Saturday")]
    assert told(rule, articles) == [("Mon 02 07", "first")]
    assert replayed(rule, articles).held == 2
    assert len(told(replace(rule, outside="hold", cooldown=0.0), articles)) == 3
