"""tag and stories: what goes through their pipes."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.commands.articles import waiting
from alertd.tagging.tagger import Tagger
from tests.commands.world import WATCHLIST, execute, invoke, start, write
from tests.tagging.fakes import Rules, tagger

TAGGER = tagger(Rules(events={"earnings": 0.9, "macro": 0.1}))


class Chunks(io.BytesIO):
    """A pipe that gives its bytes in the pieces in which they were written."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        super().__init__()
        self.pieces = [piece for piece in pieces if piece]

    def read1(self, _size: int | None = -1, /) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def flat(pieces: Sequence[bytes]) -> list[str]:
    return [line for lines in waiting(Chunks(pieces)) for line in lines if line]


@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"\n", b'{"id": 1}\n', "é\n".encode()])))
def test_lines_are_the_same_however_they_arrive(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    assert flat(pieces) == [line for line in expected if line]
    assert flat([whole[at : at + 1] for at in range(len(whole))]) == flat(pieces)


def test_what_is_there_is_given_without_waiting_for_more() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb") as reading, os.fdopen(into, "wb", buffering=0) as writing:
        lines = waiting(cast(io.BufferedIOBase, reading))
        writing.write(b"one\ntwo\nthr")
        assert next(lines) == ["one", "two"]
        writing.write(b"ee\n")
        assert next(lines) == ["three"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Puts a tagger that answers by rule in the model's place; returns what it was loaded with."""
    loaded: list[tuple[Any, ...]] = []

    def load(*given: Any) -> Tagger:
        loaded.append(given)
        return TAGGER

    monkeypatch.setattr(Tagger, "load", load)
    return loaded


def test_tag_says_in_words_what_is_in_a_text(fake: list[tuple[Any, ...]]) -> None:
    result = invoke("tag", "Nvidia beats")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Nvidia (NVDA)" in result.stdout
    assert "score " not in result.stdout
    assert fake == [()]


def test_scores_are_added_highest_first(fake: list[tuple[Any, ...]]) -> None:
    assert invoke("tag", "Nvidia beats", "--scores").stdout.splitlines()[-2:] == [
        "score      earnings 0.9000",
        "score      macro 0.1000",
    ]
    [line] = invoke("tag", "--jsonl", "--scores", given='{"id": 1, "title": "x"}').stdout.splitlines()
    assert json.loads(line)["scores"] == {"earnings": 0.9, "macro": 0.1}
    assert fake


def test_the_names_of_a_configuration_count(fake: list[tuple[Any, ...]], tmp_path: Path) -> None:
    folder = write(tmp_path, watchlist=WATCHLIST.replace("1810.HK", "{symbol: 1810.HK, aliases: [Rice Phones]}"))
    assert "(1810.HK)" not in invoke("tag", "Rice Phones rise").stdout
    fake.clear()
    result = invoke("tag", "Rice Phones rise", "--config", str(folder))
    assert result.exit_code == 0
    assert "(1810.HK)" in result.stdout
    [(settings,)] = fake
    assert settings.model == "builtin"


def test_every_line_is_answered_in_its_place(fake: list[tuple[Any, ...]]) -> None:
    given = b'\xef\xbb\xbf{"id": 1, "title": "Nvidia"}\r\n\nnonsense\n{"id": 2, "title": "caf\xff"}'
    result = invoke("tag", "--jsonl", given=given)
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    assert (result.exit_code, result.stderr) == (2, "")
    assert first["id"] == 1
    assert second["id"] is None
    assert "error" in second
    assert third["id"] == 2
    assert fake


def test_no_lines_are_no_error(fake: list[tuple[Any, ...]]) -> None:
    result = invoke("tag", "--jsonl", given="")
    assert (result.exit_code, result.output) == (0, "")
    assert fake


def test_tag_answers_while_its_input_is_open() -> None:
    with start("tag", "--jsonl") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            title = "Xiaomi shares rise after Jefferies reiterates its Buy rating"
            process.stdin.write(json.dumps({"id": number, "title": title}).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["id"] == number
            assert "1810.HK" in [company["symbol"] for company in answer["companies"]]
        process.stdin.close()
        assert process.wait(60) == 0


ARTICLES = [
    {"id": "a", "title": "Harbour Bank buys rival Quay Savings for $3 billion", "published": 1_770_000_000},
    {"id": "b", "title": "HARBOUR BANK BUYS RIVAL QUAY SAVINGS FOR $3 BILLION", "published": 1_770_000_060},
    {"id": "c", "title": "Rail strike enters its second week", "published": 1_770_000_120},
]


@pytest.mark.parametrize("more", [[], ["--words"]], ids=["model", "words"])
def test_stories_are_written_a_line_each(more: list[str]) -> None:
    lines = [json.dumps(article) for article in ARTICLES]
    code, out, err = execute(["stories", "--jsonl", *more], "\n".join([*lines, "nonsense"]).encode())
    first, copy, other, bad = (json.loads(line) for line in out.splitlines())
    assert (code, err) == (2, "")
    assert (copy["story"], copy["duplicate_of"]) == (first["story"], "a")
    assert other["story"] != first["story"]
    assert bad["id"] is None
