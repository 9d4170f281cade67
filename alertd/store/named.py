"""Names of processes, by which others on the same machine see whether they live: nobody need wait for a dead one.

A name says the host, the number of the process, where that number counts (this boot of this machine, this space of
numbers: a container has its own) and when the process began, in the kernel's own count. Imports nothing heavy.
"""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache
from typing import Final

_PROC: Final = "/proc"


def state_of(number: int) -> tuple[str, str]:
    """The state of a process in a letter, and when it began; "" and "" when there is none."""
    try:
        with open(f"{_PROC}/{number}/stat", "rb") as file:  # noqa: PTH123 - one read of memory
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return "", ""
    return fields[0].decode(), fields[19].decode()


def own_name() -> str:
    """The name of this process, unique among all that share a store."""
    state, born = state_of(os.getpid())
    # where the kernel says nothing the name is only unique
    return f"{socket.gethostname()}-{os.getpid()}-{place()}-{born}" if state and place() else _unplaced()


def is_dead(name: str) -> bool:
    """Whether a process that is called so is certainly no more; False where nobody can know, as of another host."""
    number, there, born = name.split("-")[-3:] if name.count("-") >= 3 else ("", "", "")
    if not there or there != place() or not number.isdecimal():
        return False
    state, since = state_of(int(number))
    if not state:
        # the kernel may hide the processes of others (hidepid), the first of all among them
        return bool(state_of(1)[0])
    return state == "Z" or since != born


@cache
def place() -> str:
    """Where numbers of processes mean the same as here, in eight letters; "" where the kernel does not say."""
    try:
        with open(f"{_PROC}/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - read once
            boot = file.read().strip()
        space = os.readlink(f"{_PROC}/self/ns/pid")  # noqa: PTH115 - likewise
    except OSError:
        return ""
    return hashlib.blake2b(f"{boot} {space}".encode(), digest_size=4).hexdigest()


def _unplaced() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
