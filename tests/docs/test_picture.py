"""The picture of the README is what Slack would get today."""

from __future__ import annotations

from xml.etree import ElementTree

from alertd.slack.compose import compose

from .picture import FILE, NOW, alert, picture
from .varying import unsure


def words(svg: str) -> str:
    """What a picture says, without what another model may say otherwise."""
    return " ".join(unsure(" ".join(ElementTree.fromstring(svg).itertext())).split())


def test_the_picture_is_of_todays_message() -> None:
    # `python -m tests.docs.picture` draws it anew
    assert words(FILE.read_text(encoding="utf-8")) == words(picture(compose(alert(), NOW, answers=True)))
