"""Benchmarks: each measures alertd and its peer side by side, in one run, on one machine.

A benchmark is a module with ``run(options) -> Result``, a line in `BENCHMARKS`, and, where it takes options of its
own, ``add_options(parser)``. `python -m benchmarks NAME` prints its table and, as the last line, its figures as JSON.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

BENCHMARKS: Mapping[str, str] = {
    "backtest": "benchmarks.backtest",
    "chaos": "benchmarks.chaos",
    "feeds-corpus": "benchmarks.feeds_corpus",
    "hostile": "benchmarks.hostile",
    "latency": "benchmarks.latency",
    "page": "benchmarks.page",
    "polling": "benchmarks.polling",
    "rules": "benchmarks.rules",
    "scale": "benchmarks.scale",
    "slack-chaos": "benchmarks.slack_chaos",
    "soak": "benchmarks.soak",
    "stories": "benchmarks.stories",
    "tagging": "benchmarks.tagging",
}
"""Name → module, imported only when it is asked for: a peer may take seconds to import."""


@dataclass(frozen=True)
class Result:
    """What a benchmark found.

    Attributes:
        columns: heads of the table.
        rows: one tuple a row, as long as `columns`.
        figures: the keys that others read, all numbers or true/false.
        note: one line under the table: what was compared, with which threads.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: Mapping[str, float]
    note: str = ""


def load(name: str) -> ModuleType:
    """Import a benchmark by its name."""
    return importlib.import_module(BENCHMARKS[name])


def table(result: Result) -> str:
    """Lay the table out for a terminal: the first column left, figures right."""
    rows = [result.columns, *result.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(result.columns))]
    lines = [
        "  ".join(cell.ljust(width) if not column else cell.rjust(width) for column, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; the benchmark that it names adds its own options."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures alertd beside its peers.")
    names = top.add_subparsers(dest="name", required=True, metavar="NAME", help=", ".join(BENCHMARKS))
    asked = set(sys.argv[1:] if arguments is None else arguments)
    for name in BENCHMARKS:
        sub = names.add_parser(name)
        sub.add_argument("--tiny", action="store_true", help="seconds instead of minutes: proves that it still runs")
        if name in asked and hasattr(load(name), "add_options"):
            load(name).add_options(sub)
    return top.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and print what it found."""
    options = options_of(arguments)
    result: Result = load(options.name).run(options)
    print(table(result))
    if result.note:
        print(result.note)
    print(json.dumps(dict(result.figures)), flush=True)
    return 0
