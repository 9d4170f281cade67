"""Is Slack set up as alertd needs it? Token, scopes, channels, and one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from alertd.articles import Alert
from alertd.errors import PostError
from alertd.slack.codes import is_unreadable
from alertd.slack.compose import compose
from alertd.slack.posting import SlackSink

SCOPES: Final = {
    "chat:write": "posts alerts",
    "channels:history": "finds out whether a message arrived when its answer was lost",
    "groups:history": "the same in private channels",
    "channels:read": "finds the id behind a channel's name",
    "groups:read": "the same for private channels",
    "im:write": "writes to people",
    "im:history": "finds out whether a message to a person arrived",
    "commands": "answers `/alertd`",
}
"""Scopes of the app, and what each is for; docs/slack-app.md has them in the manifest."""
NEEDED: Final = frozenset(["chat:write"])
"""Without these nothing works; without the others something is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        what: what was looked at.
        state: `fine`, `missing` (works, but less well) or `wrong`.
        detail: in words, with what to do.
    """

    what: str
    state: str
    detail: str


async def examine(
    slack: SlackSink, channels: Sequence[str], *, message_to: str, now: float, app_token: str = ""
) -> list[Finding]:
    """Look at everything and post one message.

    Args:
        slack: an open sink.
        channels: all channels that the configuration names.
        message_to: channel of the message, "" for none.
        now: Unix seconds.
        app_token: the app-level token, "" for none.
    """
    try:
        found = [Finding("token", "fine", f"accepted: {await slack.check()}")]
        scopes = await slack.scopes()
    except PostError as error:
        return [Finding("token", "wrong", str(error))]
    found += _scopes(scopes)
    found.append(await _buttons(slack, app_token))
    for channel in channels:
        found.append(await _channel(slack, channel))
    if message_to:
        found.append(await _message(slack, message_to, now))
    return found


def _scopes(scopes: frozenset[str] | None) -> list[Finding]:
    if scopes is None:
        return [Finding("scopes", "missing", "Slack does not say which scopes the token has")]
    lacking = [name for name in SCOPES if name not in scopes]
    if not lacking:
        return [Finding("scopes", "fine", "all are there")]
    return [
        Finding(
            f"scope {name}", "wrong" if name in NEEDED else "missing",
            f"missing ({SCOPES[name]}): add it under OAuth & Permissions and reinstall the app",
        )
        for name in lacking
    ]  # fmt: skip


async def _buttons(slack: SlackSink, app_token: str) -> Finding:
    if not app_token:
        return Finding("buttons", "missing", "no slack.app_token is set: alerts come without buttons, /alertd is mute")
    try:
        await slack.listens(app_token)
    except PostError as error:
        return Finding("buttons", "wrong", f"{error}; check slack.app_token (xapp-…) and its scope connections:write")
    return Finding("buttons", "fine", "Socket Mode opens")


async def _channel(slack: SlackSink, channel: str) -> Finding:
    try:
        await slack.look(channel)
    except PostError as error:
        return Finding(channel, "missing" if is_unreadable(error.code) else "wrong", str(error))
    return Finding(channel, "fine", "there, and its history can be read")


async def _message(slack: SlackSink, channel: str, now: float) -> Finding:
    text = "alertd can post here. This is the message of `alertd slack test`; nothing happened."
    alert = Alert(f"test-{now:.0f}", "operator", "", channel, "", now, text=text)
    try:
        await slack.post(channel, compose(alert, now))
    except PostError as error:
        return Finding(f"message to {channel}", "wrong", str(error))
    return Finding(f"message to {channel}", "fine", "posted")
