"""Interrupts a reader of stdin just when it goes to wait for more: `… interrupting TIMES`; prints how often in vain."""

from __future__ import annotations

import io
import os
import random
import signal
import sys
import time

from alertd.commands.articles import waiting

PATIENCE = 2.0


def work() -> None:
    """What `alertd stories` does around its work."""
    try:
        for lines in waiting(io.BufferedReader(io.FileIO(0))):
            os.write(1, "\n".join(lines).encode())
    except KeyboardInterrupt:
        os._exit(130)
    os._exit(0)


def ends(chance: random.Random) -> bool:
    (given, give), (take, taken) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(given, 0)
        os.dup2(taken, 1)
        os.close(give)
        work()
    os.write(give, b"a line\n")
    os.read(take, 100)
    # about as long as it takes to come back to the wait
    until = time.perf_counter() + chance.uniform(0, 30e-6)
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGINT)
    deadline = time.monotonic() + PATIENCE
    while (status := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.001)
    if status == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    for descriptor in (given, give, take, taken):
        os.close(descriptor)
    return status[1] != 0 and os.waitstatus_to_exitcode(status[1]) == 130


def main() -> int:
    chance = random.Random(8)
    print(sum(not ends(chance) for _ in range(int(sys.argv[1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
