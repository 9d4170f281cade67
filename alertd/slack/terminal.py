"""A message in the terminal as Slack would show it: bold, links with their address, dates in local time.

The terminal is a stricter place than Slack: control and bidirectional characters are dropped from every text, so that
a title can neither recolour the screen nor turn a line around.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alertd.errors import PostError
from alertd.slack.escape import clean, unescape
from alertd.slack.message import Message

WIDTH = 100
"""Columns when the output is no terminal."""

_TOKEN = re.compile(r"<([^<>]*)>")
_STYLED = re.compile(
    r"(?<!\w)(?:\*(?P<bold>[^*\n]+)\*|_(?P<italic>[^_\n]+)_|~(?P<strike>[^~\n]+)~|`(?P<code>[^`\n]+)`)(?!\w)"
)
_STYLES = {"bold": "bold", "italic": "italic", "strike": "strike", "code": "cyan"}
_DATES = {
    "{date_short_pretty}": "%b %-d, %Y", "{date_short}": "%b %-d, %Y", "{date_num}": "%Y-%m-%d",
    "{date_long}": "%A, %B %-d, %Y", "{date}": "%B %-d, %Y", "{time}": "%H:%M", "{time_secs}": "%H:%M:%S",
}  # fmt: skip
_MENTIONS = {"user": "user_id", "usergroup": "usergroup_id", "broadcast": "range"}
_REMEMBERED = 10_000


def render(
    message: Message,
    width: int = WIDTH,
    *,
    channel: str = "",
    when: float | None = None,
    thread: bool = False,
    ansi: bool = False,
    zone: tzinfo | None = None,
) -> str:
    """Draw a message in a frame.

    Args:
        message: what to show.
        width: columns.
        channel: name shown on the frame.
        when: Unix seconds at which it was posted; None shows no time.
        thread: a reply in a thread: indented and said so.
        ansi: colours and bold by escape sequences; plain text otherwise.
        zone: zone of the times; None is the machine's own.
    """
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=ansi, color_system="standard" if ansi else None,
        legacy_windows=False, emoji=False, markup=False, highlight=False,
    )  # fmt: skip
    parts = [part for block in message.blocks for part in _block(block, zone)]
    title = " · ".join(
        part
        for part in (clean(channel), _clock(when, "%H:%M:%S", zone) if when is not None else "", "reply" * thread)
        if part
    )
    body = Group(*(parts or [_mrkdwn(message.text, zone)]))
    panel = Panel(body, title=Text(title) if title else None, title_align="left", box=box.ROUNDED, border_style="dim")
    console.print(Padding(panel, (0, 0, 0, 4)) if thread else panel)
    return out.getvalue()


def _block(block: Mapping[str, Any], zone: tzinfo | None) -> list[RenderableType]:
    match block["type"]:
        case "header":
            parts: list[RenderableType] = [Text(_shown(block["text"]["text"]), style="bold")]
        case "section":
            parts = [
                _object(text, zone)
                for text in [*([block["text"]] if "text" in block else []), *block.get("fields", ())]
            ]
        case "context":
            line = Text(" ").join(_object(e, zone) for e in block["elements"] if e["type"] != "image")
            line.stylize("dim")
            parts = [line]
        case "rich_text":
            parts = [_rich(block, zone)]
        case "table":
            parts = [_table(block, zone)]
        case "actions":
            parts = []  # nobody can press them here
        case other:
            parts = [Text(f"({_shown(str(other))})", style="dim")]
    return parts


def _object(text: Mapping[str, Any], zone: tzinfo | None) -> Text:
    return Text(_shown(text["text"])) if text["type"] == "plain_text" else _mrkdwn(text["text"], zone)


def _rich(block: Mapping[str, Any], zone: tzinfo | None) -> Text:
    line = Text()
    for number, section in enumerate(block["elements"]):
        if number:
            line.append("\n")
        for piece in section["elements"]:
            style = " ".join(_STYLES[name] for name, on in piece.get("style", {}).items() if on)
            if piece["type"] == "link":
                _link(line, piece.get("text", ""), piece["url"], style)
            elif piece["type"] == "date":
                line.append(_date(piece["timestamp"], piece["format"], piece.get("fallback", ""), zone))
            elif piece["type"] in _MENTIONS:
                line.append(f"@{_shown(str(piece[_MENTIONS[piece['type']]]))}", "bold")
            else:
                line.append(_shown(piece["text"]), style)
    return line


def _table(block: Mapping[str, Any], zone: tzinfo | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_header=True, padding=(0, 1))
    head, *rows = block["rows"]
    for cell in head:
        table.add_column(_cell(cell, zone), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(cell, zone) for cell in row))
    return table


def _cell(cell: Mapping[str, Any], zone: tzinfo | None) -> Text:
    return Text(_shown(cell["text"])) if cell["type"] == "raw_text" else _rich(cell, zone)


def _mrkdwn(text: str, zone: tzinfo | None) -> Text:
    """Slack's markup: `<…>` tokens first, then emphasis in what lies between, then the three entities."""
    line = Text()
    end = 0
    for token in _TOKEN.finditer(text):
        _emphasis(line, text[end : token.start()])
        _token(line, token.group(1), zone)
        end = token.end()
    _emphasis(line, text[end:])
    return line


