from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertd.tagging.jsonl import BATCH, tag_lines, tag_text
from tests.tagging.fakes import Rules, tagger

TAGGER = tagger(Rules(events={"earnings": 0.9, "macro": 0.1}))


def run(*lines: str, scores: bool = False) -> list[tuple[dict[str, Any], bool]]:
    return [(json.loads(line), ok) for line, ok in tag_lines(lines, TAGGER, scores)]


def test_a_line_has_the_contracts_form() -> None:
    [(record, ok)] = run('{"id": "7", "title": "Nvidia beats", "summary": null, "url": "https://x.example"}')
    assert ok
    assert set(record) == {"id", "companies", "events", "sentiment", "language", "facts"}
    assert record["id"] == "7"
    assert record["events"] == [{"type": "earnings", "confidence": 0.9, "companies": ["NVDA"]}]
    [company] = record["companies"]
    assert set(company) == {"symbol", "symbols", "name", "role", "relevance", "sentiment", "mentions"}
    assert company["mentions"] == [{"field": "title", "start": 0, "end": 6, "text": "Nvidia"}]
    assert set(company["sentiment"]) == {"label", "score", "positive", "neutral", "negative"}


def test_scores_add_every_probability() -> None:
    [(record, _)] = run('{"id": 1, "title": "x"}', scores=True)
    assert record["scores"] == {"earnings": 0.9, "macro": 0.1}


@pytest.mark.parametrize(
    ("line", "ident", "says"),
    [
        ("nonsense", None, "JSON"),
        ("[1]", None, "object"),
        ('{"title": "x"}', None, "id"),
        ('{"id": true, "title": "x"}', None, "id"),
        ('{"id": "a"}', "a", "title"),
        ('{"id": "a", "title": null}', "a", "title"),
        ('{"id": "a", "title": 3}', "a", "title"),
        ('{"id": "a", "title": "x", "text": []}', "a", "text"),
        ('{"id": "a", "title": "x", "published": "yesterday"}', "a", "published"),
        ('{"id": "a", "title": "x", "published": "2026-01-01T10:00:00"}', "a", "published"),
        ('{"id": "a", "title": "x", "published": NaN}', "a", "published"),
        ('{"id": "a", "title": "x", "published": true}', "a", "published"),
        ('{"id": "a", "title": "x", "entities": {"name": "y"}}', "a", "entities"),
        ('{"id": "a", "title": "x", "entities": [{"symbol": "y"}]}', "a", "entities"),
        ("[" * 100_000, None, "JSON"),
    ],
)
def test_a_bad_line_is_answered_in_its_place(line: str, ident: str | None, says: str) -> None:
    first, bad, last = run('{"id": 1, "title": ""}', line, '{"id": 2, "title": ""}')
    assert (first[0]["id"], last[0]["id"]) == (1, 2)
    assert first[1]
    assert last[1]
    assert not bad[1]
    assert set(bad[0]) == {"id", "error"}
    assert bad[0]["id"] == ident
    assert says in bad[0]["error"]


@pytest.mark.parametrize(
    "published", ['"2026-01-01T10:00:00Z"', '"2026-01-01T10:00:00+02:00"', "1767261600", "1.5", "null"]
)
def test_times_are_accepted(published: str) -> None:
    assert run(f'{{"id": 1, "title": "", "published": {published}}}')[0][1]


def test_order_is_kept_over_batches_and_blank_lines_are_passed_over() -> None:
    lines = [f'{{"id": {i}, "title": "{"long " * (i % 7)}"}}' for i in range(2 * BATCH + 3)]
    assert [r["id"] for r, _ in run(*lines[:50], "", "  \n", *lines[50:])] == list(range(2 * BATCH + 3))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_every_line_can_be_written(title: str) -> None:
    for written, _ in tag_lines([json.dumps({"id": title, "title": title})], TAGGER, True):
        assert "\n" not in written
        written.encode()
        assert json.loads(written)["id"] == title


def test_half_a_surrogate_pair_can_be_written() -> None:
    [(written, ok)] = tag_lines(['{"id": "\\ud800", "title": "\\ud800 Nvidia"}'], TAGGER, False)
    assert ok
    assert json.loads(written.encode())["companies"][0]["mentions"][0]["start"] == 2


def test_a_text_is_answered_in_words() -> None:
    said = tag_text("Nvidia shares rise 6%", TAGGER)
    assert "Nvidia (NVDA)" in said
    assert "earnings 0.90  NVDA" in said
    assert "move_pct: 6" in said
    assert "company    none" in tag_text("", TAGGER)
