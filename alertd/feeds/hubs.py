"""WebSub (W3C Recommendation, 23 January 2018) as a subscriber sees it: what feeds offer, subscriptions. Pure."""

from __future__ import annotations

import hashlib
import hmac
import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import urljoin, urlsplit

LEASE: Final = 5 * 86400
"""Seconds for which a subscription is asked; the hub says how long it really lasts."""
RENEWED: Final = 0.8
"""Share of a lease after which it is renewed."""
UNCONFIRMED: Final = 600.0
"""Seconds after which a request that the hub did not confirm counts as failed."""
FIRST_RETRY: Final = 300.0
LONGEST_RETRY: Final = 86400.0
"""Seconds after which a hub that refuses or fails is asked again: the first doubles up to the longest."""
_SHORTEST_LEASE: Final = 60.0
_LONGEST_LEASE: Final = 30 * 86400.0
_DIGESTS: Final = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}

_HEAD: Final = 64 * 1024
_ITEM = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_LINK = re.compile(rb"<(?:\w+:)?link\b([^<>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HEADER = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+^.|~-]+(?:\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a feed offers: the hub to ask, and the topic to ask it for."""

    hub: str
    topic: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is remembered of a subscription.

    Attributes:
        hub, topic: see `Offer`.
        token: what stands for it in the callback's address; whoever knows it may push.
        secret: what pushes are signed with.
        state: `asked` until the hub confirms, then `active`; `refused` when it does not.
        asked_at: Unix seconds of the latest request to the hub.
        until: Unix seconds at which the lease ends; 0 when there is none.
        failures: requests in a row that led to nothing.
    """

    hub: str
    topic: str
    token: str
    secret: str
    state: Literal["asked", "active", "refused"] = "asked"
    asked_at: float = 0.0
    until: float = 0.0
    failures: int = 0

    def dumps(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Subscription:
        """Read what `dumps` wrote."""
        return cls(**json.loads(text))

    def active(self, now: float) -> bool:
        """Whether the hub pushes now; a renewal under way changes nothing."""
        return now < self.until

    def due(self, now: float) -> bool:
        """Whether the hub is to be asked: first, again after it failed, or for another lease."""
        if not self.asked_at:
            return True
        if self.state == "active":
            return now >= self.until - (1 - RENEWED) * max(0.0, self.until - self.asked_at)
        waited = now - self.asked_at
        return waited >= max(UNCONFIRMED, min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(self.failures, 20)))

    def asked(self, now: float) -> Subscription:
        """The subscription once the hub was asked; that it was not confirmed before counts as a failure."""
        return replace(self, state="asked", asked_at=now, failures=self.failures + (self.state == "asked"))

    def confirmed(self, lease: float, now: float) -> Subscription:
        """The subscription once the hub has verified it for so many seconds."""
        lasts = min(_LONGEST_LEASE, max(_SHORTEST_LEASE, lease))
        return replace(self, state="active", asked_at=now, until=now + lasts, failures=0)

    def refused(self, now: float) -> Subscription:
        """The subscription once the hub said no."""
        return replace(self, state="refused", asked_at=now, until=0.0, failures=self.failures + 1)

    def signed(self, header: str, body: bytes) -> bool:
        """Tell whether a push was signed with our secret (X-Hub-Signature, section 8)."""
        method, _, given = header.strip().partition("=")
        digest = _DIGESTS.get(method.lower())
        if digest is None:
            return False
        wanted = hmac.new(self.secret.encode("utf-8", "surrogatepass"), body, digest).hexdigest()
        return hmac.compare_digest(wanted.encode(), given.strip().lower().encode("utf-8", "surrogateescape"))


def offered(headers: Mapping[str, str], body: bytes, url: str) -> Offer | None:
    """What an answer offers, None when it names no hub or not what it calls itself (section 4).

    Args:
        headers: names in lower case; those of the same name joined by commas.
        body: the document.
        url: where it is from; relative links start there.
    """
    found: dict[str, str] = {}
    for rel, address in (*_in_header(headers.get("link", "")), *_in_document(body)):
        found.setdefault(rel, _absolute(address, url))
    hub, topic = found.get("hub", ""), found.get("self", "")
    return Offer(hub, topic) if hub and topic else None


def _in_header(value: str) -> list[tuple[str, str]]:
    pairs = []
    for link in _HEADER.finditer(value[:_HEAD]):
        rel = _REL.search(link.group(2))
        pairs += [(name, link.group(1)) for name in _rels((rel.group(1) or rel.group(2)) if rel else "")]
    return pairs


def _in_document(body: bytes) -> list[tuple[str, str]]:
    if body[:256].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _in_json(body) if b'"hubs"' in body else []
    head = body[:_HEAD]
    if item := _ITEM.search(head):
        head = head[: item.start()]
    pairs = []
    for link in _LINK.finditer(head):
        attributes = {
            name.lower(): html.unescape(double or single)
            for name, double, single in _ATTRIBUTE.findall(link.group(1).decode("utf-8", "replace"))
        }
        pairs += [(name, attributes.get("href", "").strip()) for name in _rels(attributes.get("rel", ""))]
    return pairs


def _in_json(body: bytes) -> list[tuple[str, str]]:
    try:
        data: Any = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return []
    if not isinstance(data, dict):
        return []
    hubs = data.get("hubs")
    pairs = [("self", data["feed_url"])] if isinstance(data.get("feed_url"), str) else []
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and isinstance(hub.get("url"), str) and str(hub.get("type")).lower() == "websub":
            pairs.append(("hub", hub["url"]))
    return pairs


def _rels(value: str) -> list[str]:
    return [name for name in value.lower().split() if name in ("hub", "self")]


def _absolute(address: str, base: str) -> str:
    try:
        absolute = urljoin(base, address) if address else ""
        parts = urlsplit(absolute)
        fine = parts.scheme in ("http", "https") and parts.hostname and absolute.isprintable() and " " not in absolute
    except ValueError:
        return ""
    return absolute if fine and len(absolute) <= 2_000 else ""
