"""The files of the page: read once, served with a tag so that a browser asks for them again only when they changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final

from aiohttp import web

from alertd.web.access import PAGE

KINDS: Final = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}  # fmt: skip
POLICY: Final = (
    "default-src 'self'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, nothing inline."""
ROOT: Final = "index.html"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the page."""

    body: bytes
    kind: str
    tag: str


def files() -> dict[str, File]:
    """All files of the page by their names."""
    found = {}
    for item in (resources.files("alertd.web") / "page").iterdir():
        suffix = "." + item.name.rpartition(".")[2]
        if suffix in KINDS:
            body = item.read_bytes()
            found[item.name] = File(body, KINDS[suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')
    return found


def add_to(application: web.Application) -> None:
    """Add the page to an application: at the root, its parts below `PAGE`."""
    known = files()

    async def root(request: web.Request) -> web.Response:
        return _answer(request, known[ROOT])

    async def part(request: web.Request) -> web.Response:
        found = known.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="no such file")
        return _answer(request, found)

    async def icon(request: web.Request) -> web.Response:
        return _answer(request, known["icon.svg"])

    application.router.add_get("/", root)
    application.router.add_get("/favicon.ico", icon)
    application.router.add_get(f"{PAGE}{{name}}", part)


def _answer(request: web.Request, file: File) -> web.Response:
    # always asked again: after an upgrade no old part may work with a new one
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache", "ETag": file.tag}
    if request.headers.get("If-None-Match") == file.tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, headers={**headers, "Content-Type": file.kind})
