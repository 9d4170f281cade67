"""What a sender is about to post, stored before it does: left behind by a crash, it says what is in doubt."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sender is about to post; stored before, gone after it was recorded.

    Attributes:
        key: key of the message.
        alerts: (key, story's id or "" when it opens no thread) of each alert that it delivers.
        thread: timestamp of the message that it answers, "" for none.
        since: Unix seconds of the claim.
    """

    key: str
    alerts: tuple[tuple[str, str], ...]
    thread: str
    since: float

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps({"key": self.key, "alerts": self.alerts, "thread": self.thread, "since": self.since})

    @classmethod
    def load(cls, text: str) -> Claim:
        """Read what `dump` wrote."""
        plain = json.loads(text)
        return cls(plain["key"], tuple((k, s) for k, s in plain["alerts"]), plain["thread"], plain["since"])
