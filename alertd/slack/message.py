"""A message as it is handed to a sink, and the metadata by which it is found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alertd.articles import Alert

ALERT_EVENT = "alertd_alert"
"""`event_type` of a message that says one alert; its payload is {"key": the alert's key}."""
DIGEST_EVENT = "alertd_digest"
"""`event_type` of a digest; its payload is {"key": the digest's own key, "keys": the alerts' keys, spaces between}."""

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is asked to show.

    Attributes:
        text: the fallback for notifications and screen readers, in Slack's mrkdwn with `&`, `<`, `>` escaped.
        blocks: Block Kit blocks, JSON-ready.
        metadata: {"event_type", "event_payload"}; see `ALERT_EVENT` and `DIGEST_EVENT`.
        alerts: what it says, for places that take records instead of blocks; no part of what it is.
    """

    text: str
    blocks: tuple[Block, ...]
    metadata: dict[str, Any]
    alerts: tuple[Alert, ...] = field(default=(), compare=False, repr=False)

    @property
    def key(self) -> str:
        """The key by which this message is found in a channel's history."""
        return str(self.metadata["event_payload"]["key"])

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of all alerts that this message delivers: one, or those listed in a digest."""
        listed = self.metadata["event_payload"].get("keys")
        return (self.key,) if listed is None else tuple(listed.split())


def alert_metadata(key: str) -> dict[str, Any]:
    """Metadata of a message that says the alert with this key."""
    return {"event_type": ALERT_EVENT, "event_payload": {"key": key}}


def digest_metadata(key: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Metadata of a digest; Slack's payloads hold no lists of strings, hence one string of keys."""
    return {"event_type": DIGEST_EVENT, "event_payload": {"key": key, "keys": " ".join(keys)}}


def keys_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """All keys under which a message with this metadata is known; none for a message that is not alertd's."""
    if metadata.get("event_type") not in (ALERT_EVENT, DIGEST_EVENT):
        return ()
    payload = metadata.get("event_payload")
    if not isinstance(payload, Mapping):
        return ()
    return (str(payload.get("key", "")), *str(payload.get("keys", "")).split())
