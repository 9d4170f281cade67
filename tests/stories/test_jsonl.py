"""`alertd stories --jsonl`."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest

from alertd.articles import Company, Entry, Tags
from alertd.stories.jsonl import story_lines
from alertd.stories.memory import WINDOW

from .wires import NOW, WIRES


def rows(articles: Sequence[dict[str, Any] | str], tag: Any = None) -> list[dict[str, Any]]:
    lines = [a if isinstance(a, str) else json.dumps(a) for a in articles]
    return [json.loads(line) for line, _ in story_lines([lines], tag)]


def test_copies_join_and_look_alikes_do_not() -> None:
    articles = []
    for w, wire in enumerate(WIRES):
        said = [wire.original, *wire.copies, *wire.others]
        articles += [
            {"id": f"{w}.{i}", "title": t, "summary": s, "source": o, "published": NOW + 60 * (100 * w + i)}
            for i, (t, s, o) in enumerate(said)
        ]
    found = {r["id"]: r for r in rows(articles)}
    for w, wire in enumerate(WIRES):
        first = found[f"{w}.0"]
        assert (first["duplicate_of"], first["novelty"]) == (None, 1.0)
        for i in range(1, len(wire.copies) + 1):
            assert found[f"{w}.{i}"]["duplicate_of"] is not None
            assert found[f"{w}.{i}"]["story"] == first["story"]
            assert found[f"{w}.{i}"]["novelty"] == 0
        for i in range(len(wire.copies) + 1, len(wire.copies) + len(wire.others) + 1):
            assert found[f"{w}.{i}"]["duplicate_of"] is None
            assert found[f"{w}.{i}"]["story"] != first["story"]


def test_a_copy_of_a_copy_points_to_the_original() -> None:
    title = "Acme agrees to buy Bolt Industries for $4.7 billion in cash and shares"
    rows = [{"id": n, "title": title, "source": name} for n, name in enumerate(("One", "Two", "Three"))]
    answers = [json.loads(line) for line, _ in story_lines([[json.dumps(row) for row in rows]], None)]
    assert [answer["duplicate_of"] for answer in answers] == [None, 0, 0]


def test_a_batch_gives_what_a_stream_gives() -> None:
    articles = [{"id": i, "title": f"Acme {name} wins navy order worth ${i}m"} for i, name in enumerate("abc" * 70)]
    whole = rows(articles)
    assert [r["id"] for r in whole] == list(range(210))
    one_by_one = story_lines(([json.dumps(a)] for a in articles), None)
    assert [json.loads(line) for line, _ in one_by_one] == whole


def test_the_tagger_joins_other_words() -> None:
    def tag(entries: Sequence[Entry]) -> list[Tags]:
        acme = Company("ACME", ("ACME",), "Acme", "subject", 0.9, None, issuer="i:ACME")
        return [
            Tags((acme,), embedding=pack(100, 10)) if "Acme" in e.title else Tags(embedding=pack(10, 100))
            for e in entries
        ]

    articles = [
        {"id": "a", "title": "Acme lifts its guidance"},
        {"id": "b", "title": "Better year ahead, Acme believes"},
        {"id": "c", "title": "Zed recalls vans"},
    ]
    found = rows(articles, tag)
    assert found[0]["story"] == found[1]["story"] != found[2]["story"]
    assert found[1]["duplicate_of"] is None
    assert len({r["story"] for r in rows(articles)}) == 3


def pack(*values: int) -> str:
    return base64.b64encode(bytes(values)).decode()


def test_stories_close_after_the_window() -> None:
    title = "Northwind Motors second-quarter profit rises 12% on van sales"
    times = (NOW, NOW + WINDOW - 1, NOW + 3 * WINDOW)
    found = rows([{"id": i, "title": title, "source": str(i), "published": t} for i, t in enumerate(times)])
    assert found[0]["story"] == found[1]["story"] != found[2]["story"]
    assert found[1]["duplicate_of"] == 0


@pytest.mark.parametrize(
    ("line", "ident", "word"),
    [
        ("{", None, "JSON"),
        ("[]", None, "object"),
        ('{"title": "x"}', None, "id"),
        ('{"id": true, "title": "x"}', None, "id"),
        ('{"id": 1}', 1, "title"),
        ('{"id": 1, "title": "x", "url": 5}', 1, "url"),
        ('{"id": 1, "title": "x", "published": "yesterday"}', 1, "published"),
        ('{"id": 1, "title": "x", "published": "2026-03-02T10:00:00"}', 1, "published"),
        ('{"id": 1, "title": "x", "published": NaN}', 1, "published"),
    ],
)
def test_a_bad_line_is_answered_in_its_place(line: str, ident: int | None, word: str) -> None:
    good = '{"id": "g", "title": "Acme wins", "published": "2026-03-02T10:00:00Z"}'
    out = list(story_lines([[good, line, "", good.replace('"g"', '"h"')]], None))
    assert [ok for _, ok in out] == [True, False, True]
    bad = json.loads(out[1][0])
    assert bad["id"] == ident
    assert word in bad["error"]
