"""A Slack on loopback that keeps what it is sent and misbehaves on request.

In a test:

    async with FakeSlack(faults=[Fault("chat.postMessage", 2, "drop_after")]) as slack:
        sink = SlackSink(slack.token, base_url=slack.base_url)

Or as a process of its own, which writes each accepted call as a line of JSON before it answers:

    python -m tests.fakes.slack --port 0 --log calls.jsonl --fault chat.postMessage:2:429:0.5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from aiohttp import web

from alertd.demo.slack import Channel, RefusedError, Workspace, arguments_of
from alertd.web.listening import port_of, serve
from tests.fakes.socket_mode import SocketMode

Kind = Literal["429", "500", "502", "503", "drop_before", "drop_after", "slow", "error", "html", "text"]
TOKEN = "xoxb-fake-token"
SCOPES = frozenset({"chat:write", "channels:history", "groups:history", "channels:read", "groups:read", "im:write"})
_NEEDS = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.list": "channels:read",
    "conversations.open": "im:write",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong at some calls of a method.

    Attributes:
        method: "chat.postMessage", …
        nth: the first call that fails, counted from 1 over all channels.
        kind: an HTTP status; `drop_before` and `drop_after` (the connection breaks before or after the call took
            effect); `slow` (it takes effect, the answer comes after `seconds`); `error` (an error `code` with HTTP
            200); `html` and `text` (it takes effect, the answer is no JSON).
        times: how many calls in a row fail.
        seconds: `Retry-After` of a 429 (None leaves it out), or the delay of `slow`.
        code: error code for `error`.
    """

    method: str
    nth: int
    kind: Kind
    times: int = 1
    seconds: float | None = 1.0
    code: str = "internal_error"


