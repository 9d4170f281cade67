"""Which addresses a fetch may reach: none that is private, unless the configuration allows it.

The check sits where a socket is made, after resolution, so that names, redirects and IP literals all pass it.
"""

from __future__ import annotations

import ipaddress
import socket
import urllib.request
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from yarl import URL

from alertd.errors import FeedError
from alertd.feeds.settings import FeedLike
from alertd.hosts import is_loopback, literal

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6 for the public internet (RFC 4291, 2.4)."""
_WRAPPING = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""Networks whose last 32 bits are an IPv4 address: NAT64, IPv4-compatible, IPv4-translated."""
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))
"""For protocols, relays and documentation; Python counts them, or parts of them, as global."""
_ISATAP = (0x00005EFE, 0x02005EFE)
"""The first half of an interface's number that ends in an IPv4 address (RFC 5214, 6.1)."""

REFUSED = "the address is private"
"""The text of a PrivateAddressError; libraries that try several addresses join the texts into another error."""


class PrivateAddressError(OSError):
    """A connection to an address that is not public was refused before it was made."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public internet, looking through IPv6 forms that wrap an IPv4 one.

    Args:
        address: as resolved; a scope id is allowed.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if any(parsed in network for network in _WRAPPING):
            inner = last
        if inner is not None:
            return is_public(str(inner))
        if parsed not in _UNICAST or (int(parsed) >> 32 & 0xFFFFFFFF in _ISATAP and not is_public(str(last))):
            return False
    special = any(parsed in network for network in _SPECIAL if network.version == parsed.version)
    return parsed.is_global and not parsed.is_multicast and not special


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """Make a socket for one result of getaddrinfo (aiohttp's `socket_factory`).

    Raises:
        PrivateAddressError: the address is not public.
    """
    family, kind, protocol, _, target = info
    if not is_public(str(target[0])):
        raise PrivateAddressError(REFUSED)
    return socket.socket(family, kind, protocol)


def proxies_of_environment() -> Mapping[str, str]:
    """The proxies that the environment names by scheme (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY; NO_PROXY as `no`)."""
    return urllib.request.getproxies_environment()


def proxy_for(url: URL, feed: FeedLike, proxies: Mapping[str, str], *, allow_private: bool) -> URL | None:
    """Give the proxy for an address, None for none.

    A proxy resolves names by itself, so that what it reaches cannot be checked here: only addresses that are written
    as numbers are. This machine itself is never asked through a proxy.

    Args:
        proxies: see `proxies_of_environment`.

    Raises:
        FeedError: the proxy is no HTTP proxy, or the address is private.
    """
    host = url.host or ""
    named = proxies.get(url.scheme) or proxies.get("all", "")
    if not named:
        return None
    if is_loopback(host) or urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        return None
    if literal(host) and not allow_private and not is_public(host):
        hint = "set allow_private_addresses: true if that is meant"
        raise FeedError("it leads to a private address", where=feed.name, hint=hint, kind="private_address")
    try:
        proxy = URL(named if "://" in named else f"http://{named}")
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not proxy.host:
        hint = "set HTTP_PROXY and HTTPS_PROXY to the address of an HTTP proxy, or unset them"
        raise FeedError("the environment names a proxy that is no HTTP proxy", where=feed.name, hint=hint, kind="proxy")
    return proxy


def read_address(raw: str, feed: FeedLike, base: URL | None = None) -> URL:
    """Read an address without rewriting it: what is quoted stays quoted as it is; the fragment is never sent."""
    try:
        url = _read(raw)
        url = (base.join(url) if base else url).with_fragment(None)
        if url.scheme in ("http", "https") and url.host:
            return url
    except (ValueError, TypeError, IndexError):
        pass  # The one error below says it for every kind of wrong address, without quoting it: it may hold a key.
    place = "a redirect leads to what is no http or https address" if base else "its address is not http or https"
    raise FeedError(place, where=feed.name, hint="check the address of the feed", kind="bad_url")


@lru_cache(maxsize=16_384)
def _read(raw: str) -> URL:
    # the same addresses are asked again and again
    return URL(raw, encoded=raw.isascii() and raw.isprintable() and " " not in raw)


def same_site(start: URL, other: URL) -> bool:
    """Tell whether secrets for one address may go to another: same origin, or the same host moved up to https."""
    if start.host != other.host:
        return False
    upgraded = (
        start.scheme == "http" and other.scheme == "https" and start.is_default_port() and other.is_default_port()
    )
    return upgraded or (start.scheme, start.port) == (other.scheme, other.port)
