"""Wire stories written for the purpose: what is a copy, and what only looks like one."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

from alertd.articles import Entry
from alertd.stories.bands import bands
from alertd.stories.fingerprints import CopyMatch, compared, fingerprint
from benchmarks.wires import Wire, wires


def originals(events: list[Wire]) -> list[tuple[Wire, CopyMatch | None]]:
    """What each wire of one event copies among those before it."""
    known: list[tuple[str, Wire]] = []
    of: dict[str, str] = {}
    found = []
    for wire in sorted(events, key=lambda w: w.minutes):
        fp = fingerprint(entry(wire))
        keys = set(bands(fp))
        met = [(w.id, fingerprint(entry(w))) for _, w in known if keys & set(bands(fingerprint(entry(w))))]
        match = compared(fp, met, of)[0]
        if match:
            of[wire.id] = of.get(match.id, match.id)
        found.append((wire, match))
        known.append((wire.id, wire))
    return found


def entry(wire: Wire) -> Entry:
    return Entry("feed", "", "", wire.title, wire.summary, "", wire.source, 0.0, "published")


@pytest.mark.parametrize("half", ["studied", "unseen", "fresh"])
def test_copies_are_found_and_nothing_else(half: str) -> None:
    by_event = defaultdict(list)
    for wire in wires(half):
        by_event[wire.event].append(wire)
    outcomes = Counter((w.kind, bool(m)) for events in by_event.values() for w, m in originals(events))
    copies = outcomes["copy", True] + outcomes["copy", False]
    assert outcomes["copy", True] >= 0.97 * copies
    assert not [kind for (kind, found), number in outcomes.items() if found and number and kind != "copy"]


def test_there_are_enough_look_alikes() -> None:
    kinds = Counter(w.kind for half in ("studied", "unseen") for w in wires(half))
    assert kinds["lookalike"] >= 120
    assert min(kinds[k] for k in ("copy", "reworded", "followup", "lookalike2")) >= 40
