"""Alerts through a Slack that misbehaves and an alertd that is killed: is any lost, told twice, out of order, too fast?

The real `alertd run --stages notify` with its own Redis posts to a Slack on loopback that answers some requests with
429, some with 5xx, breaks connections before and after it took the message, and answers some later than the sender
waits; look-ups in the history fail in the same ways. alertd is killed (SIGKILL) at random moments and started again.
Beside it, at a Slack of its own with the same faults and never killed: slack_sdk with the retry handlers that it ships.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import aiohttp
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from alertd.articles import Alert, Article, Entry, Placement, Story, Tags, dumps
from alertd.config import load
from alertd.daemon import open_configured
from alertd.demo.slack import TOKEN, Channel, Workspace, arguments_of
from alertd.slack.message import keys_of
from alertd.store import embedded, keys
from alertd.web.listening import port_of, serve
from benchmarks import Result

FAULTS: Mapping[str, float] = {"429": 0.010, "5xx": 0.006, "reset before": 0.006, "reset after": 0.006, "late": 0.006}
"""What goes wrong, by the share of requests."""
RATE = 13.9
"""Alerts a second, all channels together."""
TOLERANCE = 1.0
"""Seconds by which a request may come early: what two ways through a busy machine may differ by."""
_BURST, _WORKSPACE_BURST = 3, 5
_TIMEOUT = 3.0


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=12.0, help="how long alerts come")
    parser.add_argument("--seed", type=int, default=7, help="of the chance by which things go wrong")


@dataclass(frozen=True)
class Size:
    """How much is sent, and how.

    Attributes:
        alerts, channels: how many.
        rate: alerts a second, all channels together.
        pace: seconds between two messages to one channel.
        workspace: messages a second that all channels together may get.
        grace: seconds before the second look for a message in doubt.
        kill: seconds between two kills, on average.
        often: how much more often than `FAULTS` says things go wrong.
    """

    alerts: int
    channels: int
    rate: float
    pace: float
    workspace: float
    grace: float
    kill: float
    often: float


def run(options: argparse.Namespace) -> Result:
    if options.tiny:
        size = Size(90, 4, rate=15.0, pace=0.1, workspace=30.0, grace=0.5, kill=5.0, often=3.0)
    else:
        size = Size(round(options.minutes * 60 * RATE), 20, RATE, 1.0, 15.0, 30.0, 45.0, 1.0)
    ours, peer, kills = asyncio.run(_measure(size, options.seed))
    figures = {
        "alerts": size.alerts, "channels": size.channels, "kills": kills, "messages": ours.messages,
        "lost": ours.lost, "doubled": ours.doubled, "out_of_order": ours.out_of_order,
        "pacing_exceeded": ours.pacing_exceeded, "faults": sum(ours.faults.values()),
        "peer_lost": peer.lost, "peer_doubled": peer.doubled, "peer_pacing_exceeded": peer.pacing_exceeded,
    }  # fmt: skip
    rows = tuple(
        (name, *(f"{n:,}" for n in (v.messages, v.lost, v.doubled, v.out_of_order, v.pacing_exceeded)))
        for name, v in (("alertd, killed now and then", ours), ("slack_sdk with its retry handlers", peer))
    )
    met = ", ".join(f"{count} × {name}" for name, count in sorted(ours.faults.items()))
    note = f"{size.alerts:,} alerts to {size.channels} channels, {kills} kills; alertd met {met}"
    return Result(("", "messages", "lost", "doubled", "out of order", "pacing exceeded"), rows, figures, note)


@dataclass
class Verdict:
    """What came of one sender's alerts."""

    messages: int
    lost: int
    doubled: int
    out_of_order: int
    pacing_exceeded: int
    faults: Counter[str] = field(default_factory=Counter)


