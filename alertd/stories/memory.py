"""The articles and stories of a window, in memory: what the daemon keeps in Redis, found by the same keys."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from alertd.articles import Article, Entry, Placement, Story, Tags
from alertd.stories.bands import bands
from alertd.stories.events import CANDIDATES, MOST_PLACES, places, renews, subjects
from alertd.stories.fingerprints import Fingerprint, compared, fingerprint
from alertd.stories.placing import StoryCandidate, grown, place

WINDOW = 3 * 86400.0
"""Seconds for which a story stays open, by the articles' own time."""


@dataclass(frozen=True, slots=True)
class Held:
    """An article within the window: its id as given, when it came, its story, keys, fingerprint, and its original."""

    given: str | int | None
    time: float
    story: str
    keys: tuple[str, ...]
    fp: Fingerprint
    original: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """What an entry meets: its fingerprint and keys, the id of its original ("" for none), and the articles that it
    contradicts in nearly the same words."""

    fp: Fingerprint
    keys: tuple[str, ...]
    original: str
    unlike: tuple[str, ...]


class Memory:
    """Places one article after the other."""

    def __init__(self) -> None:
        self._now = 0.0
        self._count = 0
        self._index: dict[str, list[str]] = defaultdict(list)
        self._held: dict[str, Held] = {}
        self._order: deque[str] = deque()
        self._stories: dict[str, StoryCandidate] = {}
        self._places: dict[str, list[str]] = defaultdict(list)
        self._listed: dict[str, tuple[str, ...]] = {}

    def original(self, entry: Entry) -> Met:
        """What an entry repeats or contradicts."""
        self._now = max(self._now, entry.published) if entry.published else self._now
        self._forget()
        fp = fingerprint(entry)
        keys = bands(fp)
        met = dict.fromkeys(i for key in keys for i in self._index.get(key, ()))
        of = {i: self._held[i].original for i in met if self._held[i].original}
        match, unlike = compared(fp, [(i, self._held[i].fp) for i in met], of)
        # a copy of a copy points to their original while that is remembered
        root = of.get(match.id, match.id) if match else ""
        return Met(fp, keys, root if not match or root in self._held else match.id, () if match else tuple(unlike))

    def add(self, given: str | int | None, entry: Entry, tags: Tags, met: Met) -> tuple[Placement, str | int | None]:
        """Place an entry of which `original` was asked; returns the placement and its original's id as given."""
        fp, original = met.fp, met.original
        self._count += 1
        ident = f"{self._count}-0"
        held = self._held.get(original)
        apart = frozenset(self._held[i].story for i in met.unlike)
        placement = place(
            Article(ident, entry, self._now, copy_of=original), tags, fp,
            original=self._stories[held.story].story if held else None, earlier=None,
            candidates=() if held else self._candidates(fp, tags), apart=apart, now=self._now,
        )  # fmt: skip
        root = (held.original or original) if held else ""
        self._keep(ident, Held(given, self._now, placement.story.id, met.keys, fp, root), placement, tags)
        return placement, held.given if held else None

    def _candidates(self, fp: Fingerprint, tags: Tags) -> list[StoryCandidate]:
        met = dict.fromkeys(
            story for key in places(fp, subjects(tags)) for story in self._places.get(key, ())[-CANDIDATES:]
        )
        return [self._stories[story] for story in met]

    def _keep(self, ident: str, held: Held, placement: Placement, tags: Tags) -> None:
        self._held[ident] = held
        self._order.append(ident)
        for key in held.keys:
            self._index[key].append(ident)
        story = placement.story
        known = self._stories.get(story.id)
        self._stories[story.id] = grown(known, placement, held.fp, tags)
        if placement.relation != "copy" or renews(known.story.last_seen if known else None, story.last_seen):
            self._list(story, held.fp if placement.relation != "copy" else None)

    def _list(self, story: Story, fp: Fingerprint | None) -> None:
        listed = self._listed.get(story.id, ())
        new = places(fp, story.issuers) if fp else ()
        keys = tuple(dict.fromkeys((*listed, *new)))[:MOST_PLACES]
        for key in keys:
            if key in listed:
                self._places[key].remove(story.id)
            self._places[key].append(story.id)
        self._listed[story.id] = keys

    def _forget(self) -> None:
        """Drop what has left the window: articles by their time, stories by their last article."""
        while self._order and self._held[self._order[0]].time < self._now - WINDOW:
            ident = self._order.popleft()
            held = self._held.pop(ident)
            for key in held.keys:
                _drop(self._index, key, ident)
            known = self._stories.get(held.story)
            if known is not None and known.story.last_seen < self._now - WINDOW:
                del self._stories[held.story]
                for key in self._listed.pop(held.story):
                    _drop(self._places, key, held.story)


def _drop(index: dict[str, list[str]], key: str, value: str) -> None:
    index[key].remove(value)
    if not index[key]:
        del index[key]
