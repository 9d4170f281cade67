"""Feeds: fetching them, reading their documents, and knowing which of their entries are new."""

from alertd.feeds.fetch import Fetched, Fetcher, Validators
from alertd.feeds.identity import KnownEntry, Verdict, content_key, entry_keys, judge
from alertd.feeds.parse import ParsedFeed, parse
from alertd.feeds.reading import Reader
from alertd.feeds.settings import FeedLike

__all__ = [
    "FeedLike",
    "Fetched",
    "Fetcher",
    "KnownEntry",
    "ParsedFeed",
    "Reader",
    "Validators",
    "Verdict",
    "content_key",
    "entry_keys",
    "judge",
    "parse",
]
