"""Posts a form to an address that a feed named: bounded in time, and never to a private address unless allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import aiohttp

from alertd.errors import FeedError
from alertd.feeds.failures import failure, refusal
from alertd.feeds.network import read_address
from alertd.feeds.sessions import Sessions, user_agent
from alertd.feeds.settings import FeedLike

MOST_REDIRECTS: Final = 3
"""Redirects that one post follows."""


class Poster:
    """Posts forms; use it as an async context manager.

    Args:
        contact: an address or page of the operator for the User-Agent.
        allow_private: also post to loopback and private addresses.
    """

    def __init__(self, *, contact: str = "", allow_private: bool = False) -> None:
        self._agent = user_agent(contact)
        self._sessions = Sessions(allow_private=allow_private)

    async def __aenter__(self) -> Self:
        await self._sessions.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sessions.__aexit__(kind, error, trace)

    async def post(self, url: str, form: Mapping[str, str], feed: FeedLike) -> None:
        """Post a form once; redirects that keep the method (307, 308) are followed.

        Args:
            url: where to.
            form: its fields.
            feed: on whose behalf, for its time limit and for errors.

        Raises:
            FeedError: it did not arrive or was refused, as `Fetcher.fetch` says it.
        """
        target = read_address(url, feed)
        try:
            async with asyncio.timeout(feed.timeout):
                for _ in range(MOST_REDIRECTS + 1):
                    session, proxy = self._sessions.towards(target, feed)
                    async with session.post(
                        target, data=form, headers={"User-Agent": self._agent}, allow_redirects=False, proxy=proxy
                    ) as response:
                        if response.status in (307, 308):
                            target = read_address(response.headers.get("Location", ""), feed, target)
                            continue
                        if not 200 <= response.status < 300:
                            raise refusal(response.status, response.headers, feed, 0.0)
                        return
        except TimeoutError:
            hint = "it is asked again"
            raise FeedError("its hub does not answer in time", where=feed.name, hint=hint, kind="timeout") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failure(error, feed) from None
        raise FeedError("its hub leads in a circle", where=feed.name, hint="it is asked again", kind="redirects")
