"""What a place for messages can do: Slack, a webhook, the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from alertd.errors import PostError
from alertd.slack.message import Message


class Sink(Protocol):
    """Where messages go. Every failure is a `PostError` whose `kind` says whether the message may be there."""

    def readable_in(self, channel: str) -> bool:
        """Whether `find` can look up what was posted to a channel."""

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        """Post a message, in a thread when `thread` is the timestamp of its first message.

        Returns:
            The message's timestamp, its id within the channel; "" where nothing can be answered or edited.

        Raises:
            PostError: `rate_limited` and `unreachable`: not taken, try later; `refused`: not taken, somebody has to
                act; `doubt`: it may have been taken, look it up before posting again.
        """

    async def find(self, channel: str, *wanted: str, since: float, thread: str = "") -> dict[str, str]:
        """The timestamps of alertd's messages with these keys, by key; what is not there is missing.

        Args:
            channel: as configured.
            wanted: keys of alerts, told alone or in a digest, or of digests.
            since: Unix seconds; older messages are not looked at.
            thread: timestamp of the thread's first message when the message was a reply.

        Raises:
            PostError: the history cannot be read, or not as far back as asked.
        """

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a posted message.

        Raises:
            PostError: as for `post`; repeating an update does no harm.
        """

    async def link(self, channel: str, ts: str) -> str:
        """Address of a posted message, "" where there is none; never fails."""

    async def close(self) -> None:
        """Give connections back."""


class Router:
    """Sends each destination to its sink.

    Args:
        default: where channels go.
        named: further sinks by the destination that names them ("terminal", "webhook:desk").
    """

    def __init__(self, default: Sink, named: Mapping[str, Sink]) -> None:
        self._default = default
        self._named = dict(named)

    def _of(self, channel: str) -> Sink:
        found = self._named.get(channel)
        if found is None and channel.startswith("webhook:"):
            raise PostError(
                "no webhook has this name", where=channel, hint="add it under `webhooks:` in alertd.yaml and restart",
                code="no_such_webhook",
            )  # fmt: skip
        return found or self._default

    def readable_in(self, channel: str) -> bool:
        """See `Sink.readable_in`."""
        return self._named.get(channel, self._default).readable_in(channel)

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        """See `Sink.post`."""
        return await self._of(channel).post(channel, message, thread)

    async def find(self, channel: str, *wanted: str, since: float, thread: str = "") -> dict[str, str]:
        """See `Sink.find`."""
        return await self._of(channel).find(channel, *wanted, since=since, thread=thread)

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """See `Sink.update`."""
        await self._of(channel).update(channel, ts, message)

    async def link(self, channel: str, ts: str) -> str:
        """See `Sink.link`."""
        return await self._of(channel).link(channel, ts)

    async def close(self) -> None:
        """Close all of them."""
        for sink in (self._default, *self._named.values()):
            await sink.close()
