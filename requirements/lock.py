"""Pins every dependency for Linux x86-64 with Python 3.11 and 3.12: `make lock` runs this in the environment.

pip-compile resolves for the Python that runs it, so lines that only another patch release needs (marked in
pyproject.toml) are pinned afterwards with their markers. What runs alertd is pinned by the hashes of all files of each
version, so that no index can put another one in its place; where the index does not list hashes itself, pip-compile
reads all these files, which takes minutes. What tests it is not: the CPU build of torch that a machine may prefer has
other files than the one on the public index.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
HEADER = "# Every dependency of alertd{what}, pinned; written by `make lock` from pyproject.toml.\n"
UNHASHED = "# Without hashes: torch comes in several builds of one version, and a machine may prefer its own.\n"
COMPILE = (
    "compile", "--quiet", "--strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url",
    "--no-emit-find-links", "--no-emit-trusted-host", "--allow-unsafe", "--resolver", "backtracking",
)  # fmt: skip
# torch's CPU build needs none of them, its CUDA build asks for them itself; pip is what does the installing
LEFT_OUT = re.compile(r"^(pip|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)==")
LOCAL_BUILD = re.compile(r"^([A-Za-z0-9_.-]+==[^+\s;]+)\+\S+")


def compiled(source: Path, *options: str) -> list[str]:
    """Resolve with pip-compile; what it says, line by line, without anything that belongs to this machine."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw.txt")
        command = [sys.executable, "-m", "piptools", *COMPILE, "--output-file", str(raw), *options, str(source)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "CUSTOM_COMPILE_COMMAND": ""})  # noqa: S603 - our own arguments
        return [line for line in raw.read_text().splitlines() if line and line[0] not in "#-"]


def pinned(*options: str) -> list[str]:
    """A line for each package that alertd needs."""
    lines = [line for line in compiled(ROOT / "pyproject.toml", *options) if not LEFT_OUT.match(line)]
    return sorted([*(LOCAL_BUILD.sub(r"\1", line) for line in lines), *elsewhere()], key=str.lower)


def hashed(lines: Sequence[str]) -> list[str]:
    """The same lines, each followed by the hashes of all files of its version."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "pins.in")
        source.write_text("".join(f"{line.partition(' ;')[0]}\n" for line in lines))
        text = "\n".join(compiled(source, "--generate-hashes"))
    entries = (entry.split() for entry in text.replace(" \\\n", " ").splitlines())
    found = {pin: sorted(hashes) for pin, *hashes in entries}
    return [" \\\n    ".join([line, *found[line.partition(" ;")[0]]]) for line in lines]


def elsewhere() -> list[str]:
    """Pin what pyproject.toml asks for on another interpreter than this one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    return [
        f"{requirement.name}=={newest(requirement)} ; {requirement.marker}"
        for requirement in wanted
        if requirement.marker is not None and not requirement.marker.evaluate()
    ]


def newest(requirement: Requirement) -> str:
    """Ask pip which version it would install."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--ignore-installed"]
    command += ["--report", "-", f"{requirement.name}{requirement.specifier}"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - our own arguments
    return str(report["install"][0]["metadata"]["version"])


def main() -> None:
    """Write both lock files; the second keeps the first one's pins."""
    runtime, dev = ROOT / "requirements" / "runtime.lock", ROOT / "requirements" / "dev.lock"
    fixed = ROOT / "requirements" / "constraints.txt"
    pins = pinned()
    with tempfile.TemporaryDirectory() as folder:
        same = Path(folder, "same.txt")
        same.write_text("\n".join(pins))
        more = pinned("--extra", "dev", "--constraint", str(same), "--constraint", str(fixed))
    runtime.write_text("\n".join([HEADER.format(what="").rstrip(), *hashed(pins)]) + "\n")
    dev.write_text("\n".join([HEADER.format(what=", its tests and benchmarks") + UNHASHED.rstrip(), *more]) + "\n")


if __name__ == "__main__":
    main()
