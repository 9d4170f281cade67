"""Names what goes wrong in a fetch: kind, words and next step; no address is ever quoted, for it may hold a key."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping

import aiohttp

from alertd.errors import FeedError
from alertd.feeds.network import REFUSED
from alertd.feeds.settings import FeedLike, Readable

_HINTS = {
    400: "check the address of the feed",
    401: "give the feed's credentials in its headers",
    403: "the publisher refuses us: set a user_agent with a contact, or ask for access",
    404: "the feed may have moved: check its address",
    410: "the publisher has ended this feed: remove it or find its successor",
    429: "asked too often: it is asked again when the publisher allows it",
}


def refusal(status: int, headers: Mapping[str, str], feed: FeedLike, now: float) -> FeedError:
    """Name an HTTP status that brings no document, with the time the publisher asks for."""
    wait = retry_after(headers.get("Retry-After", ""), now)
    if headers.get("cf-mitigated", "").lower() == "challenge":
        what = f"HTTP {status}: a bot challenge by Cloudflare"
        hint = "ask the publisher for access, or set a user_agent with a contact"
        return FeedError(what, where=feed.name, hint=hint, kind="challenge", retry_after=wait)
    hint = _HINTS.get(status, "the server fails: it is asked again" if status >= 500 else "check the address")
    return FeedError(f"HTTP {status}", where=feed.name, hint=hint, kind=f"http_{status}", retry_after=wait)


def retry_after(value: str, now: float) -> float | None:
    """Read a Retry-After header in either form (RFC 9110, section 10.2.3).

    Args:
        value: the header, or "".
        now: Unix seconds.

    Returns:
        Seconds to wait from now, never negative; None when the header is missing or unreadable.
    """
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, when - now) if math.isfinite(when) else None


def too_large(feed: Readable) -> FeedError:
    """Say that a document is beyond the feed's limit."""
    what = f"the document is larger than {feed.max_bytes:,} bytes"
    hint = "raise the feed's max_bytes if it is meant to be that large"
    return FeedError(what, where=feed.name, hint=hint, kind="too_large")


def failure(error: Exception, feed: FeedLike) -> FeedError:
    """Name what went wrong below HTTP; the address is never quoted, for it may hold a key."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        kind, what, hint = "dns", "its host name cannot be resolved", "check the address and the network"
    elif isinstance(error, aiohttp.ClientConnectorError) and REFUSED in str(error.os_error):
        kind, what = "private_address", "it leads to a private address"
        hint = "set allow_private_addresses: true if that is meant"
    elif isinstance(error, aiohttp.ClientSSLError):
        kind, what, hint = "tls", "its certificate or TLS is not accepted", "check the address, tell the publisher"
    elif isinstance(error, aiohttp.ClientPayloadError):
        kind, what, hint = "truncated", "the connection ended before the document did", "it is asked again"
    elif isinstance(error, aiohttp.ClientConnectionError | OSError):
        kind, what, hint = "unreachable", "its server cannot be reached", "it is asked again; check the network"
    elif isinstance(error, ValueError):
        # Too long a label of a host name, a line break in a header: found only when the request is made.
        kind, what, hint = "bad_url", "its address or its headers cannot be sent", "check the feed's url and headers"
    else:
        kind, what, hint = "protocol", f"the answer is not proper HTTP ({type(error).__name__})", "tell the publisher"
    return FeedError(what, where=feed.name, hint=hint, kind=kind)
