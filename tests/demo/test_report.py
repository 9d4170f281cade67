"""What the demo says: the traps by what was posted, the figures by what the daemon counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alertd.articles import Article
from alertd.demo.day import Item, load_day
from alertd.demo.report import TRAPS, Posted, findings, items_told, summary
from alertd.slack.compose import compose, compose_digest
from tests.slack.world import NOW, alert, operator

DAY = load_day()
ITEMS = {item.id: item for item in DAY.items}


def posted(item: Item, *, ts: str, thread: str = "", kind: str = "post") -> Posted:
    shown = alert(key=ts, kind=kind, url=item.url, title=item.versions[0].title)
    message = compose(shown, NOW)
    return Posted("#alerts", ts, thread, message, 5.0, items_told(message, DAY))


def good_day() -> list[Posted]:
    """What should come of the day."""
    expected = {case: outcome for case, outcome, _ in TRAPS}
    made = []
    times = {"once": 1, "again": 2}
    roots = {item.of for item in DAY.items if item.of}
    for item in DAY.items:
        count = times.get(expected[item.case], 0) if item.case else int(item.id in roots)
        made += [posted(item, ts=f"{item.id}.{number}") for number in range(count)]
    copies = [item for item in DAY.items if item.case == "copy"]
    made += [posted(item, ts=item.id, thread=f"{item.of}.0", kind="reply") for item in copies]
    notice = compose(operator("A feed fails."), NOW)
    return [*made, Posted("#alertd", "9", "", notice, 9.0, ())]


def wrong(told: list[Posted]) -> dict[str, str]:
    return {finding.case: finding.instead for finding in findings(DAY, told) if not finding.ok}


def test_a_day_as_it_should_be() -> None:
    assert wrong(good_day()) == {}


@pytest.mark.parametrize(
    ("case", "ident", "more", "said"),
    [
        ("apple_fruit", "apple-harvest", {"ts": "x"}, "apple-harvest gave 1 alert"),
        ("xiaomi", "xiaomi", {"ts": "x"}, "xiaomi gave 2 alerts"),
        ("copy", "xiaomi-copy-tape", {"ts": "x"}, "xiaomi-copy-tape gave 1 alert"),
        ("copy", "xiaomi-copy-tape", {"ts": "x", "thread": "ecb-cut.0", "kind": "reply"}, "another thread than xiaomi"),
        ("redated", "apple-ipad", {"ts": "x", "thread": "ecb-cut.0", "kind": "reply"}, "apple-ipad came as a reply"),
    ],
)
def test_what_should_not_have_come(case: str, ident: str, more: dict[str, Any], said: str) -> None:
    found = wrong([*good_day(), posted(ITEMS[ident], **more)])
    assert list(found) == [case]
    assert said in found[case]


@pytest.mark.parametrize("case", [case for case, outcome, _ in TRAPS if outcome in ("once", "again")])
def test_what_should_have_come(case: str) -> None:
    missing = next(item.id for item in DAY.items if item.case == case)
    assert case in wrong([p for p in good_day() if missing not in p.items])


def test_a_title_that_could_ping() -> None:
    told = [
        replace(p, message=replace(p.message, text="<!channel> raises")) if "pg-dividend" in p.items else p
        for p in good_day()
    ]
    assert wrong(told) == {"channel_ping": "pg-dividend could ping"}


def test_a_message_leads_back_to_what_it_tells() -> None:
    first, second = ITEMS["xiaomi"], ITEMS["ecb-cut"]
    assert posted(first, ts="1").items == ("xiaomi",)
    assert items_told(compose(operator("x"), NOW), DAY) == ()
    shown = [alert(key=item.id, url=item.url) for item in (first, second)]
    for number, each in enumerate(shown):
        assert isinstance(each.article, Article)
        shown[number] = replace(each, created=NOW + number)
    (digest,) = compose_digest(shown, NOW)
    assert set(items_told(digest, DAY)) == {"xiaomi", "ecb-cut"}


def test_the_summary_tells_what_the_daemon_counted() -> None:
    told = good_day()
    status = {
        "feeds": [{"name": "a", "polls": 40, "failures": 2}, {"name": "b", "polls": 41, "failures": 0}],
        "articles": 60, "copies": 12, "stories": 45, "dead": 1,
        "recent": [
            {"title": "Eight stocks", "outcome": "stopped", "why": "its relevance is low"},
            {"title": "Bees", "outcome": "quiet", "why": "no rule is about it"},
        ],
        "held": {"too old (9.0 h, the limit is 6.0 h)": 3, "too old (14.0 h, the limit is 6.0 h)": 2, "no date": 1},
    }  # fmt: skip
    said = summary(status, told, findings(DAY, told), 51.4, 100)
    assert "What it saw in 51 s" in said
    assert "2, polled 81 times, 2 times in vain" in said
    assert "60, 12 of them copies" in said
    assert "6: too old (5), no date (1)" in said
    assert "1; they are in the dead-letter stream" in said
    assert "11 replies in threads, 1 notice to the operator" in said
    assert "5.0 s after the daemon's start" in said
    assert "Eight stocks: its relevance is low" in said
    assert "Bees" not in said
    assert said.count("✓") == len(TRAPS)
    assert max(map(len, said.splitlines())) <= 100


def test_the_summary_leaves_out_what_it_was_not_told() -> None:
    said = summary({}, [], findings(DAY, []), 3.0, 100)
    assert "articles" not in said
    assert "held back" not in said
    assert "0 alerts, 0 replies in threads, 0 notices to the operator" in said
    assert "✗" in said
