"""Which feeds are polled by the same process, so that this one alone keeps the pace that their site asks for."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from alertd.config.values import split
from alertd.feeds.pace import SITES, site_of
from alertd.store.shares import SHARDS


@lru_cache(maxsize=65_536)
def shard_of(url: str) -> int:
    """The shard of a feed, by the host of its configured address; hosts that share a pace share a shard. Pure."""
    parts = split(url)
    host = (parts.hostname or "").rstrip(".") if parts else ""
    return crc32(site_of(host, SITES).encode()) % SHARDS
