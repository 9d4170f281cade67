from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import pytest

from alertd.errors import ModelError
from alertd.tagging.hf import DocumentClassifier, label_names


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (["positive", "negative", "neutral"], ["positive", "negative", "neutral"]),
        (["Bearish", "Bullish", "Neutral"], ["negative", "positive", "neutral"]),
        (["POS", "NEG", "NEU"], ["positive", "negative", "neutral"]),
    ],
)
def test_labels_are_known_by_their_names(labels: list[str], columns: list[str]) -> None:
    assert label_names("m", labels) == dict(zip(labels, columns, strict=True))


def test_labels_that_are_no_sentiment_are_refused() -> None:
    with pytest.raises(ModelError, match="LABEL_0"):
        label_names("m", ["LABEL_0", "LABEL_1"])


def test_probabilities_come_in_our_order() -> None:
    def pipeline(texts: Sequence[str], **_: Any) -> list[list[dict[str, Any]]]:
        row = [{"label": "POS", "score": 0.7}, {"label": "NEG", "score": 0.1}, {"label": "NEU", "score": 0.2}]
        return [row for _ in texts]

    classifier = DocumentClassifier("m", pipeline, label_names("m", ["POS", "NEG", "NEU"]))
    assert classifier.sentiments(["a", "b"]) == [(0.1, 0.2, 0.7)] * 2
    assert classifier.sentiments([]) == []


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ModelError, match=r"alertd\[torch\]") as caught:
        DocumentClassifier.load("some/model")
    assert caught.value.where == "tagging.model"
