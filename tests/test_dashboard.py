"""docs/grafana.json asks for series that there are, by labels that they have, and shows every metric of alertd."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from alertd.web.metrics import Metrics

DOCS = Path(__file__).parent.parent / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
WORD = re.compile(r"\b(?:alertd|process)_\w+")
ROW = re.compile(r"^\| `(\w+)` \| \w+ \| ([\w, ]*) \|", re.MULTILINE)
ADDED = {"le", "instance", "job"}
"""Labels of histograms, and those that Prometheus adds."""


def series() -> dict[str, str]:
    """Every series that is scraped, with the name of its metric in docs/metrics.md."""
    found = {}
    for family in Metrics().registry.collect():
        for suffix in SUFFIXES[family.type]:
            total = "_total" if family.type == "counter" else ""
            found[family.name + suffix] = family.name + total
    return found


def labels() -> dict[str, set[str]]:
    """Labels of each metric as docs/metrics.md has them, which another test holds against the metrics."""
    text = (DOCS / "metrics.md").read_text(encoding="utf-8")
    return {name: set(re.findall(r"\w+", found)) for name, found in ROW.findall(text)}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_there_is(panel: dict[str, Any]) -> None:
    known, of = series(), labels()
    for target in panel["targets"]:
        expression = target["expr"]
        names = set(WORD.findall(re.sub(r"[({]job=[^}]*}", "", expression)))
        assert names <= known.keys(), expression
        allowed = ADDED.union(*(of.get(known[name], set()) for name in names))
        grouped = {label for part in re.findall(r"by \(([^)]*)\)", expression) for label in re.findall(r"\w+", part)}
        shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert grouped | shown <= allowed, expression
        assert expression.count("(") == expression.count(")")
        assert expression.count("{") == expression.count("}")


def test_every_metric_is_shown() -> None:
    asked = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    own = {name for name in labels() if name.startswith("alertd_")}
    shown = {series()[name] for name in WORD.findall(asked) if name in series()}
    assert own - shown == set()


def test_panels_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
