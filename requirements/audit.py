"""Asks whether what alertd depends on has known holes: `make audit`, in CI.

Fails on a hole that requirements/audit.toml does not accept with a reason. Where the advisory service cannot be
reached, or does not know our packages (a mirror without advisories), it says so and fails nothing: a build must not
depend on a service that is away, and the next one asks again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "runtime.lock"
ACCEPTED = ROOT / "requirements" / "audit.toml"
SERVICES: Final = ("pypi", "osv")
_PATIENCE: Final = 300


def accepted(text: str) -> dict[str, str]:
    """Read which holes are accepted: id → reason.

    Raises:
        ValueError: one of them has no reason, or the file is none of ours.
    """
    plain = tomllib.loads(text)
    if plain.keys() - {"accepted"} or not isinstance(plain.get("accepted", {}), dict):
        raise ValueError("only a table [accepted] may be there")
    found: dict[str, str] = {}
    for name, reason in plain.get("accepted", {}).items():
        if not isinstance(reason, str) or len(reason.split()) < 3:
            raise ValueError(f"{name} is accepted without a reason; write a sentence")
        found[name] = reason
    return found


def judged(report: Mapping[str, Any], known: Mapping[str, str]) -> tuple[list[str], list[str], int]:
    """Say what a report of pip-audit means. Pure.

    Args:
        report: its JSON.
        known: accepted holes by their ids.

    Returns:
        Holes that nobody accepted, a line each; remarks; and how many packages were looked up.
    """
    holes, met, audited, skipped = [], set(), 0, []
    for package in report["dependencies"]:
        if "skip_reason" in package:
            skipped.append(package["name"])
            continue
        audited += 1
        for hole in package["vulns"]:
            names = {hole["id"], *hole.get("aliases", ())}
            met |= names & known.keys()
            if not names & known.keys():
                fixed = f", mended in {', '.join(hole['fix_versions'])}" if hole.get("fix_versions") else ""
                holes.append(f"{package['name']} {package['version']}: {hole['id']}{fixed}")
    remarks = [f"accepted: {name}: {known[name]}" for name in sorted(met)]
    remarks += [f"no longer there, take it out of audit.toml: {name}" for name in sorted(known.keys() - met) if audited]
    if skipped:
        remarks.append(f"{len(skipped)} packages are not known to the advisory service: {', '.join(skipped[:5])} …")
    return holes, remarks, audited


def ask(command: Sequence[str], service: str) -> dict[str, Any] | None:
    """Have pip-audit ask a service; None when it gives no report."""
    asked = [*command, "--requirement", str(LOCK), "--no-deps", "--disable-pip", "--format", "json"]
    asked += ["--progress-spinner", "off", "--vulnerability-service", service, "--timeout", "20"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603 - ours
        found: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return found


def main(command: Sequence[str] = (sys.executable, "-m", "pip_audit")) -> int:
    """Audit the lock file; returns the exit code: 1 for a hole, 2 for a mistake in audit.toml."""
    try:
        known = accepted(ACCEPTED.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"requirements/audit.toml: {error}", file=sys.stderr)
        return 2
    for service in SERVICES:
        report = ask(command, service)
        holes, remarks, audited = judged(report, known) if report else ([], ["it gave no report"], 0)
        for line in (*holes, *remarks):
            print(f"audit by {service}: {line}", file=sys.stderr)
        if audited:
            print(f"{audited} packages audited by {service}, {len(holes)} known holes that nobody accepted")
            return 1 if holes else 0
    print("NOT AUDITED: no advisory service could be reached", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
