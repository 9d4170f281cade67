"""Socket Mode: the connection on which Slack tells of buttons and commands, without a public address."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from alertd.slack.answers import EDITING, READING, Asked, read_asked
from alertd.stages.answering import Answering
from alertd.stages.context import Context, pause
from alertd.store.connection import TROUBLE

logger = logging.getLogger(__name__)

ACKNOWLEDGED_WITHIN: Final = 2.0
"""Seconds after which a request is acknowledged though it is not done yet; Slack waits for 3."""
_ANSWER: Final = 10.0
_AGAIN: Final = 30.0
_FAILED = "alertd could not do this just now; please try again."


class Socket:
    """Listens on Socket Mode and answers.

    Args:
        context: what stages share.
        app_token: the app-level token.
        base_url: address of Slack's interface.
    """

    def __init__(self, context: Context, app_token: str, base_url: str) -> None:
        self._context = context
        self._app_token = app_token
        self._base_url = base_url
        self._answering = Answering(context)
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None

    async def work(self, stop: asyncio.Event) -> None:
        """Listen until the stop."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER)) as self._http:
            while not stop.is_set():
                client = SocketModeClient(self._app_token, logger, AsyncWebClient(base_url=self._base_url))
                try:
                    # the client itself would try a refused token again and again, and say so each time
                    client.wss_uri = await client.issue_new_wss_url()
                    client.socket_mode_request_listeners.append(self._heard)
                    await client.connect()  # type: ignore[no-untyped-call]
                    self._context.ready["answers"] = (True, "listening")
                    await stop.wait()
                except (*TROUBLE, aiohttp.ClientError, TimeoutError, SlackApiError) as error:
                    said = f"Socket Mode cannot be opened: {said_of(error)}"
                    if self._context.ready.get("answers") != (False, said):
                        logger.error("%s; check slack.app_token and that the app has Socket Mode switched on", said)
                    self._context.ready["answers"] = (False, said)
                    await pause(stop, _AGAIN)
                finally:
                    await client.close()  # type: ignore[no-untyped-call]
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=ACKNOWLEDGED_WITHIN)

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        # the client reads one request after another: none may hold up those behind it
        task = asyncio.create_task(self._take(client, request), name="an answer")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        asked = read_asked(request.type, request.payload or {})
        doing = asyncio.ensure_future(self._done(asked))
        # done before it is acknowledged: what is lost by a crash in between, Slack asks for again
        await asyncio.wait({doing}, timeout=ACKNOWLEDGED_WITHIN)
        try:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        except (aiohttp.ClientError, OSError, AttributeError) as error:
            logger.warning("a request could not be acknowledged, Slack repeats it: %s", type(error).__name__)
        said = await doing
        if asked is not None and said:
            await self._say(asked, said)

    async def _done(self, asked: Asked | None) -> str:
        if asked is None:
            return ""
        try:
            return await self._answering.answer(asked)
        except TROUBLE as error:
            logger.warning("a request could not be done, the store is away: %s", type(error).__name__)
        except Exception:
            logger.exception("a request could not be done", extra={"channel": asked.channel})
        return _FAILED

    async def _say(self, asked: Asked, text: str) -> None:
        if not asked.response_url or self._http is None:
            return
        # what changes something is told to all who see the message; the rest to who asked
        open_ = text != _FAILED and text.startswith("<@") and asked.verb not in READING
        body: dict[str, Any] = {
            "text": text, "response_type": "in_channel" if open_ else "ephemeral", "replace_original": False,
        }  # fmt: skip
        if asked.ts and asked.verb not in EDITING:
            body["thread_ts"] = asked.ts
        try:
            async with self._http.post(asked.response_url, json=body) as answer:
                if answer.status >= 300:
                    logger.warning("Slack did not take an answer: HTTP %d", answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("an answer did not reach Slack: %s", type(error).__name__)


def said_of(error: BaseException) -> str:
    """Slack's code when it gave one, else the error's type; its text may hold an address."""
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    return str(data.get("error")) if isinstance(data, dict) else type(error).__name__