class Chaos:
    """A Slack on loopback that misbehaves, and notes when each post was asked for.

    Args:
        channels: names of its channels.
        seed: of its chance.
        size: what it expects.
    """

    def __init__(self, channels: Sequence[str], seed: int, size: Size) -> None:
        self.faults: Counter[str] = Counter()
        self.told: list[tuple[str, tuple[str, ...]]] = []
        self.too_fast = 0
        self._chance = random.Random(seed)
        self._size = size
        self._workspace = Workspace(channels, on_message=self._taken)
        self._next: dict[str, float] = {}
        self._quiet_until: dict[str, float] = {}
        self._runner: web.AppRunner | None = None
        self._held = asyncio.Event()
        self.base_url = ""

    async def __aenter__(self) -> Chaos:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._handle)
        self._runner = await serve(app)
        self.base_url = f"http://127.0.0.1:{port_of(self._runner)}/api/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._held.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def _taken(self, channel: Channel, message: Mapping[str, Any]) -> None:
        self.told.append((channel.name, keys_of(message.get("metadata") or {})))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method, arguments = request.match_info["method"], await arguments_of(request)
        channel = str(arguments.get("channel", "")).removeprefix("#")
        if method == "chat.postMessage":
            self._watch(self._workspace.channel(channel).name)
        fault = (
            self._fault() if method in ("chat.postMessage", "conversations.history", "conversations.replies") else ""
        )
        if fault:
            self.faults[fault] += 1
        if fault == "429":
            seconds = self._chance.randint(1, 3)
            if method == "chat.postMessage":
                self._quiet_until[self._workspace.channel(channel).name] = time.monotonic() + seconds
            answer = {"ok": False, "error": "ratelimited"}
            return web.json_response(answer, status=429, headers={"Retry-After": str(seconds)})
        if fault == "5xx":
            return web.Response(text="<html>upstream</html>", content_type="text/html", status=503)
        if fault == "reset before":
            return _reset(request)
        said = self._workspace.answer(method, arguments)
        if fault == "reset after":
            return _reset(request)
        if fault == "late":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._held.wait(), _TIMEOUT + 1)
        return web.json_response(said)

    def _fault(self) -> str:
        drawn, limit = self._chance.random(), 0.0
        for name, share in FAULTS.items():
            limit += share * self._size.often
            if drawn < limit:
                return name
        return ""

    def _watch(self, channel: str) -> None:
        """Count a request that comes sooner than pace and burst allow, or though the channel was told to wait."""
        now = time.monotonic()
        early = now < self._quiet_until.get(channel, 0.0) - 0.05
        paces = ((channel, self._size.pace, _BURST), ("", 1 / self._size.workspace, _WORKSPACE_BURST))
        for name, interval, burst in paces:
            due = max(self._next.get(name, 0.0), now)
            early = early or due - now > interval * (burst - 1) + TOLERANCE
            self._next[name] = due + interval
        self.too_fast += early


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def made(size: Size, seed: int) -> list[Alert]:
    """The alerts: to all channels, of all severities, some of them answers to a story that was told before."""
    chance = random.Random(seed)
    alerts: list[Alert] = []
    stories: dict[str, list[str]] = defaultdict(list)
    for number in range(size.alerts):
        channel = f"c{number % size.channels}"
        reply = number > size.alerts // 10 and chance.random() < 0.1
        story = chance.choice(stories[channel]) if reply else f"{number}-0"
        if not reply:
            stories[channel].append(story)
        severity = chance.choices(("low", "normal", "high"), (2, 7, 1))[0]
        title = f"Company {number % 97} reports figure {number} of its year"
        entry = Entry("wire", title, f"https://wire.example/{number}", title, source="Wire", date_source="published")
        told = Story(story, title, ("Wire",), 1, 1, (), (), (), 0, 0.0, 0.0)
        placement = Placement(told, "same_event" if reply else "first", 0.2 if reply else 1.0, "made up")
        alerts.append(
            Alert(
                key=f"k{number:06d}", kind="reply" if reply else "post", rule="all", destination=f"#{channel}",
                reason="chaos", created=0.0, article=Article(f"{number}-0", entry, 0.0), tags=Tags(),
                placement=placement, severity=severity,
            )
        )  # fmt: skip
    return alerts


def judged(slack: Chaos, alerts: Iterable[Alert]) -> Verdict:
    """Compare what was told with what was sent."""
    place: dict[str, int] = {}
    times: Counter[str] = Counter()
    for position, (_, told) in enumerate(slack.told):
        for key in dict.fromkeys(told):
            times[key] += 1
            place.setdefault(key, position)
    lost = doubled = disorder = 0
    latest: dict[tuple[str, str, str], int] = {}
    for alert in alerts:
        lost += not times[alert.key]
        doubled += times[alert.key] > 1
        if alert.key in place:
            lane = (alert.destination, alert.severity if alert.kind == "post" else "", alert.kind)
            disorder += place[alert.key] < latest.get(lane, -1)
            latest[lane] = max(latest.get(lane, -1), place[alert.key])
    return Verdict(len(slack.told), lost, doubled, disorder, slack.too_fast, slack.faults)


