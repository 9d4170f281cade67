"""The model card: what the model is, what it was made from, what it scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.arrays import Corpus
from training.score import Calibration


def card(
    scores: dict[str, Any],
    before: dict[str, Any],
    calibration: Calibration,
    corpus: Corpus,
    recipe: str,
    inners: Sequence[int],
) -> str:
    """The card as Markdown.

    Args:
        scores: of the int8 model, on the held-out part.
        before: of the fp32 model.
        recipe: the recipe it was trained by.
        inners: neurons of each layer.
    """
    lines = [
        "# The tagging model",
        "",
        "MiniLM-L6 (6 layers of 384, all-MiniLM-L6-v2, Apache-2.0) trained further with one head for each question,",
        "taught by larger networks grown from all-mpnet-base-v2 (Apache-2.0); int8 weights for onnxruntime. One pass",
        "over at most 256 word pieces of title and body gives: which words name companies, each company's role and the",
        "sentiment towards it, the sentiment of the whole, 26 types of event, and an embedding that stays near the",
        "base's. English only. Figures in headlines are read, not checked. Of 1,536 neurons in each layer",
        f"{', '.join(f'{inner:,}' for inner in inners)} were left after training.",
        "",
        f"Made by `python -m training.train` (recipe `{recipe}`) from SEntFiN 1.0 (MIT), FinEntity (ODC-BY), Twitter",
        "Financial News Sentiment and Topic (MIT by their cards), FIRE (CC BY 4.0), the sentences of NewsMTSC (MIT,",
        "without their labels), headlines labelled for this project and examples written for it; NOTICE names their",
        "authors. training/README.md tells how. No text of them is in the package.",
        "",
        "## Scores",
        "",
        f"On the held-out part ({int(corpus.held.sum())} texts; near duplicates stay on one side; nothing written is",
        "in it). Temperatures, thresholds and one of three students were chosen on it too, so that unseen texts score",
        "a little lower.",
        "",
        "| head | n | int8 | fp32 | macro F1 | ECE |",
        "|---|---|---|---|---|---|",
    ]
    for head, f in scores.items():
        if head == "events by type":
            continue
        measure = next(k for k in ("micro_f1", "piece_f1", "accuracy") if k in f)
        macro = f"{f['macro_f1']:.3f}" if "macro_f1" in f else ""
        lines.append(
            f"| {head} ({measure.replace('_', ' ')}) | {f['n']} | {f[measure]:.4f} | {before[head][measure]:.4f} | "
            f"{macro} | {f['ece']:.3f} |"
        )
    lines += ["", "Events by type:", "", "| type | n | F1 int8 | F1 fp32 | threshold |", "|---|---|---|---|---|"]
    types = scores["events by type"]
    for name, (f1, n) in sorted(types.items(), key=lambda item: -item[1][1]):
        exact = before["events by type"][name][0]
        lines.append(f"| {name} | {n} | {f1:.3f} | {exact:.3f} | {calibration.thresholds[name]:.3f} |")
    lines += [
        "",
        "Temperatures: " + ", ".join(f"{k} {v:.2f}" for k, v in calibration.temperatures.items()) + ".",
        "",
        "## Limits",
        "",
        "Half of the training headlines are Indian or from Twitter before 2023. Types with few examples in the table",
        "are uncertain. Labels were given in one pass by several annotators; `commentary` against `analyst_rating`,",
        "and the sentiment of acquirers, have soft borders. It is no advice.",
        "",
    ]
    return "\n".join(lines)