class FakeSlack:
    """The server; an async context manager.

    Args:
        faults: what goes wrong, see `Fault`.
        channels: names of the channels that exist.
        token: the only token that is accepted.
        scopes: scopes of the token.
        log: file to which each accepted post and update is appended as a line of JSON.
        port: 0 takes any free one.
        clock: gives Unix seconds for timestamps.
        host: address to listen on.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        channels: Sequence[str] = ("alerts", "alertd"),
        token: str = TOKEN,
        scopes: Iterable[str] = SCOPES,
        log: Path | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
    ) -> None:
        self.faults = list(faults)
        self.token = token
        self.scopes = set(scopes)
        self._workspace = Workspace(
            channels,
            clock=clock,
            on_message=lambda channel, message: self._accept("chat.postMessage", channel, message),
            on_update=lambda channel, message: self._accept("chat.update", channel, message),
            team="Fake Desk",
        )
        self.calls: Counter[str] = Counter()
        """Requests that arrived, by method."""
        self.faulted: Counter[str] = Counter()
        """Requests that a fault hit, by kind."""
        self.accepted: list[dict[str, Any]] = []
        """Posts and updates that took effect, in order; what `log` holds."""
        self.received: list[tuple[str, dict[str, Any]]] = []
        """(method, arguments) of every request, in order."""
        self.socket_mode: SocketMode | None = None
        """Answers those who want to listen."""
        self._log = log
        self._port = port
        self._host = host
        self._clock = clock
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What to give to the sink."""
        return f"http://{self._host}:{self._port}/api/"

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._handle)
        self._runner = await serve(app, self._host, self._port)
        self._port = port_of(self._runner)

    async def stop(self) -> None:
        """Stop listening; answers that were held back are dropped."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> FakeSlack:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def channel(self, name: str) -> Channel:
        """A channel by name or id, with or without "#"."""
        return self._workspace.channel(name)

    def messages(self, name: str, *, replies: bool = True) -> list[dict[str, Any]]:
        """A channel's messages, oldest first."""
        found = self.channel(name).messages.values()
        return [m for m in found if replies or m.get("thread_ts", m["ts"]) == m["ts"]]

    def keys(self, name: str) -> list[str]:
        """The metadata key of each of a channel's messages, oldest first."""
        return [m["metadata"]["event_payload"]["key"] for m in self.messages(name)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls[method] += 1
        if method == "apps.connections.open" and self.socket_mode is not None:
            return await self.socket_mode.open(request)
        nth = self.calls[method]
        fault = next((f for f in self.faults if f.method == method and f.nth <= nth < f.nth + f.times), None)
        arguments = await arguments_of(request)
        self.received.append((method, arguments))
        if fault is not None:
            self.faulted[fault.kind] += 1
            if fault.kind in ("429", "500", "502", "503", "error", "drop_before"):
                return _fail(request, fault)
        try:
            self._admit(request, method, arguments)
        except RefusedError as refusal:
            return await self._reply(request, fault, refusal.answer)
        return await self._reply(request, fault, self._workspace.answer(method, arguments))

    async def _reply(self, request: web.Request, fault: Fault | None, answer: dict[str, Any]) -> web.StreamResponse:
        kind = fault.kind if fault else ""
        if fault and kind == "drop_after":
            return _fail(request, fault)
        if fault and kind == "slow":
            waiting = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait([waiting], timeout=fault.seconds)
            waiting.cancel()
        if kind == "html":
            return web.Response(text="<html><body>welcome</body></html>", content_type="text/html")
        if kind == "text":
            return web.Response(text="ok")
        return web.json_response(answer, headers={"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    def _admit(self, request: web.Request, method: str, arguments: Mapping[str, Any]) -> None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token", "")
        if not given:
            raise RefusedError("not_authed")
        if given != self.token:
            raise RefusedError("invalid_auth")
        needed = [_NEEDS[method]] if method in _NEEDS else []
        if method == "conversations.list" and "private_channel" in str(arguments.get("types", "")):
            needed.append("groups:read")
        missing = [scope for scope in needed if scope not in self.scopes]
        if missing:
            raise RefusedError("missing_scope", needed=",".join(missing), provided=",".join(sorted(self.scopes)))

    def _accept(self, method: str, channel: Channel, message: Mapping[str, Any]) -> None:
        metadata = message.get("metadata") or {}
        line = {
            "method": method,
            "channel": channel.name,
            "ts": message["ts"],
            "thread_ts": "" if message.get("thread_ts") == message["ts"] else message.get("thread_ts", ""),
            "key": (metadata.get("event_payload") or {}).get("key", ""),
            "keys": (metadata.get("event_payload") or {}).get("keys", ""),
            "text": message["text"],
            "time": self._clock(),
        }
        self.accepted.append(line)
        if self._log is not None:
            with self._log.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.kind.startswith("drop"):
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if fault.kind == "error":
        return web.json_response({"ok": False, "error": fault.code})
    headers = {"Retry-After": f"{fault.seconds:g}"} if fault.kind == "429" and fault.seconds is not None else {}
    if fault.kind == "429":
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    return web.Response(text="<html><body>upstream</body></html>", content_type="text/html", status=int(fault.kind))


def parse_fault(text: str) -> Fault:
    """ "chat.postMessage:3:429:0.5" or "chat.postMessage:3:error:is_archived"; the last part is optional."""
    method, nth, kind, *rest = text.split(":")
    if kind not in get_args(Kind):
        raise argparse.ArgumentTypeError(f"{kind}: one of {', '.join(get_args(Kind))}")
    if kind == "error":
        return Fault(method, int(nth), "error", code=rest[0] if rest else "internal_error")
    return Fault(method, int(nth), kind, seconds=float(rest[0]) if rest else 1.0)  # type: ignore[arg-type]


async def _serve(slack: FakeSlack) -> None:
    async with slack:
        print(slack.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed; the first line of stdout is the base URL."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.slack", description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--channel", action="append", help="a channel that exists; may be repeated")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--fault", action="append", type=parse_fault, default=[], help="METHOD:NTH:KIND[:SECONDS|CODE]")
    options = parser.parse_args()
    channels = options.channel or ["alerts", "alertd"]
    slack = FakeSlack(options.fault, channels=channels, token=options.token, log=options.log, port=options.port)
    asyncio.run(_serve(slack))


if __name__ == "__main__":
    main()
