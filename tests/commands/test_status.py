"""status: what is wrong comes first; over a real Redis."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from alertd.commands.status import drawn
from alertd.feeds.schedule import FeedState
from alertd.running import RUNNING_FILE
from alertd.store import embedded, keys
from alertd.store.connection import open_store
from alertd.store.raw import birth
from alertd.troubles import MUCH_UNSENT, MUCH_WAITING, span, troubles
from alertd.web.health import Part
from tests.commands.test_serve import announce, pages, process
from tests.commands.world import invoke, write
from tests.conftest import apart

NOW = 1_770_000_000.0
RUNS = {"pid": 7, "started": NOW - 7200, "url": "http://127.0.0.1:8321", "stages": ["poll", "tag"]}
FINE: dict[str, Any] = {
    "running": RUNS,
    "processes": [RUNS],
    "ready": True,
    "parts": {"redis": {"ok": True, "detail": ""}},
    "generation": "aaa",
    "feeds": [
        {"name": "one", "polls": 5, "failures": 2, "failing": 0, "last_success": NOW - 30, "next": NOW + 90,
         "state": "fine"}
    ],
    "articles": 1234, "copies": 56, "stories": 78, "alerts": {"post": 9, "reply": 3, "operator": 0}, "posted": 12,
    "held": {"older than max_age": 4}, "dead": 0, "streams": {"tag": 2}, "outbox": {"#alerts": 1},
    "later": {}, "store": {"used_mb": 120.4, "limit_mb": 512},
}  # fmt: skip
FAILING = {"name": "two", "polls": 5, "failures": 4, "failing": 3, "last_success": NOW - 11_000, "next": NOW + 300,
           "state": "HTTP 404"}  # fmt: skip


def wrong(**changed: Any) -> list[str]:
    given = {"on_disk": "aaa", "refused": 0}
    given |= {name: changed.pop(name) for name in ("on_disk", "refused") if name in changed}
    return troubles({**FINE, **changed}, now=NOW, **given)  # type: ignore[arg-type]


def shown(found: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=120, markup=False, highlight=False)
    wrong = troubles(found, now=NOW, on_disk="aaa", refused=0)
    console.print(*drawn(found, wrong, now=NOW), sep="\n")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, []),
        ({"running": None}, ["alertd is not running"]),
        ({"ready": False, "parts": {"redis": {"ok": False, "detail": "gone"}}}, ["redis: gone"]),
        ({"ready": False, "parts": {"model": {"ok": False, "detail": ""}}}, ["model: does not work"]),
        ({"ready": False, "parts": {}}, ["not ready yet"]),
        ({"dead": 3}, ["dead letters: 3 that could not be processed: alertd dead list"]),
        ({"refused": 2}, ["configuration: 2 mistakes in the files"]),
        ({"refused": 1, "running": None}, ["alertd is not running", "configuration: 1 mistake in the files"]),
        ({"on_disk": "bbb"}, ["configuration: the files are bbb, in force is aaa"]),
        ({"on_disk": ""}, []),
        ({"on_disk": "bbb", "running": None}, ["alertd is not running"]),
        ({"streams": {"tag": MUCH_WAITING}}, []),
        ({"streams": {"tag": MUCH_WAITING + 1}}, ["tag: 501 articles wait"]),
        ({"store": {"used_mb": 383.0, "limit_mb": 512}}, []),
        ({"store": {"used_mb": 384.0, "limit_mb": 512}}, ["store: 384 of 512 MB are used, at 461 polling waits"]),
        ({"outbox": {"#risk": MUCH_UNSENT}}, []),
        ({"outbox": {"#risk": MUCH_UNSENT + 1}}, ["#risk: 21 messages wait"]),
        ({"feeds": [*FINE["feeds"], FAILING]}, ["feed two: failed 3 times in a row, last good 3h 3m ago: HTTP 404"]),
        ({"feeds": [{**FAILING, "failing": 1, "last_success": 0.0}]}, ["feed two: failed 1 time in a row, never good"]),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], says: list[str]) -> None:
    found = wrong(**changed)
    assert len(found) == len(says)
    assert all(line.startswith(start) for line, start in zip(found, says, strict=True))


def test_all_is_well() -> None:
    lines = shown(FINE).splitlines()
    assert lines[0].strip() == "ALL IS WELL"
    for words in ("for 2h, since ", "process 7", "1,234, 56 of them copies, in 78 stories",
                  "9 post, 3 reply, 0 operator; 12 messages posted", "4 older than max_age", "tag 2, #alerts 1",
                  "1 of 1 fine"):  # fmt: skip
        assert any(words in line for line in lines), words


def test_what_is_wrong_comes_first_and_failing_feeds_before_others() -> None:
    text = shown({**FINE, "dead": 1, "feeds": [*FINE["feeds"], FAILING]})
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "2 THINGS WRONG"
    assert lines[1].startswith("dead letters: 1")
    assert lines[2].startswith("feed two: failed")
    rows = [line.split()[0] for line in lines if line.startswith(("one ", "two "))]
    assert rows == ["two", "one"]


def test_it_fits_one_screen_however_much_is_wrong() -> None:
    many = [{**FAILING, "name": f"bad{n}"} for n in range(40)] + [
        {**FINE["feeds"][0], "name": f"f{n}"} for n in range(9)
    ]
    lines = shown({**FINE, "feeds": many}).splitlines()
    assert len(lines) <= 40
    assert any("… and 28 more: alertd status --json" in line for line in lines)
    assert any("… and 37 feeds, 28 of them failing: alertd feeds status" in line for line in lines)


def test_what_works_is_named_too() -> None:
    parts = {"redis": {"ok": True, "detail": ""}, "poll": {"ok": True, "detail": "at work"},
             "tag": {"ok": False, "detail": "starting"}}  # fmt: skip
    lines = shown({**FINE, "ready": False, "parts": parts}).splitlines()
    assert any(line.split() == ["works", "redis,", "poll", "(at", "work)"] for line in lines)


def test_control_characters_reach_no_terminal() -> None:
    text = shown({**FINE, "feeds": [{**FAILING, "state": 'an HTML page ("\x1b[2J\u202e")'}]})
    assert "\x1b[2J" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0s"), (0.4, "0s"), (45, "45s"), (60, "1m"), (725, "12m"), (3600, "1h"), (12_000, "3h 20m"),
     (86_400, "1d"), (187_200, "2d 4h"), (90_000 + 59, "1d 1h")],
)  # fmt: skip
def test_spans_are_short(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose state folder has a server with something in it."""

    async def fill() -> None:
        server = await embedded.start(tmp_path / "state", linger=30.0)
        async with open_store(socket=server.socket) as store:
            await store.prepare()
            redis: Any = store.redis
            await redis.hset(keys.COUNTS, mapping={"articles": 12, "copies": 2, "held:cooldown": 3})
            await redis.sadd(keys.FEEDS, "one")
            state = FeedState(polls=4, failures=4, failing=4, error="HTTP 404 (check its address)")
            await redis.hset(keys.feed("one"), mapping=state.to_fields())

    apart(fill)
    yield write(tmp_path)
    apart(lambda: embedded.stop(tmp_path / "state"))


