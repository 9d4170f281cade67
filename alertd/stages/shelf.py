"""Open stories as Redis keeps them, and the search for those that an article may belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alertd.articles import Entry, Story, from_plain, to_plain
from alertd.stages.recent import Recent
from alertd.store import keys
from alertd.store.packing import pack, unpack
from alertd.stories.events import CANDIDATES
from alertd.stories.fingerprints import Fingerprint, fingerprint
from alertd.stories.placing import StoryCandidate
from alertd.stories.records import read

_STORIES, _LISTS = 8_192, 32_768


@dataclass(frozen=True, slots=True)
class Shelved:
    """A story as it is stored: with the place of its first article in the order, and the keys that list it."""

    candidate: StoryCandidate
    seq: str
    listed: tuple[str, ...] = ()

    def record(self) -> str:
        """As it is stored; the first article's fingerprint is stored with that article."""
        plain = to_plain(replace(self.candidate, first=Fingerprint()))
        return pack({**plain, "first": self.seq, "listed": self.listed})

    @classmethod
    def read(cls, text: str) -> Shelved:
        """Read what `record` wrote; the fingerprint is still missing."""
        plain = unpack(text)
        seq, listed = plain.pop("first"), tuple(plain.pop("listed"))
        return cls(from_plain(StoryCandidate, plain), seq, listed)


class Shelf:
    """What the one process that decides remembers of open stories, so that it need not ask Redis for each article.

    It is right only while nobody else decides: make a new one whenever the lease was acquired or the store was away,
    and `clear` it when it is not known whether something was stored.

    Args:
        redis: the connection.
        window: seconds after its latest article for which a story is remembered.
    """

    def __init__(self, redis: Any, window: float) -> None:
        self._redis = redis
        self._window = window
        self._stories: Recent[str, Shelved] = Recent(_STORIES)
        self._lists: Recent[str, list[str]] = Recent(_LISTS)

    def clear(self) -> None:
        """Forget all; it is read from Redis again."""
        self._stories.clear()
        self._lists.clear()

    def put(self, story: Shelved) -> None:
        """Remember a story as it was stored."""
        ident = story.candidate.story.id
        self._stories[ident] = story
        for key in story.listed:
            listed = self._lists.get(key)
            if listed is not None:
                if ident in listed:
                    listed.remove(ident)
                listed.insert(0, ident)
                del listed[CANDIDATES:]

    async def get(self, idents: Iterable[str], now: float) -> dict[str, Shelved]:
        """Give stories by their ids; those that are closed for good are missing.

        Args:
            now: Unix seconds, the arrival of the article that asks.
        """
        wanted = list(dict.fromkeys(idents))
        missing = [ident for ident in wanted if ident not in self._stories]
        found = await shelved(self._redis, missing) if missing else {}
        for ident, story in found.items():
            self._stories[ident] = story
        there = ((ident, self._stories.get(ident) or found.get(ident)) for ident in wanted)
        return {i: s for i, s in there if s is not None and s.candidate.story.last_seen > now - self._window}

    async def search(self, sought: Sequence[str], now: float) -> dict[str, Shelved]:
        """Give the latest stories that are listed under the keys of an article, see `events.places`."""
        missing = [key for key in sought if key not in self._lists]
        if missing:
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in missing:
                    pipe.zrevrange(keys.listed(key), 0, CANDIDATES - 1)
                rows = await pipe.execute()
            for key, row in zip(missing, rows, strict=True):
                self._lists[key] = list(row)
        return await self.get((ident for key in sought for ident in self._lists.get(key) or ()), now)


async def shelved(redis: Any, idents: Iterable[str]) -> dict[str, Shelved]:
    """Read stories from Redis; those that are closed for good are missing.

    Args:
        redis: the connection.
        idents: of the stories.
    """
    names = [keys.story(ident) for ident in dict.fromkeys(idents)]
    stored = [Shelved.read(text) for text in (await redis.mget(names) if names else []) if text]
    firsts = await redis.mget([keys.fingerprint(s.seq) for s in stored]) if stored else []
    whole = (
        replace(s, candidate=replace(s.candidate, first=_first(s.candidate.story, text)))
        for s, text in zip(stored, firsts, strict=True)
    )
    return {s.candidate.story.id: s for s in whole}


def _first(story: Story, stored: str | None) -> Fingerprint:
    """The fingerprint of a story's first article; of its title alone when the article's own is gone."""
    if stored:
        return read(stored.split("|", 2)[2])
    return fingerprint(Entry("", "", story.first_url, story.title))
