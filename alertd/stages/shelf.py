"""Open stories as Redis keeps them, and the search for those that an article may belong to."""

from __future__ import annotations

from array import array
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice, takewhile
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from alertd.articles import Entry, Story
from alertd.store import keys
from alertd.stories.events import CANDIDATES, Report
from alertd.stories.fingerprints import Fingerprint, fingerprint
from alertd.stories.nearby import Nearby
from alertd.stories.placing import StoryCandidate
from alertd.stories.records import read

_STORIES, _LISTS, _VECTORS = 8_192, 32_768, 131_072
"""What is remembered at most: whole stories, lists of them, and stories by what rules them out, 450 bytes of each."""
_TIDY = 512
"""Stories more than there were, until it is looked which are closed for good."""


class Shelved(msgspec.Struct, frozen=True, gc=False):
    """A story as it is stored: with the place of its first article in the order, and the keys that list it."""

    candidate: StoryCandidate
    seq: str
    listed: tuple[str, ...] = ()

    def record(self) -> str:
        """As it is stored; the first article's fingerprint is stored with that article."""
        one = self.candidate
        values = (
            self.seq,
            self.listed,
            one.reports,
            one.voices,
            one.encoder,
            one.embedding,
            one.mean,
            *_values(one.story),
        )
        return msgspec.json.encode(values).decode()

    @classmethod
    def read(cls, text: str) -> Shelved:
        """Read what `record` wrote; the fingerprint is still missing.

        Raises:
            ValueError: it was not written by it.
        """
        seq, listed, reports, voices, encoder, embedding, mean, *values = msgspec.json.decode(text)
        told: list[Any] = [tuple(value) if isinstance(value, list) else value for value in values]
        story = Story(*told)
        return cls(StoryCandidate(story, Fingerprint(), embedding, encoder, mean, reports, voices), seq, tuple(listed))


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was put in a batch: ids of stories, and by key those that are listed under it, the latest last."""

    put: set[str] = field(default_factory=set)
    listed: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def _fresh() -> deque[_Batch]:
    # while a batch is placed, the one before may be on its way to the store, and so may the one before that when it is
    # looked up what the next one needs
    return deque([_Batch()], maxlen=3)


_compared = attrgetter(
    "candidate.embedding", "candidate.mean", "candidate.encoder", "candidate.story.issuers", "candidate.first"
)
_values = attrgetter(*(one.name for one in fields(Story)))


class Shelf:
    """What the one process that decides remembers of open stories, so that it need not ask Redis for each article.

    What an article may need is loaded ahead, for many at once; then it is at hand. It is right only while nobody else
    decides: make a new one whenever the lease was acquired or the store was away, and `clear` it when it is not known
    whether something was stored.

    Args:
        redis: the connection.
        window: seconds after its latest article for which a story is remembered.
    """

    def __init__(self, redis: Any, window: float) -> None:
        self._redis = redis
        self._window = window
        # what was set last stays when a batch begins; until it ends nothing is forgotten
        self._stories: dict[str, Shelved] = {}
        # by key the rows of the stories' vectors, the latest first: most stories that share a key with an article are
        # told apart by these alone, and only the others are needed whole
        self._lists: dict[str, array[int]] = {}
        self._nearby = Nearby()
        # what was put in this batch and in those before that may not be stored yet, the latest first
        self._batches = _fresh()
        self._latest = 0.0
        self._new = 0

    def clear(self) -> None:
        """Forget all; it is read from Redis again."""
        self._stories.clear()
        self._lists.clear()
        self._nearby.clear()
        self._batches = _fresh()

    def put(self, story: Shelved, lists: Sequence[str]) -> None:
        """Remember a story as it is stored, or about to be.

        Args:
            story: the story.
            lists: keys under which it is the latest now.
        """
        ident = story.candidate.story.id
        known = ident in self._nearby
        self._latest = story.candidate.story.last_seen
        row = self._remember(story)
        batch = self._batches[0]
        batch.put.add(ident)
        for key in lists:
            batch.listed[key].append(ident)
            listed = self._lists.get(key)
            if listed is not None:
                if known and row in listed:
                    listed.remove(row)
                listed.insert(0, row)
                if len(listed) > CANDIDATES:
                    del listed[CANDIDATES:]

    def hear(self, ident: str) -> None:
        """Count a waiting copy towards a story at hand; that is stored with the story's next article."""
        story = self._stories.get(ident)
        if story is not None:
            one = story.candidate
            self._remember(replace(story, candidate=replace(one, voices=one.voices + 1)))

    async def load(self, idents: Iterable[str]) -> None:
        """Begin a batch: have at hand the stories of these ids; those that are closed for good stay missing."""
        self._batches.appendleft(_Batch())
        recent = self._recent()
        for remembered, most in ((self._stories, _STORIES), (self._lists, _LISTS)):
            # many at once: to find the first of a mapping takes the longer, the more were deleted before it
            if len(remembered) > most + most // 8:
                for name in list(islice(remembered, len(remembered) - most)):
                    if name not in recent:
                        del remembered[name]
        if len(self._nearby) > _VECTORS:
            self._drop_vectors(_VECTORS // 4)
            self._lists.clear()
        if self._new >= _TIDY:
            self._new = 0
            self._drop_closed()
        await self._load(set(idents))

    def _drop_vectors(self, count: int) -> list[int]:
        """Forget so many stories' vectors, but those of the batches before, which were put last; returns their rows."""
        return self._nearby.drop(max(0, min(count, len(self._nearby) - len(self._recent()))))

    def _recent(self) -> set[str]:
        """What was put and may not be stored yet."""
        return {ident for batch in self._batches for ident in batch.put}

    def _drop_closed(self) -> None:
        """Forget stories that are closed for good, so that no more is remembered than a window has."""
        before, stories, recent = self._latest - self._window, self._stories, self._recent()
        for ident in list(
            takewhile(lambda name: name not in recent and stories[name].candidate.story.last_seen < before, stories)
        ):
            del stories[ident]
        gone = set(self._drop_vectors(self._nearby.stale(before)))
        for key, rows in list(self._lists.items()) if gone else ():
            if gone.isdisjoint(rows):
                continue
            if left := array("i", [row for row in rows if row not in gone]):
                self._lists[key] = left
            else:
                del self._lists[key]

    async def _load(self, idents: set[str]) -> None:
        missing = idents.difference(self._stories)
        for story in (await shelved(self._redis, sorted(missing)) if missing else {}).values():
            self._remember(story)

    def _remember(self, story: Shelved) -> int:
        """Have a story at hand as the one that was set last; returns the row of its vectors."""
        ident = story.candidate.story.id
        known = self._stories.pop(ident, None)
        self._stories[ident] = story
        if known is not None and ident in self._nearby and _compared(known) == _compared(story):
            # as copies leave it
            return self._nearby.touch(ident, story.candidate.story.last_seen)
        return self._place(story)

    def _place(self, story: Shelved) -> int:
        one = story.candidate
        self._new += one.story.id not in self._nearby
        # of what was read from the store alone the first headline is not known
        names = one.first.head.names if one.first.title else None
        return self._nearby.put(
            one.story.id, one.embedding, one.mean, one.encoder, one.story.last_seen, one.story.issuers, names
        )

    async def search_ahead(self, sought: Iterable[str]) -> None:
        """Have at hand the latest stories that are listed under the keys of articles, see `events.places`."""
        missing = sorted(set(sought).difference(self._lists))
        if not missing:
            return
        async with self._redis.pipeline(transaction=False) as pipe:
            for key in missing:
                pipe.zrevrange(keys.listed(key), 0, CANDIDATES - 1)
            listed = await pipe.execute()
        unknown = sorted({ident for idents in listed for ident in idents if ident not in self._nearby})
        for story in await _records(self._redis, unknown):
            self._place(story)
        for key, stored in zip(missing, listed, strict=True):
            # the latest first; what is stored may lack what was put last
            idents = dict.fromkeys((*self._put_lately(key), *stored))
            rows = [self._nearby.row(ident) for ident in idents if ident in self._nearby]
            self._lists[key] = array("i", rows[:CANDIDATES])

    def _put_lately(self, key: str) -> Iterator[str]:
        """What was put under a key and may not be stored yet, the latest first."""
        for batch in self._batches:
            yield from reversed(batch.listed.get(key, ()))

    def get(self, idents: Iterable[str], now: float) -> dict[str, Shelved]:
        """Give stories that are at hand by their ids; those that are closed for good are missing.

        Args:
            now: Unix seconds, the arrival of the article that asks.
        """
        oldest, stories = now - self._window, self._stories
        return {
            ident: story for ident in idents
            if (story := stories.get(ident)) and story.candidate.story.last_seen > oldest
        }  # fmt: skip

    async def search(self, sought: Sequence[str], new: Report, now: float) -> dict[str, Shelved]:
        """Give the stories that are listed under the keys of an article, for which it was searched ahead, in any order.

        Those that are not worth a comparison are left out, and none of them is read.
        """
        listed = self._lists
        rows = np.frombuffer(b"".join([listed[key] for key in sought if key in listed]), np.intc)
        near = self._nearby.worth(rows, new)
        if not near:
            return {}
        await self._load(set(near))
        return self.get(near, now)


async def shelved(redis: Any, idents: Iterable[str]) -> dict[str, Shelved]:
    """Read stories from Redis; those that are closed for good are missing.

    Args:
        redis: the connection.
        idents: of the stories.
    """
    stored = await _records(redis, idents)
    firsts = await redis.mget([keys.fingerprint(s.seq) for s in stored]) if stored else []
    whole = (
        replace(s, candidate=replace(s.candidate, first=_first(s.candidate.story, text)))
        for s, text in zip(stored, firsts, strict=True)
    )
    return {s.candidate.story.id: s for s in whole}


async def _records(redis: Any, idents: Iterable[str]) -> list[Shelved]:
    """The stories that are there, each without its first article's fingerprint."""
    names = [keys.story(ident) for ident in dict.fromkeys(idents)]
    return [Shelved.read(text) for text in (await redis.mget(names) if names else []) if text]


def _first(story: Story, stored: str | None) -> Fingerprint:
    """The fingerprint of a story's first article; of its title alone when the article's own is gone."""
    if stored:
        return read(stored.split("|", 2)[2])
    return fingerprint(Entry("", "", story.first_url, story.title))
