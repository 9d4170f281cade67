"""Runs the demo: serves the day and a Slack, starts the daemon, tells what comes, and ends everything."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from alertd.articles import to_plain
from alertd.config import load
from alertd.demo.daemon import CHANNELS, COMMAND, Daemon, running, write_configuration
from alertd.demo.day import Day, load_day
from alertd.demo.report import Finding, Posted, findings, intro, items_told, summary
from alertd.demo.server import NewsServer
from alertd.demo.slack import Channel, SlackServer, Workspace
from alertd.slack.message import Message
from alertd.slack.terminal import WIDTH, render

DEADLINE = 90.0
"""Seconds after the daemon's start at which the demo ends whatever is still to come."""
QUIET = 4.0
"""Seconds without news and without a message after which the day is over."""
RECORD = "ALERTD_DEMO_RECORD"
"""Environment variable that names the file for the record."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_demo(
    *, record: Path | None = None, out: TextIO | None = None, day: Day | None = None, command: Sequence[str] = COMMAND
) -> int:
    """Run the demo from start to end; takes over SIGINT, SIGTERM and SIGHUP meanwhile.

    Args:
        record: file that gets what was posted, the daemon's counts and how the day's traps went, as JSON; None takes
            the one that the environment names in `RECORD`, if it names one.
        out: where to tell it; None is stdout.
        day: another day than the one that comes with alertd.
        command: how alertd is called.

    Returns:
        Exit code: 0 when the daemon did its work and ended in order, and at least one alert came; 130 when the user
        ended it; else 1.

    Raises:
        StoreError: the daemon's Redis did not end in time.
        OSError: the output was closed, or the record cannot be written; the daemon has ended by then.
    """
    named = os.environ.get(RECORD)
    record = record or (Path(named) if named else None)
    with tempfile.TemporaryDirectory(prefix="alertd-demo-") as folder:
        return asyncio.run(_run(Path(folder), day or load_day(), Teller(out or sys.stdout), record, command))


class Teller:
    """Tells the user what happens.

    Args:
        out: where; a terminal gets colours and its own width.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.gone: OSError | None = None
        terminal = out.isatty()
        self._ansi = terminal and "NO_COLOR" not in os.environ
        self.width = max(60, min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns if terminal else WIDTH))

    def say(self, text: str) -> None:
        """Print a text, and a line's end; nothing any more once the output is gone."""
        if self.gone is not None:
            return
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except OSError as error:  # `alertd demo | head`: raised once everything has ended in order
            self.gone = error

    def show(self, posted: Posted) -> None:
        """Print a message as Slack would show it."""
        drawn = render(
            posted.message,
            self.width,
            channel=posted.channel,
            when=float(posted.ts),
            thread=bool(posted.thread),
            ansi=self._ansi,
        )
        self.say(drawn.rstrip("\n"))


class Show:
    """The messages of the demo, told as they arrive.

    Args:
        day: the day that they tell.
        teller: tells them.
    """

    def __init__(self, day: Day, teller: Teller) -> None:
        self._day = day
        self._teller = teller
        self.began = time.monotonic()
        self.posted: list[Posted] = []
        self.last = self.began

    def take(self, channel: Channel, sent: Mapping[str, Any]) -> None:
        """Take a message from Slack."""
        message = Message(sent["text"], tuple(sent["blocks"]), sent["metadata"])
        thread = sent.get("thread_ts", "")
        self.last = time.monotonic()
        posted = Posted(
            channel=f"#{channel.name}",
            ts=sent["ts"],
            thread="" if thread == sent["ts"] else thread,
            message=message,
            after=self.last - self.began,
            items=items_told(message, self._day),
        )
        self.posted.append(posted)
        self._teller.show(posted)

    @property
    def gone(self) -> bool:
        """Whether nobody sees the messages any more."""
        return self._teller.gone is not None

    @property
    def quiet(self) -> float:
        """Seconds since the last message."""
        return time.monotonic() - self.last

    @property
    def seconds(self) -> float:
        """Seconds since the daemon's start."""
        return time.monotonic() - self.began


async def _run(folder: Path, day: Day, teller: Teller, record: Path | None, command: Sequence[str]) -> int:
    show = Show(day, teller)
    with _asked_to_end() as stop:
        async with (
            NewsServer(day) as news,
            SlackServer(Workspace(CHANNELS, on_message=show.take)) as slack,
        ):
            config = folder / "config"
            write_configuration(config, day, {f.name: news.url(f.name) for f in day.feeds}, slack.base_url)
            teller.say(intro(load(config, {}), day, teller.width))
            teller.say("\nStarting the daemon …")
            show.began = show.last = time.monotonic()
            async with running(folder, command) as daemon:
                status = await _watch(daemon, news, show, stop)
                seconds = show.seconds
                if stop.is_set():
                    teller.say("\nEnding the daemon …")
                code = await daemon.end()
                if not stop.is_set() and (code != 0 or status is None):
                    teller.say(_failed(code, daemon.last_words(), asked=status is not None))
    if teller.gone is not None:
        raise teller.gone
    found = findings(day, show.posted)
    if status is not None:
        teller.say(f"\n{summary(status, show.posted, found, seconds, teller.width)}")
        if not news.finished:
            teller.say("\nThe time was up before all of the day's news was served.")
    exit_code = INTERRUPTED if stop.is_set() else int(code != 0 or status is None or not _alerts(show.posted))
    if record is not None:
        _record(record, show.posted, status or {}, found, seconds, exit_code)
    return exit_code


async def _watch(daemon: Daemon, news: NewsServer, show: Show, stop: asyncio.Event) -> dict[str, Any] | None:
    """Wait until the day is over; gives what the daemon counted, or None when it died or the user had enough."""
    death = asyncio.create_task(daemon.died())
    stopping = asyncio.create_task(stop.wait())
    try:
        while True:
            await asyncio.wait({death, stopping}, timeout=0.2, return_when=asyncio.FIRST_COMPLETED)
            if death.done() or stopping.done() or show.gone:
                return None
            late = show.seconds > DEADLINE
            if late or min(show.quiet, news.quiet) > QUIET:
                status = await daemon.status()
                if late or not _waiting(status):
                    return None if death.done() else status
    finally:
        for task in (death, stopping):
            task.cancel()
        await asyncio.gather(death, stopping, return_exceptions=True)


def _waiting(status: Mapping[str, Any]) -> int:
    """How much of what the daemon took in is not delivered yet."""
    return sum(sum(dict(status.get(name, {})).values()) for name in ("streams", "outbox"))


@contextmanager
def _asked_to_end() -> Iterator[asyncio.Event]:
    """An event that is set by Ctrl-C and its like, so that the end is always the same, in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _alerts(posted: Sequence[Posted]) -> bool:
    return any(p.items and not p.thread for p in posted)


def _failed(code: int | None, last_words: Sequence[str], *, asked: bool) -> str:
    what = f"ended {'when it was asked to, but ' if asked else 'by itself '}with exit code {code}"
    if code is None:
        what = "did not end when it was asked to and was killed"
    lines = "\n".join(f"  {line}" for line in last_words) or "  (nothing)"
    return f"\nThe daemon {what}. The last lines of its log:\n{lines}"


def _record(
    path: Path,
    posted: Sequence[Posted],
    status: Mapping[str, Any],
    found: Sequence[Finding],
    seconds: float,
    exit_code: int,
) -> None:
    told = {
        "exit": exit_code,
        "seconds": round(seconds, 1),
        "posted": to_plain(list(posted)),
        "status": dict(status),
        "traps": to_plain(list(found)),
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
