"""What this room needs to know of the user's watchlist, so that it depends on no other room's models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alertd.articles import Role, SentimentLabel


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
        """Companies, or none for a rule about articles."""
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
    def keywords(self) -> Sequence[str]:
        """Words or phrases."""
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
    def channel(self) -> str:
        """Channel, or "" for the default."""
        ...

    @property
    def severity(self) -> str:
        """`normal` or `high`."""
        ...


class WatchlistLike(Protocol):
    """All rules, with their defaults already taken over."""

    @property
    def rules(self) -> Sequence[RuleLike]:
        """In the order in which the user wrote them."""
        ...
