"""What a Python that goes by a clock of ours loads first: it mends `time.sleep` under libfaketime 0.9.10.

That library answers a sleep until a moment that has just passed with EINVAL, where POSIX
(https://pubs.opengroup.org/onlinepubs/9799919799/functions/clock_nanosleep.html) has it return at once; Python sleeps
until a moment, so a short sleep on a busy machine raised `OSError`, as `subprocess.run(timeout=…)` did on the way.
"""

from __future__ import annotations

import errno
import time
from typing import SupportsIndex

_sleep = time.sleep


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Sleep as `time.sleep` does, and not at all where the moment has passed."""
    try:
        _sleep(seconds)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


time.sleep = sleep
