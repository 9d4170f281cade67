"""Where thresholds of `alertd.stories.events` may lie: how each set answers when one of them is moved.

    python -m training.stories DATA [--step 0.02]

DATA is the folder that holds `headline_pairs_sts.jsonl` and `stories_ecbplus.jsonl`. Both and the studied half of the
wire stories are tagged once by the shipped model; then each threshold in turn is moved around its value. A value is
good when its neighbours are as good: a plateau survives another set of weights, a peak does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alertd.articles import Entry, Tags
from alertd.stories import events
from alertd.stories.memory import Memory
from alertd.tagging.tagger import Tagger, TagInput
from benchmarks.wires import wires

THRESHOLDS = ("NEAR_COMPANY", "NEAR_HEADLINES", "NEAR_UNNAMED", "NEAR_TEXTS", "NEAR_OTHERS")
_START, _APART = 1_700_000_000.0, 10 * 86_400.0
_ONE, _OTHER = 4.0, 2.5


@dataclass(frozen=True)
class Set:
    """Articles in the order of time with their tags, and what is measured on the stories they are put in."""

    name: str
    articles: Sequence[tuple[str, Entry, Tags]]
    measure: Callable[[Mapping[str, str]], Mapping[str, float]]


def placed(articles: Sequence[tuple[str, Entry, Tags]]) -> dict[str, str]:
    """The story of each article, by id."""
    memory = Memory()
    return {i: memory.add(i, entry, tags, memory.original(entry))[0].story.id for i, entry, tags in articles}


def bcubed(gold: Mapping[str, str], found: Mapping[str, str]) -> dict[str, float]:
    """Precision, recall and F1 by B-cubed (A. Bagga and B. Baldwin, 1998)."""
    gold_groups, found_groups = defaultdict(set), defaultdict(set)
    for ident, story in gold.items():
        gold_groups[story].add(ident)
        found_groups[found[ident]].add(ident)
    common = {i: len(gold_groups[gold[i]] & found_groups[found[i]]) for i in gold}
    precision = sum(common[i] / len(found_groups[found[i]]) for i in gold) / len(gold)
    recall = sum(common[i] / len(gold_groups[gold[i]]) for i in gold) / len(gold)
    return {"P": precision, "R": recall, "F1": 2 * precision * recall / (precision + recall)}


def sets(data: Path, tagger: Tagger) -> Iterator[Set]:
    """The sets that thresholds are chosen on."""
    rows = _rows(data / "headline_pairs_sts.jsonl")
    pairs = [
        (f"{n}{side}", _entry(row[side], "", _START + n * _APART + 60 * (side == "b")))
        for n, row in enumerate(rows) for side in "ab"
    ]  # fmt: skip
    yield Set("STS", _tagged(pairs, tagger), lambda found: _pairs(rows, found))
    rows_ecb = _rows(data / "stories_ecbplus.jsonl")
    documents = [
        (row["doc_id"], _entry(row["annotated_sentences"][0], " ".join(row["annotated_sentences"]), _START + 60 * n))
        for n, row in enumerate(rows_ecb)
    ]
    gold = {row["doc_id"]: row["story"] for row in rows_ecb}
    yield Set("ECB+", _tagged(documents, tagger), lambda found: bcubed(gold, found))
    half = wires("studied")
    start = {event: _START + 1800 * n for n, event in enumerate(dict.fromkeys(w.event for w in half))}
    half.sort(key=lambda w: start[w.event] + 60 * w.minutes)
    told = [(w.id, _entry(w.title, w.summary, start[w.event] + 60 * w.minutes, w.source)) for w in half]
    kinds = {w.id: (w.kind, f"{w.event}.original.0") for w in half}
    yield Set("wires", _tagged(told, tagger), lambda found: _shares(kinds, found))


def main(arguments: Sequence[str]) -> int:
    """Print a table for each threshold."""
    parser = argparse.ArgumentParser(prog="python -m training.stories")
    parser.add_argument("data", type=Path)
    parser.add_argument("--step", type=float, default=0.02)
    options = parser.parse_args(arguments)
    every = list(sets(options.data, Tagger.load()))
    for name in THRESHOLDS:
        value = getattr(events, name)
        print(f"{name} = {value}")
        for moved in (value + options.step * n for n in range(-3, 4)):
            _move(name, moved)
            answers = []
            for one in every:
                figures = one.measure(placed(one.articles))
                answers.append(f"{one.name} " + " ".join(f"{key} {number:.3f}" for key, number in figures.items()))
            print(f"  {moved:.2f}  " + " | ".join(answers), flush=True)
        _move(name, value)
    return 0


def _move(name: str, value: float) -> None:
    setattr(events, name, value)
    # what rules most out follows from the thresholds
    events.LEAST_COMPANY, events.LEAST_OTHERS = events.least()


def _entry(title: str, text: str, published: float, source: str = "") -> Entry:
    return Entry("", "", "", title, "", text, source, published, "published")


def _tagged(articles: Sequence[tuple[str, Entry]], tagger: Tagger) -> list[tuple[str, Entry, Tags]]:
    tags = tagger.tag([TagInput(e.title, e.summary, e.text) for _, e in articles])
    return [(ident, entry, found) for (ident, entry), found in zip(articles, tags, strict=True)]


def _pairs(rows: Sequence[Mapping[str, Any]], found: Mapping[str, str]) -> dict[str, float]:
    joined = [found[f"{n}a"] == found[f"{n}b"] for n in range(len(rows))]
    hits = sum(j and row["score"] >= _ONE for j, row in zip(joined, rows, strict=True))
    missed = sum(not j and row["score"] >= _ONE for j, row in zip(joined, rows, strict=True))
    wrong = sum(j and row["score"] <= _OTHER for j, row in zip(joined, rows, strict=True))
    return {"F1": 2 * hits / (2 * hits + missed + wrong)}


def _shares(kinds: Mapping[str, tuple[str, str]], found: Mapping[str, str]) -> dict[str, float]:
    joined = defaultdict(list)
    for ident, (kind, original) in kinds.items():
        joined[kind].append(found[ident] == found[original])
    return {kind: sum(given) / len(given) for kind, given in joined.items() if kind != "original"}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
