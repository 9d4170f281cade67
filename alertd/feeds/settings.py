"""What this room needs to know about a feed, so that it depends on no other room's models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Secret(Protocol):
    """A value that shows itself only when asked (pydantic's SecretStr is one)."""

    def get_secret_value(self) -> str:
        """Return the value in clear."""
        ...


class Readable(Protocol):
    """The settings of one feed, as far as reading its documents needs them."""

    @property
    def name(self) -> str:
        """Name in the configuration; errors say it."""
        ...

    @property
    def max_bytes(self) -> int:
        """Limit for the body, in bytes, both as sent and after decompression."""
        ...

    @property
    def max_items(self) -> int:
        """Entries that are read from one document."""
        ...

    @property
    def timezone(self) -> str:
        """IANA zone of dates that name none (or an ambiguous one); "" when unknown."""
        ...

    @property
    def source(self) -> str:
        """Outlet to show; "" for the feed's own title."""
        ...

    @property
    def language(self) -> str:
        """Two-letter code that overrides what the feed says; "" for none."""
        ...


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The same as plain values without secrets, for another process."""

    name: str
    max_bytes: int
    max_items: int
    timezone: str
    source: str
    language: str

    @classmethod
    def of(cls, feed: Readable) -> ReadSettings:
        """Take them from a feed."""
        return cls(feed.name, feed.max_bytes, feed.max_items, feed.timezone, feed.source, feed.language)


class FeedLike(Readable, Protocol):
    """The settings of one feed, as far as fetching and reading it needs them."""

    @property
    def url(self) -> str:
        """Address, used exactly as configured; may carry a key, so it is never written to a log or an error."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds that one fetch may take, redirects and body included."""
        ...

    @property
    def user_agent(self) -> str:
        """User-Agent to send; "" for alertd's own."""
        ...

    @property
    def headers(self) -> Mapping[str, Secret]:
        """Headers to send to the feed's own origin and to no other."""
        ...
