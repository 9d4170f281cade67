"""What this room needs to know of the user's watchlist, so that it depends on no other room's models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from alertd.articles import Role, SentimentLabel
from alertd.expressions import Comparison
from alertd.watchlist.asking import HoursLike, ShiftLike, SpikeLike


class WatchedLike(Protocol):
    """A company as the user names it."""

    @property
    def symbol(self) -> str:
        """One of its symbols, or ""."""
        ...

    @property
    def name(self) -> str:
        """Its name, or ""."""
        ...

    @property
    def aliases(self) -> Sequence[str]:
        """Other names of it."""
        ...


class RuleLike(Protocol):
    """A rule: it fires when all conditions that it names hold; of a list, one is enough."""

    @property
    def name(self) -> str:
        """Unique name."""
        ...

    @property
    def companies(self) -> Sequence[WatchedLike]:
        """Companies, those of lists included."""
        ...

    @property
    def not_companies(self) -> Sequence[WatchedLike]:
        """Companies that it leaves out."""
        ...

    @property
    def sectors(self) -> Sequence[str]:
        """Sectors of the company."""
        ...

    @property
    def countries(self) -> Sequence[str]:
        """Countries of the company."""
        ...

    @property
    def event_types(self) -> Sequence[str]:
        """Types of event, groups already replaced by what they hold."""
        ...

    @property
    def sentiment(self) -> Sequence[SentimentLabel]:
        """Sentiments towards the company, or of the article for a rule without companies."""
        ...

    @property
    def min_sentiment(self) -> float | None:
        """Least score of the sentiment, -1..1."""
        ...

    @property
    def max_sentiment(self) -> float | None:
        """Highest score of the sentiment, -1..1."""
        ...

    @property
    def keywords(self) -> Sequence[str]:
        """Words, phrases or expressions; see `alertd.expressions`."""
        ...

    @property
    def not_keywords(self) -> Sequence[str]:
        """The same, keeping it quiet."""
        ...

    @property
    def fact_tests(self) -> Mapping[str, tuple[Comparison, ...]]:
        """Facts that must be stated, each with its test."""
        ...

    @property
    def languages(self) -> Sequence[str]:
        """Two-letter languages of the article; none for all."""
        ...

    @property
    def sources(self) -> Sequence[str]:
        """Outlets."""
        ...

    @property
    def not_sources(self) -> Sequence[str]:
        """Outlets that never fire it."""
        ...

    @property
    def feeds(self) -> Sequence[str]:
        """Feeds by name."""
        ...

    @property
    def not_feeds(self) -> Sequence[str]:
        """Feeds that never fire it."""
        ...

    @property
    def roles(self) -> Sequence[Role]:
        """What the company may be in the article."""
        ...

    @property
    def min_relevance(self) -> float:
        """0..1."""
        ...

    @property
    def min_confidence(self) -> float:
        """0..1."""
        ...

    @property
    def min_novelty(self) -> float:
        """0..1."""
        ...

    @property
    def destinations(self) -> Sequence[str]:
        """Channels, or none for the default one."""
        ...

    @property
    def mentions(self) -> Sequence[str]:
        """Members and groups of Slack whom its alerts mention."""
        ...

    @property
    def severity(self) -> str:
        """`low`, `normal` or `high`."""
        ...

    @property
    def scopes(self) -> Sequence[str]:
        """Groups in which only the first rule that fires for a company counts."""
        ...

    @property
    def cooldown(self) -> float:
        """Seconds that it keeps quiet about a company after a post; 0 for none."""
        ...

    @property
    def cooldown_max(self) -> float:
        """Seconds up to which the cooldown doubles while news goes on."""
        ...

    @property
    def per_hour(self) -> int:
        """Most posts an hour; 0 for any number."""
        ...

    @property
    def once(self) -> bool:
        """Only the first match in a story posts."""
        ...

    @property
    def min_sources(self) -> int:
        """Outlets that must carry the story; 0 for any number."""
        ...

    @property
    def stories(self) -> int:
        """Stories that must match within `within`; below 2, each match counts."""
        ...

    @property
    def within(self) -> float:
        """Seconds within which `stories` are counted."""
        ...

    @property
    def spike(self) -> SpikeLike | None:
        """It fires when more matches than usual; None for any other kind."""
        ...

    @property
    def sentiment_shift(self) -> ShiftLike | None:
        """It fires when the mean of what matches shifts; None for any other kind."""
        ...

    @property
    def quiet(self) -> float:
        """Seconds without a match after which it fires; 0 for any other kind."""
        ...

    @property
    def new_event(self) -> float:
        """Seconds in which no event of the type may have been; 0 for any other kind."""
        ...

    @property
    def hours(self) -> HoursLike | None:
        """When it speaks; None for always."""
        ...

    @property
    def outside(self) -> str:
        """What becomes of its alerts outside its hours: `hold`, `digest` or `drop`."""
        ...

    @property
    def digest(self) -> str:
        """When all its alerts are told together: `hourly`, `opening`, a time of day perhaps with a zone; "" at once."""
        ...

    @property
    def definition(self) -> str:
        """A text that changes whenever what the rule asks for changes; how it tells and where is no part of it."""
        ...


class WatchlistLike(Protocol):
    """All rules, with their defaults already taken over."""

    @property
    def rules(self) -> Sequence[RuleLike]:
        """In the order in which the user wrote them."""
        ...
