"""Large pages for the memory of this process, so that the processor need not look up so often where something is.

A process that remembers the stories and articles of days walks past objects all over some hundred megabytes, and a
processor has at hand where a few of them are, as long as a page holds 4 KB. Linux joins pages to such of 2 MB where it
is asked to (madvise(2), MADV_HUGEPAGE and MADV_COLLAPSE; the kernel's admin-guide/mm/transhuge). Where a machine is set
to do so by itself asking changes little, and where it is set never to do so nobody asks.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

logger = logging.getLogger(__name__)

LARGE: Final = 2 * 1024 * 1024
"""Bytes of a large page on most machines; where they are larger, the kernel rounds by itself."""

_HUGEPAGE, _COLLAPSE = 14, 25
_MAPS: Final = Path("/proc/self/maps")
_WANTED: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_OURS: Final = ("", "[heap]")


def spans(maps: str) -> Iterator[tuple[int, int]]:
    """What of a process's memory is worth large pages: its own data, not the stacks of its threads. Pure.

    Args:
        maps: as `/proc/PID/maps` gives it, see proc(5).

    Returns:
        Where each begins and ends, in whole large pages.
    """
    guarded = -1
    for line in maps.splitlines():
        place, access, _, _, inode, *name = line.split(maxsplit=5)
        start, end = (int(number, 16) for number in place.split("-"))
        if access.startswith("---"):
            # what begins where a forbidden page ends is a stack, of which a few kilobytes are used
            guarded = end
        elif access == "rw-p" and inode == "0" and (name[0] if name else "") in _OURS and start != guarded:
            first, last = -(-start // LARGE) * LARGE, end // LARGE * LARGE
            if first < last:
                yield first, last


def ask() -> int:
    """Have the kernel give large pages to what this process remembers; takes a millisecond for each that is new.

    To be called again now and then: what is taken later is not asked for.

    Returns:
        Bytes for which it was asked; 0 where the kernel has no large pages, or is set never to use them.
    """
    if not _WANTED.exists() or "[never]" in _WANTED.read_text(encoding="ascii"):
        return 0
    asked = 0
    for first, last in spans(_MAPS.read_text(encoding="utf-8", errors="replace")):
        # refused is what was given back since it was listed
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
