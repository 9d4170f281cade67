"""Wire stories written to tell copies from look-alikes: in two halves, one to study and one only to measure on.

An event of the YAML files has an original and, under each kind, variants of it: `title` and `summary` replace the
original's, `swap` exchanges phrases in both, `before` and `after` stand around the summary, `words` cuts it.
`python -m benchmarks.wires studied` writes a half in the form that scorers of `alertd stories` read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Kind = Literal["original", "copy", "reworded", "followup", "lookalike", "lookalike2"]
KINDS: tuple[Kind, ...] = ("original", "copy", "reworded", "followup", "lookalike", "lookalike2")
"""`lookalike` is another event in nearly the same words, `lookalike2` another event of the same company."""
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Wire:
    """One article: of which event and kind, and `minutes` after the original."""

    id: str
    event: str
    kind: Kind
    title: str
    summary: str
    source: str
    minutes: int


def wires(half: str) -> list[Wire]:
    """Read a half, `studied` or `unseen`.

    Raises:
        ValueError: a variant swaps a phrase that its original does not have.
    """
    events = yaml.safe_load((FOLDER / f"{half}.yaml").read_text(encoding="utf-8"))
    return [wire for event in events for wire in _event(event)]


def _event(event: Mapping[str, Any]) -> Iterator[Wire]:
    for kind in KINDS:
        for number, variant in enumerate(event.get(kind, ()) if kind != "original" else [event]):
            title, summary = event["title"], event["summary"]
            for old, new in variant.get("swap", {}).items():
                if not isinstance(old, str) or not isinstance(new, str) or old not in f"{title}\n{summary}":
                    raise ValueError(f"{event['event']}, {kind} {number}: no {old!r} to swap for {new!r}")
                title, summary = title.replace(old, new), summary.replace(old, new)
            title, summary = variant.get("title", title), variant.get("summary", summary)
            if "words" in variant:
                summary = " ".join(summary.split(" ")[: variant["words"]]) + " \N{HORIZONTAL ELLIPSIS}"
            yield Wire(
                f"{event['event']}.{kind}.{number}", event["event"], kind, title,
                f"{variant.get('before', '')}{summary}{variant.get('after', '')}".strip(), variant["source"],
                variant.get("minutes", 0),
            )  # fmt: skip


def lines(half: str) -> Iterator[str]:
    """Give a half as lines of JSON, with `story` beside what a wire has; look-alikes are stories of their own."""
    for wire in wires(half):
        story = wire.id if wire.kind.startswith("lookalike") else wire.event
        yield json.dumps({**asdict(wire), "story": story}, ensure_ascii=False)
