"""Which memory is asked for in large pages, and that the kernel takes the request."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alertd.large_pages import _WANTED, LARGE, ask, spans

MB = 1024 * 1024


def row(start: int, size: int, access: str = "rw-p", name: str = "", inode: int = 0, flags: str = "rd wr mr") -> str:
    head = f"{start:x}-{start + size:x} {access} 00000000 00:00 {inode} {name}".rstrip()
    return f"{head}\nSize:               {size // 1024} kB\nVmFlags: {flags} "


@pytest.mark.parametrize(
    ("maps", "asked"),
    [
        ([], []),
        ([row(8 * MB, 4 * MB)], [(8 * MB, 12 * MB)]),
        ([row(8 * MB, 4 * MB, name="                 [heap]")], [(8 * MB, 12 * MB)]),
        ([row(7 * MB, 6 * MB)], [(8 * MB, 12 * MB)]),
        ([row(7 * MB, 2 * MB)], []),
        ([row(8 * MB, 4 * MB, "r--p")], []),
        ([row(8 * MB, 4 * MB, "rw-s")], []),
        ([row(8 * MB, 4 * MB, inode=77, name="/usr/lib/a library.so")], []),
        ([row(8 * MB, 4 * MB, name="[stack]")], []),
        ([row(8 * MB - 4096, 4096, "---p"), row(8 * MB, 8 * MB)], []),
        ([row(8 * MB, 4 * MB, flags="rd wr mr nh ac")], []),
        ([row(4 * MB, 4096, "---p"), row(8 * MB, 8 * MB)], [(8 * MB, 16 * MB)]),
        ([row(2 * MB, 4 * MB), row(8 * MB, 2 * MB)], [(2 * MB, 6 * MB), (8 * MB, 10 * MB)]),
    ],
    ids=[
        "nothing", "data", "the heap", "whole pages only", "no whole page", "not written to", "shared", "a file",
        "the stack", "a thread's stack",
        "what is to have small pages", "far from a forbidden page", "several",
    ],
)  # fmt: skip
def test_what_is_asked_for(maps: list[str], asked: list[tuple[int, int]]) -> None:
    assert list(spans("\n".join(maps))) == asked


@pytest.mark.skipif(not _WANTED.exists() or "[never]" in _WANTED.read_text(), reason="a kernel without large pages")
def test_the_kernel_takes_the_request() -> None:
    # in a process of its own, for a request cannot be taken back
    code = f"""
import mmap
from alertd.large_pages import ask
kept = mmap.mmap(-1, {8 * LARGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
assert ask() >= {7 * LARGE}
print(sum(line.startswith("VmFlags") and " hg" in line for line in open("/proc/self/smaps")))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(said) >= 1


@pytest.mark.parametrize("said", ["nothing", "never", "refused"])
def test_where_nobody_wants_large_pages_none_are_asked_for(
    said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = tmp_path / "enabled"
    monkeypatch.setattr("alertd.large_pages._WANTED", wanted)
    if said == "never":
        wanted.write_text("always madvise [never]\n")
    elif said == "refused":
        wanted.mkdir()
    assert ask() == 0
