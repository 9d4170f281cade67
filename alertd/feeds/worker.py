"""The process that reads large documents for the daemon: `python -m alertd.feeds.worker`, spoken to by `reading`.

A request on stdin is one line of JSON, then as many bytes as it says; the answer on stdout is one line for each entry
and one for the document, or one for an error. It ends when its stdin does, so it never outlives the daemon.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any, BinaryIO

from alertd.articles import Entry
from alertd.errors import FeedError
from alertd.feeds.bounded import run_bounded
from alertd.feeds.parse import parse
from alertd.feeds.settings import ReadSettings

MEMORY = 256 * 1024 * 1024
"""Bytes of data that one process may hold; a document that takes more is refused."""

_FIELDS = tuple(field.name for field in fields(Entry))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    idle = _peak_mb()
    while line := requests.readline():
        request = json.loads(line)
        for answer in _answer(request, requests):
            answers.write(json.dumps(answer, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")
        answers.write(json.dumps({"end": True, "grown": _peak_mb() - idle}).encode() + b"\n")
        answers.flush()


def _answer(request: dict[str, Any], requests: BinaryIO) -> Iterator[dict[str, Any]]:
    settings = ReadSettings(**request["feed"])
    try:
        found = parse(
            # not named here, so that parsing can let go of it
            requests.read(request["bytes"]),
            feed=settings, headers=request["headers"], url=request["url"], now=request["now"],
        )  # fmt: skip
    except FeedError as error:
        yield {"error": error.what, "hint": error.hint, "kind": error.kind}
        return
    except MemoryError:
        yield {
            "error": "reading the document takes more memory than it may",
            "hint": "tell the publisher if the feed is meant to be like this",
            "kind": "hostile",
        }
        return
    yield {
        "title": found.title, "kind": found.kind, "damaged": found.damaged, "hints": asdict(found.hints),
        "whole": found.whole,
    }  # fmt: skip
    for entry in found.entries:
        yield {"entry": {name: getattr(entry, name) for name in _FIELDS}}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    run_bounded(serve, MEMORY)
