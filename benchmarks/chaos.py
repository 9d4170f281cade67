"""The whole line while everything around it breaks: is any article lost, told twice, or stuck?

The real daemon as four processes (poll, twice tag, decide and notify) over one Redis with its append-only file, feeds
and a Slack on loopback, the real model. Processes are killed (SIGKILL) at random and started again, Redis is stopped
and started, its disk fills up, the clock jumps an hour ahead and back, then an hour back and ahead, the name server of
the feeds goes away, and some articles kill whatever tags them. In the end every article has to have its fate: decided
(alerted, in a story, or held back with a reason) or, for those that kill, a dead letter. In the last fifth of the time
Redis is three servers behind Sentinels, and the master is killed (SIGKILL) three times.

The disk (a small tmpfs) and the name server need a mount namespace (`unshare`, root), the clock needs libfaketime;
what is missing is left out, and the report says so. No peer is known that promises this.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from benchmarks import Result

BEHIND_SENTINELS = 0.2
"""Share of the time with three servers behind Sentinels, whose master is killed three times."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=20.0, help="how long articles come")
    parser.add_argument("--seed", type=int, default=7, help="of the chance by which things go wrong")


def run(options: argparse.Namespace) -> Result:
    whole = sizes(options.minutes, options.seed, tiny=options.tiny)
    parts = [_part(size) for size in whole]
    faults, fates, alerts = (
        sum((Counter(part.pop(name)) for part in parts), Counter()) for name in ("faults", "fates", "alert_fates")
    )
    for missing in (line for part in parts for line in part.pop("missing")):
        print(f"without a fate: {missing}", file=sys.stderr)
    left_out = sorted({name for part in parts for name in part.pop("left_out")})
    calm = max(part.pop("calm_s") for part in parts)
    found = {name: sum(part[name] for part in parts) for name in parts[0]}
    rows = tuple(
        (f"{what} {name}", f"{count:,}")
        for what, counted in (("article:", fates), ("alert:", alerts))
        for name, count in counted.most_common()
    )
    met = ", ".join(f"{count} × {name}" for name, count in faults.items()) or "nothing"
    note = f"{found['articles']:,} articles met {met}; {calm:g} s later all was settled; no peer promises this"
    if left_out:
        note += f"; left out: {', '.join(left_out)}"
    return Result(("what became of it", "how many"), rows, {**found, "recovered_s": calm}, note)


def sizes(minutes: float, seed: int, *, tiny: bool = False) -> list[dict[str, Any]]:
    """How much goes wrong in each part of a run: with one Redis, then (not in a tiny one) behind Sentinels. Pure."""
    first, second = minutes * (1 - BEHIND_SENTINELS), minutes * BEHIND_SENTINELS
    alone = {
        "seconds": 25.0 if tiny else first * 60, "rate": 4.0 if tiny else 20.0, "seed": seed,
        "kills": 3 if tiny else round(10 * first), "restarts": 1 if tiny else max(1, round(minutes / 2)),
        "poison": 0 if tiny else max(1, round(minutes / 4)), "names_gone": 5.0 if tiny else min(300.0, 15 * minutes),
        "patience": 90.0 if tiny else 420.0, "failovers": 0,
    }  # fmt: skip
    behind = {
        **alone, "seconds": second * 60, "kills": round(10 * second), "restarts": 0, "poison": 1, "failovers": 3
    }  # fmt: skip
    return [alone] if tiny else [alone, behind]


def _part(size: Mapping[str, Any]) -> dict[str, Any]:
    apart = ["unshare", "--mount"] if _may_unshare() and not size["failovers"] else []
    # the report goes out by a line of its own, whatever the processes of the line print
    finished = subprocess.run(
        [*apart, sys.executable, "-m", "benchmarks.chaos_run", json.dumps({**size, "apart": bool(apart)})],
        check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if finished.returncode:
        sys.exit(f"the run ended with {finished.returncode}")
    line = finished.stdout.splitlines()[-1]
    # a later part may fail for reasons of its own
    print(f"a part of the run: {line}", file=sys.stderr)
    found: dict[str, Any] = json.loads(line)
    return found


def _may_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0
