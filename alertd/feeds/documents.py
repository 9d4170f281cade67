"""Names what a document is when it is no feed: an HTML page, a bot challenge, a login page, a JSON error, garbage."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass

from alertd.feeds.text import plain

_START = 64 * 1024
_LEAD = re.compile(r"(?:\s|\ufeff|<!--.*?-->|<\?xml[^>]*\?>)*", re.DOTALL)
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|meta|title)\b", re.IGNORECASE)
_FEED = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:rss|feed|rdf)[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*+>([^<]*+)", re.IGNORECASE)
_HEADING = re.compile(r"<h1[^<>]*+>([^<]*)", re.IGNORECASE)
_ALTERNATE = re.compile(r"<link\b[^<>]*application/(?:rss|atom|feed)\+(?:xml|json)[^<>]*>", re.IGNORECASE)
_HREF = re.compile(r"href\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w:.-]*)")
_CHALLENGES = (
    ("_cf_chl", "Cloudflare"),
    ("challenge-platform", "Cloudflare"),
    ("cf-browser-verification", "Cloudflare"),
    ("just a moment...", "Cloudflare"),
    ("attention required! | cloudflare", "Cloudflare"),
    ("_incapsula_resource", "Imperva"),
    ("datadome", "DataDome"),
    ("px-captcha", "HUMAN"),
    ("awswaf", "AWS WAF"),
    ("errors.edgesuite.net", "Akamai"),
    ("reference #", "Akamai"),
    ("sgcaptcha", "SiteGround"),
    ("g-recaptcha", "a captcha"),
    ("h-captcha", "a captcha"),
    ("unusual traffic", "a captcha"),
    ("undeclared automated tool", "the SEC's fair access rule"),
    ("enable javascript and cookies", "a script test"),
)
_LOGIN = re.compile(r"type\s*=\s*[\"']?password", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a document is instead of a feed.

    Attributes:
        kind: html_page, challenge, login, empty, garbage or json_error.
        what: the finding in words, without the article's text beyond a page title.
        hint: what to do next.
    """

    kind: str
    what: str
    hint: str


def is_page(body: bytes) -> bool:
    """Tell whether a document in UTF-8 is an HTML page that holds no feed, so that parsing it is of no use."""
    start = body[:_START].decode("utf-8", "replace")
    return bool(_HTML.match(start, _lead(start))) and not _FEED.search(body)


def name_document(body: bytes) -> Finding:
    """Say what a document in UTF-8 that is no feed is."""
    start = body[:_START].decode("utf-8", "replace").lstrip("\ufeff")
    if not start.replace("\ufeff", "").strip():
        return Finding("empty", "the document is empty", "the publisher may be rebuilding it; it is asked again")
    rest = start[_lead(start) :]
    if rest.startswith(("{", "[")):
        return _name_json(body)
    if _HTML.match(rest):
        return _name_page(start)
    root = _ROOT.match(rest)
    if root:
        return Finding(
            "garbage", f"an XML document (<{root.group(1)[:40]}>) that is no feed", "check the address of the feed"
        )
    return Finding("garbage", "neither RSS, Atom nor JSON Feed", "check the address of the feed")


def _lead(start: str) -> int:
    found = _LEAD.match(start)
    return found.end() if found else 0


def _name_json(body: bytes) -> Finding:
    try:
        data = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return Finding("garbage", "broken JSON", "check the address of the feed")
    said = ""
    if isinstance(data, dict):
        told = next(
            (data[key] for key in ("message", "error", "detail", "title") if isinstance(data.get(key), str)), ""
        )
        said = f': "{plain(told, 100)}"' if told else ""
    return Finding("json_error", f"JSON that is no feed{said}", "check the address and any key it needs")


def _name_page(start: str) -> Finding:
    lower = start.lower()
    found = _TITLE.search(start) or _HEADING.search(start)
    title = plain(html.unescape(found.group(1)), 80) if found else ""
    named = f' ("{title}")' if title else ""
    for mark, keeper in _CHALLENGES:
        if mark in lower:
            return Finding(
                "challenge",
                f"a bot challenge by {keeper}{named} instead of a feed",
                "ask the publisher for access, or set a user_agent with a contact",
            )
    if _LOGIN.search(start):
        return Finding("login", f"a login page{named} instead of a feed", "give the feed's credentials in its headers")
    if lower.find("captcha") >= 0:
        return Finding("challenge", f"a captcha{named} instead of a feed", "ask the publisher for access")
    hint = "check the address of the feed"
    if alternate := _ALTERNATE.search(start):
        href = _HREF.search(alternate.group())
        if href:
            hint = f"the page names a feed: {plain(href.group(1), 200).partition('?')[0]}"
    return Finding("html_page", f"an HTML page{named} instead of a feed", hint)
