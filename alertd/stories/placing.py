"""Which story an article belongs to, how it relates to it, and how new it is. Pure: the caller keeps the stories."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alertd.articles import Article, Placement, Relation, Story, Tags
from alertd.stories.agreement import clash, new_figures, opposite_words
from alertd.stories.cleaning import headline, is_correction, is_generic, tokens
from alertd.stories.figures import Facts, direction, facts, join
from alertd.stories.fingerprints import Fingerprint, title_likeness

NEAR = 0.8
"""Cosine of two articles' vectors from which they may report one event, with one company and one type in common."""
NEAR_UNTAGGED = 0.85
"""The same where companies or event types are not known."""
_NEAR_TITLES = 0.5
_NEAR_WORDS = 0.6
_EVENT_SPAN = 24 * 3600.0
_SURE = 0.5
_MAX_FIGURES = 48
_MAX_SOURCES = 64
_NEWS = 0.5
_NO_EVENT = "commentary"


@dataclass(frozen=True, slots=True)
class StoryCandidate:
    """An open story that an article may belong to.

    Attributes:
        embedding: the vector of its first article, packed as in `Tags.embedding`; "" when there is none.
        encoder: version of the encoder that made it; vectors of different encoders are not compared. "" is unknown.
    """

    story: Story
    embedding: str = ""
    encoder: str = ""


def place(
    article: Article,
    tags: Tags,
    fp: Fingerprint,
    *,
    original: Story | None,
    earlier: Story | None,
    candidates: Sequence[StoryCandidate],
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
        now: Unix seconds; the article's arrival, so that a replay repeats.

    Returns:
        The placement, with the story as it is afterwards. The revision rises with new figures in the headline, a new
        event type, a new direction or a correction, and exactly then (or when the story is new) the novelty is at
        least 0.5.
    """
    said = _Said(article, tags, fp)
    if original is not None:
        return _grown(said, original, "copy", f"the text that {_first(original)} had first", now)
    if earlier is not None:
        return _grown(said, earlier, "update", "edited by its outlet", now)
    best: tuple[float, float, str, StoryCandidate, str] | None = None
    for candidate in candidates:
        strength, reason = _same_event(said, candidate, now)
        key = (-strength, candidate.story.first_seen, candidate.story.id, candidate, reason)
        if reason and (best is None or key[:3] < best[:3]):
            best = key
    if best is not None:
        return _grown(said, best[3].story, "same_event", best[4], now)
    return Placement(_opened(said, now), "first", 1.0, "no earlier report of it")


def _first(story: Story) -> str:
    return story.sources[0] if story.sources and story.sources[0] else "another"


class _Said:
    """What an article brings to a story."""

    __slots__ = ("article", "correction", "direction", "events", "facts", "issuers", "source", "tags")

    def __init__(self, article: Article, tags: Tags, fp: Fingerprint) -> None:
        self.article = article
        self.tags = tags
        self.facts = fp
        self.source = article.entry.source or article.entry.feed
        self.issuers = tuple(dict.fromkeys(c.issuer or c.name for c in tags.companies if c.role == "subject"))
        self.events = tuple(e.type for e in tags.events if e.confidence >= _SURE and e.type != _NO_EVENT)
        self.direction = direction(fp.head.directions) or direction(fp.lead.directions)
        self.correction = is_correction(article.entry.title)

    @property
    def figures(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.facts.head.figures, *self.facts.lead.figures)))


def _opened(said: _Said, now: float) -> Story:
    entry = said.article.entry
    return Story(
        id=said.article.id, title=entry.title, sources=(said.source,), articles=1, revision=1, issuers=said.issuers,
        events=said.events, figures=said.figures[:_MAX_FIGURES], direction=said.direction, first_seen=now,
        last_seen=now, first_url=entry.url,
    )  # fmt: skip


def _grown(said: _Said, story: Story, relation: Relation, reason: str, now: float) -> Placement:
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
        figures=_with(story.figures, said.figures, _MAX_FIGURES),
        direction=(said.direction or story.direction) if risen else (story.direction or said.direction),
        last_seen=max(story.last_seen, now),
    )
    return Placement(grown, relation, _novelty(relation, len(news) + corrects, story.articles), reason)


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


def _same_event(said: _Said, candidate: StoryCandidate, now: float) -> tuple[float, str]:
    """How strongly and why an article reports a story's event in other words; ("" when it does not)."""
    story = candidate.story
    if abs(now - story.first_seen) > _EVENT_SPAN or said.facts.generic or is_generic(story.title):
        return 0.0, ""
    known = bool(said.issuers and story.issuers)
    if known and not set(said.issuers) & set(story.issuers):
        return 0.0, ""
    typed = bool(said.events and story.events)
    if typed and not set(said.events) & set(story.events):
        return 0.0, ""
    if bool(said.issuers) != bool(story.issuers):
        return 0.0, ""
    near = _near(said, candidate)
    if near is None:
        alike = title_likeness(said.facts.title, " ".join(tokens(headline(story.title))))
        strength, needed, words = alike, _NEAR_TITLES, "words"
    else:
        strength, needed, words = near, NEAR if known and typed else NEAR_UNTAGGED, "meaning"
    if strength < needed or _contradicts(said, story, names=not known):
        return 0.0, ""
    return strength, f"the event that {_first(story)} reported first (likeness in {words} {strength:.2f})"


def _near(said: _Said, candidate: StoryCandidate) -> float | None:
    """Cosine of the two vectors, or None when they cannot be compared."""
    mine = said.tags.versions.get("encoder", "")
    if not said.tags.embedding or not candidate.embedding or (candidate.encoder and candidate.encoder != mine):
        return None
    x, y = (
        np.frombuffer(base64.b64decode(v), np.int8).astype(np.float32)
        for v in (said.tags.embedding, candidate.embedding)
    )
    if x.shape != y.shape or not x.any() or not y.any():
        return None
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


def _contradicts(said: _Said, story: Story, *, names: bool) -> str:
    """What keeps an article out of a story: other figures, another period, the opposite direction."""
    headline_told = headline(story.title)
    told, words = facts(headline_told), " ".join(tokens(headline_told))
    head, lead = said.facts.head, said.facts.lead
    if found := opposite_words(set(said.facts.title.split()), set(words.split())):
        return found
    if title_likeness(said.facts.title, words) >= _NEAR_WORDS and (
        found := clash(Facts(figures=said.figures), Facts(figures=story.figures))
    ):
        # Nearly the same words around other figures are the mark of the next quarter, month or deal.
        return found
    if not names:
        told, head, lead = (replace(f, names=()) for f in (told, head, lead))
    # What a headline adds to the figures of the other side may stand in the other side's text.
    if not new_figures(story.figures, head.figures):
        head = replace(head, figures=())
    if not new_figures(said.figures, told.figures):
        told = replace(told, figures=())
    if found := clash(head, told):
        return found
    if found := clash(Facts(periods=join(head, lead).periods), Facts(periods=told.periods)):
        return found
    return "direction" if said.direction * story.direction < 0 and head.directions and told.directions else ""


def _with(known: tuple[str, ...], more: Sequence[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, *more)))[:most]
