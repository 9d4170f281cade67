"""The scores in docs/tagger.md are those of the model's card; `python -m tests.docs.tagger` copies them anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "tagger.md"
CARD: Final = ROOT / "alertd" / "tagging" / "model" / "MODEL_CARD.md"
PLACE: Final = re.compile(r"(<!-- scores of the model card -->\n).*?(<!-- end -->)", re.DOTALL)
_TABLE: Final = re.compile(r"(?:^\|[^\n]*\n)+", re.MULTILINE)


def scores() -> str:
    """The two tables of the card: by head, and by type of event."""
    card = CARD.read_text(encoding="utf-8").partition("## Scores")[2].partition("\n## ")[0]
    return "\n".join(_TABLE.findall(card))


def filled(text: str) -> str:
    """The document with the scores in it."""
    return PLACE.sub(lambda place: f"{place[1]}\n{scores()}\n{place[2]}", text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
