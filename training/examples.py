"""The training data as examples of one form: texts, marked companies, events, sentiment of the whole, topic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from alertd.tagging.layout import EncoderField

TOPICS = (
    "company_product_news", "stock_commentary", "macro", "general_news_opinion", "earnings", "politics",
    "stock_movement", "fed_central_banks", "financials", "personnel_change", "markets", "energy_oil", "ma_investments",
    "legal_regulation", "dividend", "analyst_update", "treasuries_corporate_debt", "currencies",
    "gold_metals_materials", "ipo",
)  # fmt: skip
ROLES = ("subject", "source", "passing")
LABELS = ("negative", "neutral", "positive")
"""In the order of `alertd.tagging.companies`, which a machine that only trains cannot import."""
Tagging = Literal["none", "marks", "all"]
_CODE = re.compile(r"\s*<[^<>\s]{1,14}>|\s*\[n[A-Z0-9]+\]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A span that is about a company (or, without `company`, about something else that has a sentiment).

    Attributes:
        company: whether the span is a company's name: True, False, or None when it is to be left out of that question.
    """

    field: EncoderField
    start: int
    end: int
    role: str | None = None
    sentiment: str | None = None
    company: bool | None = True


@dataclass(frozen=True, slots=True)
class Example:
    """One text with whatever is known of it.

    Attributes:
        tagging: whether `marks` name all companies (`all`), some (`marks`), or say nothing (`none`).
        events: None when not labelled.
        written: made for training, so never used to measure.
    """

    source: str
    title: str
    body: str = ""
    marks: tuple[Mark, ...] = ()
    tagging: Tagging = "none"
    events: tuple[str, ...] | None = None
    document: str | None = None
    topic: str | None = None
    written: bool = False
    weight: float = 1.0
    key: str = field(default="", compare=False)


def load(data: Path, written: Path) -> list[Example]:
    """Read all sources; what several of them say about one text becomes one example."""
    merged: dict[tuple[str, str], Example] = {}
    for example in (
        *_sentfin(data),
        *_finentity(data),
        *_twitter(data),
        *_topics(data),
        *_labelled(data / "events_labelled.jsonl"),
        *_fire(data),
        *_plain(data),
        *_labelled(data / "events_written.jsonl"),
        *read_written(written),
    ):
        key = (example.title.strip(), example.body.strip())
        merged[key] = merge(merged[key], example) if key in merged else example
    return list(merged.values())


def merge(first: Example, second: Example) -> Example:
    """One example from two on the same text. Roles are the second's, sentiments of spans the first's."""
    known = {(m.field, m.start, m.end): m for m in first.marks}
    marks = []
    for m in second.marks:
        old = known.pop((m.field, m.start, m.end), None)
        marks.append(replace(m, sentiment=old.sentiment) if old and old.sentiment else m)
    # What the second, which names all companies, does not name, is none.
    rest = [replace(m, company=False) if second.tagging == "all" else m for m in known.values()]
    taken = [m for m in rest if not any(_meet(m, k) for k in marks)]
    return replace(
        first,
        source=second.source if second.tagging == "all" else first.source,
        marks=tuple(marks + taken),
        tagging=second.tagging if second.tagging == "all" else first.tagging,
        events=first.events if second.events is None else second.events,
        document=first.document or second.document,
        topic=first.topic or second.topic,
        written=first.written or second.written,
    )


def _meet(a: Mark, b: Mark) -> bool:
    return a.field == b.field and a.start < b.end and b.start < a.end


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _given_spans(row: dict[str, Any]) -> tuple[Mark, ...]:
    seen: dict[tuple[int, int], Mark] = {}
    for c in row["companies"]:
        mark = Mark("title", c["start"], c["end"], sentiment=c["sentiment"])
        if not any(_meet(mark, m) for m in seen.values()):
            seen[mark.start, mark.end] = mark
    return tuple(sorted(seen.values(), key=lambda m: m.start))


def _agreed(sentiments: Iterable[str | None]) -> str | None:
    """The sentiment of the whole where all parts have the same."""
    found = {s for s in sentiments if s}
    return found.pop() if len(found) == 1 else None


def _sentfin(data: Path) -> Iterator[Example]:
    for row in rows(data / "entity_sentiment_sentfin.jsonl"):
        marks = _given_spans(row)
        yield Example("sentfin", row["text"], marks=marks, document=_agreed(m.sentiment for m in marks))


def _finentity(data: Path) -> Iterator[Example]:
    for row in rows(data / "entity_sentiment_finentity.jsonl"):
        marks = _given_spans(row)
        document = _agreed(m.sentiment for m in marks)
        example = Example("finentity", row["text"], marks=marks, tagging="marks", document=document)
        yield example
        if _CODE.search(row["text"]):
            yield without_codes(example)


def without_codes(example: Example) -> Example:
    """The same text without its Reuters codes, marks moved along."""
    text, at, moved = "", 0, list(example.marks)
    for m in _CODE.finditer(example.title):
        text += example.title[at : m.start()]
        at = m.end()
    text += example.title[at:]
    marks = []
    for mark in moved:
        cut = sum(m.end() - m.start() for m in _CODE.finditer(example.title) if m.end() <= mark.start)
        span = text[mark.start - cut : mark.end - cut]
        if span == example.title[mark.start : mark.end]:
            marks.append(replace(mark, start=mark.start - cut, end=mark.end - cut))
    return replace(example, title=text, marks=tuple(marks))


