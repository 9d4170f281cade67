"""The places for messages that a configuration names."""

from __future__ import annotations

import logging
from typing import TextIO

from alertd.config import Settings
from alertd.slack.posting import SlackSink
from alertd.slack.sink import Router, Sink
from alertd.slack.terminal import TerminalSink
from alertd.slack.webhooks import JsonWebhook, SlackWebhook

logger = logging.getLogger(__name__)


def sink_of(settings: Settings, *, dry_run: bool, out: TextIO) -> Sink:
    """Make what takes all messages.

    Args:
        settings: the settings; without a token messages to channels are printed.
        dry_run: print everything.
        out: where to print.
    """
    terminal, slack = TerminalSink(out), settings.slack
    if dry_run:
        return terminal
    named: dict[str, Sink] = {"terminal": terminal}
    for webhook in settings.webhooks:
        if webhook.url is None:
            continue
        make = SlackWebhook if webhook.kind == "slack" else JsonWebhook
        secret = webhook.secret.get_secret_value() if webhook.secret else ""
        named[f"webhook:{webhook.name}"] = make(webhook.url.get_secret_value(), secret=secret, timeout=slack.timeout)
        if webhook.kind == "slack":
            logger.info("webhook:%s has no threads: later articles of a story are not told there", webhook.name)
    if slack.token is None:
        return Router(terminal, named)
    return Router(SlackSink(slack.token.get_secret_value(), base_url=slack.base_url, timeout=slack.timeout), named)


def where(settings: Settings, *, dry_run: bool) -> str:
    """Where alerts go, in words for the log."""
    if dry_run:
        return "a dry run: alerts are printed, nothing is kept"
    if settings.slack.channel.startswith("webhook:"):
        return f"alerts go to {settings.slack.channel}"
    if settings.slack.token is None:
        return "no Slack token, so alerts are printed here"
    return "alerts go to Slack"
