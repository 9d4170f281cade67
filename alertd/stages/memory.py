"""What the poll stage remembers of its feeds: read once, kept while the lease is held, written many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from alertd.config import FeedSettings
from alertd.feeds.schedule import FeedState, of_address
from alertd.stages.context import Context
from alertd.store import keys
from alertd.store.leases import Lease

REMEMBERED: Final = 30 * 86400
"""Seconds for which an entry that left its feed stays known."""
_LOADED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Commit:
    """A poll's end, on its way to the store."""

    key_names: list[str]
    arguments: list[str | int | float]
    done: asyncio.Future[str]


class FeedMemory:
    """The states of the feeds. Only the holder of the poll lease writes them, so it need not read them again.

    Args:
        context: what stages share.
        lease: the poll lease; another token means that another process may have polled meanwhile.
    """

    def __init__(self, context: Context, lease: Lease) -> None:
        self._context = context
        self._lease = lease
        self._token = 0
        # as stored: what is said of another address counts only once the feed is asked for
        self._states: dict[str, FeedState] = {}
        self._waiting: list[_Commit] = []
        self._sender: asyncio.Task[None] | None = None

    async def load(self, feeds: Sequence[FeedSettings]) -> None:
        """Read the states of many feeds."""
        self._check_token()
        redis = cast(Any, self._context.store.redis)
        for start in range(0, len(feeds), _LOADED_AT_ONCE):
            part = feeds[start : start + _LOADED_AT_ONCE]
            async with redis.pipeline(transaction=False) as pipe:
                for feed in part:
                    pipe.hgetall(keys.feed(feed.name))
                rows = await pipe.execute()
            for feed, row in zip(part, rows, strict=True):
                self._states[feed.name] = FeedState.from_fields(row)

    async def state(self, feed: FeedSettings) -> FeedState:
        """What is remembered of a feed, read when it is not at hand."""
        self._check_token()
        if feed.name not in self._states:
            await self.load([feed])
        return of_address(self._states[feed.name], feed.url)

    def _check_token(self) -> None:
        if self._token != self._lease.token:
            self._token = self._lease.token
            self._states.clear()

    def forget(self, name: str) -> None:
        """Drop what is at hand of a feed; the store keeps its own."""
        self._states.pop(name, None)

    async def commit(
        self, feed: FeedSettings, state: FeedState, marks: Sequence[tuple[str, str]] = (), present: Sequence[str] = ()
    ) -> None:
        """End a poll: store the state, marks of entries that only have to be known, and the entries there now.

        Polls that end while another commit is under way go together in the next round trip.

        Raises:
            FencedError: polling went to another process.
        """
        changed = state.changes(self._states.get(feed.name))
        arguments: list[str | int | float] = [self._lease.token, feed.name, REMEMBERED, len(changed)]
        arguments += [part for pair in changed.items() for part in pair]
        arguments += [len(marks), *(part for pair in marks for part in pair), *present]
        names = [self._lease.key, keys.feed(feed.name), keys.seen(feed.name), keys.seen_at(feed.name), keys.FEEDS]
        # unknown until the answer is there: a failure leaves it open what is stored
        self.forget(feed.name)
        commit = _Commit(names, arguments, asyncio.get_running_loop().create_future())
        self._waiting.append(commit)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="poll commits")
        if await commit.done == "fenced":
            self._lease.lost()
        self._check_token()
        self._states[feed.name] = state

    async def _send(self) -> None:
        try:
            while batch := self._waiting:
                self._waiting = []
                try:
                    outcomes = await self._context.store.run_many("polled", [(c.key_names, c.arguments) for c in batch])
                except Exception as error:
                    # each poll hears of it and handles it as if it had been alone
                    outcomes = [error] * len(batch)
                for commit, outcome in zip(batch, outcomes, strict=True):
                    if commit.done.done():
                        continue
                    if isinstance(outcome, Exception):
                        commit.done.set_exception(outcome)
                    else:
                        commit.done.set_result(str(outcome))
        finally:
            self._sender = None