def _twitter(data: Path) -> Iterator[Example]:
    for row in rows(data / "document_sentiment_twitter.jsonl"):
        yield Example("twitter", row["text"], document=row["sentiment"])


def _topics(data: Path) -> Iterator[Example]:
    for row in rows(data / "topics_twitter.jsonl"):
        yield Example("topics", row["text"], topic=row["topic"])


def _labelled(path: Path) -> Iterator[Example]:
    for row in rows(path):
        title, body = row["text"], row.get("summary") or ""
        made = "source" not in row
        marks = place(title, body, row["companies"])
        # "Company" stands in some lines where a name stood.
        replaced = any(c["text"].strip().lower() == "company" for c in row["companies"])
        yield Example(
            "labelled_written" if made else "labelled",
            title,
            body,
            marks,
            "none" if replaced else "all",
            tuple(row["events"]),
            _agreed(m.sentiment for m in marks if m.role == "subject"),
            written=made,
        )


def place(title: str, body: str, companies: Iterable[dict[str, Any]]) -> tuple[Mark, ...]:
    """Where the named companies stand, at every place, the longest name first.

    Cashtags are found by rule: they teach role and sentiment, not what a name is.
    """
    marks: list[Mark] = []
    for c in sorted(companies, key=lambda c: -len(c["text"])):
        name = c["text"].strip()
        if not name:
            continue
        pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
        texts: tuple[tuple[EncoderField, str], ...] = (("title", title), ("body", body))
        for where, text in texts:
            for m in re.finditer(pattern, text):
                company = None if name.startswith("$") else True
                mark = Mark(where, m.start(), m.end(), c["role"], c["sentiment"], company)
                if not any(_meet(mark, other) for other in marks):
                    marks.append(mark)
    return tuple(sorted(marks, key=lambda m: (m.field, m.start)))


def _fire(data: Path) -> Iterator[Example]:
    for name in ("fire_dev.json", "fire_test.json"):
        for row in json.loads((data / "extra" / "fire" / name).read_text(encoding="utf-8")):
            yield from_tokens(row["tokens"], row["entities"])


def from_tokens(tokens: list[str], entities: list[dict[str, Any]]) -> Example:
    """A FIRE sentence as text, its companies marked up to a possessive or a bracket."""
    text, spans = "", []
    for token in tokens:
        tight = token in {",", ".", ")", ";", ":", "'s", "\u2019s", "%", "?", "!"} or text.endswith(("(", "$", "#"))
        text += token if tight or not text else " " + token
        spans.append((len(text) - len(token), len(text)))
    marks = []
    for e in entities:
        if e["type"] != "Company":
            continue
        last = e["start"]
        while last + 1 < e["end"] and tokens[last + 1] not in {"'s", "\u2019s", "("}:
            last += 1
        if last + 1 < e["end"] and tokens[last] == ",":
            last -= 1
        marks.append(Mark("title", spans[e["start"]][0], spans[last][1]))
    return Example("fire", text, marks=tuple(marks), tagging="all", weight=0.5)


def _plain(data: Path) -> Iterator[Example]:
    """Texts without labels: they teach the language."""
    for row in rows(data / "extra" / "newsmtsc" / "train.jsonl"):
        yield Example("plain", row["sentence_normalized"])
    with (data / "headline_tickers_otc.tsv").open(encoding="utf-8") as file:
        next(file)
        for line in file:
            yield Example("plain", line.split("\t")[0])


_MARKUP = re.compile(r"\[([^\[\]|]+)\|([sbp])([+0-])\]")
_ROLES = {"s": "subject", "b": "source", "p": "passing"}
_FEELINGS = {"+": "positive", "0": "neutral", "-": "negative"}


def read_written(folder: Path) -> Iterator[Example]:
    """The written examples, one a line: `events | sentiment | title || body`.

    A company stands as `[name|xy]`: x is s(ubject), b (source: a broker that speaks) or p(assing), y is +, 0 or -.
    `events` is a list with commas, `-` for none, `?` where only sentiment and names are to be taught; `sentiment` of
    the whole is +, 0, - or ?.
    """
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip() and not line.startswith("#"):
                yield parse_written(line)


def parse_written(line: str) -> Example:
    """One line of the written examples.

    Raises:
        ValueError: the line has not three parts.
    """
    events, feeling, text = (part.strip() for part in line.split("|", 2)) if line.count("|") >= 2 else ("", "", "")
    if not text:
        raise ValueError(f"no written example: {line[:80]!r}")
    marks: list[Mark] = []
    plain = []
    fields: tuple[EncoderField, EncoderField] = ("title", "body")
    for where, part in zip(fields, text.partition("||")[::2], strict=True):
        bare, at = "", 0
        part = part.strip()  # noqa: PLW2901 - the markup's own blanks
        for m in _MARKUP.finditer(part):
            bare += part[at : m.start()]
            name, role, value = m.groups()
            marks.append(Mark(where, len(bare), len(bare) + len(name), _ROLES[role], _FEELINGS[value]))
            bare += name
            at = m.end()
        plain.append(bare + part[at:])
    known = None if events == "?" else () if events == "-" else tuple(e.strip() for e in events.split(","))
    return Example("written", plain[0], plain[1], tuple(marks), "all", known, _FEELINGS.get(feeling), written=True)
