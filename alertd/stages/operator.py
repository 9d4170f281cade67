"""What the daemon has to say about itself: into the log, and to the operator's channel where there is one."""

from __future__ import annotations

import hashlib
import logging

from alertd.articles import Alert, dumps
from alertd.stages.context import Context
from alertd.store import keys

logger = logging.getLogger(__name__)


async def tell(context: Context, subject: str, text: str, *, beside: str = "") -> None:
    """Say something once.

    Args:
        subject: what it is about and which time it is said; the same subject is not said twice.
        text: a sentence or two for a person; no secrets, no addresses.
        beside: a channel in which it could not be read, for it is what is in trouble.
    """
    logger.warning("%s", text)
    channel = _readable(context, beside)
    if not channel:
        return
    key = hashlib.blake2b(f"operator\x1f{subject}\x1f{channel}".encode(), digest_size=12).hexdigest()
    alert = Alert(
        key=key, kind="operator", rule="", destination=channel, reason=subject, created=context.clock(),
        generation=context.now.configuration.generation, text=text,
    )  # fmt: skip
    await context.store.run(
        "enqueue",
        [keys.ALERTS, keys.alert(key), keys.sent(key), keys.outbox(channel), keys.CHANNELS, keys.COUNTS],
        ["", key, dumps(alert), channel, "operator"],
    )
    context.metrics.alerts.labels(rule="", kind="operator").inc()


def _readable(context: Context, beside: str) -> str:
    """The operator's channel; when that is in trouble itself, the channel of most alerts; "" for none."""
    settings = context.now.configuration.settings
    if not settings.operator.channel:
        return ""
    for channel in (settings.operator.channel, settings.slack.channel):
        fine, _ = context.ready.get(f"channel {channel}", (True, ""))
        if fine and channel != beside:
            return channel
    return ""
