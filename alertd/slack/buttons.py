"""The buttons under an alert, and what a press of one asks for. Pure."""

from __future__ import annotations

from typing import Any, Final

from alertd.articles import Alert
from alertd.slack.escape import clean, fit

Block = dict[str, Any]

PREFIX: Final = "alertd:"
"""Start of the `block_id` under which an alert's buttons are; the alert's key follows."""
ACKNOWLEDGE: Final = "acknowledge"
NOT_RELEVANT: Final = "not_relevant"
WRONG_COMPANY: Final = "wrong_company"
SILENCE: Final = "silence"
SPANS: Final = {"1h": ("an hour", 3600.0), "1d": ("a day", 86400.0)}
"""Spans of a silence: as in a menu's value, in words, in seconds."""
_LABEL: Final = 70
_SUBJECT: Final = 45


def actions(alert: Alert) -> Block:
    """The block of buttons under a post."""
    company = alert.company
    choices = [*([("company", clean(company.name))] if company else []), ("rule", f"rule {clean(alert.rule)}")]
    options = [
        _option(f"Silence {fit(said, _SUBJECT)} for {words}", f"{what}:{span}")
        for what, said in choices
        for span, (words, _) in SPANS.items()
    ]
    elements = [
        _button("Acknowledge", ACKNOWLEDGE),
        _button("Not relevant", NOT_RELEVANT),
        *([_button("Wrong company", WRONG_COMPANY)] if company else []),
        {"type": "overflow", "action_id": SILENCE, "options": options},
    ]
    return {"type": "actions", "block_id": f"{PREFIX}{alert.key}", "elements": elements}


def _button(label: str, action: str) -> Block:
    return {"type": "button", "action_id": action, "value": action, "text": _plain(label)}


def _option(label: str, value: str) -> Block:
    return {"text": _plain(fit(label, _LABEL)), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
