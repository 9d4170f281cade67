"""Logging: one line a record to stderr, for a person (console) or a machine (json), without secrets.

Modules log with ``logging.getLogger(__name__)`` and put identities into ``extra``: ``article`` (the correlation
id from feed to Slack), ``feed``, ``story``, ``rule``, ``channel``, ``stage``. Whatever comes from outside is
escaped, so that a title with a line feed or a terminal sequence in it cannot forge or hide a record.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO
from urllib.parse import quote

LogFormat = Literal["console", "json"]

LONGEST: Final = 4000
"""Code points of a message or of one field; the rest is cut, a traceback excepted."""

SHORTEST_SECRET: Final = 4
"""Shorter values are not hidden: they would blot out ordinary words."""

HIDDEN: Final = "…"

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{0,19}://[^\s\"'<>]+", re.IGNORECASE)
_USER: Final = re.compile(r"(?<=://)[^/?#]*@")
_HOOK_PATH: Final = re.compile(r"(?<=hooks\.slack\.com/)[^?#]+", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{4,}")
_PLAIN: Final = re.compile(r"[^\s\"=\\]+")
_COLOURS: Final = {"DEBUG": "2", "INFO": "36", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}


class Redactor:
    """Takes secrets out of texts: registered values, Slack tokens, and the user and query part of addresses."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Register values that must never be written; their percent-encoded forms are covered too."""
        for secret in secrets:
            if len(secret) >= SHORTEST_SECRET:
                self._secrets |= {secret, quote(secret, safe="")}
        if self._secrets:
            longest_first = sorted(self._secrets, key=lambda secret: (-len(secret), secret))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """Give the text with every secret replaced by an ellipsis."""
        if self._pattern is not None:
            text = self._pattern.sub(HIDDEN, text)
        return _URL.sub(lambda match: redact_url(match.group()), _TOKEN.sub(HIDDEN, text))


def redact_url(url: str) -> str:
    """Hide what may be a key in an address: user info, query values, fragment, a Slack webhook's path."""
    address, _, fragment = url.partition("#")
    address, question, query = address.partition("?")
    address = _HOOK_PATH.sub(HIDDEN, _USER.sub(f"{HIDDEN}@", address))
    pairs = (pair.partition("=") for pair in re.split("[&;]", query))
    query = "&".join(f"{name}={HIDDEN}" if equals else HIDDEN for name, equals, _ in pairs) if query else ""
    return f"{address}{question}{query}{f'#{HIDDEN}' if fragment else ''}"


def escape(text: str) -> str:
    r"""Write control, format and line-separating characters, and half surrogates, as ``\n`` or ``\u….``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if _unsafe(char) else char for char in text)


def _unsafe(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or f"\\u{ord(char):04x}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


class _Formatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def clean(self, value: Any) -> str:
        return _cut(self.redactor.redact(str(value)))

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        return {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}

    def trace(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[1] is not None:
            return self.redactor.redact(self.formatException(record.exc_info))
        return self.redactor.redact(record.exc_text or "")


class ConsoleFormatter(_Formatter):
    """One short line for a person: local time, level, room, message, fields; a traceback follows, indented."""

    def __init__(self, redactor: Redactor, *, colour: bool = False) -> None:
        super().__init__(redactor)
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = self._paint(f"{record.levelname.lower():<8}", _COLOURS.get(record.levelname, "0"))
        room = escape(record.name.removeprefix("alertd."))
        fields = "".join(f" {self._pair(name, value)}" for name, value in self.fields(record).items())
        line = f"{clock} {level}{room}: {escape(self.clean(record.getMessage()))}{self._paint(fields, '2')}"
        trace = "".join(f"\n    | {escape(row)}" for row in self.trace(record).split("\n") if row)
        return line + trace

    def _pair(self, name: str, value: Any) -> str:
        text = escape(self.clean(value))
        return f"{escape(name)}={text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)}"

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


class JsonFormatter(_Formatter):
    """One JSON object a line: ``ts`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, the fields, ``trace``."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record; a field named like one of the fixed keys gives way to it."""
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fixed = {
            "ts": stamp.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.clean(record.getMessage()),
        }
        trace = self.trace(record)
        fields = {name: self._plain(value) for name, value in self.fields(record).items()}
        line = json.dumps(
            {**fixed, **fields, **fixed, **({"trace": trace} if trace else {})}, ensure_ascii=False, allow_nan=False
        )
        return "".join(json.dumps(char)[1:-1] if _unsafe(char) else char for char in line)

    def _plain(self, value: Any) -> Any:
        finite = isinstance(value, float) and abs(value) < float("inf")
        return value if isinstance(value, bool | int) or finite else self.clean(value)


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, told apart from handlers that a host of the process has put there."""


def configure(
    log_format: LogFormat = "console", level: str = "info", *, stream: TextIO | None = None, secrets: Iterable[str] = ()
) -> Redactor:
    """Send all logs to one handler; a second call replaces the first one's.

    Args:
        log_format: for a person or for a machine.
        level: of alertd's own loggers, by name; libraries are heard from warnings on.
        stream: stderr unless given.
        secrets: values that must never appear.

    Returns:
        the redactor, to which later secrets are added.

    Raises:
        ValueError: there is no such level.
    """
    out = stream if stream is not None else sys.stderr
    redactor = Redactor(secrets)
    colour = out.isatty() and not os.environ.get("NO_COLOR")
    handler = _Handler(out)
    handler.setFormatter(JsonFormatter(redactor) if log_format == "json" else ConsoleFormatter(redactor, colour=colour))
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    # polls that are late or overrun are counted, and there may be thousands
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.getLogger("alertd").setLevel(level.upper())
    logging.captureWarnings(True)
    return redactor
