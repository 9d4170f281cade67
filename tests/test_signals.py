"""The ends of the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from alertd.signals import ending_early, leaving, left_alone

AT_ONCE = """
import threading, time
from alertd.signals import left_alone, leaving
import asyncio

async def work():
    left_alone(lambda: time.sleep(60))

with leaving() as leave:
    asyncio.run(work())
    print("done")
    leave(3)
"""


def test_before_the_start_a_signal_ends_it_as_one_that_did_its_work() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ending_early(), pytest.raises(SystemExit) as ended:
        os.kill(os.getpid(), signal.SIGTERM)
    assert ended.value.code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_whoever_is_no_main_thread_hears_no_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def elsewhere() -> None:
        with ending_early():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


async def test_what_is_left_alone_gives_its_result_or_its_error() -> None:
    assert await left_alone(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await left_alone(lambda: 1 // 0)


def test_nobody_waits_for_what_is_left_alone() -> None:
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", AT_ONCE], check=False, stdout=subprocess.PIPE, text=True, timeout=50)
    assert (ended.returncode, ended.stdout) == (3, "done\n")
    assert time.monotonic() - began < 30


async def test_whoever_fails_waits_for_it() -> None:
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.3)
        ended.set()

    with pytest.raises(ZeroDivisionError), leaving() as leave:
        left_alone(work)
        assert not ended.is_set()
        raise ZeroDivisionError
    assert ended.is_set()
    leave(1)  # nothing is at work: nothing happens
