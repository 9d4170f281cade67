"""Posting to Slack, and looking up whether a message is there when the answer was lost."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alertd.errors import PostError
from alertd.hosts import is_loopback
from alertd.slack.codes import hint_of, is_unreadable, lost, refusal, refuse_invalid
from alertd.slack.escape import clean, safe_link
from alertd.slack.message import Message, keys_of

logger = logging.getLogger(__name__)

SKEW = 120.0
"""Seconds by which Slack's clock may be behind ours: history is read from that much earlier."""

_PAGE = 200
_PAGES = 10
_LISTED = 50
_IDLE = 15.0
_LINKS = 1_000
_ID = re.compile(r"[CDG][A-Z0-9]{6,}\Z")
_PERSON = re.compile(r"[UW][A-Z0-9]{6,}\Z")
_GONE = {"channel_not_found", "is_archived"}
_DOUBT_HINT = hint_of("internal_error")


class SlackSink:
    """Posts by Slack's Web API over one session.

    Args:
        token: the bot token.
        base_url: address of the API, ending in "/".
        timeout: seconds that one call may take.
    """

    def __init__(self, token: str, *, base_url: str = "https://slack.com/api/", timeout: float = 10.0) -> None:
        self._token = token
        self._base_url = base_url
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._ids: dict[str, str] = {}
        self._unreadable: set[str] = set()
        self._links: dict[tuple[str, str], str] = {}

    def readable_in(self, channel: str) -> bool:
        """False once Slack has said that this token may not read the channel's history, until a restart."""
        return channel not in self._unreadable

    async def check(self) -> str:
        """Ask Slack who we are; returns "bot name in team name".

        Raises:
            PostError: the token is not accepted, or Slack cannot be reached.
        """
        said = await self._call(self._web().auth_test(), "auth.test")
        return f"{clean(str(said.get('user', '')))} in {clean(str(said.get('team', '')))}"

    async def scopes(self) -> frozenset[str] | None:
        """The scopes of the token, or None where Slack does not say.

        Raises:
            PostError: as `check`.
        """
        said = await self._answer(self._web().auth_test(), "auth.test")
        names = getattr(said, "headers", {}).get("X-OAuth-Scopes")
        return frozenset(name.strip() for name in names.split(",")) if names else None

    async def listens(self, app_token: str) -> None:
        """See whether an app-level token opens Socket Mode.

        Raises:
            PostError: it does not; its code says why.
        """
        await self._call(self._web().apps_connections_open(app_token=app_token), "Socket Mode")

    async def look(self, channel: str) -> None:
        """See whether a channel is there and its history can be read.

        Raises:
            PostError: it is not, or cannot; its code says which.
        """
        await self._ask("conversations.history", {"channel": await self._resolve(channel), "limit": "1"}, channel)

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        """See `Sink.post`."""
        refuse_invalid(channel, message)
        call = self._web().chat_postMessage(
            channel=self._ids.get(channel, channel),
            text=message.text,
            blocks=list(message.blocks),
            metadata=message.metadata,
            thread_ts=thread or None,
            unfurl_links=False,
            unfurl_media=False,
            link_names=False,
            parse="none",
        )
        try:
            said = await self._call(call, channel)
        except PostError as error:
            if error.code in _GONE:
                self._ids.pop(channel, None)  # the name may belong to another channel by now
            raise
        ts, where = said.get("ts"), said.get("channel")
        if not isinstance(ts, str) or not ts:
            raise PostError("Slack's answer names no message", where=channel, hint=_DOUBT_HINT, kind="doubt")
        if isinstance(where, str) and where:
            self._ids[channel] = where
        return ts

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """See `Sink.update`."""
        refuse_invalid(channel, message)
        place = await self._resolve(channel)
        call = self._web().chat_update(
            channel=place,
            ts=ts,
            text=message.text,
            blocks=list(message.blocks),
            metadata=message.metadata,
            link_names=False,
            parse="none",
        )
        await self._call(call, channel)

    async def find(self, channel: str, *wanted: str, since: float, thread: str = "") -> dict[str, str]:
        """See `Sink.find`."""
        try:
            return await self._find(await self._resolve(channel), channel, frozenset(wanted), since - SKEW, thread)
        except PostError as error:
            if is_unreadable(error.code) and error.code != "history_too_long":
                self._unreadable.add(channel)
            raise

    async def link(self, channel: str, ts: str) -> str:
        """See `Sink.link`."""
        if (channel, ts) not in self._links:
            try:
                place = await self._resolve(channel)
                said = await self._ask("chat.getPermalink", {"channel": place, "message_ts": ts}, channel)
            except PostError as error:
                logger.info("no link to an earlier message: %s", error, extra={"channel": channel})
                return ""
            if len(self._links) >= _LINKS:
                self._links.clear()
            # a message that waits for its turn is composed again and again
            self._links[channel, ts] = safe_link(str(said.get("permalink") or ""))
        return self._links[channel, ts]

    async def close(self) -> None:
        """See `Sink.close`."""
        if self._session is not None:
            await self._session.close()
        self._session = self._client = None

    async def _find(
        self, place: str, channel: str, wanted: frozenset[str], oldest: float, thread: str
    ) -> dict[str, str]:  # fmt: skip
        there: dict[str, str] = {}
        cursor = ""
        for _ in range(_PAGES):
            asked = {
                "channel": place,
                "oldest": f"{max(0.0, oldest):.6f}",
                "limit": str(_PAGE),
                "include_all_metadata": "true",
                **({"ts": thread} if thread else {}),
                **({"cursor": cursor} if cursor else {}),
            }
            said = await self._ask("conversations.replies" if thread else "conversations.history", asked, channel)
            for found in said.get("messages") or ():
                for key in wanted.intersection(keys_of(found.get("metadata") or {})):
                    there.setdefault(key, str(found["ts"]))
            cursor = _cursor(said)
            if not cursor or len(there) == len(wanted):
                return there
        raise PostError(
            f"the history since then has more than {_PAGES * _PAGE} messages",
            where=channel,
            hint="alertd cannot tell whether its message is there",
            code="history_too_long",
        )

    async def _resolve(self, channel: str) -> str:
        """A channel's id: history knows no names."""
        if channel in self._ids:
            return self._ids[channel]
        if _ID.match(channel):
            return channel
        if _PERSON.match(channel):
            said = await self._ask("conversations.open", {"users": channel}, channel)
            self._ids[channel] = str((said.get("channel") or {}).get("id") or channel)
            return self._ids[channel]
        for types in ("public_channel,private_channel", "public_channel"):
            try:
                await self._list(types, channel)
            except PostError as error:
                if error.code != "missing_scope" or types == "public_channel":
                    raise
                continue
            break
        if channel not in self._ids:
            raise PostError(
                "Slack lists no such channel",
                where=channel,
                hint=hint_of("channel_not_listed"),
                code="channel_not_listed",
            )
        return self._ids[channel]

    async def _list(self, types: str, wanted: str) -> None:
        cursor = ""
        for _ in range(_LISTED):
            asked = {"types": types, "exclude_archived": "true", "limit": str(_PAGE)}
            said = await self._ask("conversations.list", {**asked, **({"cursor": cursor} if cursor else {})}, wanted)
            for found in said.get("channels") or ():
                self._ids.setdefault(f"#{found['name']}", found["id"])
                if wanted == found["name"]:
                    self._ids[wanted] = found["id"]
            cursor = _cursor(said)
            if wanted in self._ids or not cursor:
                return

    def _web(self) -> AsyncWebClient:
        if self._client is None:
            # the SDK ignores its own timeout for a session that it was given
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=self._timeout / 2),
                connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE),
            )
            self._client = AsyncWebClient(
                token=self._token, base_url=self._base_url, session=self._session, retry_handlers=[]
            )
            host = urlsplit(self._base_url).hostname or ""
            if is_loopback(host) or proxy_bypass(host):
                self._client.proxy = None
        return self._client

    async def _ask(self, method: str, asked: dict[str, str], where: str) -> Mapping[str, Any]:
        """Read by POST with a form: the SDK asks by GET, which others' fakes lack and proxies log."""
        return await self._call(self._web().api_call(method, data=asked), where)

    async def _call(self, call: Awaitable[Any], where: str) -> Mapping[str, Any]:
        said = await self._answer(call, where)
        return said.data if isinstance(said.data, Mapping) else {}

    async def _answer(self, call: Awaitable[Any], where: str) -> Any:
        try:
            return await call
        except SlackApiError as error:
            raise refusal(error, where) from None  # the original's text holds the whole answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError) as error:
            raise lost(error, where, "Slack cannot be reached", "unreachable") from error
        except aiohttp.InvalidURL as error:
            raise lost(error, where, "slack.base_url is no address", "refused") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise lost(error, where, "Slack's answer was lost", "doubt") from error
        except (AttributeError, UnicodeDecodeError) as error:  # what the SDK makes of an answer that is no JSON object
            raise lost(error, where, "Slack's answer is no JSON", "doubt") from error


def _cursor(said: Mapping[str, Any]) -> str:
    return str((said.get("response_metadata") or {}).get("next_cursor") or "")
