"""What the benchmark of stories places: made-up news to fill a window, and the wire stories with their labels."""

from __future__ import annotations

import base64
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from alertd.articles import Company, Entry, Event, Tags
from alertd.taxonomy import EVENT_TYPES
from benchmarks.wires import Wire, wires

_COMPANIES = 5_000
_TITLE, _SUMMARY = 10, 40


@dataclass(frozen=True)
class Given:
    """An article with what a tagger says of it, and its label when it has one."""

    entry: Entry
    tags: Tags
    wire: Wire | None = None


def filler(count: int, seed: int = 11) -> Iterator[Given]:
    """News without sense in the vocabulary of the wire stories, each word as often as there, none a copy."""
    chance = random.Random(seed)
    numbers = np.random.Generator(np.random.PCG64(seed))
    words = Counter(
        word for half in ("studied", "unseen") for w in wires(half) for word in f"{w.title} {w.summary}".split()
    )
    known, often = list(words), list(words.values())
    for number in range(count):
        said = chance.choices(known, often, k=_TITLE + _SUMMARY)
        title, summary = " ".join(said[:_TITLE]), " ".join(said[_TITLE:])
        # few companies have most of the news
        company = min(int(chance.paretovariate(0.7)), _COMPANIES)
        vector = numbers.integers(-127, 128, 384, dtype=np.int8)
        yield Given(
            Entry(f"feed{number % 200}", f"{seed}-{number}", f"https://news{number % 200}.example/{seed}/{number}",
                  title, summary, "", f"Outlet {number % 200}", 0.0, "published"),
            Tags(
                companies=(_company(company),), events=(Event(chance.choice(EVENT_TYPES), 0.9, (f"C{company}",)),),
                versions={"encoder": "made up"}, embedding=base64.b64encode(vector.tobytes()).decode(), language="en",
            ),
        )  # fmt: skip


def labelled() -> list[Given]:
    """The wire stories of both halves, in the order of time, tagged by the shipped model."""
    from alertd.tagging.tagger import Tagger, TagInput

    every = [wire for half in ("studied", "unseen") for wire in wires(half)]
    start = {event: 30 * number for number, event in enumerate(dict.fromkeys(w.event for w in every))}
    every.sort(key=lambda w: start[w.event] + w.minutes)
    tags = Tagger.load().tag([TagInput(w.title, w.summary) for w in every])
    return [
        Given(Entry(w.source, w.id, "", w.title, w.summary, "", w.source, 0.0, "published"), found, w)
        for w, found in zip(every, tags, strict=True)
    ]


def f1(marked: Sequence[tuple[Wire, bool]]) -> float:
    """F1 of copies among labelled wires, each with whether it was taken for a copy."""
    hits = sum(wire.kind == "copy" and found for wire, found in marked)
    missed = sum(wire.kind == "copy" and not found for wire, found in marked)
    wrong = sum(wire.kind != "copy" and found for wire, found in marked)
    return 2 * hits / max(1, 2 * hits + missed + wrong)


def _company(number: int) -> Company:
    symbol = f"C{number}"
    return Company(symbol, (symbol,), f"Company {number}", "subject", 0.9, None, issuer=f"i:{symbol}")
