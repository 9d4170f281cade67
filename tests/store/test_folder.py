"""The state folder: its lock across processes, atomic files, and errors that say what to do."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.store import folder
from alertd.store.folder import FolderLock, Holder, explain, holder, read_json, write_json

HOLD = """
import sys, time
from pathlib import Path
from alertd.store.folder import FolderLock

lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of tmp_path / "state"."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "state")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_has_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    taken = holder(tmp_path / "state")
    assert taken is not None
    assert taken.pid == other.pid
    assert abs(taken.started - time.time()) < 60
    with pytest.raises(StoreError, match=rf"process {other.pid}, since 2\d\d\d-") as caught:
        FolderLock(tmp_path / "state").acquire()
    assert caught.value.where == str(tmp_path / "state")
    assert "alertd stop" in caught.value.hint


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    assert (tmp_path / "state" / folder.LOCK).read_text()
    assert holder(tmp_path / "state") is None
    with FolderLock(tmp_path / "state"):
        taken = holder(tmp_path / "state")
        assert taken is not None
        assert taken.pid == os.getpid()


def test_a_lock_is_free_after_its_release_and_can_be_taken_again(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    for _ in range(3):
        with lock:
            with pytest.raises(StoreError, match=f"process {os.getpid()}"):
                FolderLock(tmp_path).acquire()
            assert holder(tmp_path) is not None
        assert holder(tmp_path) is None
    lock.release()
    assert holder(tmp_path / "nowhere") is None


def test_a_program_that_is_started_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.acquire()
    with subprocess.Popen(["sleep", "600"], close_fds=False) as program:
        lock.release()
        assert holder(tmp_path) is None
        program.kill()


def test_who_only_looks_never_keeps_a_daemon_out(tmp_path: Path) -> None:
    done = threading.Event()

    def look() -> None:
        # some hundred looks a second of each; without a pause they would leave the lock free for no moment
        while not done.wait(0.003):
            folder.locked(tmp_path / folder.LOCK)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(50):
            with FolderLock(tmp_path):
                pass
    finally:
        done.set()
        for watcher in watchers:
            watcher.join()


@pytest.mark.parametrize("content", ["", "no json", "[]", '{"pid": 1}'])
def test_a_holder_without_a_name(tmp_path: Path, content: str) -> None:
    with FolderLock(tmp_path):
        (tmp_path / folder.LOCK).write_text(content)
        with pytest.raises(StoreError, match="left no name"):
            holder(tmp_path)
    (tmp_path / folder.LOCK).write_text('{"pid": 1, "started": 2, "padding": "longer than what comes"}' * 3)
    with FolderLock(tmp_path):
        assert isinstance(holder(tmp_path), Holder)


def test_a_lock_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match=r"store\.folder"):
            FolderLock(place).acquire()


def test_a_new_folder_is_closed_to_others(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "a" / "b" / folder.LOCK).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("number", "what", "hint"),
    [
        (errno.ENOSPC, "the disk is full", "free some space"),
        (errno.EDQUOT, "the disk is full", "free some space"),
        (errno.EACCES, "cannot write here: Permission denied", f"let user {os.getuid()} write"),
        (errno.EROFS, "cannot write here: Read-only file system", "store.folder"),
        (errno.EIO, "cannot be used for the state: Input/output error", "store.folder"),
    ],
)
def test_what_a_systems_error_means(number: int, what: str, hint: str) -> None:
    error = explain(OSError(number, os.strerror(number)), Path("/srv/state"))
    assert error.where == "/srv/state"
    assert error.what == what
    assert hint in error.hint


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record.json"
    assert read_json(path) is None
    write_json(path, {"version": "1"})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="the disk is full"):
            write_json(path, {"version": "2"})
    assert json.loads(path.read_text()) == {"version": "1"}
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]
