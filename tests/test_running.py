from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alertd import running
from alertd.config import Configuration, load
from alertd.errors import AlertdError
from alertd.store.raw import birth
from tests.config import folders


def configuration(folder: Path) -> Configuration:
    return load(folders.write(folder, folders.SETTINGS, folders.WATCHLIST), {})


def child(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def test_word_is_left_while_it_runs_and_not_longer(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    assert running.running(found) is None
    with running.announced(found.settings.store.folder, "http://127.0.0.1:1", ("tag",)):
        seen = running.running(found)
        assert seen is not None
        assert (seen.pid, seen.url, seen.stages) == (os.getpid(), "http://127.0.0.1:1", ["tag"])
    assert running.running(found) is None


def test_a_later_daemons_word_is_not_taken_away(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    path = found.settings.store.folder / running.RUNNING_FILE
    with running.announced(found.settings.store.folder, "http://127.0.0.1:1", ("tag",)):
        path.write_text("another", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "another"


@pytest.mark.parametrize(
    "text", ["", "{", '{"pid": 1}', "[]", '{"pid": 999999999, "started": 1, "url": "", "born": ""}']
)
def test_what_a_dead_daemon_left_means_that_none_runs(tmp_path: Path, text: str) -> None:
    found = configuration(tmp_path)
    found.settings.store.folder.mkdir(parents=True)
    (found.settings.store.folder / running.RUNNING_FILE).write_text(text, encoding="utf-8")
    assert running.running(found) is None


def test_a_process_that_took_the_number_later_is_another(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    left = {"pid": os.getpid(), "started": time.time(), "url": "", "born": "1"}
    found.settings.store.folder.mkdir(parents=True)
    (found.settings.store.folder / running.RUNNING_FILE).write_text(json.dumps(left), encoding="utf-8")
    assert running.running(found) is None


async def test_stop_ends_it_and_waits(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    assert not await running.stop(running.processes(found))
    process = child("import time; time.sleep(60)")
    left = {"pid": process.pid, "started": time.time(), "url": "", "born": birth(process.pid)}
    found.settings.store.folder.mkdir(parents=True)
    (found.settings.store.folder / running.RUNNING_FILE).write_text(json.dumps(left), encoding="utf-8")
    assert await running.stop(running.processes(found))
    process.communicate()
    assert process.returncode == -15


async def test_one_that_does_not_end_is_named(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    process = child(deaf)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        left = {"pid": process.pid, "started": time.time(), "url": "", "born": birth(process.pid)}
        found.settings.store.folder.mkdir(parents=True)
        (found.settings.store.folder / running.RUNNING_FILE).write_text(json.dumps(left), encoding="utf-8")
        with pytest.raises(AlertdError, match=f"process {process.pid} has not ended"):
            await running.stop(running.processes(found), timeout=0.2)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


LEAVES_WORD = """
import sys, time
from pathlib import Path
from alertd.running import announced
with announced(Path(sys.argv[1]), "http://127.0.0.1:8321", ["tag"]):
    print("up", flush=True)
    sys.stdin.read()
"""


def test_each_of_several_leaves_word_of_its_own(tmp_path: Path) -> None:
    found = configuration(tmp_path)
    folder = found.settings.store.folder
    command = [sys.executable, "-c", LEAVES_WORD, str(folder)]
    # all at the same time
    children = [subprocess.Popen(command, stdin=-1, stdout=-1) for _ in range(4)]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
        assert {one.pid for one in running.processes(found)} == {child.pid for child in children}
        first = json.loads((folder / running.RUNNING_FILE).read_text(encoding="utf-8"))["pid"]
        # the first is killed, another ends properly: the word of neither counts
        killed = next(child for child in children if child.pid == first)
        ended, *others = [child for child in children if child is not killed]
        killed.kill()
        killed.wait()
        ended.communicate()
        assert {one.pid for one in running.processes(found)} == {child.pid for child in others}
        with running.announced(folder, "http://127.0.0.1:1", ()):
            assert json.loads((folder / running.RUNNING_FILE).read_text(encoding="utf-8"))["pid"] == os.getpid()
            assert len(running.processes(found)) == 3
    finally:
        for child in children:
            child.kill()
            child.communicate()
    assert running.processes(found) == []


def test_a_port_that_another_process_of_the_daemon_has_is_left_to_it() -> None:
    others = [running.Running(1, 0.0, url, "") for url in ("http://127.0.0.1:8321", "http://[::1]:9000", "")]
    assert [running.port_beside(port, others) for port in (8321, 9000, 8322, 0)] == [0, 0, 8322, 0]
    assert running.port_beside(8321, []) == 8321
