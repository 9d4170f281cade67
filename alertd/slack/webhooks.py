"""Places that get messages by one HTTP request: Slack's incoming webhooks, and anything that reads signed JSON.

Neither has a history: when an answer was lost, the message is sent again. Readers of JSON recognise it by its id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp

from alertd.articles import to_plain
from alertd.errors import PostError
from alertd.slack.codes import hint_of, lost, pause_of, refuse_invalid
from alertd.slack.escape import unescape
from alertd.slack.message import Message

_SAID: Final = 80
_HINT: Final = "check the address of this webhook and what receives it"


class _Webhook:
    """What both have in common: a session, and what an answer means.

    Args:
        url: the address; never shown.
        secret: key of the signature, "" for none.
        timeout: seconds that one request may take.
        clock: gives Unix seconds.
    """

    def __init__(
        self, url: str, *, secret: str = "", timeout: float = 10.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._url = url
        self._secret = secret
        self._timeout = timeout
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    def readable_in(self, channel: str) -> bool:  # noqa: ARG002
        """False: there is no history."""
        return False

    async def find(self, channel: str, *wanted: str, since: float, thread: str = "") -> dict[str, str]:  # noqa: ARG002
        """Nothing: there is no history."""
        return {}

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Do nothing: what was sent stays as it is."""

    async def link(self, channel: str, ts: str) -> str:  # noqa: ARG002
        """Nothing: what was sent has no address."""
        return ""

    async def close(self) -> None:
        """Give connections back."""
        if self._session is not None:
            await self._session.close()
        self._session = None

    async def _send(self, channel: str, body: bytes, headers: Mapping[str, str]) -> None:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout, sock_connect=self._timeout / 2)
            self._session = aiohttp.ClientSession(timeout=timeout)
        try:
            # a redirect would carry the message to where nobody configured it
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                said = (await answer.content.read(_SAID)).decode("utf-8", "replace").strip()
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise lost(error, channel, "the webhook cannot be reached", "unreachable") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error, channel, "the webhook's answer was lost", "doubt") from error
        if status == 429:
            raise PostError(
                "the webhook asks to wait", where=channel, hint=hint_of("ratelimited"), kind="rate_limited",
                code="http_429", retry_after=pause_of(wait),
            )  # fmt: skip
        if status >= 500:
            raise PostError(f"the webhook answers HTTP {status}", where=channel, hint=_HINT, kind="doubt")
        if not 200 <= status < 300:
            code = said if said.replace("_", "").isalnum() else f"http_{status}"
            raise PostError(f"the webhook answers HTTP {status}", where=channel, hint=_HINT, code=code)


class SlackWebhook(_Webhook):
    """An incoming webhook of Slack. It says no timestamp, so that there are no threads, counters and look-ups."""

    async def post(self, channel: str, message: Message, thread: str = "") -> str:  # noqa: ARG002
        """See `alertd.slack.sink.Sink.post`; returns ""."""
        refuse_invalid(channel, message)
        plain: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks), "unfurl_links": False}
        body = json.dumps(plain, ensure_ascii=False).encode()
        await self._send(channel, body, {"Content-Type": "application/json; charset=utf-8"})
        return ""


class JsonWebhook(_Webhook):
    """Sends JSON: `id`, `text`, `thread` (id of the message that it follows, or ""), and `alerts` as they are stored.

    Signed as standardwebhooks.com has it: `webhook-id`, `webhook-timestamp`, and in `webhook-signature` "v1," with the
    base64 of HMAC-SHA256 over "id.timestamp.body". A repeat has the same id.
    """

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        """See `alertd.slack.sink.Sink.post`; returns the message's id."""
        alerts = [to_plain(alert) for alert in message.alerts]
        plain = {"id": message.key, "text": unescape(message.text), "thread": thread, "alerts": alerts}
        body = json.dumps(plain, ensure_ascii=False).encode()
        stamp = str(int(self._clock()))
        headers = {"Content-Type": "application/json", "webhook-id": message.key, "webhook-timestamp": stamp}
        if self._secret:
            headers["webhook-signature"] = signature(self._secret, message.key, stamp, body)
        await self._send(channel, body, headers)
        return message.key


def signature(secret: str, ident: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature`; a secret that starts with "whsec_" is base64, as that standard writes them."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    digest = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
