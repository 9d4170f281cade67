from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alertd.slack.limits import problems, weight

CASES = Path(__file__).parents[3] / "shared" / "corpora" / "slack" / "block_kit_cases.json"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(text), **more}


def rich(*pieces: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(pieces)}]}


def button(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("x"), "action_id": name, **more}


RAW = {"type": "raw_text", "text": "x"}
LINK = {"type": "link", "url": "https://e.example/", "text": "t", "style": {"bold": True}}
DATE = {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "then"}


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([{"type": "header", "text": plain("x" * 150)}], ""),
        ([{"type": "header", "text": plain("x" * 151)}], "invalid_blocks"),
        ([{"type": "header", "text": mrkdwn("x")}], "invalid_blocks"),
        ([{"type": "header", "text": plain("")}], "invalid_blocks"),
        ([section("x" * 3_000)], ""),
        ([section("x" * 3_001)], "invalid_blocks"),
        ([{"type": "section"}], "invalid_blocks"),
        ([{"type": "section", "fields": [mrkdwn("x" * 2_000)] * 5}], ""),
        ([{"type": "section", "fields": [mrkdwn("x")] * 11}], "invalid_blocks"),
        ([{"type": "section", "fields": [mrkdwn("x" * 2_001)]}], "invalid_blocks"),
        ([{"type": "context", "elements": [plain("x")] * 10}], ""),
        ([{"type": "context", "elements": [plain("x")] * 11}], "invalid_blocks"),
        ([{"type": "context", "elements": []}], "invalid_blocks"),
        ([{"type": "actions", "elements": [button(str(n)) for n in range(25)]}], ""),
        ([{"type": "actions", "elements": [button(str(n)) for n in range(26)]}], "invalid_blocks"),
        ([{"type": "actions", "elements": [button("a"), button("a")]}], "invalid_blocks"),
        ([{"type": "actions", "elements": [button("a", value="v" * 2_001)]}], "invalid_blocks"),
        ([{"type": "divider"}] * 50, ""),
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "divider", "block_id": "a"}] * 2, "invalid_blocks"),
        ([{"type": "divider", "colour": "red"}], "invalid_blocks"),
        ([{"type": "nosuch"}], "invalid_blocks"),
        ([{}], "invalid_blocks"),
        ([section("x" * 3_000)] * 4, ""),
        ([section("x" * 3_000)] * 5, "msg_blocks_too_long"),
        ([rich(LINK, DATE, {"type": "text", "text": "t"})], ""),
        ([rich({"type": "broadcast", "range": "channel"})], ""),
        ([rich({"type": "broadcast", "range": "the office"})], "invalid_blocks"),
        ([rich({"type": "user", "user_id": ""})], "invalid_blocks"),
        ([rich({"type": "user", "user_id": "U1"})], ""),
        ([rich({**DATE, "timestamp": 1.5})], "invalid_blocks"),
        ([rich({**LINK, "url": "https://e.example/" + "x" * 3_000})], "invalid_blocks"),
        ([{"type": "table", "rows": [[RAW, rich(LINK)], [RAW, rich(DATE)]]}], ""),
        ([{"type": "table", "rows": [[RAW]] * 101}], "invalid_blocks"),
        ([{"type": "table", "rows": [[RAW] * 21]}], "invalid_blocks"),
        ([{"type": "table", "rows": [[RAW], [RAW, RAW]]}], "invalid_blocks"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}], "invalid_blocks"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 10_001}]]}], "invalid_blocks"),
        ([{"type": "table", "rows": [[RAW]]}] * 2, "invalid_blocks"),
    ],
)
def test_each_limit(blocks: list[dict[str, Any]], code: str) -> None:
    assert {p.code for p in problems("text", blocks)} == ({code} if code else set())


@pytest.mark.parametrize(
    ("text", "blocks", "metadata", "code"),
    [
        ("", [], None, "no_text"),
        ("  ", [], None, "no_text"),
        ("", [{"type": "divider"}], None, ""),
        ("x" * 40_000, [], None, ""),
        ("x" * 40_001, [], None, "msg_too_long"),
        ("x", [], {"event_type": "e", "event_payload": {"keys": "k" * 9_000}}, "metadata_too_large"),
    ],
)
def test_message_as_a_whole(
    text: str, blocks: list[dict[str, Any]], metadata: dict[str, Any] | None, code: str
) -> None:
    assert [p.code for p in problems(text, blocks, metadata)] == ([code] if code else [])


def test_a_problem_says_where() -> None:
    (problem,) = problems("x", [{"type": "divider"}, {"type": "header", "text": plain("x" * 151)}])
    assert problem.where == "blocks/1/header/text"
    assert "151 characters, at most 150" in problem.what


def test_a_block_weighs_more_than_its_text() -> None:
    assert weight([{"type": "divider"}] * 2) - weight([{"type": "divider"}]) >= 125


@pytest.mark.skipif(not CASES.exists(), reason="the shared corpora are not here")
def test_payloads_judged_by_others() -> None:
    cases = json.loads(CASES.read_text())
    wrong = [name for name, case in cases.items() if (not problems("x", case["blocks"])) != case["valid"]]
    assert len(cases) >= 30
    assert wrong == []
