"""An article's decision: its story, what the rules say, what is told, and how all that is written. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from alertd.articles import Article, Placement, Story, Tags, dumps, loads
from alertd.stages.shelf import Shelved
from alertd.stages.telling import News, Told
from alertd.store.streams import Delivery
from alertd.stories.events import MOST_PLACES, places, renews
from alertd.stories.fingerprints import Fingerprint
from alertd.stories.placing import grown, place
from alertd.stories.records import read
from alertd.watchlist.archive import row_of
from alertd.watchlist.pulse import learned

APART = "\x1f"
"""Between the keys that list a story, which are one argument of `decided.lua`."""


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """An article as the stage tag passed it on; of a copy there are no tags."""

    delivery: Delivery
    article: Article
    fp: Fingerprint
    tags: str

    @property
    def concerns(self) -> tuple[str, ...]:
        """Ids of the articles whose decisions matter: its own, its earlier form's, those it copies or contradicts."""
        article = self.article
        return (article.id, article.copy_of, article.update_of, *article.unlike)

    @classmethod
    def read(cls, delivery: Delivery) -> Arrived:
        """Read an entry of the stream.

        Raises:
            ValueError: it is not what the stage tag writes.
            KeyError: likewise.
        """
        fields = delivery.fields
        return cls(delivery, loads(Article, fields["article"]), read(fields["fp"]), fields["tags"])


class Parked(msgspec.Struct, frozen=True, gc=False):
    """The place in the order of a copy that waits for its original; of what died, the original is no one's id."""

    delivery: Delivery
    original: str

    @property
    def concerns(self) -> tuple[str, ...]:
        """Ids of the articles whose decisions matter."""
        return (self.original,)


class Known(msgspec.Struct, frozen=True, gc=False):
    """What was looked up for an article: its tags, the stories of its relatives, and other stories.

    `sought`: the keys under which stories were sought. `untold`: it copies an article that was held only because it
    came without a date. `apart`: ids of stories that it does not belong to.
    """

    tags: Tags
    fingerprint: Fingerprint
    original: Story | None
    earlier: Story | None
    candidates: tuple[Shelved, ...]
    sought: tuple[str, ...]
    untold: bool = False
    apart: tuple[str, ...] = ()

    def before(self, placement: Placement) -> Shelved | None:
        """What was remembered of the story of a placement; None when it opens one."""
        return next((c for c in self.candidates if c.candidate.story.id == placement.story.id), None)

    def after(self, placement: Placement, seq: str, *, heard: bool = False) -> Shelved:
        """What is to be remembered of the story of a placement.

        Args:
            seq: place in the order of the article.
            heard: it is a copy that was counted where it waited for its original.
        """
        if placement.relation == "first":
            return Shelved(grown(None, placement, self.fingerprint, self.tags), seq, self.sought[:MOST_PLACES])
        mine = self.before(placement)
        candidate = grown(mine.candidate if mine else None, placement, self.fingerprint, self.tags, heard=heard)
        listed = mine.listed if mine else ()
        new = places(self.fingerprint, placement.story.issuers) if placement.relation != "copy" else ()
        return Shelved(candidate, mine.seq if mine else seq, tuple(dict.fromkeys((*listed, *new)))[:MOST_PLACES])


class Placed(msgspec.Struct, frozen=True, gc=False):
    """An article in its story, and what is to be remembered of that.

    `renews`: it is the first article of its story in an hour; then its timeline and lists get their life anew.
    """

    arrived: Arrived
    known: Known
    placement: Placement
    after: Shelved
    renews: bool

    @property
    def lists(self) -> tuple[str, ...]:
        """The keys under which its story is the latest one now."""
        return self.after.listed if self.placement.relation != "copy" or self.renews else ()

    @property
    def news(self) -> News:
        """The article as rules see it."""
        return News(self.arrived.article, self.known.tags, self.placement, self.known.untold)


