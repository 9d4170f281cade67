"""What the poll stage remembers of its feeds: read once, kept while their shard is held, written many at a time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from alertd.config import FeedSettings
from alertd.feeds.delta import Shelf, Shown
from alertd.feeds.schedule import FeedState, of_address
from alertd.stages.context import Context
from alertd.stages.shards import shard_of
from alertd.store import keys
from alertd.store.connection import TROUBLE
from alertd.store.shares import Shares

logger = logging.getLogger(__name__)

REMEMBERED: Final = 30 * 86400
"""Seconds for which an entry that left its feed stays known."""
NOTED_WITHIN: Final = 1.0
"""Seconds within which the store learns of a poll that brought nothing new."""
_LOADED_AT_ONCE: Final = 500
_NOTED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Commit:
    """A poll's end, on its way to the store."""

    key_names: list[str]
    arguments: list[str | int | float]
    done: asyncio.Future[str]


class FeedMemory:
    """The states of the feeds. Only who holds the shard of a feed writes its state, so it need not read it again.

    A poll that brought entries ends with its commit. One that brought nothing new is only noted: many are written
    together, a moment later. A process that is killed in that moment forgets that it asked, never what it was told:
    the feed is asked once more, with the validators of the last document that was committed.

    Args:
        context: what stages share.
        shares: the shards that are held; another token means that another process may have polled meanwhile.
    """

    def __init__(self, context: Context, shares: Shares) -> None:
        self._context = context
        self._shares = shares
        self._run_id = ""
        # for each feed that something is at hand of its shard, and the token under which it came
        self._under: dict[str, tuple[int, str]] = {}
        # as stored: what is said of another address counts only once the feed is asked for
        self._states: dict[str, FeedState] = {}
        self._noted: dict[str, FeedState] = {}
        self._shown = Shelf()
        self._due = False
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[_Commit] = []
        self._sender: asyncio.Task[None] | None = None

    async def load(self, feeds: Sequence[FeedSettings]) -> None:
        """Read the states of many feeds; what was noted of them and is not stored yet is forgotten."""
        redis = cast(Any, self._context.store.redis)
        for start in range(0, len(feeds), _LOADED_AT_ONCE):
            part = feeds[start : start + _LOADED_AT_ONCE]
            async with redis.pipeline(transaction=False) as pipe:
                for feed in part:
                    pipe.hgetall(keys.feed(feed.name))
                rows = await pipe.execute()
            for feed, row in zip(part, rows, strict=True):
                self.forget(feed.name)
                self._check_token(feed)
                self._states[feed.name] = FeedState.from_fields(row)

    async def state(self, feed: FeedSettings) -> FeedState:
        """What is remembered of a feed, read when it is not at hand."""
        self._check_token(feed)
        await self._check_server()
        if feed.name not in self._states:
            await self.load([feed])
        return of_address(self._noted.get(feed.name) or self._states[feed.name], feed.url)

    def shown(self, feed: FeedSettings) -> Shown | None:
        """What the document of its last commit showed; None when it is not at hand."""
        self._check_token(feed)
        return self._shown.get(feed.name)

    def _check_token(self, feed: FeedSettings) -> tuple[int, str]:
        """The shard of a feed and its token; what is at hand of the feed and came under another one is forgotten."""
        shard = shard_of(feed.url)
        under = (shard, self._shares.token(shard))
        if self._under.get(feed.name) != under:
            self.forget(feed.name)
            self._under[feed.name] = under
        return under

    def _was_elsewhere(self, feed: FeedSettings) -> bool:
        """Whether another process may have polled a feed since it was read: what came of it then is void."""
        known = self._under.get(feed.name)
        return self._check_token(feed) != (known or self._under[feed.name])

    async def _check_server(self) -> None:
        """Forget everything where another server answers, or this one was started again: it may lack the last writes.

        With the validators of a document that it does not know, the entries in it would never be read again.
        """
        run_id = await self._context.store.run_id()
        if self._run_id not in ("", run_id):
            self._forget_all()
        self._run_id = run_id

    def _forget_all(self) -> None:
        self._under.clear()
        self._states.clear()
        self._noted.clear()
        self._shown.clear()

    def forget(self, name: str) -> None:
        """Drop what is at hand of a feed; the store keeps its own."""
        self._under.pop(name, None)
        self._states.pop(name, None)
        self._noted.pop(name, None)
        self._shown.pop(name)

    def forget_shards(self, shards: Collection[int]) -> None:
        """Drop what is at hand of all feeds of some shards."""
        for name in [name for name, (shard, _) in self._under.items() if shard in shards]:
            self.forget(name)

    def note(self, feed: FeedSettings, state: FeedState) -> None:
        """End a poll that brought nothing new; the store learns of it within `NOTED_WITHIN` seconds."""
        if self._was_elsewhere(feed):
            return
        self._noted[feed.name] = state
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(NOTED_WITHIN, self._write_soon)

    def _write_soon(self) -> None:
        self._timer, self._due = None, True
        self._send_soon()

    async def flush(self) -> None:
        """Write what was noted, now.

        Where the store is away it is kept, and written when the store is back.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._write_soon()
        if self._sender is not None:
            # to be cancelled meanwhile must not cancel what it sends for others
            await asyncio.wait([self._sender])

    async def commit(
        self, feed: FeedSettings, state: FeedState, marks: Sequence[tuple[str, str]] = (),
        present: Sequence[str] = (), shown: Shown | None = None, twins: str = "",
    ) -> None:  # fmt: skip
        """End a poll: store the state, marks of entries that only have to be known, and the entries there now.

        Polls that end while another commit is under way go together in the next round trip. What the document
        showed is kept here only, and only once all else is stored.

        Args:
            twins: by what its entries are known again under new guids; "" leaves what is stored.

        Raises:
            FencedError: polling went to another process.
        """
        if self._was_elsewhere(feed):
            raise self._shares.fenced(())
        shard, token = self._check_token(feed)
        changed = state.changes(self._states.get(feed.name))
        arguments: list[str | int | float] = [shard, token, feed.name, REMEMBERED, twins, len(changed)]
        arguments += [part for pair in changed.items() for part in pair]
        arguments += [len(marks), *(part for pair in marks for part in pair), *present]
        names = [self._shares.key, keys.feed(feed.name), keys.seen(feed.name), keys.seen_at(feed.name), keys.FEEDS]
        names.append(keys.twins(feed.name))
        # unknown until the answer is there: a failure leaves it open what is stored
        self.forget(feed.name)
        commit = _Commit(names, arguments, asyncio.get_running_loop().create_future())
        self._waiting.append(commit)
        self._send_soon()
        outcome = await commit.done
        if outcome == "fenced":
            raise self._shares.fenced([shard])
        self._check_token(feed)
        if outcome == "unknown":
            # with the validators of this document its entries would never be read again
            self._forget_all()
            logger.warning("the store lacks what was just taken in; the feed is read again", extra={"feed": feed.name})
            return
        self._states[feed.name] = state
        if shown is not None:
            self._shown.put(feed.name, shown)

    def _send_soon(self) -> None:
        # one at a time, for what is sent side by side may arrive in any order
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="poll commits")

    async def _send(self) -> None:
        try:
            while self._waiting or self._due:
                batch, self._waiting = self._waiting, []
                if batch:
                    await self._send_commits(batch)
                if self._due:
                    self._due = False
                    await self._send_notes()
        finally:
            self._sender = None

    async def _send_commits(self, batch: Sequence[_Commit]) -> None:
        outcomes: Sequence[Any]
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

    async def _send_notes(self) -> None:
        sent = list(self._noted.items())
        try:
            for start in range(0, len(sent), _NOTED_AT_ONCE):
                await self._send_some(sent[start : start + _NOTED_AT_ONCE])
        except TROUBLE as error:
            logger.info("%d polls are noted once the store is back: %s", len(self._noted), type(error).__name__)
            if self._noted and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(NOTED_WITHIN, self._write_soon)

    async def _send_some(self, sent: Sequence[tuple[str, FeedState]]) -> None:
        changes: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
        tokens = {}
        for name, state in sent:
            if name in self._noted:
                shard, tokens[shard] = self._under[name]
                changes[shard][name] = state.changes(self._states.get(name))
        fenced = await self._context.store.run(
            "noted", [self._shares.key, keys.FEEDS], [keys.feed(""), json.dumps(tokens), json.dumps(changes)]
        )
        if fenced:
            # whoever polls them now asks once more; what was noted is void
            gone = set(map(int, fenced))
            self._shares.fenced(gone)
            self.forget_shards(gone)
        for name, state in sent:
            # one that has gone meanwhile was committed, and what is stored then is not known yet
            if name in self._noted:
                self._states[name] = state
                if self._noted[name] is state:
                    del self._noted[name]
