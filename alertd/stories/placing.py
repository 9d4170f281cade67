"""Which story an article belongs to, how it relates to it, and how new it is. Pure: the caller keeps the stories."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

import msgspec

from alertd.articles import Article, Placement, Relation, Story, Tags
from alertd.stories.agreement import new_figures, superseded
from alertd.stories.cleaning import is_correction
from alertd.stories.events import (
    ONCE_BEFORE,
    Likeness,
    Report,
    likenesses,
    merged,
    report_of,
    same_event,
    shared,
    worth_comparing,
)
from alertd.stories.figures import direction
from alertd.stories.fingerprints import Fingerprint, shared_words

OPEN = 36 * 3600.0
"""Seconds after its latest article for which others may join a story."""
_PAST = 0.4
_TOLD, _MANY, _SAID = 0.02, 16, 0.1
_NEWS = 0.5
_SURE = 0.5
_MAX_FIGURES = 48
_MAX_SOURCES = 64
_NO_EVENT = "commentary"


class StoryCandidate(msgspec.Struct, frozen=True, gc=False):
    """An open story that an article may belong to.

    Attributes:
        first: the fingerprint of its first article.
        embedding: the vector of its first article, packed as in `Tags.embedding`; "" when there is none.
        encoder: version of the encoder that made it; vectors of different encoders are not compared. "" is unknown.
        mean: the mean vector of its articles, "" while there is only one.
        reports: how many articles it has that are no copies.
        voices: how many articles it has, each counted at its place in the order, also a copy that is decided later.
    """

    story: Story
    first: Fingerprint = msgspec.field(default_factory=Fingerprint)
    embedding: str = ""
    encoder: str = ""
    mean: str = ""
    reports: int = 1
    voices: int = 1


def grown(
    known: StoryCandidate | None, placement: Placement, fp: Fingerprint, tags: Tags, *, heard: bool = False
) -> StoryCandidate:
    """What is remembered of a story after an article was placed in it.

    Args:
        known: what was remembered before, None for a new story.
        fp, tags: of the article.
        heard: it is a copy that was counted at its place in the order, where it waited for its original.

    Returns:
        The story with its first article's vector, by which reports on a company are told from others on it, and the
        mean of its articles' vectors, copies aside, which finds more where no company is known.
    """
    encoder = tags.versions.get("encoder", "")
    if known is None or placement.relation == "first":
        return StoryCandidate(placement.story, fp, tags.embedding, encoder)
    told = known.reports + (placement.relation != "copy")
    mean = known.mean
    if told > known.reports and known.embedding and tags.embedding and encoder == known.encoder:
        mean = merged(known.mean or known.embedding, tags.embedding, min(known.reports, _MANY))
    return msgspec.structs.replace(
        known, story=placement.story, mean=mean, reports=told, voices=known.voices + (not heard)
    )


def place(
    article: Article,
    tags: Tags,
    fp: Fingerprint,
    *,
    original: Story | None,
    earlier: Story | None,
    candidates: Sequence[StoryCandidate],
    apart: Collection[str] = (),
    now: float,
) -> Placement:
    """Place an article.

    Args:
        article: the article, its id the id of a story that it opens.
        tags: what the tagger found in it.
        fp: its fingerprint.
        original: the story of the article that it copies, or None.
        earlier: the story of the earlier form of the same entry, or None.
        candidates: open stories that share a company (or are near in meaning), in any order.
        apart: ids of stories with an article that this one contradicts in nearly the same words: it reports another
            event, unless it says that it corrects.
        now: Unix seconds; the article's arrival, so that a replay repeats.

    Returns:
        The placement, with the story as it is afterwards. The revision rises with new figures in the headline, a new
        event type, a new direction or a correction, and exactly then (or when the story is new) the novelty is at
        least 0.5; that of a new story is at least 0.6, and 1 unless the company had something like it before.
    """
    said = _Said(article, tags, fp)
    if original is not None:
        return _joined(said, original, "copy", f"the text that {_first(original)} had first", now)
    if earlier is not None:
        return _joined(said, earlier, "update", "edited by its outlet", now)
    found = likenesses(said.report, [(c.embedding, c.mean, c.encoder) for c in candidates])
    near = [
        (candidate, one) for candidate, one in zip(candidates, found, strict=True)
        if worth_comparing(said.report, candidate.story.issuers, candidate.first.head.names, one)
    ]  # fmt: skip
    best: tuple[float, float, str, StoryCandidate, str] | None = None
    for candidate, one in near:
        if candidate.story.id in apart and not said.correction:
            continue
        strength, reason = _joins(said, candidate, one, now)
        key = (-strength, candidate.story.first_seen, candidate.story.id, candidate, reason)
        if reason and (best is None or key[:3] < best[:3]):
            best = key
    if best is not None:
        return _joined(said, best[3].story, "same_event", best[4], now)
    novelty, reason = _against_past(said, near)
    return Placement(_opened(said, now), "first", novelty, reason)


_Near = tuple[StoryCandidate, Likeness]


def _against_past(said: _Said, near: Sequence[_Near]) -> tuple[float, str]:
    """How new a story is for its companies, and in words: the fifth of one kind in a week is less so than the first."""
    reason = "no earlier report of it"
    likest = 0.0
    for candidate, (first, _) in near:
        story = candidate.story
        if not set(said.events).isdisjoint(story.events) and shared(said.issuers, story.issuers):
            likest = max(likest, first or 0.0)
    if likest <= ONCE_BEFORE:
        return 1.0, reason
    novelty = 1.0 - _PAST * (likest - ONCE_BEFORE) / (1 - ONCE_BEFORE)
    return round(novelty, 3), f"{reason}; the company had something like it before (likeness {likest:.2f})"


def _joins(said: _Said, candidate: StoryCandidate, likeness_of: Likeness, now: float) -> tuple[float, str]:
    """How strongly and why an article belongs to an open story; "" when it does not."""
    story = candidate.story
    if not -OPEN <= now - story.last_seen <= OPEN:
        return 0.0, ""
    told = Report(
        candidate.first, story.issuers, story.events, story.figures, candidate.embedding, candidate.encoder,
        candidate.mean,
    )  # fmt: skip
    strength, likeness = same_event(said.report, told, likeness_of, corrects=said.correction)
    if likeness:
        # of several alike, the one that says most of the same, and the one that many tell
        strength += _TOLD * math.log2(min(candidate.voices, _MANY)) + _SAID * shared_words(said.facts, candidate.first)
    reason = f"the event that {_first(story)} reported first ({likeness})" if likeness else ""
    return strength, reason


def _first(story: Story) -> str:
    return story.sources[0] if story.sources and story.sources[0] else "another"


class _Said:
    """What an article brings to a story."""

    __slots__ = ("article", "correction", "direction", "events", "facts", "figures", "issuers", "report", "source")

    def __init__(self, article: Article, tags: Tags, fp: Fingerprint) -> None:
        self.article = article
        self.facts = fp
        self.source = article.entry.source or article.entry.feed
        self.events = tuple([e.type for e in tags.events if e.confidence >= _SURE and e.type != _NO_EVENT])
        self.figures = tuple(dict.fromkeys((*fp.head.figures, *fp.lead.figures)))
        self.direction = direction(fp.head.directions) or direction(fp.lead.directions)
        self.correction = is_correction(article.entry.title)
        self.report = report_of(fp, tags, self.events, self.figures)
        self.issuers = self.report.issuers


def _opened(said: _Said, now: float) -> Story:
    entry = said.article.entry
    return Story(
        id=said.article.id, title=entry.title, sources=(said.source,), articles=1, revision=1, issuers=said.issuers,
        events=said.events, figures=said.figures[:_MAX_FIGURES], direction=said.direction, first_seen=now,
        last_seen=now, first_url=entry.url,
    )  # fmt: skip


def _joined(said: _Said, story: Story, relation: Relation, reason: str, now: float) -> Placement:
    """Add an article to a story and weigh what is new in it."""
    corrects = said.correction and (
        not is_correction(story.title) or bool(new_figures(story.figures, said.facts.head.figures))
    )
    news = () if relation == "copy" and not corrects else _news(said, story)
    if corrects:
        relation, reason = "correction", "corrects what was said before"
    elif news and relation == "same_event":
        relation = "follow"
    if news and not corrects:
        reason = f"{reason}; new: {', '.join(news)}"
    risen = bool(news) or corrects
    # An edit or a correction stands in for what its own outlet said before.
    superseding = relation in ("update", "correction")
    grown = replace(
        story,
        title=said.article.entry.title if superseding else story.title,
        sources=_with(story.sources, (said.source,), _MAX_SOURCES),
        articles=story.articles + 1,
        revision=story.revision + risen,
        issuers=story.issuers if relation == "copy" else _with(story.issuers, said.issuers, _MAX_SOURCES),
        events=story.events if relation == "copy" else _with(story.events, said.events, _MAX_SOURCES),
        figures=_figures(said, story, corrects) if relation != "copy" else story.figures,
        direction=(said.direction or story.direction) if risen else (story.direction or said.direction),
        last_seen=max(story.last_seen, now),
    )
    return Placement(grown, relation, _novelty(relation, len(news) + corrects, story.articles), reason)


def _figures(said: _Said, story: Story, corrects: bool) -> tuple[str, ...]:
    known = superseded(story.figures, said.figures) if corrects else story.figures
    return _with(known, said.figures, _MAX_FIGURES)


def _news(said: _Said, story: Story) -> tuple[str, ...]:
    news = [f"figure {f}" for f in new_figures(story.figures, said.facts.head.figures)]
    news += [f"event {e}" for e in said.events if e not in story.events] if story.events else []
    if said.direction and story.direction and said.direction != story.direction:
        news.append("direction")
    return tuple(news)


def _novelty(relation: Relation, news: int, articles: int) -> float:
    if news:
        return round(_NEWS + 0.4 * (1 - 0.5**news), 3)
    if relation == "copy":
        return 0.0
    return round(0.4 / (1 + math.log2(1 + articles)), 3)


def _with(known: tuple[str, ...], more: Sequence[str], most: int) -> tuple[str, ...]:
    # as most articles of a long story find it
    if len(known) >= most or all(one in known for one in more):
        return known[:most]
    return tuple(dict.fromkeys((*known, *more)))[:most]
