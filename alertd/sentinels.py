"""Addresses of a Redis behind Sentinels: `redis+sentinel://[[user]:password@]host[:port],host…/master[/database]`.

With `rediss+sentinel://` both servers and Sentinels are reached through TLS.

Imports nothing heavy: the configuration is checked with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES: Final = ("redis+sentinel://", "rediss+sentinel://")
SHAPE: Final = "redis+sentinel://:PASSWORD@HOST:26379,HOST:26379/MASTER"
"""What an address looks like, for errors and documents."""
_PORT: Final = 26379
_AUTHORITY: Final = "ssl_ca_certs"
_SENTINEL_PASSWORD: Final = "sentinel_password"  # noqa: S105 (the name of an option)


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Where the Sentinels are, and whom they are asked for.

    Attributes:
        hosts: host and port of each.
        master: the name under which they watch the servers.
        database: number of the database.
        username, password: for the servers; "" for none.
        sentinel_password: for the Sentinels themselves; "" for none.
        tls: whether servers and Sentinels are reached through TLS.
        authority: file with the certificate of the authority that speaks for them; "" for those that everyone trusts.
    """

    hosts: tuple[tuple[str, int], ...]
    master: str
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    sentinel_password: str = field(default="", repr=False)
    tls: bool = False
    authority: str = ""


def read(url: str) -> Sentinels:
    """Read an address. Pure.

    Raises:
        ValueError: it is not of the form; the text does not quote it, for it may hold a password.
    """
    parts = urlsplit(url)
    login, _, listed = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    master, _, database = parts.path.strip("/").partition("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    own = options.pop(_SENTINEL_PASSWORD, "")
    tls = url.startswith(SCHEMES[1])
    authority = options.pop(_AUTHORITY, "") if tls else ""
    if not url.startswith(SCHEMES) or not master or options or (database and not database.isdecimal()):
        raise ValueError(f"no address of Sentinels; write {SHAPE}")
    return Sentinels(
        tuple(_host(one) for one in listed.split(",")), unquote(master), int(database or 0), unquote(username),
        unquote(password), own, tls, authority,
    )  # fmt: skip


def _host(text: str) -> tuple[str, int]:
    found = urlsplit(f"//{text}")
    try:
        port = found.port
    except ValueError as error:
        raise ValueError(f"a Sentinel's port is no number; write {SHAPE}") from error
    if not found.hostname or found.username or found.path:
        raise ValueError(f"a Sentinel has no host; write {SHAPE}")
    return found.hostname, port or _PORT
