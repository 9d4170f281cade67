"""Who is dead for certain, and who only may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alertd.store.named import is_dead, own_name, place

pytestmark = pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="this kernel says nothing of processes")

SAID = "from alertd.store.named import own_name; print(own_name(), flush=True); input()"


def test_a_process_is_dead_once_it_ended_also_before_its_parent_heard_of_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", SAID], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert not is_dead(name)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_dead(name), "a zombie"
    assert is_dead(name)


def test_its_number_may_be_anothers_by_now() -> None:
    head, _, born = own_name().rpartition("-")
    assert not is_dead(own_name())
    assert is_dead(f"{head}-{int(born) - 1}")


@pytest.mark.parametrize(
    "name",
    ["", "here", "other-host-1-0a1b2c3d-77", "vm-99999999-1d551c", f"vm-number-{place()}-7", f"a-1-{place()}x-7"],
)
def test_of_whom_nothing_is_known_nothing_is_said(name: str) -> None:
    assert not is_dead(name)
