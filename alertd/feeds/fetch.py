"""Fetches feeds: conditional, bounded in bytes and time, polite, and never to a private address unless allowed.

`tests/feeds/test_fetch.py` has a test for every rule that feed fetchers are scored on.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import aiohttp
from aiohttp import ClientResponse
from yarl import URL

from alertd.errors import FeedError
from alertd.feeds.decompress import ACCEPT_ENCODING, Plain, TooLargeError, UnknownEncodingError, decompress
from alertd.feeds.failures import failure, refusal, too_large
from alertd.feeds.network import read_address, same_site
from alertd.feeds.pace import Pace
from alertd.feeds.places import Places
from alertd.feeds.sessions import Sessions, user_agent
from alertd.feeds.settings import FeedLike

MAX_REDIRECTS = 5
"""Redirects that one fetch follows."""
ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)
"""The types that are read."""

_CHUNK = 64 * 1024
_IN_THREAD = 512 * 1024
_MOVED_FOR_GOOD = (301, 308)
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a publisher gave to ask "has it changed?" with, replayed byte for byte.

    Attributes:
        etag: value of ETag, quotes and all, or "".
        last_modified: value of Last-Modified, or "".
        origin: "" when the configured address gave them, else a hash of the redirect's target that did; they are
            sent to no other address.
    """

    etag: str = ""
    last_modified: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought.

    Attributes:
        status: `document`, or `unchanged` (then there is no body and the validators are the ones that were sent).
        headers: response headers, names in lower case.
        url: address that answered, after redirects.
        validators: to be kept once the document could be parsed, never before.
        seconds: how long the fetch took, waiting for the host's turn not included.
        moved: new address of a permanent move (all redirects were 301 or 308), or "".
    """

    status: Literal["document", "unchanged"]
    body: bytes
    headers: dict[str, str]
    url: str
    validators: Validators
    seconds: float
    moved: str = ""


class Fetcher:
    """Fetches any number of feeds at once over one session; use it as an async context manager.

    Args:
        contact: an address or page of the operator for the User-Agent; the SEC insists on one.
        allow_private: also fetch from loopback and private addresses.
        clock: Unix seconds, for Retry-After dates.
    """

    def __init__(
        self, *, contact: str = "", allow_private: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._contact = contact
        self._clock = clock
        self._places = Places()
        self._pace = Pace()
        self._sessions = Sessions(allow_private=allow_private)

    async def __aenter__(self) -> Self:
        await self._sessions.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sessions.__aexit__(kind, error, trace)

    async def fetch(self, feed: FeedLike, validators: Validators, *, accept: str = ACCEPT) -> Fetched:
        """Ask for a feed once.

        Args:
            feed: settings of the feed.
            validators: those kept from its last document, or `Validators()`.
            accept: the types that are read.

        Raises:
            FeedError: kind `timeout`, `dns`, `unreachable`, `tls`, `private_address`, `too_large`, `truncated`,
                `encoding`, `proxy`, `redirect_loop`, `redirects`, `bad_url`, `contact`, `protocol`, `challenge`,
                `empty` or `http_<status>`; `retry_after` is set when the publisher named a time.
        """
        start = current = read_address(feed.url, feed)
        seen: list[URL] = []
        permanent = True
        seconds = 0.0
        while True:
            self._check(current, feed)
            session, proxy = self._sessions.towards(current, feed)
            own = same_site(start, current)
            sent = validators if validators.origin == _origin(start, current) else Validators()
            headers = self._headers(feed, sent, own=own, accept=accept)
            async with self._places.at(current.host or ""):
                await self._pace.turn(current.host or "")
                began = time.monotonic()
                try:
                    async with asyncio.timeout(feed.timeout - seconds):
                        async with session.get(
                            current, headers=headers, allow_redirects=False, proxy=proxy
                        ) as response:
                            target = _redirect(response, current, feed)
                            plain = Plain(b"") if target else await self._read(response, feed, sent)
                except TimeoutError:
                    limit = f"no complete answer within {feed.timeout:g} s"
                    hint = "the server is slow or hangs; raise the feed's timeout if it is always so"
                    raise FeedError(limit, where=feed.name, hint=hint, kind="timeout") from None
                except (aiohttp.ClientError, OSError, ValueError) as error:
                    raise failure(error, feed) from None
                seconds += time.monotonic() - began
            seen.append(current)
            if target is None:
                break
            permanent = permanent and response.status in _MOVED_FOR_GOOD
            if own and start.user and not target.user and same_site(start, target):
                target = target.with_user(start.user).with_password(start.password)
            if target in seen:
                raise FeedError(
                    "its redirects lead in a circle",
                    where=feed.name,
                    hint="check the address of the feed",
                    kind="redirect_loop",
                )
            if len(seen) > MAX_REDIRECTS:
                raise FeedError(
                    f"more than {MAX_REDIRECTS} redirects",
                    where=feed.name,
                    hint="check the address of the feed",
                    kind="redirects",
                )
            current = target
        received = {name.lower(): value for name, value in response.headers.items()}
        unchanged = response.status == 304
        kept = sent
        if not unchanged:
            # Validators of a half document would keep the other half away for ever; those of the one before do not.
            kept = _validators(received, _origin(start, current)) if plain.complete else sent
        address = str(current.with_user(None) if current.user else current)
        return Fetched(
            status="unchanged" if unchanged else "document",
            body=plain.body,
            headers=received,
            url=address,
            validators=kept,
            seconds=seconds,
            moved=address if len(seen) > 1 and permanent else "",
        )

    def _check(self, address: URL, feed: FeedLike) -> None:
        host = (address.host or "").lower().rstrip(".")
        if not self._contact and not feed.user_agent and (host == "sec.gov" or host.endswith(".sec.gov")):
            raise FeedError(
                "the SEC answers only those who name a contact",
                where=feed.name,
                hint="set `contact` (an e-mail address) in alertd.yaml",
                kind="contact",
            )

    def _headers(self, feed: FeedLike, sent: Validators, *, own: bool, accept: str) -> dict[str, str]:
        headers = {
            "User-Agent": feed.user_agent or user_agent(self._contact),
            "Accept": accept,
            "Accept-Encoding": ACCEPT_ENCODING,
        }
        if sent.etag:
            headers["If-None-Match"] = sent.etag
        if sent.last_modified:
            headers["If-Modified-Since"] = sent.last_modified
        if own:
            headers.update({name: secret.get_secret_value() for name, secret in feed.headers.items()})
        return headers

    async def _read(self, response: ClientResponse, feed: FeedLike, sent: Validators) -> Plain:
        status = response.status
        if status == 304 and (sent.etag or sent.last_modified):
            return Plain(b"")
        if status in (204, 205):
            raise FeedError(
                f"HTTP {status}: no content", where=feed.name, hint="check the address of the feed", kind="empty"
            )
        if not 200 <= status < 300:
            raise refusal(response.status, response.headers, feed, self._clock())
        limit = feed.max_bytes
        received = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            received += chunk
            if len(received) > limit:
                raise too_large(feed)
        encoding = response.headers.get("Content-Encoding", "")
        try:
            if len(received) > _IN_THREAD:
                return await asyncio.to_thread(decompress, bytes(received), encoding, limit)
            return decompress(bytes(received), encoding, limit)
        except TooLargeError:
            raise too_large(feed) from None
        except UnknownEncodingError as error:
            raise FeedError(
                f"its body is encoded as {str(error)!r}, which was not asked for",
                where=feed.name,
                hint="tell the publisher",
                kind="encoding",
            ) from None


def _redirect(response: ClientResponse, current: URL, feed: FeedLike) -> URL | None:
    if response.status not in _MOVED:
        return None
    target = response.headers.get("Location", "").strip()
    if not target:
        what = f"HTTP {response.status} without a target"
        raise FeedError(what, where=feed.name, hint="check the address of the feed", kind="bad_url")
    return read_address(target, feed, current)


def _origin(start: URL, current: URL) -> str:
    return "" if current == start else hashlib.blake2b(str(current).encode(), digest_size=8).hexdigest()


def _validators(headers: dict[str, str], origin: str) -> Validators:
    # what could not be sent back is not kept either: no store takes bytes that are no text
    etag, modified = (headers.get(name, "") for name in ("etag", "last-modified"))
    return Validators(etag if _encodable(etag) else "", modified if _encodable(modified) else "", origin)


def _encodable(value: str) -> bool:
    """Tell whether a header that came can be sent back as the same bytes."""
    return value.isprintable() and not any("\ud800" <= char <= "\udfff" for char in value)