async def _measure(size: Size, seed: int) -> tuple[Verdict, Verdict, int]:
    names = [f"c{n}" for n in range(size.channels)]
    alerts = made(size, seed)
    async with Chaos(names, seed, size) as ours, Chaos(names, seed, size) as theirs:
        (kills, _) = await asyncio.gather(_through_alertd(size, ours, alerts, seed), _through_sdk(size, theirs, alerts))
        return judged(ours, alerts), judged(theirs, alerts), kills


async def _arriving(size: Size, alerts: Sequence[Alert]) -> Any:
    """The alerts, each at its time."""
    began = time.monotonic()
    for number, alert in enumerate(alerts):
        await asyncio.sleep(max(0.0, began + number / size.rate - time.monotonic()))
        yield alert


async def _through_alertd(size: Size, slack: Chaos, alerts: Sequence[Alert], seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="alertd-chaos-") as name:
        folder = Path(name) / "config"
        folder.mkdir()
        (folder / "alertd.yaml").write_text(
            "allow_private_addresses: true\nfeeds: [{name: none, url: 'http://127.0.0.1:9/none'}]\n"
            f"slack: {{token: {TOKEN}, base_url: '{slack.base_url}', channel: '#c0', timeout: {_TIMEOUT}s, "
            f"pace: {size.pace}s, burst: {_BURST}, workspace_rate: {size.workspace}, "
            f"doubt_grace: {size.grace}s}}\n"
            "web: {port: 0}\nstore: {linger: 20s}\nlog: {level: error}\n",
            encoding="utf-8",
        )
        (folder / "watchlist.yaml").write_text("rules: [{name: all, companies: [NVDA]}]\n", encoding="utf-8")
        daemon = _Killed(folder, random.Random(seed), size.kill)
        configuration = load(folder, os.environ)
        store = await open_configured(configuration)
        async with store:
            await store.prepare()
            killing = asyncio.create_task(daemon.live())
            try:
                async for alert in _arriving(size, alerts):
                    dated = replace(alert, created=time.time())
                    await cast(Any, store.redis).xadd(keys.ALERTS, {"key": alert.key, "alert": dumps(dated)})
                await _delivered(store, alerts, patience=60 + 8 * size.grace)
            finally:
                killing.cancel()
                await asyncio.gather(killing, return_exceptions=True)
                await daemon.end()
        await embedded.stop(configuration.settings.store.folder)
    return daemon.kills


async def _delivered(store: Any, alerts: Sequence[Alert], patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if await store.redis.exists(*(keys.sent(alert.key) for alert in alerts)) == len(alerts):
            return
        await asyncio.sleep(0.5)


class _Killed:
    """An alertd that is killed at random moments and started again."""

    def __init__(self, folder: Path, chance: random.Random, mean: float) -> None:
        self.kills = 0
        self._folder = folder
        self._chance = chance
        self._mean = mean
        self._process: asyncio.subprocess.Process | None = None

    async def live(self) -> None:
        """Run until cancelled."""
        command = (sys.executable, "-m", "alertd", "run", "--stages", "notify", "--config", str(self._folder))
        while True:
            self._process = await asyncio.create_subprocess_exec(*command)
            await asyncio.sleep(self._mean * self._chance.uniform(0.5, 1.5))
            self._process.kill()
            await self._process.wait()
            self.kills += 1

    async def end(self) -> None:
        """End the process that runs now."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _through_sdk(size: Size, slack: Chaos, alerts: Sequence[Alert]) -> None:
    handlers = [
        AsyncConnectionErrorRetryHandler(max_retry_count=3), AsyncRateLimitErrorRetryHandler(max_retry_count=3),
        AsyncServerErrorRetryHandler(max_retry_count=3),
    ]  # fmt: skip
    client = AsyncWebClient(token=TOKEN, base_url=slack.base_url, timeout=int(_TIMEOUT), retry_handlers=handlers)
    queues: dict[str, asyncio.Queue[Alert | None]] = defaultdict(asyncio.Queue)

    async def channel(queue: asyncio.Queue[Alert | None]) -> None:
        while (alert := await queue.get()) is not None:
            metadata = {"event_type": "alertd_alert", "event_payload": {"key": alert.key}}
            with suppress(SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
                await client.chat_postMessage(channel=alert.destination, text=alert.reason, metadata=metadata)
            await asyncio.sleep(size.pace)

    async with asyncio.TaskGroup() as group:
        for alert in alerts[: size.channels]:
            group.create_task(channel(queues[alert.destination]))
        async for alert in _arriving(size, alerts):
            queues[alert.destination].put_nowait(alert)
        for queue in queues.values():
            queue.put_nowait(None)
