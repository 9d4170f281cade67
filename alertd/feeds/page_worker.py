"""The process that finds the article in a page: `python -m alertd.feeds.page_worker`, spoken to by `extraction`.

It says `{}` on stdout once it is ready. A request on stdin is one line of JSON, then as many bytes as it says; the
answer is one line of JSON. It ends when its stdin does, so it never outlives the daemon.
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import trafilatura

from alertd.feeds.bounded import run_bounded
from alertd.feeds.charset import charset_of_header
from alertd.feeds.parse import MAX_TEXT
from alertd.feeds.text import plain

MEMORY = 384 * 1024 * 1024
"""Bytes of data that the process may hold; a page that takes more has no text."""


def article(page: bytes, content_type: str, url: str) -> str:
    """The article of a page as plain text on one line, "" when none is found.

    Args:
        page: the page, decompressed.
        content_type: value of its Content-Type header.
        url: where it is from.
    """
    content: bytes | str
    try:
        content = page.decode("utf-8")
    except UnicodeDecodeError:
        encoding = charset_of_header(content_type)
        # without one, trafilatura looks for it in the page
        content = page.decode(encoding, "replace") if encoding else page
    found: Any = trafilatura.extract(
        content, url=url, include_comments=False, include_tables=False, favor_precision=True
    )
    return plain(found, MAX_TEXT) if isinstance(found, str) else ""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Say that we are ready, then answer requests until there are no more."""
    answers.write(b"{}\n")
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        try:
            text = article(requests.read(request["bytes"]), request["content_type"], request["url"])
        except (MemoryError, RecursionError):
            text = ""
        answers.write(json.dumps({"text": text}).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    run_bounded(serve, MEMORY)
