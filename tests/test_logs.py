"""Logs: what is written, what is hidden, and that no text from outside can forge a record."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertd.logs import LONGEST, ConsoleFormatter, JsonFormatter, Redactor, configure, escape, redact_url

logger = logging.getLogger("alertd.feeds.fetch")


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream for the logs; puts the process's logging back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("alertd")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(message: str, **extra: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "alertd.test", "levelname": "INFO", "msg": message, **extra})


def test_console_writes_one_short_line(out: io.StringIO) -> None:
    configure("console", "info", stream=out)
    logger.info("fetched %d entries", 3, extra={"feed": "wire one", "article": "17-0"})
    line = out.getvalue()
    assert line.endswith('info    feeds.fetch: fetched 3 entries feed="wire one" article=17-0\n')
    assert "\x1b" not in line


def test_json_writes_one_object_with_the_fields(out: io.StringIO) -> None:
    configure("json", "info", stream=out)
    logger.warning("slow", extra={"feed": "wire", "article": "17-0", "seconds": 1.5, "message_count": None})
    got = json.loads(out.getvalue())
    assert got.pop("ts").endswith("Z")
    assert got == {
        "level": "warning",
        "logger": "alertd.feeds.fetch",
        "message": "slow",
        "feed": "wire",
        "article": "17-0",
        "seconds": 1.5,
    }


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
@pytest.mark.usefixtures("out")
def test_colour_only_on_a_terminal_that_wants_it(
    monkeypatch: pytest.MonkeyPatch, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    terminal = Terminal()
    configure("console", stream=terminal)
    logger.error("broken")
    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_levels_ours_as_asked_libraries_from_warnings_on(out: io.StringIO) -> None:
    configure("console", "debug", stream=out)
    logger.debug("ours")
    logging.getLogger("somelibrary").info("theirs")
    assert "ours" in out.getvalue()
    assert "theirs" not in out.getvalue()
    with pytest.raises(ValueError, match="LOUD"):
        configure("console", "loud", stream=out)


def test_configuring_again_replaces_the_handler(out: io.StringIO) -> None:
    configure("console", stream=out)
    configure("console", stream=out)
    logger.info("once")
    assert out.getvalue().count("once") == 1


SECRETS = [
    ("token xoxb-12345678-abcdefgh here", "xoxb"),
    ("https://user:pass@feeds.example/rss", "pass"),
    ("https://feeds.example/rss?key=k3y&x=1 failed", "k3y"),
    ("https://feeds.example/rss?k3y", "k3y"),
    ("https://feeds.example/rss#k3y", "k3y"),
    ("redis://:hunter2@10.0.0.1:6379/0", "hunter2"),
    ("https://hooks.slack.com/services/T1/B2/k3y", "k3y"),
    ("the registered s3cr3t/value", "s3cr3t"),
    ("https://x.example/a?u=1&p=s3cr3t%2Fvalue", "s3cr3t"),
]


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_secrets_are_hidden_in_message_fields_and_traceback(
    out: io.StringIO, log_format: Any, text: str, secret: str
) -> None:
    configure(log_format, stream=out, secrets=["s3cr3t/value"])
    try:
        raise OSError(text)
    except OSError:
        logger.exception("failed: %s", text, extra={"feed": text})
    assert "OSError" in out.getvalue()
    assert secret not in out.getvalue()


def test_a_secret_registered_later_is_hidden_and_short_ones_do_not_blot_out_words(out: io.StringIO) -> None:
    redactor = configure("console", stream=out)
    redactor.add("hunter22", "a", "")
    logger.info("a word and hunter22")
    assert "a word and …" in out.getvalue()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/rss", "https://a.example/rss"),
        ("https://u:p@a.example/rss?x=1&y=2", "https://…@a.example/rss?x=…&y=…"),
        ("https://a.example/@handle/feed", "https://a.example/@handle/feed"),
        ("https://a.example/?", "https://a.example/?"),
    ],
)
def test_redact_url(url: str, shown: str) -> None:
    assert redact_url(url) == shown


FORGERIES = ["a\nb", "a\r\nb", "a\x1b[2Jb", "a\x85b", "a\u2028b", "a\u202eb", "a\x00b", "a\ud800b", "a\U000e0001b"]


@pytest.mark.parametrize("text", FORGERIES)
def test_no_text_can_forge_a_line(text: str) -> None:
    rows = (
        ConsoleFormatter(Redactor()).format(record(text, feed=text)),
        JsonFormatter(Redactor()).format(record(text, feed=text)),
    )
    for row in rows:
        assert row.isprintable()
        assert len(row.splitlines()) == 1
        row.encode("utf-8")
    assert json.loads(rows[1])["feed"].encode("utf-16-le", "surrogatepass") == text.encode("utf-16-le", "surrogatepass")


def test_a_traceback_cannot_start_a_line_of_its_own(out: io.StringIO) -> None:
    configure("console", stream=out)
    try:
        raise ValueError("bad\n12:00:00 info    forged: all is well")
    except ValueError:
        logger.exception("failed")
    first, *rest = out.getvalue().splitlines()
    assert first.endswith("failed")
    assert rest
    assert all(row.startswith("    | ") for row in rest)


@given(st.text(), st.text(alphabet=st.characters(exclude_categories=()), max_size=50))
def test_any_text_gives_one_printable_line(message: str, value: str) -> None:
    # a percent sign is no format when no arguments were given
    console = ConsoleFormatter(Redactor(["secret"])).format(record(message, feed=value))
    assert len(console.splitlines()) == 1
    plain = json.loads(JsonFormatter(Redactor()).format(record(message, feed=value)))
    assert plain["level"] == "info"


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_escaping_twice_changes_nothing(text: str) -> None:
    assert escape(escape(text)) == escape(text)


def test_long_values_are_cut() -> None:
    line = ConsoleFormatter(Redactor()).format(record("x" * 1_000_000))
    assert len(line) < LONGEST + 100
    assert "1,000,000" in line


def test_a_field_cannot_take_the_place_of_a_fixed_key() -> None:
    plain = json.loads(JsonFormatter(Redactor()).format(record("m", level="debug", ts="never", ratio=float("nan"))))
    assert plain["level"] == "info"
    assert plain["ts"] != "never"
    assert plain["ratio"] == "nan"