def test_the_state_is_shown_although_no_daemon_runs(config: Path) -> None:
    result = invoke("status", "--config", str(config))
    assert (result.exit_code, result.stderr) == (1, ""), "something is wrong"
    lines = result.stdout.splitlines()
    assert lines[0] == "2 THINGS WRONG"
    assert lines[1] == "  alertd is not running: alertd run"
    assert lines[2] == "  feed one: failed 4 times in a row, never good: HTTP 404 (check its address)"
    assert "articles  12, 2 of them copies, in 0 stories" in lines
    assert "held back 3 cooldown" in lines


def test_json_is_one_object(config: Path) -> None:
    result = invoke("status", "--json", "--config", str(config))
    assert (result.exit_code, result.stderr) == (1, "")
    found = json.loads(result.stdout)
    assert (found["running"], found["ready"], found["parts"]) == (None, False, {})
    assert found["articles"] == 12
    assert [feed["name"] for feed in found["feeds"]] == ["one"]
    assert set(FINE) <= set(found)
    assert [line.partition(":")[0] for line in found["wrong"]] == ["alertd is not running", "feed one"]


def test_a_wrong_edit_hides_neither_state_nor_mistake(config: Path) -> None:
    (config / "watchlist.yaml").write_text("rules: [", encoding="utf-8")
    result = invoke("status", "--config", str(config))
    assert result.exit_code == 1
    assert "configuration: 1 mistake in the files, the one in force stays: alertd check" in result.stdout


def test_pages_that_do_not_answer_are_wrong(config: Path) -> None:
    here = {"pid": os.getpid(), "started": time.time(), "url": "http://127.0.0.1:1", "born": birth(os.getpid())}
    (config.parent / "state" / RUNNING_FILE).write_text(json.dumps(here), encoding="utf-8")
    result = invoke("status", "--config", str(config))
    assert "  pages: http://127.0.0.1:1/readyz: cannot be reached: Connection refused" in result.stdout


def test_all_processes_are_shown_with_what_they_do() -> None:
    other = {**RUNS, "pid": 8, "url": "http://127.0.0.1:9", "stages": ["tag"]}
    rows = [line for line in shown({**FINE, "processes": [RUNS, other]}).splitlines() if line.startswith("running")]
    assert "process 7, http://127.0.0.1:8321, poll+tag" in rows[0]
    assert "process 8, http://127.0.0.1:9, tag" in rows[1]


def test_of_several_processes_the_one_that_is_ill_is_named(config: Path) -> None:
    state = config.parent / "state"
    with (
        process("print('up', flush=True)") as child,
        pages(Part("poll", True, "standing by"), Part("redis", True)) as fine,
        pages(Part("poll", True, "at work"), Part("redis", False, "gone")) as ill,
    ):
        announce(config, fine, os.getpid())
        word = {"pid": child.pid, "started": time.time(), "url": ill, "born": birth(child.pid), "stages": ["tag"]}
        (state / f"daemon-{child.pid}.json").write_text(json.dumps(word), encoding="utf-8")
        found = json.loads(invoke("status", "--json", "--config", str(config)).stdout)
        health = invoke("health", "--config", str(config))
    assert [one["pid"] for one in found["processes"]] == [os.getpid(), child.pid]
    assert not found["ready"]
    assert found["parts"]["poll"]["detail"] == "at work"
    assert f"redis of process {child.pid}: gone" in found["wrong"]
    assert (health.exit_code, health.stdout) == (1, f"process {child.pid}: redis: gone\n")


@pytest.mark.parametrize(("watchlist", "code"), [("rules: [{name: x, events: [macro]}]", 1), ("rules: [", 2)])
def test_without_state_there_is_nothing_to_show(watchlist: str, code: int, tmp_path: Path) -> None:
    result = invoke("status", "--config", str(write(tmp_path, watchlist=watchlist)))
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr


def test_alerts_that_are_held_are_named_with_their_time() -> None:
    assert "for later" not in shown(FINE)
    local = time.strftime("%a %H:%M", time.localtime(NOW + 3600))
    assert f"3 alerts at {local}" in shown({**FINE, "later": {f"{NOW + 3600:.0f}": 3}})
