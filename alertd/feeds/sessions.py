"""The sessions over which feeds, pages and hubs are asked: one that goes direct, one that goes through a proxy."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from alertd import __version__
from alertd.feeds.network import guarded_socket, proxies_of_environment, proxy_for
from alertd.feeds.settings import FeedLike


def user_agent(contact: str) -> str:
    """What we call ourselves.

    Args:
        contact: an address or page of the operator, or "".
    """
    return f"alertd/{__version__}{f' (+{contact})' if contact else ''}"


class Sessions:
    """Sessions that reach no private address unless allowed; use it as an async context manager.

    Args:
        allow_private: also connect to loopback and private addresses.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        # read once: taking the environment apart costs as much as a request
        self._proxies: Mapping[str, str] = {}
        self._direct: ClientSession | None = None
        self._proxied: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._proxies = proxies_of_environment()
        self._direct = _open(None if self._allow_private else guarded_socket)
        # a proxy is the operator's own, and often in a private network
        self._proxied = _open(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._direct, self._proxied):
            if session is not None:
                await session.close()
        self._direct = self._proxied = None

    def towards(self, address: URL, feed: FeedLike) -> tuple[ClientSession, URL | None]:
        """Give the session for an address, and the proxy that it goes through, if any.

        Raises:
            FeedError: see `proxy_for`.
        """
        direct, proxied = self._direct, self._proxied
        if direct is None or proxied is None:
            raise RuntimeError("sessions are used outside of their context")
        proxy = proxy_for(address, feed, self._proxies, allow_private=self._allow_private)
        return (proxied if proxy else direct), proxy


def _open(sockets: Callable[[tuple[Any, ...]], socket.socket] | None) -> ClientSession:
    """Open a session that keeps no cookies, takes no proxy or password by itself, and has no limit but ours.

    Args:
        sockets: makes its sockets, see `guarded_socket`; None for any.
    """
    return ClientSession(
        connector=TCPConnector(limit=0, ttl_dns_cache=60, socket_factory=sockets),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        auto_decompress=False,
        # proxies are chosen by us, and a .netrc must not add secrets
        trust_env=False,
    )
