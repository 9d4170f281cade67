"""`python -m tests.fuzz feed --minutes 10`: makes input up until the time is over, and keeps what breaks a promise.

With atheris (`pip install atheris`, in an environment of its own) the branches that an input takes guide the search;
without it inputs are made of the target's pieces by chance. Findings go to `--out`, one file for each place in the
code; the last line is a JSON object with `target`, `minutes`, `inputs`, `guided` and `findings`. Exit code 1 when there
are any.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from tests.fuzz.seeds import SEEDS, TOKENS

SLOW = 3.0
"""Seconds of processor time beyond which an input is a finding."""
LONGEST = 4_096
"""Bytes of an input."""


class Run:
    """One run of a target.

    Args:
        name: the target.
        seconds: how long it goes on.
        out: folder for findings.
        most: inputs after which it is over sooner; 0 for any number.
    """

    def __init__(self, name: str, seconds: float, out: Path, most: int = 0) -> None:
        self.name = name
        self.inputs = 0
        self.findings: dict[str, str] = {}
        self._out = out
        self._most = most
        self._began = time.monotonic()
        self._until = self._began + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() > self._until or 0 < self._most <= self.inputs

    def one(self, data: bytes) -> None:
        from tests.fuzz.targets import TARGETS

        self.inputs += 1
        began = time.process_time()
        try:
            TARGETS[self.name](data)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            self._keep(f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}", data, str(error))
        if time.process_time() - began > SLOW:
            self._keep("slow", data, f"{time.process_time() - began:.1f} s")

    def _keep(self, what: str, data: bytes, said: str) -> None:
        if what in self.findings:
            return
        self.findings[what] = said[:300]
        self._out.mkdir(parents=True, exist_ok=True)
        path = self._out / f"{self.name}-{hashlib.blake2b(what.encode(), digest_size=4).hexdigest()}"
        path.write_bytes(data)
        print(f"{what}: {said[:300]} ({path})", file=sys.stderr, flush=True)

    def report(self, *, guided: bool) -> int:
        from tests.fuzz.targets import tidy

        tidy()  # atheris ends the process without asking anybody
        row = {
            "target": self.name, "minutes": round((time.monotonic() - self._began) / 60, 1), "inputs": self.inputs,
            "guided": guided, "findings": self.findings,
        }  # fmt: skip
        print(json.dumps(row), flush=True)
        return 1 if self.findings else 0


def by_chance(run: Run, seed: int) -> int:
    """Make inputs of seeds and pieces, cut, doubled and mixed."""
    seeds, tokens, chance = SEEDS[run.name], TOKENS[run.name], random.Random(seed)
    while not run.over:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 12)):
            at, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
            action = chance.randrange(4)
            if action == 0:
                data[at:at] = chance.choice(tokens) * chance.choice((1, 1, 1, 2, 30))
            elif action == 1:
                del data[at : min(end, at + 20)]
            elif action == 2:
                data[at:at] = chance.choice(seeds)[:200] if chance.random() < 0.3 else data[at:end]
            elif at < len(data):
                data[at] = chance.randrange(256)
        run.one(bytes(data[:LONGEST]))
    return run.report(guided=False)


def guided(run: Run) -> int:
    """Let atheris choose; it ends the process itself, so that the report is written before."""
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["alertd", "feedparser"], enable_loader_override=False):
        importlib.import_module("tests.fuzz.targets")
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-corpus-"))
    for number, seed in enumerate(SEEDS[run.name]):
        (corpus / str(number)).write_bytes(seed)
    words = corpus.with_suffix(".dict")
    words.write_text("".join(_quoted(token) for token in TOKENS[run.name]))

    def one(data: bytes) -> None:
        run.one(data)
        if run.over:
            code = run.report(guided=True)
            shutil.rmtree(corpus)
            words.unlink()
            sys.stderr.flush()
            os._exit(code)

    limits = [f"-max_len={LONGEST}", f"-dict={words}", "-timeout=60", "-rss_limit_mb=3000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], one, internal_libfuzzer=True)
    atheris.Fuzz()
    return 0


def _quoted(token: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n'


def main() -> int:
    """Parse the arguments and run one target."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=sorted(SEEDS))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--inputs", type=int, default=0, help="most inputs; with a seed the same ones each time")
    parser.add_argument("--seed", type=int, default=1, help="of inputs that are made by chance")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--by-chance", action="store_true", help="without atheris, though it is there")
    options = parser.parse_args()
    run = Run(options.target, options.minutes * 60, options.out, options.inputs)
    if importlib.util.find_spec("atheris") is None or options.by_chance:
        return by_chance(run, options.seed)
    return guided(run)


if __name__ == "__main__":
    sys.exit(main())
