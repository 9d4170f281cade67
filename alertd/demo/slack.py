"""A small Slack on loopback: keeps what it is sent, answers what alertd asks, and hands every message on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from alertd.slack.limits import problems
from alertd.web.listening import port_of, serve

TOKEN = "xoxb-demo-token"  # noqa: S105 - opens nothing but the fake beside it


@dataclass
class Channel:
    """A channel and its messages by timestamp in order, replies included."""

    id: str
    name: str
    archived: bool = False
    member: bool = True
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)


class RefusedError(Exception):
    """An answer with `ok: false`.

    Args:
        code: Slack's error code.
        more: further keys of the answer.
    """

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.answer = {"ok": False, "error": code, **more}


class Workspace:
    """The channels of a workspace, and the methods of Slack's Web API that alertd uses. No input or output.

    Args:
        channels: names of the channels that exist.
        clock: gives Unix seconds for timestamps.
        on_message: called with the channel and each new message.
        on_update: the same for each message that was replaced.
        team: name of the workspace.
    """

    def __init__(
        self,
        channels: Sequence[str],
        *,
        clock: Callable[[], float] = time.time,
        on_message: Callable[[Channel, Mapping[str, Any]], None] = lambda _channel, _message: None,
        on_update: Callable[[Channel, Mapping[str, Any]], None] = lambda _channel, _message: None,
        team: str = "Demo Desk",
    ) -> None:
        named = (Channel(f"C{number:08d}", name) for number, name in enumerate(channels, 1))
        self.channels = {channel.id: channel for channel in named}
        self._ids = {channel.name: channel.id for channel in self.channels.values()}
        self._team = team
        self._on_update = on_update
        self._clock = clock
        self._on_message = on_message
        self._last = 0
        self._methods: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "auth.test": self._who,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.getPermalink": self._permalink,
            "conversations.open": self._with_person,
            "conversations.list": self._list,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    def answer(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What Slack would answer to a call."""
        try:
            if method not in self._methods:
                raise RefusedError("unknown_method", req_method=method)
            return self._methods[method](arguments)
        except RefusedError as refusal:
            return refusal.answer

    def _who(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"ok": True, "user": "alertd", "team": self._team, "bot_id": "B00000001"}

    def channel(self, name: str) -> Channel:
        """A channel by name or id, with or without "#".

        Raises:
            KeyError: there is none.
        """
        bare = name.removeprefix("#")
        return self.channels[self._ids.get(bare, bare)]

    def _post(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._open(arguments, named=True)
        _check(arguments)
        thread = arguments.get("thread_ts")
        if thread and thread not in channel.messages:
            raise RefusedError("thread_not_found")
        self._last = max(self._last + 1, int(self._clock() * 1_000_000))
        ts = f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
        message: dict[str, Any] = {
            "type": "message",
            "ts": ts,
            "bot_id": "B00000001",
            "text": arguments.get("text", ""),
            "blocks": arguments.get("blocks", []),
            "metadata": arguments.get("metadata"),
        }
        if thread:
            message["thread_ts"] = thread
            channel.messages[thread].setdefault("thread_ts", thread)
        channel.messages[ts] = message
        self._on_message(channel, message)
        return {"ok": True, "channel": channel.id, "ts": ts, "message": message}

    def _update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._open(arguments)
        message = channel.messages.get(arguments.get("ts", ""))
        if message is None:
            raise RefusedError("message_not_found")
        _check(arguments)
        message.update({k: arguments[k] for k in ("text", "blocks", "metadata") if k in arguments}, edited=True)
        self._on_update(channel, message)
        return {"ok": True, "channel": channel.id, "ts": message["ts"], "text": message["text"]}

    def _permalink(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel, ts = self._open(arguments, archived=True), str(arguments.get("message_ts", ""))
        if ts not in channel.messages:
            raise RefusedError("message_not_found")
        link = f"https://demo-desk.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
        return {"ok": True, "channel": channel.id, "permalink": link}

    def _with_person(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        person = str(arguments.get("users", ""))
        if not person.startswith("U"):
            raise RefusedError("user_not_found")
        return {"ok": True, "channel": {"id": self._direct(person).id}}

    def _direct(self, person: str) -> Channel:
        """The conversation with a person; it is there once somebody writes."""
        ident = f"D{person[1:]}"
        return self.channels.setdefault(ident, Channel(ident, ident))

    def _list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        hide = str(arguments.get("exclude_archived", "")).lower() in ("1", "true")
        found = [
            {"id": c.id, "name": c.name, "is_archived": c.archived, "is_member": c.member}
            for c in self.channels.values()
            if not (hide and c.archived) and not c.id.startswith("D")
        ]
        return _page(arguments, "channels", found)

    def _history(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._open(arguments, archived=True)
        found = [m for m in reversed(channel.messages.values()) if m.get("thread_ts", m["ts"]) == m["ts"]]
        return _page(arguments, "messages", _since(arguments, found))

    def _replies(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel, parent = self._open(arguments, archived=True), arguments.get("ts", "")
        if parent not in channel.messages:
            raise RefusedError("thread_not_found")
        replies = [m for ts, m in channel.messages.items() if ts != parent and m.get("thread_ts") == parent]
        return _page(arguments, "messages", [channel.messages[parent], *_since(arguments, replies)])

    def _open(self, arguments: Mapping[str, Any], *, named: bool = False, archived: bool = False) -> Channel:
        wanted = str(arguments.get("channel", ""))
        if named and wanted.startswith("U"):
            return self._direct(wanted)
        ident = self._ids.get(wanted.removeprefix("#"), wanted) if named else wanted
        found = self.channels.get(ident)
        if found is None:
            raise RefusedError("channel_not_found")
        if found.archived and not archived:
            raise RefusedError("is_archived")
        if not found.member:
            raise RefusedError("not_in_channel")
        return found


class SlackServer:
    """A workspace behind HTTP on loopback; an async context manager.

    Args:
        workspace: what answers.
        token: the only one that is let in.
    """

    def __init__(self, workspace: Workspace, *, token: str = TOKEN) -> None:
        self._workspace = workspace
        self._token = token
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What to write into `slack.base_url`."""
        return f"http://127.0.0.1:{self._port}/api/"

    async def __aenter__(self) -> SlackServer:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._handle)
        self._runner = await serve(app)
        self._port = port_of(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        return web.json_response(self._workspace.answer(request.match_info["method"], await arguments_of(request)))


async def arguments_of(request: web.Request) -> dict[str, Any]:
    """Arguments as Slack takes them: query, form or JSON; blocks and metadata may be JSON within a form."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        found.update(await request.json())
    elif request.can_read_body:
        found.update({name: value for name, value in (await request.post()).items() if isinstance(value, str)})
    for name in ("blocks", "metadata"):
        if isinstance(found.get(name), str):
            found[name] = json.loads(found[name])
    return found


def _check(arguments: Mapping[str, Any]) -> None:
    for problem in problems(arguments.get("text", ""), arguments.get("blocks") or (), arguments.get("metadata")):
        raise RefusedError(problem.code, errors=[f"{problem.what} [json-pointer:/{problem.where}]"])


def _since(arguments: Mapping[str, Any], found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    oldest = float(arguments.get("oldest") or 0)
    return [message for message in found if float(message["ts"]) > oldest]


def _page(arguments: Mapping[str, Any], name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
    told = str(arguments.get("include_all_metadata", "")).lower() in ("1", "true")
    shown = [{k: v for k, v in row.items() if told or k != "metadata"} for row in found[start : start + limit]]
    more = str(start + limit) if start + limit < len(found) else ""
    return {"ok": True, name: shown, "has_more": bool(more), "response_metadata": {"next_cursor": more}}