class Decided(msgspec.Struct, frozen=True, gc=False):
    """All that is to be stored and told of an article."""

    placed: Placed
    told: Told
    decision: dict[str, Any]


def story_of(ident: str, before: dict[str, dict[str, Any]]) -> str:
    """The id of the story that an article was put in, "" where there is none."""
    found: str = before.get(ident, {}).get("story", "")
    return found


def relatives(article: Article, before: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """The ids of the stories of what an article copies and of its earlier form, "" where there is none."""
    return story_of(article.copy_of, before), story_of(article.update_of, before)


def placed_in(one: Arrived, known: Known) -> Placed:
    """Place an article in its story."""
    article = one.article
    placement = place(
        article, known.tags, known.fingerprint, original=known.original, earlier=known.earlier,
        candidates=[c.candidate for c in known.candidates], apart=known.apart, now=article.arrived,
    )  # fmt: skip
    fields, before = one.delivery.fields, known.before(placement)
    renewed = renews(before.candidate.story.last_seen if before else None, placement.story.last_seen)
    return Placed(one, known, placement, known.after(placement, fields["seq"], heard="heard" in fields), renewed)


def decided_of(placed: Placed, told: Told, generation: str) -> Decided:
    """Say what was decided about an article, given what it leads to under a generation of the configuration."""
    placement, outcome = placed.placement, told.outcome
    decision = {
        "story": placement.story.id, "relation": placement.relation, "novelty": placement.novelty,
        "reason": placement.reason, "outcome": outcome.kind, "why": outcome.why, "alerts": told.keys,
        "generation": generation, "versions": placed.known.tags.versions,
    }  # fmt: skip
    return Decided(placed, told, decision)


def counted(one: Decided) -> list[str]:
    """Names of the counts that rise by one with an article."""
    relation = one.placed.placement.relation
    counts = [f"relation:{relation}", f"outcome:{one.told.outcome.kind}"]
    counts += [f"held:{one.told.outcome.short}"] if one.told.outcome.short else []
    return counts + (["stories"] if relation == "first" else [])


def row(one: Decided, record: str, at: float) -> list[str | int | float | bytes]:
    """What `decided.lua` is told of an article."""
    placed = one.placed
    article, placement, delivery = placed.arrived.article, placed.placement, placed.arrived.delivery
    recent = {
        "at": at, "id": article.id, "feed": article.entry.feed, "title": article.entry.title[:200],
        "story": placement.story.id, "relation": placement.relation, "outcome": one.told.outcome.kind,
        "why": one.told.outcome.why,
    }  # fmt: skip
    told = one.told
    held = [part for member, entries in told.later.items() for entry in entries for part in (member, entry)]
    values: list[str | int | float | bytes] = [
        delivery.id, 0, article.id, delivery.fields["seq"], placement.story.id, _plain(one.decision), record,
        _plain(recent), row_of(article, placed.known.tags, placement), _plain(_told(article, placement)),
        APART.join(placed.lists), int(placed.renews),
        len(told.states), len(told.due), len(told.keys), len(held) // 2, len(told.alerts),
    ]  # fmt: skip
    if told.states or told.due or told.keys:
        values += (part for state in told.states for part in state)
        values += (part for member, at in told.due.items() for part in (f"{at:.3f}", member))
        values += (*told.keys, *held)
        values += (part for alert in told.alerts for part in (alert.key, dumps(alert)))
    values += learned(article, placed.known.tags, placement, told.rules).arguments()
    values[1] = len(values)
    return values


def _told(article: Article, placement: Placement) -> list[Any]:
    """An article's row of the timeline; a copy says nothing that its original did not."""
    copy = placement.relation == "copy"
    source = article.entry.source or article.entry.feed
    title, reason = ("", "") if copy else (article.entry.title[:200], placement.reason)
    return [round(article.arrived, 3), article.id, source, placement.relation, placement.novelty, title, reason]


_plain = msgspec.json.Encoder().encode
