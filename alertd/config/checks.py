"""What `alertd.yaml` must hold together: names that are unique, addresses that may be polled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from alertd.config.document import Document, Keys
from alertd.config.models import FeedSettings
from alertd.config.parts import Parts
from alertd.config.units import duration_words
from alertd.config.values import reach, split
from alertd.hosts import is_loopback

FASTEST_PUBLIC: Final = 5.0
"""Least seconds between two polls of a feed that is not on this machine."""


def check_settings(document: Document, parts: Parts) -> None:
    """Note the mistakes of `alertd.yaml` that no single value shows."""
    if not isinstance(document.value, dict):
        if document.value is None and not document.problems:
            document.add(1, 1, "no feeds; list at least one under `feeds:`, or write anew with `alertd init`")
        return
    if document.value.get("feeds") is None:
        document.at(("feeds",), "no feeds; list at least one under `feeds:`", key=True)
    for _, path, first in repeats([(document, ("feeds",))], "name"):
        document.at(path, f"a second feed with this name (first in {first}); names are unique")
    for _, path, first in repeats([(document, ("feeds",))], "url"):
        document.at(path, f"the address of the feed in {first} again; keep one of them")
    for index, feed in parts.feeds:
        _check_feed(document, index, feed, parts)
    for index in parts.empty:
        text = "no company of the watchlist has what it is asked by; name some under `symbols:`, or remove the preset"
        document.at(("feeds", index, "preset"), text)
    _check_names_of_presets(document, parts)
    _check_reach(document, "slack", "base_url", parts)
    _check_reach(document, "websub", "callback", parts)
    _check_twice(document, ("slack",), "token")
    _check_twice(document, ("slack",), "app_token")
    _check_webhooks(document, parts)
    _check_twice(document, ("redis",), "url")
    _check_reach(document, "operator", "ping_url", parts)
    _check_twice(document, ("operator",), "ping_url")
    _check_twice(document, ("web",), "token")
    _check_web(document)


def _check_feed(document: Document, index: int, feed: FeedSettings, parts: Parts) -> None:
    at = ("feeds", index)
    _check_twice(document, at, "url")
    _check_twice(document, at, "password")
    if {(*at, "preset"), (*at, "url")} <= document.places.keys():
        document.at((*at, "url"), "preset and url are both given; keep one of them", key=True)
    if feed.interval < FASTEST_PUBLIC and not feed.on_loopback:
        default = ("feed_defaults", "interval")
        own = (*at, "interval") if (*at, "interval") in document.places or default not in document.places else default
        document.at(own, f"interval is too short; at least {duration_words(FASTEST_PUBLIC)} for a public feed")
    if reach(feed.url) != "public" and not parts.private:
        document.at((*at, "url"), "url is on this machine or in a private network; set allow_private_addresses: true")
    host = _host(feed.url)
    if (host == "sec.gov" or host.endswith(".sec.gov")) and not _contact_given(document):
        text = "the SEC refuses readers that name no contact; set `contact:` to an e-mail address of yours"
        document.at((*at, "url"), text)


def _check_names_of_presets(document: Document, parts: Parts) -> None:
    """Note feeds that a preset gives the name of another one; names as written were compared before."""
    first: dict[str, int] = {}
    for index, feed in parts.feeds:
        if feed.name in first and first[feed.name] != index and feed.preset:
            document.at(("feeds", index), f"a second feed {feed.name}; give this entry a `name:` of its own")
        first.setdefault(feed.name, index)


def _host(url: str) -> str:
    found = split(url)
    return (found.hostname or "").rstrip(".").lower() if found else ""


def _contact_given(document: Document) -> bool:
    # a contact that is itself wrong has its own message
    return bool(document.value.get("contact"))


def _check_reach(document: Document, section: str, key: str, parts: Parts) -> None:
    given = document.value.get(section)
    url = given.get(key) if isinstance(given, dict) else None
    if isinstance(url, str) and split(url) and reach(url) != "public" and not parts.private:
        text = f"{key} is on this machine or in a private network; set allow_private_addresses: true"
        document.at((section, key), text)


def _check_web(document: Document) -> None:
    """A page that others can reach has a token; a name counts as loopback only when it surely is."""
    given = document.value.get("web")
    host = given.get("host") if isinstance(given, dict) else None
    if isinstance(host, str) and host and not (given.get("token") or given.get("token_file")) and not is_loopback(host):
        text = "others can reach the page on this host; set web.token, or remove host to stay on loopback"
        document.at(("web", "host"), text)


def _check_webhooks(document: Document, parts: Parts) -> None:
    for _, path, first in repeats([(document, ("webhooks",))], "name"):
        document.at(path, f"a second webhook with this name (first in {first}); names are unique")
    webhooks = document.value.get("webhooks")
    for index, item in enumerate(webhooks if isinstance(webhooks, list) else ()):
        _check_twice(document, ("webhooks", index), "url")
        _check_twice(document, ("webhooks", index), "secret")
        url = item.get("url") if isinstance(item, dict) else None
        if isinstance(url, str) and split(url) and reach(url) != "public" and not parts.private:
            text = "url is on this machine or in a private network; set allow_private_addresses: true"
            document.at(("webhooks", index, "url"), text)


def _check_twice(document: Document, path: tuple[str | int, ...], key: str) -> None:
    both = (*path, key) in document.places and (*path, f"{key}_file") in document.places
    if both:
        document.at((*path, f"{key}_file"), f"both {key} and {key}_file; keep one", key=True)


def at(value: Any, path: Keys) -> Any:
    """What stands at a place of read data.

    Raises:
        KeyError, TypeError: nothing does.
    """
    for part in path:
        value = value[part]
    return value


def repeats(sections: Sequence[tuple[Document, Keys]], key: str) -> Iterator[tuple[Document, Keys, str]]:
    """Name the items of sections that repeat a text of an earlier one, each with where that one stands."""
    first: dict[str, tuple[Document, int]] = {}
    for document, section in sections:
        try:
            items = at(document.value, section)
        except (KeyError, TypeError):
            continue  # what is no section has its own message
        for index, item in enumerate(items if isinstance(items, list) else ()):
            text = item.get(key) if isinstance(item, dict) else None
            if not isinstance(text, str) or not text:
                continue
            if text.strip() in first:
                other, line = first[text.strip()]
                yield (
                    document,
                    (*section, index, key),
                    f"line {line}" if other is document else f"{Path(other.name).name}:{line}",
                )
            else:
                first[text.strip()] = (document, document.places[*section, index].line)
