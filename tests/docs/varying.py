"""What of a message may be otherwise with another model, though the document is right."""

from __future__ import annotations

import re
from typing import Final

MOOD: Final = re.compile(r"(?:strongly |slightly )?(?:positive|neutral|negative)")
FRAME: Final = re.compile(r"[\s│╭╮╰╯─]+")
"""What the terminal draws around a message, and how it breaks lines."""
_FIGURE: Final = re.compile(r"[−+-]?\d[\d.,]*")


def unsure(said: str) -> str:
    """A message without its figures and moods: another model may be surer."""
    return MOOD.sub("MOOD", _FIGURE.sub("#", said))
