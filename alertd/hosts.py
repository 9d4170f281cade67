"""What a host is, as far as its name or number tells: the one meaning of "this machine only"."""

from __future__ import annotations

import ipaddress

Literal = ipaddress.IPv4Address | ipaddress.IPv6Address


def literal(host: str) -> Literal | None:
    """Read an address that is written as a number; None for a name. An IPv4 address mapped into IPv6 is that itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(host: str) -> bool:
    """Tell whether a host name or number means this machine only.

    `localhost` and the names below it do (RFC 6761, section 6.3); so does a number of the loopback network. Numbers in
    the old ways of writing (`127.1`, `2130706433`) are taken for names, of which nothing is known.

    Args:
        host: without port and brackets; its case and a dot at its end mean nothing.
    """
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = literal(name)
    return address is not None and address.is_loopback
