"""A document's commands, run in order in an empty folder as its reader would, and what they print.

A block of `sh` is run, and a block of `text` right after it is what it printed. A comment before a block says how:
`not run`, `goes on` (in a terminal of its own), `ends with 1`, or `until …`, which ends it by Ctrl-C when an alert is
there.
`python -m tests.docs.steps` writes the outputs of docs/getting-started.md anew, and how long each step took.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "getting-started.md"
HOME: Final = "/home/you"
"""What stands for the reader's folder in the document."""
PORT: Final = "8000"
"""The port of the feed in the document."""
PATIENCE: Final = 60.0
_STEP: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]+?) -->\n)?^```sh\n(?P<command>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """A block of commands.

    Attributes:
        command: for bash.
        mark: the comment before it, or "".
        output: what the document says that it prints; "" where it says nothing.
        shown: where its output stands in the document, with its fences.
    """

    command: str
    mark: str
    output: str
    shown: tuple[int, int]


def steps(text: str) -> list[Step]:
    """The blocks of a document in order."""
    found = []
    for match in _STEP.finditer(text):
        fence = match.end("command") + len("```\n")
        found.append(Step(match["command"], match["mark"] or "", match["output"] or "", (fence, match.end())))
    return found


class Reader:
    """Does what the document says, in a folder of its own.

    The ports and how long its Redis outlives the daemon are other ones, for several may read at the same time.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "you"
        self.folder.mkdir()
        self._port = str(_free_port())
        self._going: list[subprocess.Popen[bytes]] = []
        programs = folder / "bin"
        programs.mkdir()
        for name, words in (("alertd", "-m alertd "), ("python3", "")):
            (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n', encoding="utf-8")
            (programs / name).chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ALERTD_", "SLACK_"))}
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        self._environment = {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "TZ": "UTC", "LC_ALL": "C.UTF-8"}

    def follow(self, step: Step) -> str:
        """Run a step; returns what it printed, as the document would show it.

        Raises:
            AssertionError: it failed, or did not do in time what it is for.
        """
        if step.mark == "goes on":
            self._going.append(self._start(step.command))
            self._until_served()
            return ""
        with self._start(step.command) as process:
            if step.mark.startswith("until"):
                self._until_posted(process)
                os.killpg(process.pid, signal.SIGINT)
            said = process.communicate(timeout=PATIENCE)[0].decode()
        said = (self._read() if step.mark.startswith("until") else said).replace(str(self.folder), HOME)
        assert process.returncode == int(step.mark.startswith("ends with 1")), said
        self._tame()
        return said.replace(f":{self._port}", f":{PORT}")

    def close(self) -> None:
        """End what goes on."""
        for process in self._going:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(PATIENCE)

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        command = command.replace(PORT, self._port)
        if command.startswith("alertd run"):
            # it is read while it runs
            command = f"exec {command.rstrip()} > run.txt 2>&1"
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command], cwd=self.folder, env=self._environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def _read(self) -> str:
        file = self.folder / "run.txt"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def _until_posted(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while "posted: " not in self._read():
            assert process.poll() is None, self._read()
            assert time.monotonic() < deadline, self._read()
            time.sleep(0.05)

    def _until_served(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as tried:
                if not tried.connect_ex(("127.0.0.1", int(self._port))):
                    return
            assert time.monotonic() < deadline, "nothing is served"
            time.sleep(0.05)

    def _tame(self) -> None:
        """Another port for the pages, and a Redis that ends soon."""
        file = self.folder / "config" / "alertd.yaml"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        if "\n  port: 8321\n" in text:
            text = text.replace("\n  port: 8321\n", "\n  port: 0\n").replace("\nstore:\n", "\nstore:\n  linger: 1s\n")
            file.write_text(text, encoding="utf-8")


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Somebody who reads the document in a folder; nothing that was started goes on afterwards."""
    reader = Reader(folder)
    try:
        yield reader
    finally:
        reader.close()


def _free_port() -> int:
    """A port of four digits, as the document's, so that what is printed is as wide."""
    for port in random.sample(range(8001, 9999), 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


def main() -> None:
    """Write the outputs of the document anew, and print how long each step took."""
    text = DOCUMENT.read_text(encoding="utf-8")
    outputs: list[tuple[Step, str]] = []
    with tempfile.TemporaryDirectory() as folder, reading(Path(folder)) as reader:
        for step in steps(text):
            if step.mark == "not run":
                continue
            began = time.monotonic()
            outputs.append((step, reader.follow(step)))
            print(f"{time.monotonic() - began:6.1f} s  {step.command.splitlines()[0]}")
    for step, said in reversed(outputs):
        pages = re.sub(rf"(127\.0\.0\.1:)(?!{PORT})[0-9]+", r"\g<1>8321", said)
        shown = f"\n```text\n{pages}```\n" if said else ""
        text = text[: step.shown[0]] + shown + text[step.shown[1] :]
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
