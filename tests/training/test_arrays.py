from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from alertd.tagging.encoder import FOLDER
from alertd.tagging.window import Reader
from training.arrays import Corpus, build, moved, renamed, spans_of, tags_of
from training.examples import Example, Mark, parse_written

TOKENIZER = PreTrainedTokenizerFast.from_pretrained(str(FOLDER), local_files_only=True).backend_tokenizer
READER = Reader(TOKENIZER)


def tags(example: Example) -> list[int]:
    found: list[int] = tags_of(example, READER.read(example.title, example.body)).tolist()
    return found


def test_every_piece_gets_its_tag() -> None:
    assert tags(parse_written("macro | 0 | [Bank of America|s0] sells")) == [-1, 1, 2, 2, 0, -1]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("up $ab now", [-1, 0, -1, -1, 0, -1]), ("foo (OM) up", [-1, 0, -1, -1, -1, 0, -1])],
)
def test_codes_are_left_to_rules(title: str, expected: list[int]) -> None:
    assert tags(Example("x", title, tagging="all")) == expected


def test_what_is_not_labelled_teaches_nothing() -> None:
    marks = (Mark("title", 0, 3),)
    assert set(tags(Example("x", "foo up", marks=marks, tagging="none"))) == {-1}
    assert tags(Example("x", "foo up", marks=marks, tagging="marks")) == [-1, 1, -1, -1] or set(
        tags(Example("x", "foo up", marks=marks, tagging="marks"))
    ) == {-1, 1, 2}


def test_spans_carry_role_and_sentiment() -> None:
    example = parse_written("macro | 0 | Rain, [Siemens|b-] says || [Siemens|s+] up")
    spans = spans_of(example, READER.read(example.title, example.body))
    assert spans[:2, 2:].tolist() == [[1, 0], [0, 2]]
    assert (spans[2:] == -1).all()


def test_a_corpus_survives_its_file(tmp_path: Path) -> None:
    examples = [parse_written("macro | 0 | Rain"), parse_written("? | - | [Foo|s-] falls || [Foo|s-] fell.")]
    corpus = build(examples, [True, False], TOKENIZER)
    corpus.save(tmp_path / "corpus.npz")
    again = Corpus.load(tmp_path / "corpus.npz")
    assert again.at.tolist() == corpus.at.tolist()
    assert (again.events[:, 0].tolist(), again.document.tolist(), again.held.tolist()) == (
        [0, -1],
        [1, 0],
        [True, False],
    )
    assert np.array_equal(again.spans, corpus.spans)


def test_an_event_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no such event"):
        build([Example("x", "Rain", events=("weather",))], [False], TOKENIZER)


def test_other_names_keep_their_roles() -> None:
    example = parse_written("analyst_rating | + | [Foo|s+] up, [Bar|b0] says || [Foo|s+] is cheap, says [Bar|b0].")
    other = renamed(example, random.Random(1), ["Long Name Inc"], ["Broker"])
    assert (other.title, other.body) == (
        "Long Name Inc up, Broker says",
        "Long Name Inc is cheap, says Broker.",
    )
    texts = {"title": other.title, "body": other.body}
    assert [(texts[m.field][m.start : m.end], m.role) for m in other.marks] == [
        ("Long Name Inc", "subject"),
        ("Broker", "source"),
        ("Long Name Inc", "subject"),
        ("Broker", "source"),
    ]
    assert other.events == example.events


def test_a_title_can_stand_as_a_body() -> None:
    example = moved(parse_written("macro | 0 | Rain at [Foo|s0]"))
    assert (example.title, example.body, [m.field for m in example.marks]) == ("", "Rain at Foo", ["body"])
