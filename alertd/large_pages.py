"""Large pages for the memory of this process, so that the processor need not look up so often where something is.

A process that remembers the stories and articles of days walks past objects all over some hundred megabytes, and a
processor has at hand where a few of them are, as long as a page holds 4 KB. Linux joins pages to such of 2 MB where it
is asked to (madvise(2), MADV_HUGEPAGE and MADV_COLLAPSE; the kernel's admin-guide/mm/transhuge). Where a machine is set
to do so by itself asking changes little, and where it is set never to do so nobody asks.
"""

from __future__ import annotations

import ctypes
import logging
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

LARGE: Final = 2 * 1024 * 1024
"""Bytes of a large page on most machines; where they are larger, the kernel rounds by itself."""

_HUGEPAGE, _COLLAPSE = 14, 25
_MAPS: Final = Path("/proc/self/smaps")
_WANTED: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_OURS: Final = ("", "[heap]")
_HEAD: Final = re.compile(
    r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<access>\S{4}) \S+ \S+ (?P<inode>\d+) *(?P<name>.*)"
)


def spans(smaps: str) -> Iterator[tuple[int, int]]:
    """What of a process's memory is worth large pages: its own data, not the stacks of its threads. Pure.

    Args:
        smaps: as `/proc/PID/smaps` gives it, see proc(5).

    Returns:
        Where each begins and ends, in whole large pages.
    """
    guarded, found = -1, (0, 0)
    for line in smaps.splitlines():
        if line.startswith("VmFlags:"):
            # the last of a mapping; the kernel marks stacks so since 6.7, and memory that somebody wants in small pages
            if found[0] < found[1] and "nh" not in line.split():
                yield found
            found = (0, 0)
        elif head := _HEAD.match(line):
            start, end = int(head["start"], 16), int(head["end"], 16)
            if head["access"].startswith("---"):
                # what begins where a forbidden page ends is a stack, of which a few kilobytes are used
                guarded = end
            elif head["access"] == "rw-p" and head["inode"] == "0" and head["name"] in _OURS and start != guarded:
                found = (-(-start // LARGE) * LARGE, end // LARGE * LARGE)


def ask() -> int:
    """Have the kernel give large pages to what this process remembers; takes a millisecond for each that is new.

    To be called again now and then: what is taken later is not asked for.

    Returns:
        Bytes for which it was asked; 0 where the kernel has no large pages, is set never to use them, or does not say.
    """
    try:
        wanted = "[never]" not in _WANTED.read_text(encoding="ascii")
        maps = _MAPS.read_text(encoding="utf-8", errors="replace") if wanted else ""
    except OSError as error:
        # another system, or a container that hides it: it works as well with small ones
        logger.debug("no large pages: %s", error)
        return 0
    asked = 0
    for first, last in spans(maps):
        # refused where some was given back since it was listed
        if _madvise()(first, last - first, _HUGEPAGE) == 0:
            asked += last - first
            # joined now rather than by and by, so that memory does not seem to grow for minutes; where the kernel
            # (before 6.1) cannot, or has no room for some, it does so later
            _madvise()(first, last - first, _COLLAPSE)
    logger.debug("asked for large pages for %.0f MB", asked / 1e6)
    return asked


@cache
def _madvise() -> Any:
    function = ctypes.CDLL(None).madvise
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return function
