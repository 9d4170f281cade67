"""Pins every dependency for Linux x86-64 with Python 3.11 and 3.12: `make lock` runs this in the environment.

pip-compile resolves for the Python that runs it, so lines that only another patch release needs (marked in
pyproject.toml) are pinned afterwards with their markers. Hashes are left out: the CPU build of torch that a
machine may prefer has other files than the one on the public index.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# Every dependency of alertd{what}, pinned; written by `make lock` from pyproject.toml.
# Without hashes: torch comes in several builds of one version, and a machine may prefer its own.
"""
# torch's CPU build needs none of them, its CUDA build asks for them itself; pip is what does the installing
LEFT_OUT = re.compile(r"^(pip|triton|cuda-[a-z-]+|nvidia-[a-z0-9-]+)==")
LOCAL_BUILD = re.compile(r"^([A-Za-z0-9_.-]+==[^+\s;]+)\+\S+")


def compile_lock(target: Path, what: str, *options: str) -> None:
    """Resolve with pip-compile and write `target` without anything that belongs to this machine."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw.txt")
        command = [sys.executable, "-m", "piptools", "compile", "--quiet", "--strip-extras", "--no-header"]
        command += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        command += ["--allow-unsafe", "--resolver", "backtracking", "--output-file", str(raw)]
        command += [*options, str(ROOT / "pyproject.toml")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "CUSTOM_COMPILE_COMMAND": ""})  # noqa: S603 - our own arguments
        lines = [
            line for line in raw.read_text().splitlines() if line and line[0] not in "#-" and not LEFT_OUT.match(line)
        ]
    lines = [LOCAL_BUILD.sub(r"\1", line) for line in lines]
    target.write_text(
        "\n".join([HEADER.format(what=what).rstrip(), *sorted(lines + elsewhere(), key=str.lower)]) + "\n"
    )


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
    compile_lock(runtime, "")
    compile_lock(
        dev, ", its tests and benchmarks", "--extra", "dev", "--constraint", str(runtime), "--constraint", str(fixed)
    )


if __name__ == "__main__":
    main()
