from __future__ import annotations

from dataclasses import replace

import pytest

from alertd.articles import Alert
from alertd.slack.outbox import MOST_REPLIES, MOST_WAITING, OLDEST, next_step
from tests.slack.world import NOW, alert, operator


def posts(count: int, created: float = NOW) -> list[Alert]:
    return [alert(key=f"post-{n}", created=created) for n in range(count)]


def reply(key: str = "reply") -> Alert:
    return alert(key=key, kind="reply", relation="copy")


def test_nothing_waits() -> None:
    assert next_step([], {}, NOW) is None


def test_alerts_go_one_by_one_in_order() -> None:
    first, second = posts(2)
    step = next_step([first, second], {}, NOW)
    assert step is not None
    assert (step.kind, step.alerts, step.thread) == ("post", (first,), "")


def test_a_reply_goes_to_its_storys_thread() -> None:
    step = next_step([reply()], {"1-0": "12.3"}, NOW)
    assert step is not None
    assert (step.kind, step.thread) == ("post", "12.3")


def test_a_reply_to_nothing_is_dropped() -> None:
    step = next_step([reply(), reply("second")], {}, NOW)
    assert step is not None
    assert (step.kind, [a.key for a in step.alerts], step.why) == (
        "drop", ["reply"], "its story has no message in this channel",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "age", "kind"),
    [
        (MOST_WAITING, 0.0, "post"),
        (MOST_WAITING + 1, 0.0, "digest"),
        (2, OLDEST + 1, "digest"),
        (1, OLDEST * 9, "post"),
    ],
)
def test_a_backlog_becomes_a_digest(count: int, age: float, kind: str) -> None:
    step = next_step(posts(count, NOW - age), {}, NOW)
    assert step is not None
    assert step.kind == kind
    assert len(step.alerts) == (count if kind == "digest" else 1)


def test_messages_go_before_replies_and_too_many_replies_are_dropped() -> None:
    many = [reply(f"r{n}") for n in range(MOST_REPLIES + 5)]
    step = next_step([*many, *posts(1)], {"1-0": "12.3"}, NOW)
    assert step is not None
    assert [a.key for a in step.alerts] == ["post-0"]
    step = next_step(many, {"1-0": "12.3"}, NOW)
    assert step is not None
    assert (step.kind, [a.key for a in step.alerts]) == ("drop", [f"r{n}" for n in range(5)])


def test_replies_count_neither_for_nor_in_a_digest() -> None:
    many = [reply(f"r{n}") for n in range(50)]
    step = next_step([*many, *posts(1)], {"1-0": "12.3"}, NOW)
    assert step is not None
    assert step.kind == "post"
    step = next_step([*many, *posts(MOST_WAITING + 1)], {"1-0": "12.3"}, NOW)
    assert step is not None
    assert step.kind == "digest"
    assert {a.kind for a in step.alerts} == {"post"}


def test_what_the_daemon_says_of_itself_is_sent_like_the_rest() -> None:
    said = operator("A feed fails.")
    step = next_step([said, *posts(1)], {}, NOW)
    assert step is not None
    assert step.alerts == (said,)
    old = [replace(operator("x", key=f"k{n}"), created=NOW - OLDEST - 1) for n in range(2)]
    step = next_step(old, {}, NOW)
    assert step is not None
    assert step.kind == "digest"


def severities(*names: str, created: float = NOW) -> list[Alert]:
    return [replace(alert(key=f"{name}-{n}", created=created), severity=name) for n, name in enumerate(names)]


def test_the_severest_goes_first_and_equals_keep_their_order() -> None:
    waiting = severities("low", "normal", "high", "normal", "high", "strange")
    told = []
    while (step := next_step(waiting, {}, NOW)) is not None:
        told += [one.key for one in step.alerts]
        waiting = [one for one in waiting if one not in step.alerts]
    assert told == ["high-2", "high-4", "normal-1", "normal-3", "strange-5", "low-0"]


@pytest.mark.parametrize(
    ("severe", "age", "kind", "first"),
    [
        (2, 0.0, "post", "high-0"),
        (MOST_WAITING + 1, 0.0, "digest", "high-0"),
        (1, OLDEST + 1, "digest", "high-0"),
        (0, 0.0, "digest", "low-0"),
    ],
)
def test_what_is_severe_is_told_by_itself_beside_a_backlog(severe: int, age: float, kind: str, first: str) -> None:
    waiting = severities(*["high"] * severe, *["low"] * (MOST_WAITING + 1 - bool(severe)), created=NOW - age)
    step = next_step(waiting, {}, NOW)
    assert step is not None
    assert (step.kind, step.alerts[0].key) == (kind, first)


def test_a_post_links_back_to_what_its_story_said_here() -> None:
    again = alert(key="again", relation="correction")
    step = next_step([again], {"1-0": "12.3"}, NOW)
    assert step is not None
    assert (step.kind, step.thread, step.back) == ("post", "", "12.3")
