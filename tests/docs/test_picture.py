"""The picture of the README is what Slack would get today."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from alertd.slack.compose import compose

from .picture import FILE, NOW, alert, picture

_FIGURE = re.compile(r"[−+-]?\d[\d.,]*")
_MOOD = re.compile(r"(?:strongly |slightly )?(?:positive|neutral|negative)")


def words(svg: str) -> str:
    """What a picture says, without its figures: another model may be surer."""
    found = " ".join(ElementTree.fromstring(svg).itertext())
    return " ".join(_MOOD.sub("MOOD", _FIGURE.sub("#", found)).split())


def test_the_picture_is_of_todays_message() -> None:
    # `python -m tests.docs.picture` draws it anew
    assert words(FILE.read_text(encoding="utf-8")) == words(picture(compose(alert(), NOW, answers=True)))
