"""Real feed documents read by alertd, judged by feedparser (entries) and python-dateutil (dates).

Every document is read as the daemon reads it. An entry is lost when feedparser finds it and we do not. A date is
wrong when we call it sure and dateutil, with zones of its own, reads another moment in the same string, or finds no
zone in it; a date that we mark as unsure is counted as such. What dateutil cannot read is judged by feedparser.
"""

from __future__ import annotations

import argparse
import calendar
import email.utils
import io
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import dateutil.parser
import dateutil.tz
import feedparser

from alertd.config import FeedSettings
from alertd.errors import FeedError
from alertd.feeds import ParsedFeed, parse
from benchmarks import Result

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "feeds"
MADE_UP = (
    b'<rss version="2.0"><channel><title>Wire</title><item><title>Port opens</title><guid>1</guid>'
    b"<pubDate>Mon, 02 Mar 2026 05:00:00 EST</pubDate></item><item><title>Port closes</title><guid>2</guid>"
    b"<pubDate>Tue, 03 Mar 2026 05:00:00</pubDate></item></channel></rss>",
    b'<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><title>Mine floods</title><id>urn:1</id>'
    b"<updated>2026-03-02T10:00:00+01:00</updated></entry></feed>",
)
SAME = 1.5
"""Seconds by which two readings of one date may differ: fractions are read or not."""

_HOUR = 3600
# Written down from the zones' own names, not from alertd's table; the ambiguous ones are as North America means them.
ZONES: dict[str, int] = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "BST": 1, "CET": 1,
    "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13, "WET": 0, "WEST": 1, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
PLACES = {"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles"}


@dataclass
class Count:
    """What was found in the documents so far; the lists name what is wrong, for a person."""

    documents: int = 0
    refused: int = 0
    exceptions: list[str] = field(default_factory=list)
    entries: int = 0
    lost: list[str] = field(default_factory=list)
    dated: int = 0
    wrong: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, default=None, help="folder of feed documents")
    parser.add_argument("--verbose", action="store_true", help="name every finding on stderr")


def run(options: argparse.Namespace) -> Result:
    folder = options.dir or CORPUS
    bodies: dict[str, bytes] = {}
    if folder.is_dir():
        paths = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix not in (".tsv", ".md"))
        bodies = {path.name: path.read_bytes() for path in (paths[:12] if options.tiny else paths)}
    elif options.dir or not options.tiny:
        sys.exit(f"{folder} is no folder: name one with feed documents by --dir")
    bodies = bodies or {f"made-up-{number}": body for number, body in enumerate(MADE_UP)}
    count = Count()
    began = time.perf_counter()
    for name, body in bodies.items():
        judge(name, body, count)
    seconds = time.perf_counter() - began
    if options.verbose:
        for line in (*count.exceptions, *count.lost, *count.wrong, *count.unsure):
            print(line, file=sys.stderr)
    rows = (
        ("documents", f"{count.documents:,}", f"{count.refused} are no feeds"),
        ("exceptions", f"{len(count.exceptions):,}", ""),
        ("entries", f"{count.entries:,}", ""),
        ("entries lost", f"{len(count.lost):,}", "against feedparser"),
        ("dates", f"{count.dated:,}", ""),
        ("dates wrong", f"{len(count.wrong):,}", "against dateutil"),
        ("dates unsure", f"{len(count.unsure):,}", f"{100 * len(count.unsure) / max(1, count.dated):.1f} % of dates"),
    )
    figures = {
        "documents": count.documents,
        "exceptions": len(count.exceptions),
        "entries": count.entries,
        "entries_lost": len(count.lost),
        "dates": count.dated,
        "dates_wrong": len(count.wrong),
        "dates_unsure": len(count.unsure),
        "dates_unsure_share": round(len(count.unsure) / max(1, count.dated), 4),
    }
    note = f"{len(bodies)} documents in {seconds:.1f} s, both readers together; --verbose names every finding"
    return Result(("", "count", ""), rows, figures, note)


def judge(name: str, body: bytes, count: Count) -> None:
    """Read one document and add what is found to the count."""
    count.documents += 1
    peer = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    now = time.time() + 10 * 365 * 86400  # the corpus may be younger than this machine's clock
    settings = FeedSettings(name="corpus", url="http://example.com/feed", max_bytes=10**9, max_items=100_000)
    read = ParsedFeed("", "", ())
    try:
        read = parse(body, feed=settings, headers={}, url="http://example.com/feed", now=now)
    except FeedError:
        count.refused += 1
    except Exception as error:
        count.exceptions.append(f"{name}: exception {type(error).__name__}: {error}")
    count.entries += len(read.entries)
    if len(read.entries) != len(peer.entries):
        missing = max(0, len(peer.entries) - len(read.entries))
        count.lost += [f"{name}: {len(peer.entries)} entries, {len(read.entries)} read"] * missing
        return
    for ours, theirs in zip(read.entries, peer.entries, strict=True):
        guid = str(theirs.get("id", "")).strip()
        if guid.isascii() and guid != ours.guid:
            count.lost.append(f"{name}: {guid!r} is {ours.guid!r}")
        raws = dates_of(theirs)
        if not raws:
            continue
        count.dated += 1
        if ours.date_source not in ("published", "updated"):
            count.unsure.append(f"{name}: unsure {raws}")
            continue
        raw = raws.get(ours.date_source, "")
        want = second_reading(raw)
        if want is None or abs(want - ours.published) > SAME:
            count.wrong.append(f"{name}: wrong {raw!r}: read {ours.published}, the judge says {want}")


def dates_of(entry: Mapping[str, Any]) -> dict[str, str]:
    """The date strings of an entry as feedparser gives them, by what they are."""
    published = entry.get("published") or entry.get("created") or ""
    updated = entry.get("updated") if "updated" in entry else ""
    return {name: raw for name, raw in (("published", published), ("updated", updated)) if isinstance(raw, str) and raw}


def second_reading(raw: str) -> float | None:
    """Read a date by the judges; None when they find no moment in it, for the want of a zone as well."""
    try:
        # dateutil takes "GMT+2" as POSIX does, two hours behind; publishers mean two ahead
        found = dateutil.parser.parse(re.sub(r"(?:GMT|UTC)(?=[+-]\d)", "", raw), tzinfos=_zone)
    except (ValueError, OverflowError):
        found = _by_the_others(raw)
    if found is None:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def _zone(name: str | None, offset: int | None) -> Any:
    if offset is not None and name not in ZONES:
        return dateutil.tz.tzoffset(name, offset)
    if name in PLACES:
        return dateutil.tz.gettz(PLACES[name])
    return dateutil.tz.tzoffset(name, ZONES[name] * _HOUR) if name in ZONES else None


def _by_the_others(raw: str) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(raw)
    except (ValueError, TypeError):
        pass  # the next judge is asked
    read = feedparser.datetimes._parse_date(raw)
    return datetime.fromtimestamp(calendar.timegm(read), dateutil.tz.UTC) if read else None