def _emphasis(line: Text, text: str) -> None:
    end = 0
    for match in _STYLED.finditer(text):
        line.append(_shown(unescape(text[end : match.start()])))
        name = str(match.lastgroup)
        line.append(_shown(unescape(match.group(name))), _STYLES[name])
        end = match.end()
    line.append(_shown(unescape(text[end:])))


def _token(line: Text, token: str, zone: tzinfo | None) -> None:
    target, _, label = token.partition("|")
    if target.startswith("!date^"):
        _, stamp, pattern, *_ = [*target.split("^"), "", ""]
        line.append(_date(int(stamp), pattern, unescape(label), zone) if stamp.lstrip("-").isdigit() else _shown(label))
    elif target[:1] in ("!", "@", "#"):
        line.append(_shown(f"@{target[1:]}" if target[0] == "!" else label or target), "reverse")
    else:
        _link(line, unescape(label), unescape(target), "")


def _link(line: Text, label: str, address: str, style: str) -> None:
    if label:
        line.append(_shown(label), f"underline {style}".strip())
        line.append(" ")
    line.append(f"<{_shown(address)}>", "dim")


def _date(stamp: float, pattern: str, fallback: str, zone: tzinfo | None) -> str:
    for token, form in _DATES.items():
        if token in pattern:
            pattern = pattern.replace(token, _clock(stamp, form, zone))
    return _shown(fallback if "{" in pattern or not pattern.strip() else pattern)


def _clock(stamp: float, form: str, zone: tzinfo | None) -> str:
    try:
        return datetime.fromtimestamp(stamp, UTC).astimezone(zone).strftime(form)
    except (OverflowError, ValueError, OSError):
        return ""


def _shown(text: str) -> str:
    """Clean every line, keeping blanks at the ends, which separate one piece of rich text from the next."""
    lines = []
    for line in text.split("\n"):
        before = " " * (line[:1] == " ")
        after = " " * (line[-1:] == " " and len(line) > 1)
        lines.append(f"{before}{clean(line)}{after}")
    return "\n".join(lines)


class TerminalSink:
    """Prints messages; for running without Slack. A printed message cannot be in doubt.

    Args:
        out: where to print.
        width: columns; None takes the terminal's, or `WIDTH` when `out` is none.
        ansi: colours; None when `out` is a terminal.
        zone: zone of the times; None is the machine's own.
        clock: gives Unix seconds.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        width: int | None = None,
        ansi: bool | None = None,
        zone: tzinfo | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._out = out
        self._width = width
        self._tty = not out.closed and out.isatty()
        self._ansi = self._tty if ansi is None else ansi
        self._zone = zone
        self._clock = clock
        self._last = 0
        self._printed: dict[tuple[str, str], str] = {}

    def readable_in(self, channel: str) -> bool:  # noqa: ARG002
        """False: paper has no history, what an earlier run printed cannot be looked up."""
        return False

    async def post(self, channel: str, message: Message, thread: str = "") -> str:
        """Print a message; returns a timestamp like Slack's, rising with every message.

        Raises:
            PostError: the output is closed or full (`unreachable`: nothing was taken).
        """
        now = self._clock()
        self._print(message, channel, now, thread=bool(thread))
        self._last = max(self._last + 1, int(now * 1_000_000))
        ts = f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
        for key in (message.key, *message.keys):
            self._printed[channel, key] = ts
        while len(self._printed) > _REMEMBERED:
            del self._printed[next(iter(self._printed))]
        return ts

    async def find(self, channel: str, *wanted: str, since: float, thread: str = "") -> dict[str, str]:  # noqa: ARG002
        """The timestamps under which this sink printed the keys."""
        return {key: ts for key in wanted if (ts := self._printed.get((channel, key)))}

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Do nothing: what is printed stays as it is."""

    async def link(self, channel: str, ts: str) -> str:  # noqa: ARG002
        """Nothing: what is printed has no address."""
        return ""

    async def close(self) -> None:
        """Do nothing: the output belongs to the caller."""

    def _print(self, message: Message, channel: str, now: float, *, thread: bool) -> None:
        width = self._width or (Console(file=self._out).width if self._tty else WIDTH)
        drawn = render(message, width, channel=channel, when=now, thread=thread, ansi=self._ansi, zone=self._zone)
        try:
            self._out.write(drawn)
            self._out.flush()
        except (OSError, ValueError) as error:
            raise PostError(
                f"the message cannot be printed: {type(error).__name__}",
                where=channel,
                hint="is the output closed or the disk full?",
                kind="unreachable",
            ) from error
