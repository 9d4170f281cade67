"""What is fuzzed and what must hold, whatever comes: each target takes bytes, and raises where something does not."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from alertd.articles import Entry, dumps, loads
from alertd.config import load
from alertd.errors import ConfigError, FeedError
from alertd.feeds.dates import AHEAD, EARLIEST, entry_date, read_date
from alertd.feeds.delta import cut, only
from alertd.feeds.identity import content_key, identity, identity_keys
from alertd.feeds.network import read_address
from alertd.feeds.parse import MAX_TEXT, MAX_TITLE, parse
from alertd.logs import escape, redact_url
from alertd.slack.compose import compose, compose_digest
from alertd.slack.escape import safe_link
from alertd.slack.limits import problems
from alertd.stories.addresses import canonical
from alertd.stories.fingerprints import fingerprint
from tests.config.folders import known, like, profile
from tests.feeds.world import NOW, FeedStub
from tests.slack.world import NOW as TOLD
from tests.slack.world import XIAOMI, alert, operator

SECRET = "hunter2-correct-horse"
"""Planted where secrets may stand; no message may show it."""
KINDS = frozenset(
    "html_page challenge login empty json_error garbage hostile too_large".split()  # noqa: SIM905 - reads as a list
)
TYPES = ("application/rss+xml", "text/xml; charset=iso-8859-1", "application/feed+json", "text/html; charset=utf-8", "")
ZONES = ("", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
_PLACED = re.compile(r"[^\n]*?(?:alertd|watchlist|more|list)\.(?:yaml|txt):\d+:\d+: ")
_UNWANTED = frozenset({"Cc", "Cs"})


def feed(data: bytes) -> None:
    """A document is read or refused in words, and what is read is plain, bounded and keeps its identity."""
    kind, body = data[:1], data[1:]
    headers = {"content-type": TYPES[kind[0] % len(TYPES)]} if kind else {}
    settings = FeedStub(max_bytes=1_000_000, max_items=50)
    try:
        found = parse(body, feed=settings, headers=headers, url="https://wire.example/feed", now=NOW)
    except FeedError as error:
        assert error.kind in KINDS, error.kind
        assert error.hint
        return
    assert len(found.entries) <= settings.max_items
    for entry in found.entries:
        assert len(entry.title) <= MAX_TITLE
        assert max(len(entry.summary), len(entry.text)) <= MAX_TEXT
        for text in (entry.title, entry.source, found.title):
            assert not any(unicodedata.category(char) in _UNWANTED for char in text), repr(text)
        assert entry.url == "" or entry.url.lower().startswith(("http://", "https://")), entry.url
        assert EARLIEST <= entry.published <= NOW
        assert loads(Entry, dumps(entry).encode()) == entry
        content_key(entry)
        fingerprint(entry)
    assert len(identity_keys([identity(entry) for entry in found.entries])) == len(found.entries)
    document = cut(body)
    if document is not None:
        assert cut(only(document, range(len(document.items)))) == document or b"<item" in body or b"<entry" in body


def date(data: bytes) -> None:
    """A date is read or not; what is read lies where dates of news may lie."""
    zone, text = ZONES[data[0] % len(ZONES)] if data else "", data[1:].decode("utf-8", "replace")
    found = read_date(text, zone)
    if found is not None:
        assert abs(found.when) < 1e14
        if len(text) < 90:
            assert read_date(f"  {text}\n", zone) == found
    at, source = entry_date([(text, "published")], zone=zone, now=NOW)
    assert EARLIEST <= at <= NOW
    assert source in ("published", "unsure", "fetched")
    assert (source == "published") == (found is not None and found.sure and EARLIEST <= found.when <= NOW + AHEAD)


def address(data: bytes) -> None:
    """An address becomes one key, the same for the key itself, and is shown without secrets."""
    text = _text(data)
    key = canonical(text)
    assert key == "" or canonical(f"https://{key}") == key or len(key) > 2000, (text, key, canonical(f"https://{key}"))
    identity(Entry("wire", text, text, text))
    try:
        url = read_address(f"{text}{SECRET}", FeedStub())
    except FeedError as error:
        assert SECRET not in str(error)
    else:
        assert url.scheme in ("http", "https")
        assert url.host
        assert not url.fragment
    assert SECRET not in redact_url(f"https://desk:{SECRET}@wire.example/feed?key={SECRET}#{SECRET}")
    shown = safe_link(text)
    assert shown == "" or shown.lower().startswith(("http://", "https://"))
    assert not set(shown) & set("<>|\n\r \x00"), shown
    assert "\n" not in escape(text)


def _text(data: bytes) -> str:
    """What bytes say, halves of pairs included; "" for what is no text even then."""
    try:
        return data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")
    except UnicodeDecodeError:
        return ""


@cache
def _folder() -> Path:
    shared = Path("/dev/shm")
    place = Path(tempfile.mkdtemp(prefix="alertd-fuzz-", dir=shared if shared.is_dir() else None))
    atexit.register(tidy)
    (place / "list.txt").write_text("TSLA\nAAPL\n", encoding="utf-8")
    (place / "token").write_text(f"xoxb-{SECRET}\n", encoding="utf-8")
    return place


def tidy() -> None:
    """Remove the folder that configurations are read from."""
    if _folder.cache_info().currsize:
        shutil.rmtree(_folder())
        _folder.cache_clear()


def config(data: bytes) -> None:
    """Files are valid or every mistake has its place; no message shows what may be a secret."""
    settings, _, watchlist = data.partition(b"\x00")
    folder = _folder()
    (folder / "alertd.yaml").write_bytes(settings)
    (folder / "watchlist.yaml").write_bytes(watchlist)
    environ = {"TOKEN": f"xoxb-{SECRET}", "KEY": SECRET}
    try:
        found = load(folder, environ, known, like, profile=profile)
    except ConfigError as error:
        said = (*error.problems, str(error), error.hint)
        assert all(_PLACED.match(problem) for problem in error.problems), error.problems
    else:
        said = (*found.warnings, repr(found), repr(found.settings), found.generation)
    assert not any(SECRET in text for text in said if text), said


LINKING = frozenset({"broadcast", "user", "usergroup", "image", "channel", "link"})
OUR_DATE = re.compile(r"<!date\^-?\d+\^\{date_short_pretty\} \{time\}\|[-\d: UTC]+>")


def slack(data: bytes) -> None:
    """Whatever articles, rules and people say: Slack takes the message, and nothing of it pings or links."""
    title, source, reason, name, summary, *_ = [
        part.decode("utf-8", "replace") for part in (*data.split(b"\x00"), b"", b"", b"", b"", b"")
    ]
    company = replace(XIAOMI, name=name or "x")
    shown = alert(title=title, source=source, reason=reason, rule=name or "r", company=company, url="ftp://x.example")
    assert shown.article is not None
    entry = replace(shown.article.entry, summary=summary, feed=source or "wire")
    shown = replace(shown, article=replace(shown.article, entry=entry))
    reply = replace(shown, kind="reply")
    messages = [
        compose(shown, TOLD, answers=True), compose(reply, TOLD), compose(operator(title), TOLD),
        *compose_digest([shown, replace(shown, key="key-2", company=None)], TOLD),
    ]  # fmt: skip
    for message in messages:
        assert problems(message.text, message.blocks, message.metadata) == ()
        for piece in _pieces(message.blocks):
            assert piece.get("type") not in LINKING, piece
            if piece.get("type") == "mrkdwn":
                assert "<" not in OUR_DATE.sub("", piece["text"]), piece
        assert "<" not in message.text
        assert "\x1b" not in str(message.blocks)


def _pieces(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _pieces(inner)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "feed": feed, "date": date, "address": address, "config": config, "slack": slack
}  # fmt: skip
