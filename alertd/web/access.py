"""Who may see the page and change something by it. Decisions are pure; the middleware asks them.

On loopback all on this machine may, so that there only names and origins are checked; beyond it a token is needed:
as `Authorization: Bearer`, or as the cookie that the page gets for it, which holds no token but the proof of one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from alertd.hosts import is_loopback

COOKIE: Final = "alertd_session"
"""Name of the cookie."""
LIFE: Final = 30 * 86_400
"""Seconds for which a browser stays signed in."""
OPEN: Final = frozenset(["/healthz", "/readyz", "/api/session", "/favicon.ico"])
"""What is answered without a token: probes, and signing in."""
PAGE: Final = "/page/"
"""Where the parts of the page are; they hold nothing secret, and ask for the token."""
READING: Final = frozenset(["GET", "HEAD", "OPTIONS"])
_WRONG: Final = 0.5


def host_name(host: str) -> str:
    """Take the port and brackets off a Host header: ``[::1]:80`` gives ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def proof_of(token: str) -> str:
    """What the cookie holds for a token."""
    return hmac.new(token.encode(), b"alertd page session 1", hashlib.sha256).hexdigest()


def knows(token: str, headers: Mapping[str, str], cookies: Mapping[str, str]) -> bool:
    """Whether a request proves that it knows the token; takes the same time however wrong it is."""
    kind, _, given = headers.get("Authorization", "").partition(" ")
    by_header = hmac.compare_digest(given.strip().encode(), token.encode()) and kind.lower() == "bearer"
    by_cookie = hmac.compare_digest(cookies.get(COOKIE, "").encode(), proof_of(token).encode())
    return by_header or by_cookie


def foreign(headers: Mapping[str, str], host: str) -> str:
    """Why a request that changes something is not taken: another site sent it, or it is no JSON; "" when it is.

    A form of another site can send neither JSON nor hide where it comes from (Fetch Metadata, W3C).

    Args:
        headers: of the request.
        host: its Host header.
    """
    site = headers.get("Sec-Fetch-Site", "")
    if site not in ("", "same-origin", "none"):
        return "the request comes from another site"
    origin = headers.get("Origin", "")
    if origin and urlsplit(origin).netloc.lower() != host.lower():
        return "the request comes from another site"
    length = headers.get("Content-Length", "0")
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if (length != "0" or "Transfer-Encoding" in headers) and kind != "application/json":
        return "the body is no application/json"
    return ""


class Access:
    """The checks before every answer.

    Args:
        host: address that is listened on.
        token: `web.token`, or "" for none.
    """

    def __init__(self, host: str, token: str = "") -> None:
        self._host = host
        self._token = token

    def right(self, token: str) -> bool:
        """Whether this is the token."""
        return bool(self._token) and hmac.compare_digest(token.encode(), self._token.encode())

    def refusal(self, request: web.Request) -> web.Response | None:
        """The answer to a request that is not let in, or None."""
        if is_loopback(self._host) and not is_loopback(host_name(request.host)):
            return web.json_response({"error": "this address is not served here", "hint": ""}, status=421)
        if request.method not in READING and (why := foreign(request.headers, request.host)):
            return web.json_response({"error": why, "hint": "send JSON from the page itself"}, status=403)
        path = request.path
        if not self._token or path in OPEN or path == "/" or path.startswith(PAGE):
            return None
        if path == "/metrics" and is_loopback(self._host):
            return None
        if knows(self._token, request.headers, request.cookies):
            return None
        return web.json_response(
            {"error": "this needs the token", "hint": "sign in on the page, or send Authorization: Bearer TOKEN"},
            status=401, headers={"WWW-Authenticate": 'Bearer realm="alertd"'},
        )  # fmt: skip

    def signed_in(self, response: web.Response, *, secure: bool) -> web.Response:
        """Give a browser the cookie."""
        response.set_cookie(
            COOKIE, proof_of(self._token), max_age=LIFE, httponly=True, samesite="Strict", secure=secure, path="/"
        )
        return response

    @staticmethod
    def signed_out(response: web.Response) -> web.Response:
        """Take the cookie back."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    @staticmethod
    async def slowed() -> None:
        """Wait a moment after a wrong token, so that guessing takes long."""
        await asyncio.sleep(_WRONG)
