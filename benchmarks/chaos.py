"""The whole line while everything around it breaks: is any article lost, told twice, or stuck?

The real daemon as four processes (poll, twice tag, decide and notify) over one Redis with its append-only file, feeds
and a Slack on loopback, the real model. Processes are killed (SIGKILL) at random and started again, Redis is stopped
and started, its disk fills up, the clock jumps an hour ahead and back, then an hour back and ahead, the name server of
the feeds goes away, and some articles kill whatever tags them. In the end every article has to have its fate: decided
(alerted, in a story, or held back with a reason) or, for those that kill, a dead letter.

The disk (a small tmpfs) and the name server need a mount namespace (`unshare`, root), the clock needs libfaketime;
what is missing is left out, and the report says so. No peer is known that promises this.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from typing import Any

from benchmarks import Result


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=20.0, help="how long articles come")
    parser.add_argument("--seed", type=int, default=7, help="of the chance by which things go wrong")


def run(options: argparse.Namespace) -> Result:
    size = {
        "seconds": 25.0 if options.tiny else options.minutes * 60, "rate": 4.0 if options.tiny else 20.0,
        "kills": 3 if options.tiny else round(10 * options.minutes), "seed": options.seed,
        "restarts": 1 if options.tiny else max(1, round(options.minutes / 2)),
        "poison": 0 if options.tiny else max(1, round(options.minutes / 4)),
        "names_gone": 5.0 if options.tiny else min(300.0, 15 * options.minutes),
        "patience": 90.0 if options.tiny else 420.0,
    }  # fmt: skip
    apart = ["unshare", "--mount"] if _may_unshare() else []
    # the report goes out by a line of its own, whatever the processes of the line print
    finished = subprocess.run(
        [*apart, sys.executable, "-m", "benchmarks.chaos_run", json.dumps({**size, "apart": bool(apart)})],
        check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if finished.returncode:
        sys.exit(f"the run ended with {finished.returncode}")
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    faults, fates = found.pop("faults"), found.pop("fates")
    rows = tuple((name, f"{count:,}") for name, count in sorted(fates.items(), key=lambda kv: -kv[1]))
    met = ", ".join(f"{count} × {name}" for name, count in faults.items()) or "nothing"
    left_out = found.pop("left_out")
    note = f"{found['articles']:,} articles met {met}; {found.pop('calm_s'):g} s later all was settled"
    if left_out:
        note += f"; left out: {', '.join(left_out)}"
    return Result(("what became of an article", "articles"), rows, found, note)


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0
