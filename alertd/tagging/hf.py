"""Any Hugging Face sequence classifier as the judge of a whole article's sentiment (`alertd[torch]`)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from alertd.errors import ModelError

_LABELS = ("negative", "neutral", "positive")
_SPELLINGS = {"bearish": "negative", "neg": "negative", "bullish": "positive", "pos": "positive", "neu": "neutral"}
_LONGEST = 512


class DocumentClassifier:
    """A user's own classifier; its labels are recognised by their names."""

    def __init__(self, name: str, pipeline: Any, columns: dict[str, str]) -> None:
        self.name = name
        self._pipeline = pipeline
        self._columns = columns

    @classmethod
    def load(cls, name: str, *, threads: int = 0) -> DocumentClassifier:
        """Load a model by name or path; runs on a GPU where there is one.

        Args:
            name: what `transformers.pipeline` takes as a model.
            threads: CPU threads, 0 for torch's own choice.

        Raises:
            ModelError: torch is not installed, the model cannot be loaded, or its labels are no sentiment.
        """
        try:
            torch = importlib.import_module("torch")
        except ImportError as error:
            raise ModelError(
                f"the model {name} needs torch, which is not installed",
                where="tagging.model",
                hint="pip install 'alertd[torch]', or use tagging.model: builtin",
            ) from error
        transformers = importlib.import_module("transformers")
        if threads:
            torch.set_num_threads(threads)
        try:
            pipeline = transformers.pipeline(
                "text-classification",
                model=name,
                device=0 if torch.cuda.is_available() else -1,
                dtype=torch.float32,
                top_k=None,
            )
        except (OSError, ValueError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(
                f"the model {name} cannot be loaded: {first}",
                where="tagging.model",
                hint="give a model's name on the hub or the path of its folder",
            ) from error
        return cls(name, pipeline, label_names(name, pipeline.model.config.id2label.values()))

    def sentiments(self, texts: Sequence[str]) -> list[tuple[float, float, float]]:
        """P(negative, neutral, positive) of each text, in order."""
        if not texts:
            return []
        results = self._pipeline(list(texts), batch_size=16, truncation=True, max_length=_LONGEST)
        return [self._probabilities(rows) for rows in results]

    def _probabilities(self, rows: Sequence[dict[str, Any]]) -> tuple[float, float, float]:
        by_label = dict.fromkeys(_LABELS, 0.0)
        for row in rows:
            by_label[self._columns[row["label"]]] += float(row["score"])
        return by_label["negative"], by_label["neutral"], by_label["positive"]


def label_names(name: str, labels: Any) -> dict[str, str]:
    """Which of a model's labels is negative, neutral, positive.

    Raises:
        ModelError: a label's name is none of them.
    """
    found = {}
    for label in labels:
        plain = str(label).lower()
        sense = _SPELLINGS.get(plain, plain)
        if sense not in _LABELS:
            raise ModelError(
                f"the model {name} has the label {label!r}, which is no sentiment",
                where="tagging.model",
                hint="its labels must be called negative, neutral and positive",
            )
        found[str(label)] = sense
    return found
