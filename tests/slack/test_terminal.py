from __future__ import annotations

import io
import re
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from alertd.errors import PostError
from alertd.slack.compose import compose, compose_digest
from alertd.slack.message import Message, alert_metadata
from alertd.slack.terminal import TerminalSink, render

from .world import NOW, alert, operator


def shown(message: Message, width: int = 100, **more: object) -> str:
    return render(message, width, zone=UTC, **more)  # type: ignore[arg-type]


def marked(text: str) -> Message:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    return Message("x", (block,), alert_metadata("k"))


def test_a_post_as_slack_shows_it() -> None:
    lines = shown(compose(alert(), NOW), channel="#alerts", when=NOW).splitlines()
    assert lines[0].startswith("╭─ #alerts · 11:00:00 ─")
    assert [line.strip("│ ") for line in lines[1:-1]] == [
        "▲ Xiaomi 1810.HK · analyst rating, price move",
        "Broker sees more to come from Xiaomi <https://news.example/xiaomi?id=1&x=2>",
        "Buy, target HK$63.25, shares +6 %",
        "strongly positive (+0.86) · new story, novelty 97 % · Daily Wire · Mar 2, 2026 10:57, 2 min",
        "before this message · 2 sources",
        "Rule phones: Xiaomi is watched for analyst_rating",
    ]
    assert {len(line) for line in lines} == {100}


def test_replies_are_indented_and_named() -> None:
    lines = shown(
        compose(alert(kind="reply", relation="copy"), NOW), channel="#alerts", when=NOW, thread=True
    ).splitlines()
    assert lines[0].startswith("    ╭─ #alerts · 11:00:00 · reply ─")
    assert max(map(len, lines)) == 100


def test_times_are_local() -> None:
    assert "18:57" in render(compose(alert(), NOW), zone=ZoneInfo("Asia/Hong_Kong"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("*bold* _it_ ~gone~ `code`", "bold it gone code"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<https://e.example/?a=1&amp;b=2|read &lt;this&gt;>", "read <this> <https://e.example/?a=1&b=2>"),
        ("<https://e.example/>", "<https://e.example/>"),
        ("<!date^1772449200^{date_num} at {time}|then>", "2026-03-02 at 11:00"),
        ("<!date^1772449200^{unheard_of}|then>", "then"),
        ("<!date^soon^{time}|then>", "then"),
        ("<!channel> and <@U1|ann>", "@channel and ann"),
        ("open < end", "open < end"),
        ("[bold red]not rich markup[/] :smile:", "[bold red]not rich markup[/] :smile:"),
    ],
)
def test_markup_is_shown_as_slack_does(text: str, said: str) -> None:
    assert shown(marked(text)).splitlines()[1].strip("│ ") == said


def test_a_title_cannot_touch_the_terminal() -> None:
    title = "safe \x1b[2J\x1b]0;owned\x07 \u202eevil\u2066 [red]x[/red]\x9b31m"
    for ansi in (False, True):
        drawn = shown(compose(alert(title=title, source=title, reason=title), NOW), ansi=ansi)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
        assert not set(plain) & set("\x1b\x07\x9b\u202e\u2066")
        assert "[red]x[/red]" in plain
        assert "2J" in plain


def test_colours_only_on_request() -> None:
    message = compose(alert(), NOW)
    assert "\x1b[" not in shown(message)
    assert "\x1b[1m" in shown(message, ansi=True)


def test_digests_are_tables() -> None:
    (message,) = compose_digest([alert(), operator("A feed fails.")], NOW)
    drawn = shown(message, 120)
    assert re.search(r"Company\s+News\s+Source\s+Time", drawn)
    assert re.search(r"▲ Xiaomi 1810.HK\s+Broker sees more", drawn)
    assert "Mar 2, 2026 10:57" in drawn


def test_text_alone_is_shown() -> None:
    assert "only &" in shown(Message("only &amp;", (), alert_metadata("k")))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


async def test_the_sink_prints_and_numbers() -> None:
    out, clock = io.StringIO(), Clock()
    sink = TerminalSink(out, zone=UTC, clock=clock)
    first = await sink.post("#alerts", compose(alert(), NOW))
    clock.now -= 3600
    second = await sink.post("#alerts", compose(alert(key="key-2", kind="reply"), NOW), first)
    assert first == "1772449200.000000"
    assert second > first
    assert out.getvalue().count("╭") == 2
    assert "reply" in out.getvalue()
    assert await sink.find("#alerts", "key-2", since=0.0) == {"key-2": second}
    assert await sink.find("#alerts", "key-3", since=0.0) == {}
    assert await sink.find("#other", "key-2", since=0.0) == {}
    assert sink.readable_in("#alerts") is False
    await sink.update("#alerts", first, compose(alert(), NOW))
    await sink.close()
    assert not out.closed


async def test_a_closed_output_is_named() -> None:
    out = io.StringIO()
    out.close()
    with pytest.raises(PostError, match="cannot be printed") as caught:
        await TerminalSink(out).post("#alerts", compose(alert(), NOW))
    assert caught.value.kind == "unreachable"
