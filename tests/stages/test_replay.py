"""A wire's successive documents, served one after another to the real poller, give exactly its new entries."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_httpserver import HTTPServer
from redis.asyncio import Redis
from werkzeug import Request, Response

from alertd.store import keys
from tests.feeds.world import CORPORA
from tests.stages.world import context, polling, stream

POLLS = CORPORA / "polls" / "otcmarkets"
RESTART_EVERY = 40


@dataclass(frozen=True)
class Step:
    """One poll: the document, None for the same as before, and how many entries in it were never there before."""

    body: bytes | None
    new: int


def made_up(polls: int = 90, window: int = 25) -> Iterator[Step]:
    """A wire that adds, edits, drops and brings back items, now and then all of them at once."""
    chance = random.Random(11)
    titles: list[str] = []
    shown: list[int] = []
    for number in range(polls):
        if number and chance.random() < 0.25:
            yield Step(None, 0)
            continue
        fresh = chance.choice([0, 0, 1, 1, 2, 3, window]) if number else window
        start = len(titles)
        titles += [
            f"Port {ident} opens its {chance.randint(2, 900)} metre quay" for ident in range(start, start + fresh)
        ]
        shown = [*range(len(titles) - 1, start - 1, -1), *shown][:window]
        gone = [ident for ident in range(start) if ident not in shown]
        if gone and fresh < window and chance.random() < 0.3:
            shown[-1] = chance.choice(gone)
        if chance.random() < 0.3:
            titles[shown[0]] += " again"
        items = "".join(
            f"<item><title>{titles[i]}</title><guid>wire-{i}</guid><link>https://wire.example/{i}</link>"
            f"<pubDate>Mon, 02 Mar 2026 10:{i % 60:02}:00 GMT</pubDate></item>"
            for i in shown
        )
        yield Step(f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>'.encode(), fresh)


def recorded() -> Iterator[Step]:
    with POLLS.with_suffix(".tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            path = POLLS / row["file"]
            yield Step(path.read_bytes() if path.is_file() else None, int(row["new_ids"]))


async def replay(redis: Redis, folder: Path, server: HTTPServer, steps: Iterator[Step]) -> tuple[int, int]:
    """Serve the documents, one a poll, and compare what is new with the oracle; returns (polls, new entries)."""
    served: list[bytes] = [b""]

    def answer(request: Request) -> Response:
        tag = f'"{hash(served[0])}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status=304, headers={"ETag": tag})
        return Response(served[0], headers={"ETag": tag}, content_type="application/rss+xml")

    server.expect_request("/wire").respond_with_handler(answer)
    settings = (
        f"allow_private_addresses: true\nfeeds: [{{name: wire, url: '{server.url_for('/wire')}', timeout: 60s}}]\n"
        "store: {max_mb: 512}\nweb: {port: 0}\n"
    )
    polls = total = articles = 0
    rest = list(steps)
    async with context(redis, folder, settings=settings) as first:
        force = first.now
    while rest:
        # each round is another process: nothing but the store is kept
        async with (
            context(redis, folder, process=f"process {polls}", now=force) as ctx,
            polling(ctx) as poller,
        ):
            assert await poller.shares.acquire()
            for step in rest[:RESTART_EVERY]:
                served[0] = step.body if step.body is not None else served[0]
                await poller.once()
                known = int(await cast(Any, redis).hlen(keys.seen("wire")))
                assert known - total == step.new, f"poll {polls}"
                rows = await stream(redis, keys.ARTICLES)
                news = sum(not row["update"] for row in rows)
                # the first document is a baseline; from then on each new entry is one article
                assert polls == 0 or news - articles == step.new, f"poll {polls}"
                polls, total, articles = polls + 1, known, news
            await poller.shares.release()
        rest = rest[RESTART_EVERY:]
    return polls, total


@pytest.mark.timeout(180)
async def test_a_made_up_wire_gives_exactly_its_new_entries(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    polls, total = await replay(redis, tmp_path, httpserver, made_up())
    assert polls == 90
    assert total > 100


@pytest.mark.skipif(not POLLS.is_dir(), reason="the recorded polls are not here")
@pytest.mark.timeout(300)
async def test_the_recorded_wire_gives_exactly_its_new_entries(
    redis: Redis, tmp_path: Path, httpserver: HTTPServer
) -> None:
    polls, total = await replay(redis, tmp_path, httpserver, recorded())
    assert (polls, total) == (300, 599)
