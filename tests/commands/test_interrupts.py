"""Waiting for input: a signal is heard whenever it comes."""

from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alertd.commands.interrupts import waiting_for


@pytest.fixture
def piped() -> Iterator[tuple[io.BufferedReader, int]]:
    """A stream, and the descriptor by which it is given something."""
    given, give = os.pipe()
    with os.fdopen(given, "rb") as stream:
        yield stream, give
        os.close(give)


def test_a_signal_before_the_wait_is_noticed_in_it(
    piped: tuple[io.BufferedReader, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, give = piped
    heard: list[int] = []
    looks: list[int] = []
    real = select.select

    def look(*words: Any) -> Any:
        found = real(*words)
        looks.append(len(found[0]))
        if len(looks) == 1:
            assert found[0] != [stream.fileno()], "the signal ends the first look, though no input came"
            os.write(give, b"input")
        return found

    monkeypatch.setattr("alertd.commands.interrupts.select.select", look)
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with waiting_for(stream) as wait:
            os.kill(os.getpid(), signal.SIGUSR1)
            wait()
            assert stream.read1(100) == b"input"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (heard, len(looks)) == ([signal.SIGUSR1], 2)
    assert signal.set_wakeup_fd(-1) == -1, "it was put back"


def test_the_end_of_input_ends_the_wait() -> None:
    given, give = os.pipe()
    os.close(give)
    with os.fdopen(given, "rb") as stream, waiting_for(stream) as wait:
        wait()
        assert stream.read1(1) == b""


def test_what_is_no_file_is_just_read_and_so_are_all_in_other_threads(piped: tuple[io.BufferedReader, int]) -> None:
    with waiting_for(io.BytesIO(b"")) as wait:
        wait()
    done: list[bool] = []

    def elsewhere() -> None:
        with waiting_for(piped[0]) as wait:
            wait()
            done.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert done == [True]


def test_no_ctrl_c_is_lost_between_two_lines() -> None:
    # with a plain read about one in two thousand is
    done = subprocess.run(
        [sys.executable, "-m", "tests.commands.interrupting", "500"], capture_output=True, check=True, text=True,
        cwd=Path(__file__).parents[2], timeout=60,
    )  # fmt: skip
    assert done.stdout == "0\n"
