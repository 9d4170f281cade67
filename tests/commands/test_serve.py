"""run, stop, health and demo: what they hand on, and what they make of a daemon that is there, ill or gone."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from alertd.commands.serve import ask
from alertd.daemon import RunOptions
from alertd.errors import AlertdError, StoreError
from alertd.running import RUNNING_FILE
from alertd.store.raw import birth
from alertd.web.health import Health, Part
from alertd.web.server import WebServer
from tests.commands.world import SETTINGS, invoke, write


def announce(config: Path, url: str, pid: int) -> None:
    """Leave the word that a running daemon leaves."""
    state = config.parent / "state"
    state.mkdir(exist_ok=True)
    word = json.dumps({"pid": pid, "started": time.time(), "url": url, "born": birth(pid)})
    (state / RUNNING_FILE).write_text(word, encoding="utf-8")


@contextmanager
def pages(*parts: Part) -> Iterator[str]:
    """The daemon's own pages, in a thread; gives their address."""

    async def health() -> Health:
        return Health(parts)

    server = WebServer("127.0.0.1", 0, health)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.url
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("parts", "code", "says"),
    [
        ([Part("redis", True), Part("model", True)], 0, "ready\n"),
        ([Part("redis", False, "gone"), Part("model", True), Part("poll", False)], 1,
         "redis: gone\npoll: does not work\n"),
        ([], 1, "starting\n"),
    ],
)  # fmt: skip
def test_health_says_ready_or_what_is_not(parts: list[Part], code: int, says: str, tmp_path: Path) -> None:
    config = write(tmp_path)
    with pages(*parts) as url:
        announce(config, url, os.getpid())
        result = invoke("health", "--config", str(config))
    assert (result.exit_code, result.stdout, result.stderr) == (code, says, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("watchlist.yaml", "rules: [{name: x}]"),
        ("alertd.yaml", "feeds: ["),
        ("alertd.yaml", SETTINGS + "store: {folder: state}\nslack: {token: '${NO_SUCH_TOKEN}'}"),
    ],
)
def test_a_wrong_edit_makes_no_healthy_daemon_ill(name: str, text: str, tmp_path: Path) -> None:
    config = write(tmp_path)
    (config / name).write_text(text, encoding="utf-8")
    with pages(Part("redis", True)) as url:
        announce(config, url, os.getpid())
        result = invoke("health", "--config", str(config))
    assert (result.exit_code, result.stdout) == (0, "ready\n")


def test_no_daemon_is_not_healthy(tmp_path: Path) -> None:
    config = write(tmp_path)
    result = invoke("health", "--config", str(config))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no daemon runs here" in result.stderr
    (config / "watchlist.yaml").write_text("rules: [", encoding="utf-8")
    assert invoke("health", "--config", str(config)).exit_code == 2


def test_an_address_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(AlertdError, match=r"no answer within 0\.2 s"):
            ask(url, patience=0.2)
        assert time.monotonic() - began < 2
    with pytest.raises(AlertdError, match="cannot be reached"):
        ask(url)


@pytest.mark.parametrize("body", ["hello", "[]", '{"ready": true}', ""])
def test_what_is_no_health_is_no_answer(body: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/readyz").respond_with_data(body)
    with pytest.raises(AlertdError, match="something else"):
        ask(httpserver.url_for("/").rstrip("/"))


@contextmanager
def process(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that says a line once it is set up."""
    with subprocess.Popen([sys.executable, "-c", f"{code}\nimport time\ntime.sleep(60)"], stdout=-1) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        yield child
        child.kill()


def test_stop_ends_the_daemon_and_waits(tmp_path: Path) -> None:
    config = write(tmp_path)
    with process("print('up', flush=True)") as child:
        announce(config, "http://127.0.0.1:1", child.pid)
        result = invoke("stop", "--config", str(config))
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == f"stopping process {child.pid}\nstopped\n"
        assert child.wait(10) == -15


def test_stop_gives_up_on_one_that_does_not_end(tmp_path: Path) -> None:
    config = write(tmp_path)
    with process("import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)") as child:
        announce(config, "http://127.0.0.1:1", child.pid)
        result = invoke("stop", "--config", str(config), "--timeout", "0.2")
        assert result.exit_code == 1
        assert f"process {child.pid} has not ended within 0.2 s" in result.stderr
        assert child.poll() is None


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], RunOptions()),
        (["--stages", "tag"], RunOptions(stages=("tag",))),
        (["--stages", " notify, poll,poll"], RunOptions(stages=("poll", "notify"))),
        (["--once", "--dry-run"], RunOptions(once=True, dry_run=True)),
    ],
)
def test_run_hands_on_what_was_asked_for(
    words: list[str], options: RunOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: list[Any] = []

    def run(*words: Any) -> int:
        given.append(words)
        return 7

    monkeypatch.setattr("alertd.daemon.run", run)
    assert invoke("run", "--config", str(tmp_path), *words).exit_code == 7
    assert given == [(tmp_path, options)]


def test_a_stage_with_a_slip_is_named_with_the_right_one() -> None:
    assert "no stage is called 'tagg'; did you mean tag?" in " ".join(invoke("run", "--stages", "tagg").stderr.split())


def test_run_refuses_a_wrong_configuration(tmp_path: Path) -> None:
    config = write(tmp_path, watchlist="rules:\n  - {name: x, companies: [TSLAA]}\n")
    result = invoke("run", "--config", str(config))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no company has the symbol 'TSLAA'" in result.stderr


def test_an_error_while_it_runs_is_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any) -> int:
        raise StoreError("the disk is full", where="state", hint="make room")

    monkeypatch.setattr("alertd.daemon.run", run)
    result = invoke("run")
    assert (result.exit_code, result.stderr) == (1, "state: the disk is full (make room)\n")


@pytest.mark.parametrize("code", [0, 1])
def test_demo_has_the_code_of_what_it_saw(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertd.demo.run_demo", lambda: code)
    assert invoke("demo").exit_code == code
