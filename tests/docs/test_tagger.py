"""docs/tagger.md quotes the model that ships."""

from __future__ import annotations

from .tagger import DOCUMENT, filled, scores


def test_the_scores_are_those_of_the_card() -> None:
    assert scores().count("\n|---") == 2
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text == filled(text), "run python -m tests.docs.tagger"
